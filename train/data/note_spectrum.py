"""A note's frames as an image for the window: partials and noise on a logarithmic frequency axis over time, as bytes."""
import base64
from typing import Any

import numpy as np

from hummingface.models.playing.frame import BAND_EDGES_HZ, DEVIATION, LEVEL, LEVEL_FLOOR_DB, NOISE, SLOT_RATIO

LOWEST_HZ, HIGHEST_HZ = 40.0, 16_000.0
ROWS, COLUMNS = 96, 160
RANGE_DB = 75.0                  # from the loudest level to the dark end
LONGEST_S = 3.0


def picture_times(longest_s: float) -> np.ndarray:
    """Moments of the columns, evenly spaced. [COLUMNS] seconds"""
    return np.linspace(0.0, min(longest_s, LONGEST_S), COLUMNS)


def at_times(rows: np.ndarray, times_s: np.ndarray, wanted_s: np.ndarray) -> np.ndarray:
    """Rows [R, FRAME_SIZE] at `times_s` [R], linearly between them. [len(wanted_s), FRAME_SIZE]"""
    right = np.clip(np.searchsorted(times_s, wanted_s), 1, len(times_s) - 1)
    share = np.clip((wanted_s - times_s[right - 1]) / (times_s[right] - times_s[right - 1]), 0, 1)[:, None]
    return rows[right - 1] * (1 - share) + rows[right] * share


def spectrum_db(frames: np.ndarray, f0_hz: float) -> np.ndarray:
    """Level of each row of the picture, the lowest frequency first: frames [T, FRAME_SIZE] -> [T, ROWS] dB."""
    per_octave = (ROWS - 1) / np.log2(HIGHEST_HZ / LOWEST_HZ)
    power = np.full((len(frames), ROWS + 1), 1e-14)
    hz = f0_hz * np.maximum(SLOT_RATIO + frames[:, DEVIATION], 0.01)
    place = per_octave * np.log2(hz / LOWEST_HZ)
    heard = (place >= 0) & (place < ROWS - 1) & (frames[:, LEVEL] > LEVEL_FLOOR_DB)
    column, slot = np.nonzero(heard)
    row, part = np.divmod(place[column, slot], 1)
    level = 10 ** (frames[:, LEVEL][column, slot] / 10)
    np.add.at(power, (column, row.astype(int)), level * (1 - part))
    np.add.at(power, (column, row.astype(int) + 1), level * part)
    edges_hz = LOWEST_HZ * 2 ** ((np.arange(ROWS + 1) - 0.5) / per_octave)
    noise = np.concatenate([np.zeros((len(frames), 1)), np.cumsum(10 ** (frames[:, NOISE] / 10), 1)], 1)      # up to each band's edge
    below = np.stack([np.interp(edges_hz, BAND_EDGES_HZ, n) for n in noise])
    return 10 * np.log10(power[:, :ROWS] + np.diff(below))


def as_bytes(levels_db: np.ndarray, peak_db: float) -> dict[str, Any]:
    """[T, ROWS] dB as a message carries it: `levels` in base64, row by row from the top, 255 at `peak_db`, 0 at RANGE_DB below."""
    grey = np.clip((levels_db - peak_db) / RANGE_DB + 1, 0, 1) * 255
    image = np.ascontiguousarray(grey.T[::-1].round().astype(np.uint8))
    return {"width": image.shape[1], "height": image.shape[0], "levels": base64.b64encode(image.tobytes()).decode("ascii")}
