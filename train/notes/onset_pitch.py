"""Analyses a recording of one note: onset, note-off, pitch, level, and reasons to reject it.

Pitch by the period (`models/analysis/periodicity.py`) of several windows, with a check of the spectrum for what the period alone cannot
tell (a chord is periodic, too).
"""
from dataclasses import dataclass

import numpy as np

from hummingface.models.analysis.periodicity import many_pitches, period
from hummingface.models.playing.frame import hz_to_pitch, pitch_to_hz
from hummingface.train.notes.note import one_channel, power_of, why_unusable
from hummingface.train.notes.resampling import resampled

LOWEST_HZ = 20.0
BLOCK_S = 0.01
ONSET_DB, END_DB = -50.0, -60.0                # of the loudest block
LEAD_S = 0.002                                 # kept before the onset
KNEE_DB = 8.0                                  # this far below its own decay a note has been released
APERIODIC = 0.25                               # of YIN's normalised difference: above it there is no period
WINDOWS = 9
EDGE_BLOCKS = 15                               # at a file's beginning: noise, if they are alike
CREST_DB = 9.0                                 # of noise: its peaks over its RMS
PITCH_RATE_HZ = 64_000                         # about what periods are looked for at: fine enough for short ones
CLIPPED_RUN, CLIPPED_SHARE = 4, 0.002
HEARD_DB = 30.0                                # windows lie where a note is that near to its loudest
UNCLEAR = "no clear single pitch: several notes at once, noise or a bell; if it is one note, put the note into its name (as in \"gong C3\")"


@dataclass(frozen=True)
class OnsetPitch:
    """Seconds count from the beginning of the file."""
    onset_s: float = 0.0
    off_s: float = 0.0             # note-off; the end where it died away by itself
    end_s: float = 0.0             # nothing is heard after it
    released: bool = False           # whether a note-off was seen
    pitch: float = float("nan")    # fractional key
    level_db: float = -120.0       # RMS of the loudest 0.4 s
    problem: str = ""              # why it cannot be used


def hear(audio: np.ndarray, rate_hz: int) -> OnsetPitch:
    """Listen to `audio` float32 [S] or [S, 2]: levels are those of both channels, the pitch that of the louder one."""
    problem = why_unusable(audio, rate_hz)
    if problem:
        return OnsetPitch(problem=problem)
    if is_clipped(audio):
        return OnsetPitch(problem="clipped: its loudest samples are cut off; record it at a lower level")
    level = block_levels(audio, rate_hz)
    onset, end, noise_db = find_ends(level)
    off = find_off(level[onset:end]) + onset
    onset_s = max(0.0, exact_onset(audio, rate_hz, onset, noise_db) - LEAD_S)
    off_s, end_s = (min(block * BLOCK_S, len(audio) / rate_hz) for block in (off, end))
    if end_s - onset_s < 0.1:
        return OnsetPitch(problem=f"only {end_s - onset_s:.2f} s of it are audible")
    pitch, why = find_pitch(one_channel(audio)[int(onset_s * rate_hz):int(off_s * rate_hz) + 1], rate_hz)
    power = np.concatenate([[0.0], np.cumsum(10 ** (level / 10))])
    size = min(round(0.4 / BLOCK_S), len(level))
    loudest = 10 * np.log10(np.max(power[size:] - power[:-size]) / size)
    return OnsetPitch(round(onset_s, 5), round(off_s, 3), round(end_s, 3), bool(off < end - 2), round(pitch, 3), round(float(loudest), 2),
                      why)


def is_clipped(audio: np.ndarray) -> bool:
    """Whether many samples stand at the loudest value, in runs: as a converter leaves them, and no softer wave does."""
    peak = np.abs(audio).max()
    at = np.abs(audio) > 0.9995 * peak
    if audio.ndim == 2:
        return any(map(is_clipped, audio.T))
    if peak < 0.5 or at.mean() < CLIPPED_SHARE:
        return False
    edges = np.flatnonzero(np.diff(np.concatenate([[0], at.astype(np.int8), [0]])))
    runs = edges[1::2] - edges[::2]
    return runs[runs >= CLIPPED_RUN].sum() / len(audio) > CLIPPED_SHARE


