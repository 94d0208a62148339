"""The end of a note, with finer time resolution than the filters that separate its partials.

A filter of three periods rings on after a key was lifted, a tenth of a second at the piano's lowest keys. The recording itself shows when
its energy goes: frames after note-off are cut by what they have too much.
"""
import numpy as np

from hummingface.models.playing.frame import LEVEL, LEVEL_FLOOR_DB, NOISE, NOISE_FLOOR_DB

WINDOW_S = 256 / 48000                  # Hann; a period of the note where that is longer, as its energy changes within one
MOST_CUT_DB = 60.0
MARGIN_DB = 1.0                         # by which frames may be louder: energy within a window fluctuates


def cut_after_note_off(frames: np.ndarray, times_s: np.ndarray, channels: np.ndarray, rate_hz: int, f0_hz: float, hold_s: float) -> None:
    """In place: lower the levels of the frames after `hold_s` to the energy that the recording `channels` [C, S] has there."""
    after = np.flatnonzero(times_s > hold_s)
    if not len(after) or hold_s * rate_hz >= channels.shape[1] - 1:
        return
    tone = np.exp(frames[after, LEVEL] * np.float32(np.log(10) / 10)) * (frames[after, LEVEL] > LEVEL_FLOOR_DB)
    noise = np.exp(frames[after, NOISE] * np.float32(np.log(10) / 10)) * (frames[after, NOISE] > NOISE_FLOOR_DB)
    said_db = 10 * np.log10(np.maximum(tone.sum(1) / 2 + noise.sum(1), 1e-13))
    size = 2 * round(max(WINDOW_S, 1 / f0_hz) * rate_hz / 2)
    heard_db = 10 * np.log10(np.maximum(_energy(channels, times_s[after] * rate_hz, size), 1e-13))
    cut = np.minimum.accumulate(np.clip(heard_db + MARGIN_DB - said_db, -MOST_CUT_DB, 0))
    for part, floor in ((LEVEL, LEVEL_FLOOR_DB), (NOISE, NOISE_FLOOR_DB)):
        frames[after, part] = np.maximum(frames[after, part] + cut[:, None], floor)


def _energy(channels: np.ndarray, centres: np.ndarray, size: int) -> np.ndarray:
    """Mean square of the channels under a Hann window of `size` samples around each of `centres` [T]."""
    window = np.hanning(size + 1)[:-1]
    first = np.round(centres).astype(int)
    padded = np.pad(np.square(channels, dtype=np.float64).mean(0), (size // 2, size))
    starts = np.minimum(first, len(padded) - size)
    return padded[starts[:, None] + np.arange(size)] @ (window / window.sum())
