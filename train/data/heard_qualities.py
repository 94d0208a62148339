"""Measures NSynth's qualities that no label tells, from the sound of a note: continuous, the more the higher.

| measure | unit | what it is |
|---|---|---|
| distortion | dB | mean level of harmonics 2 to 16 beside the strongest partial, -60 at least: waveshaping fills them all |
| reverb | s | that what follows note-off takes to fall by 60 dB; 0 where it stops, or nothing follows |
| tempo-synced | dB | depth of what repeats in its level, 1 to 12 times a second |
| nonlinear_env | dB | how far its level, and its brightness (6 dB an octave), rise again above where they had fallen |
| multiphonic | dB | power of partials that fit neither its harmonics nor those of the octave below, beside the others, -60 at least |

The qualities are those of Engel et al. (2017), "Neural Audio Synthesis of Musical Notes with WaveNet".
"""
import numpy as np

from hummingface.models.playing.frame import pitch_to_hz
from hummingface.train.notes.note import Note, one_channel
from hummingface.train.notes.resampling import resampled

RATE_HZ = 16_000
BLOCK_S = 0.01
MOST_S = 7.0
QUIET_DB = -60.0                       # under the loudest: not counted
SETTLED_S = 0.15
PARTIALS = 16
OFF_HARMONIC = 0.06                    # of the fundamental, from the nearest half of a multiple
SLOWEST_HZ, FASTEST_HZ = 1.0, 12.0
TAIL_FROM_DB, TAIL_TO_DB = -3.0, -45.0
MEASURES = ("distortion", "reverb", "tempo-synced", "nonlinear_env", "multiphonic")


def heard_qualities(note: Note) -> dict[str, float]:
    """Each of MEASURES of a note."""
    audio = one_channel(note.audio)[:round(MOST_S * note.rate_hz)].astype(np.float64)
    return qualities_of(resampled(audio, note.rate_hz, RATE_HZ), note.pitch, note.labels.hold_s)


def qualities_of(audio: np.ndarray, pitch: float, hold_s: float) -> dict[str, float]:
    """The same of a sound [S] at RATE_HZ, from note-on."""
    level, centre = _course(audio)
    held = max(2, min(round(hold_s / BLOCK_S), len(level)))
    lines = _lines(audio[round(SETTLED_S * RATE_HZ):round(min(hold_s, 1.2) * RATE_HZ)])
    values = {"distortion": _harmonics_db(lines, float(pitch_to_hz(pitch))),
              "reverb": _fall_s(level[held:], level[max(0, held - 5):held].mean()),
              "tempo-synced": _repeats_db(level[round(SETTLED_S / BLOCK_S):held]),
              "nonlinear_env": _rises(level[5:held]) + 6 * _rises(centre[5:held]),
              "multiphonic": _foreign_db(lines, float(pitch_to_hz(pitch)))}
    return {name: round(float(value), 3) for name, value in values.items()}


def _course(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(level in dB under the loudest, brightness in octaves), every BLOCK_S; brightness stays where nothing is heard."""
    size = round(BLOCK_S * RATE_HZ)
    padded = np.pad(audio, (0, 4 * size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 4 * size)[:len(audio) // size * size:size]
    power = np.square(frames).mean(1)
    level = 10 * np.log10(np.maximum(power / max(power.max(initial=0.0), 1e-20), 10 ** (QUIET_DB / 10)))
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(4 * size), axis=1))[:, 1:] ** 2
    octaves = np.log2(np.arange(1, spectrum.shape[1] + 1))
    centre = (spectrum @ octaves) / np.maximum(spectrum.sum(1), 1e-20)
    heard = level > QUIET_DB + 10
    place = np.maximum.accumulate(np.where(heard, np.arange(len(heard)), 0))
    return level, centre[place] if len(centre) else centre


def _lines(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(frequencies in Hz, powers) of the spectrum's peaks within 60 dB of the highest."""
    if len(audio) < 512:
        return np.zeros(0), np.zeros(0)
    size = 1 << int(np.ceil(np.log2(len(audio))) + 1)
    power = np.abs(np.fft.rfft(audio * np.blackman(len(audio)), size)) ** 2
    peak = np.flatnonzero((power[1:-1] > power[:-2]) & (power[1:-1] >= power[2:])) + 1
    width = max(2, 2 * size // len(audio))
    peak = peak[[power[p] >= power[max(0, p - width):p + width + 1].max() for p in peak]] if len(peak) else peak
    peak = peak[power[peak] > power.max() * 1e-6]
    return peak * RATE_HZ / size, power[peak]


def _harmonics_db(lines: tuple[np.ndarray, np.ndarray], f0_hz: float) -> float:
    hz, power = lines
    count = min(PARTIALS, int(0.45 * RATE_HZ / f0_hz))
    if not len(hz) or count < 2:
        return QUIET_DB
    levels = []
    for k in range(2, count + 1):
        near = np.abs(hz / f0_hz - k) < 0.2
        levels.append(10 * np.log10(max(power[near].max(initial=0.0) / power.max(), 1e-6)))
    return float(np.mean(levels))


def _foreign_db(lines: tuple[np.ndarray, np.ndarray], f0_hz: float) -> float:
    hz, power = lines
    low = (hz > 0.3 * f0_hz) & (hz < (PARTIALS / 2 + 0.5) * f0_hz)
    if not low.any():
        return QUIET_DB
    ratio = hz[low] / f0_hz
    foreign = np.abs(2 * ratio - np.round(2 * ratio)) / 2 > OFF_HARMONIC
    return 10 * float(np.log10(max(power[low][foreign].sum() / max(power[low][~foreign].sum(), 1e-20), 1e-6)))


def _fall_s(tail: np.ndarray, before_db: float) -> float:
    """From note-off on."""
    under = tail - before_db
    begin = np.flatnonzero(under < TAIL_FROM_DB)
    if before_db < QUIET_DB + 20 or not len(begin):
        return 0.0
    end = np.flatnonzero((under < TAIL_TO_DB) | (tail <= QUIET_DB))     # what follows is silence, or cut off
    stop = int(end[0]) if len(end) else len(tail)
    begin_at = min(int(begin[0]), stop)
    if stop - begin_at < 3:
        return 0.0
    slope = np.polyfit(np.arange(begin_at, stop) * BLOCK_S, under[begin_at:stop], 1)[0]
    return min(20.0, -60 / slope) if slope < 0 else 20.0


def _repeats_db(level: np.ndarray) -> float:
    """Of the level [T] beside its straight line: twice the deviation of what correlates with itself a period later, and two."""
    if len(level) < round(0.5 / BLOCK_S):
        return 0.0
    level = np.maximum(level, level.max() - 40)
    at = np.arange(len(level))
    off = level - np.polyval(np.polyfit(at, level, 1), at)
    best = 0.0
    for lag in range(round(1 / FASTEST_HZ / BLOCK_S), min(round(1 / SLOWEST_HZ / BLOCK_S), len(off) // 3) + 1):
        once, twice = (float((off[:-n] * off[n:]).mean()) for n in (lag, 2 * lag))
        opposite = float((off[:-(lag // 2)] * off[lag // 2:]).mean())          # a slow swell is like itself at any lag
        best = max(best, min(once, twice) - max(opposite, 0.0))
    return 2 * best ** 0.5


def _rises(course: np.ndarray) -> float:
    """Mean of how far it stands above its lowest so far."""
    return float((course - np.minimum.accumulate(course)).mean()) if len(course) else 0.0