def block_levels(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """RMS in dB of each BLOCK_S."""
    edges = np.arange(int(len(audio) / rate_hz / BLOCK_S) + 2) * (BLOCK_S * rate_hz)
    edges = np.unique(edges.astype(np.int64).clip(0, len(audio)))
    total = np.concatenate([[0.0], np.cumsum(power_of(audio))])
    return 10 * np.log10(np.maximum((total[edges[1:]] - total[edges[:-1]]) / np.diff(edges), 1e-14))


def find_ends(level: np.ndarray) -> tuple[int, int, float]:
    """(first block of the note, the one after its last, level of the noise that it stands out of)."""
    peak = level.max()
    before = level[:EDGE_BLOCKS]                                           # stationary and far below: no part of the note
    noise = float(before.max()) + 4 if before.max() < peak - 20 and np.ptp(before) < 10 else -np.inf
    heard = np.flatnonzero(level > max(peak + ONSET_DB, noise))
    audible = np.flatnonzero(level > max(peak + END_DB, noise))
    return int(heard[0]), int(audible[-1]) + 1, noise


def exact_onset(audio: np.ndarray, rate_hz: int, block: int, noise_db: float) -> float:
    """Seconds of the first half millisecond, around a block, that comes within ONSET_DB of the note's peak, and out of the noise."""
    first = max(0, int((block - 1) * BLOCK_S * rate_hz))
    size = max(1, rate_hz // 2000)
    piece = np.abs(audio[first:int((block + 2) * BLOCK_S * rate_hz)])
    piece = piece if piece.ndim == 1 else piece.max(1)
    peaks = piece[:len(piece) // size * size].reshape(-1, size).max(1) if len(piece) >= size else piece
    above = peaks > max(np.abs(audio).max() * 10 ** (ONSET_DB / 20), 10 ** ((noise_db + CREST_DB) / 20))
    return (first + (int(np.argmax(above)) * size if above.any() else 0)) / rate_hz


def find_off(level: np.ndarray) -> int:
    """The block of the note-off: where the level falls below the straight line of the note's decay, for good."""
    t = np.arange(len(level))
    begin, stop = min(30, len(level) // 4), max(4, int(0.75 * len(level)))
    if stop - begin < 4:
        return len(level)
    slope, start = np.polyfit(t[begin:stop], level[begin:stop], 1)
    above = np.flatnonzero(level > start + min(slope, 0.0) * t - KNEE_DB)
    return int(above[-1]) + 1 if len(above) else len(level)


def find_pitch(audio: np.ndarray, rate_hz: float) -> tuple[float, str]:
    """(fractional MIDI pitch of the note, why it has none). NaN where there is none."""
    up, down = max(1, round(PITCH_RATE_HZ / rate_hz)), max(1, round(rate_hz / PITCH_RATE_HZ))
    audio = audio[:int(3 * rate_hz)]
    if up != down:
        audio, rate_hz = resampled(audio, down, up), rate_hz * up / down
    audio = audio[:sounding(audio, rate_hz)]
    hz, clear = [], 0
    lags = int(rate_hz / LOWEST_HZ)
    begin = min(int(0.08 * rate_hz), len(audio) // 4)
    last = max(begin + 1, min(len(audio), int(2.5 * rate_hz)) - 3 * lags)
    for start in np.linspace(begin, last, WINDOWS).astype(int):
        piece = audio[start:start + 3 * lags].astype(np.float64)
        found, depth = period(piece, rate_hz, min(lags, len(piece) // 3))
        if depth < APERIODIC:
            clear += 1
            hz.append(found)
    if clear < 3:
        return float("nan"), UNCLEAR
    keys = hz_to_pitch(np.array(hz))
    near = np.abs(keys[:, None] - keys) < 0.8
    best = near[near.sum(1).argmax()]                       # the largest company of windows that agree
    pitch = float(np.median(keys[best]))
    octave = np.abs((keys - pitch + 6) % 12 - 6) < 0.8       # a period twice as long is one, too
    if best.mean() < 0.4 or octave.mean() < 0.7:
        return float("nan"), "its pitch changes: each file must contain one note"
    if many_pitches(audio[begin:], rate_hz, float(pitch_to_hz(pitch))):
        return float("nan"), "several notes at once (its partials fit no single one); each file must contain one note"
    return pitch, ""


def sounding(audio: np.ndarray, rate_hz: float) -> int:
    """Samples until the last moment that is within HEARD_DB of the loudest: what dies away early has its pitch before."""
    level = block_levels(audio, round(rate_hz))
    return min(len(audio), int((1 + np.flatnonzero(level > level.max() - HEARD_DB)[-1]) * BLOCK_S * rate_hz))
