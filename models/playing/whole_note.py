"""Turns a generated spectrogram into a playable note: sound, pitch, loop and decay.

A network knows only roughly what its pitch is; a player hears what the sound has. So each note's period is measured and the
note is resampled by that factor, moment by moment. Held notes continue in a loop between the two moments of the spectrogram that are most
alike, aligned where the waveforms match, with a cross-fade included; a decaying note is levelled from the loop on, and the sample player
applies the decay, so that the loop neither jumps nor freezes. After note-off it falls as the spectrogram does at its end.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hummingface.models.playing.frame import FRAME_SIZE, LEVEL, LEVEL_FLOOR_DB, LOWEST, PARTIALS, SLOT_RATIO, pitch_to_hz
from hummingface.models.playing.loudness import WINDOW_S, k_weight
from hummingface.models.playing.stft import BIN_HZ, HOP, RATE_HZ, SAMPLES, SIDE, sound

NOTE_OFF_S = 3.0                      # of the notes that the models learnt: NSynth's
LOOP_FROM_S, LOOP_TO_S = 0.6, 2.9     # where a loop may lie
SHORTEST_LOOP_S = 0.5
CROSS_S = 0.12                        # baked into the end of a loop
ALIKE_FROM_S = 0.4                    # a note falls as it does from here to the loop
MOST_FALL_DB_S = 60.0
DIED_AWAY_DB = -50.0                  # under its loudest frame: nothing of it is looped
OFF_KEY_CENTS = 80.0                  # as far from its key a period is looked for
LEAST_PERIODIC = 0.5                  # correlation of a sound with itself a period later, under which it has no pitch
LEAST_LONG = 0.4                      # and nine periods later, under which it is mostly noise
TUNED_FROM_S, TUNED_TO_S = 0.2, 1.4   # of a note: its pitch is what it has here,
TUNED, DRIFT_CENTS = SIDE, 50.0       # and each of its frames, with those about it, is brought there
DECIDING = 6                          # harmonics by which a moment is tuned: those above hardly count for its pitch
DOUBTED, BELIEVED = 0.8, 0.95         # how much frames must agree about a drift for it to be none of it, or all of it
UNHEARD_CENTS = 0.5                   # of a drift, which stay: a steady note is read steadily
APART_CENTS = 15.0                    # a partial further from the others hardly counts
ABOUT_FRAMES = 4                      # a Hann window of an eighth of a second
QUIETEST = 1e-5                       # of its loudest frame's power: a moment under it has no pitch
SHORTEST_RELEASE_S, LONGEST_RELEASE_S = 0.05, 4.0
RUMBLE = 0.25                         # of the fundamental; an octave under a 16 foot stop's
SILENT = 1e-7
MOST_CORRECTION_DB = 40.0
LEVEL_DB, LOUDEST = -24.0, 0.7        # RMS of the loudest 0.4 s of a note, unless a sample would be louder than LOUDEST
LUFS = -21.69                         # of every note as it is played, after its correction, before any gain

_K_WEIGHTS = k_weight(np.maximum(np.arange(SIDE), 0.5) * BIN_HZ)


@dataclass
class WholeNote:
    """`sound` float32 [SAMPLES], levelled as presets are (silence stays silence). Positions in samples, levels in dB."""
    sound: np.ndarray
    root_hz: float                    # the pitch that it has
    loop_begin: float = 0.0           # equal ends: it has no loop
    loop_end: float = 0.0
    fall_db_s: float = 0.0            # how fast the sample player lets it decay from the loop's beginning on
    release_s: float = 0.3            # to fall by 60 dB after note-off
    tuning: np.ndarray | None = None  # [TUNED] by how much faster it is to be read, at each of its moments, to stay on its key
    frame: np.ndarray | None = None   # what the window shows: levels of its harmonics [FRAME_SIZE]
    correction_db: float = 0.0        # that brings it to the loudness of all notes: K-weighted, where LEVEL_DB is not


def make_note(spectrum: np.ndarray, pitch: float, bins: int = SIDE) -> Iterator[WholeNote | None]:
    """Spectrum [SIDE, SIDE] of a note meant to have `pitch` -> the note, in steps of about a millisecond (None until it is done).

    `bins`: those above are left out, for a note that will be played so high that they would fold down. What lies far under the
    fundamental is left out, too: a rumble, which keys above would raise to where it is heard.
    """
    spectrum = np.array(spectrum)
    spectrum[bins:] = 0
    spectrum[:int(RUMBLE * pitch_to_hz(pitch) / BIN_HZ)] = 0
    audio = sound(spectrum)
    peak = float(np.abs(audio).max())
    if not peak > SILENT:
        yield WholeNote(np.zeros(SAMPLES, np.float32), pitch_to_hz(pitch))
        return
    rms = _rms(audio)
    gain = min(10 ** (LEVEL_DB / 20) / rms, LOUDEST / peak)
    audio *= np.float32(gain)
    yield None
    root_hz = measured_hz(audio[round(TUNED_FROM_S * RATE_HZ):round(TUNED_TO_S * RATE_HZ)], pitch_to_hz(pitch))
    yield None
    tuning = tuned(spectrum, root_hz)
    yield None
    power = np.abs(spectrum) ** 2
    level_db = 10 * np.log10(power.sum(0) / max(float(power.sum(0).max()), 1e-20) + 1e-9)
    frame = shown(power, root_hz, gain)
    note = WholeNote(audio, root_hz, release_s=_release_s(level_db), frame=frame, tuning=tuning,
                     correction_db=_correction_db(power, 20 * np.log10(gain * rms) - LEVEL_DB))
    yield None
    _loop(note, power, level_db)
    yield note


def made(spectrum: np.ndarray, pitch: float, bins: int = SIDE) -> WholeNote:
    """The note of `make_note`, at once."""
    return next(note for note in make_note(spectrum, pitch, bins) if note is not None)


def _rms(audio: np.ndarray) -> float:
    """Of the loudest 0.4 s."""
    size = round(0.1 * RATE_HZ)
    power = (audio.reshape(-1, size) ** 2).mean(1)
    return float(np.sqrt(np.convolve(power, np.full(4, 0.25), "valid").max()))


def _correction_db(power: np.ndarray, over_db: float) -> float:
    """The gain that makes a note as loud as all others: from its power [SIDE, SIDE], and from how far its RMS is above LEVEL_DB."""
    window = np.full(round(WINDOW_S * RATE_HZ / HOP), 1.0)
    weighted, plain = (np.convolve(frames, window, "valid").max() for frames in (_K_WEIGHTS @ power, power.sum(0)))
    return float(np.clip(-over_db - 10 * np.log10(max(weighted, 1e-20) / max(plain, 1e-20)), -MOST_CORRECTION_DB, MOST_CORRECTION_DB))


def measured_hz(part: np.ndarray, near_hz: float, reach_cents: float = OFF_KEY_CENTS) -> float:
    """The pitch of a sound [S] near `near_hz`; `near_hz` itself if there is none.

    By the autocorrelation over many periods, as in `models/playing/period.py`: the lag near a whole number of periods at which the sound is
    most similar to itself, the more periods the finer.
    """
    size = 1 << int(np.ceil(np.log2(2 * len(part))))
    spectrum = np.fft.rfft(part, size)
    alike = np.fft.irfft(spectrum.real ** 2 + spectrum.imag ** 2, size)
    alike /= max(float(alike[0]), 1e-20)
    hz, off = near_hz, 2 ** (reach_cents / 1200)
    for periods in (1, 3, 9):                                               # each looks within what the last one leaves open
        lag = periods * RATE_HZ / hz
        if lag > len(part) / 4 and periods > 1:
            break
        low, high = int(lag / off), int(np.ceil(lag * off)) + 1
        if high - low < 3:
            low, high = int(lag) - 2, int(lag) + 3
        best = low + int(np.argmax(alike[low:high]))
        if periods == 1 and alike[best] < LEAST_PERIODIC:
            return near_hz
        before, here, after = alike[best - 1:best + 2]
        bend = before - 2 * here + after
        top = best + (float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0)    # at an end of them it is no top
        hz, off = periods * RATE_HZ / top, 1 + (off - 1) / 3
    return float(np.clip(hz, near_hz * 2 ** (-reach_cents / 1200), near_hz * 2 ** (reach_cents / 1200)))


def tuned(spectrum: np.ndarray, root_hz: float) -> np.ndarray:
    """The resampling factor at each moment of a note that puts it at `root_hz`: spectrum [SIDE, SIDE] -> float32 [SIDE].

    A partial's frequency is the phase that its bins gain from frame to frame; a moment's pitch is the mean of its partials' deviations,
    weighted by power and frequency squared, as the peak of the autocorrelation is (`models/playing/period.py`), without outliers.
    """
    number = np.arange(1, DECIDING + 1)
    number = number[:max(1, int(np.searchsorted(number * root_hz / BIN_HZ, SIDE - 2)))]
    bins = np.round(number * root_hz / BIN_HZ).astype(int)[:, None] + np.arange(-1, 2)                    # the main lobe's three
    here = spectrum[np.minimum(bins, SIDE - 1)]                                                           # [K, 3, SIDE]
    gained = (here[..., 1:] * np.conj(here[..., :-1])).sum(1)                                             # [K, SIDE - 1]
    most = np.abs(here[..., 1:] * here[..., :-1]).sum(1)
    gained *= np.exp(-2j * np.pi * HOP / RATE_HZ * root_hz * number)[:, None]                             # less what the harmonic gains
    window = np.hanning(ABOUT_FRAMES + 2)[1:-1]
    gained = np.stack([np.convolve(row, window, "same") for row in gained])
    size, most = np.abs(gained), np.stack([np.convolve(row, window, "same") for row in most])
    heard = size.sum(0) > QUIETEST * float(size.sum(0).max())
    cents = 1200 / np.log(2) * np.angle(gained) / (2 * np.pi * HOP / RATE_HZ) / (root_hz * number[:, None])
    weight = size * number[:, None] ** 2
    centre = cents[np.argmax(size, 0), np.arange(SIDE - 1)]
    for _ in range(4):
        near = weight / (1 + ((cents - centre) / APART_CENTS) ** 2)
        centre = (near * cents).sum(0) / np.maximum(near.sum(0), 1e-30)
    agreed = (near * size).sum(0) / np.maximum((near * most).sum(0), 1e-30)            # 1: frames say the same; what they do not is noise
    centre *= np.clip((agreed - DOUBTED) / (BELIEVED - DOUBTED), 0, 1)
    centre = np.sign(centre) * np.clip(np.abs(centre) - UNHEARD_CENTS, 0, DRIFT_CENTS) * heard
    return np.append(2 ** (-centre / 1200), 1).astype(np.float32)


def off_key_cents(note: WholeNote, stretches_s: Sequence[tuple[float, float]]) -> float:
    """The largest deviation of the note, as it is played, from its pitch, over stretches of it; inf if one is not periodic: a noise."""
    if note.tuning is None:
        return float("inf")
    moments = (np.arange(TUNED) + 0.5) * SAMPLES / TUNED
    places = np.cumsum(np.interp(np.arange(SAMPLES), moments, note.tuning))
    audio = np.interp(places[places < SAMPLES - 1], np.arange(SAMPLES), note.sound)
    worst = 0.0
    for begin, end in stretches_s:
        part = audio[round(begin * RATE_HZ):round(end * RATE_HZ)]
        hz = measured_hz(part, note.root_hz)
        lag = round(round(min(9.0, 0.4 * len(part) * hz / RATE_HZ)) * RATE_HZ / hz)
        if (part[lag:] * part[:-lag]).sum() < LEAST_LONG * np.sqrt((part[lag:] ** 2).sum() * (part[:-lag] ** 2).sum()):
            return float("inf")
        worst = max(worst, abs(1200 * float(np.log2(hz / note.root_hz))))
    return worst


def shown(power: np.ndarray, root_hz: float, gain: float) -> np.ndarray:
    """Levels of the harmonics, at the loudest moment, as a frame [FRAME_SIZE]."""
    frame = LOWEST.copy()
    loudest = power[:, int(np.argmax(power.sum(0)))]
    at = np.round(SLOT_RATIO[:PARTIALS] * root_hz / BIN_HZ).astype(int)
    inside = at < SIDE - 1
    near = np.maximum(np.maximum(loudest[at[inside] - 1], loudest[at[inside]]), loudest[at[inside] + 1])
    levels = np.full(PARTIALS, LEVEL_FLOOR_DB)
    levels[inside] = 10 * np.log10(4 * near * gain ** 2 + 1e-12)
    frame[LEVEL] = np.where(np.arange(PARTIALS) < 128, levels, LEVEL_FLOOR_DB)
    return frame[:FRAME_SIZE]


def _release_s(level_db: np.ndarray) -> float:
    """From how the note falls after NOTE_OFF_S."""
    off = round(NOTE_OFF_S * RATE_HZ / HOP)
    after = level_db[off:off + 20]
    heard = np.flatnonzero(after > max(after[0] - 40, -70))
    if len(heard) < 3:
        return SHORTEST_RELEASE_S * 2
    last = int(heard[-1])
    slope = (after[0] - after[last]) / max(last * HOP / RATE_HZ, 1e-3)
    return float(np.clip(60 / max(slope, 1.0), SHORTEST_RELEASE_S, LONGEST_RELEASE_S))


def _loop(note: WholeNote, power: np.ndarray, level_db: np.ndarray) -> None:
    """Finds the loop, levels the note from its begin on, and bakes the cross-fade in."""
    first, last = round(LOOP_FROM_S * RATE_HZ / HOP), round(LOOP_TO_S * RATE_HZ / HOP)
    least = round(SHORTEST_LOOP_S * RATE_HZ / HOP)
    begin_fall = round(ALIKE_FROM_S * RATE_HZ / HOP)
    seconds = np.arange(SIDE) * HOP / RATE_HZ
    held = level_db[begin_fall:last]
    loud = held > -60
    slope = float(np.polyfit(seconds[begin_fall:last][loud], held[loud], 1)[0]) if loud.sum() > 8 else 0.0
    fall = float(np.clip(-slope, 0.0, MOST_FALL_DB_S))
    alive = level_db[first:last] > DIED_AWAY_DB
    looks = np.sqrt(power[:, first:last])                                      # magnitudes; a falling note's are raised to be alike
    looks *= 10 ** (fall * seconds[first:last] / 20)
    size = (looks ** 2).sum(0)
    far = size[:, None] + size[None] - 2 * looks.T @ looks
    far /= np.maximum(np.maximum(size[:, None], size[None]), 1e-20)
    far[np.tril_indices(len(far), least - 1)] = np.inf                         # rows begin, columns end
    far[~alive], far[:, ~alive] = np.inf, np.inf
    if not np.isfinite(far).any():                                             # it dies away by itself: there is nothing to go on
        return
    row, column = divmod(int(np.argmin(far)), len(far))
    begin, end = (row + first) * HOP, (column + first) * HOP
    raised = note.sound
    if fall:
        rise = 10 ** (fall * np.maximum(np.arange(SAMPLES) - begin, 0) / RATE_HZ / 20)
        raised = note.sound * np.minimum(rise, 10 ** (MOST_FALL_DB_S / 20 * 2.5)).astype(np.float32)
    cross = round(CROSS_S * RATE_HZ)
    ahead, lag = raised[begin - cross:begin], round(1.1 * RATE_HZ / max(note.root_hz, 30.0))
    window = raised[end - cross - lag:end + lag]
    fits = np.correlate(window, ahead, "valid")
    energy = np.convolve(window ** 2, np.ones(cross), "valid")
    end += int(np.argmax(fits / np.sqrt(np.maximum(energy, 1e-12)))) - lag
    share = ((np.arange(cross) + 0.5) / cross).astype(np.float32)
    share = share * share * (3 - 2 * share)
    out = np.array(raised, np.float32)
    out[end - cross:end] += share * (ahead - out[end - cross:end])
    more = min(64, SAMPLES - end)
    out[end:end + more] = out[begin:begin + more]
    note.sound, note.loop_begin, note.loop_end, note.fall_db_s = out, float(begin), float(end), fall
