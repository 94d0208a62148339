"""Notes as a picture, side by side: levels of partials over warped time. It shows a model's progress during training."""
from collections.abc import Sequence

import numpy as np
from PIL import Image

from hummingface.models.playing.frame import LEVEL, LEVEL_CEILING_DB, NOISE

SHOWN_PARTIALS, RANGE_DB, GAP = 96, 90.0, 4
COLOURS = np.array([(8, 8, 20), (59, 15, 112), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191)], np.float64)
"""From silent to loud; about matplotlib's magma."""


def picture(notes: Sequence[Sequence[np.ndarray]], zoom: int = 2) -> Image.Image:
    """Rows of notes, each [T, FRAME_SIZE]: time to the right, the lowest partial at the bottom, noise bands above the partials."""
    lines = [np.concatenate([_padded(_one(np.asarray(note, np.float32))) for note in line], 1) for line in notes]
    whole = np.concatenate([np.pad(line, ((0, 0), (0, max(x.shape[1] for x in lines) - line.shape[1]))) for line in lines])
    return coloured(whole, zoom)


def coloured(shades: np.ndarray, zoom: int) -> Image.Image:
    """0..1 [height, width] in COLOURS, each value `zoom` points wide and high."""
    place = shades * (len(COLOURS) - 1)
    low = np.minimum(place.astype(int), len(COLOURS) - 2)
    rgb = COLOURS[low] + (place - low)[..., None] * (COLOURS[low + 1] - COLOURS[low])
    image = Image.fromarray(rgb.astype(np.uint8))
    return image.resize((image.width * zoom, image.height * zoom), Image.Resampling.NEAREST)


def _one(frames: np.ndarray) -> np.ndarray:
    """[height, T] 0..1"""
    shown = np.concatenate([frames[:, LEVEL][:, :SHOWN_PARTIALS], frames[:, NOISE][:, ::2]], 1)
    return np.clip((shown - (LEVEL_CEILING_DB - 10 - RANGE_DB)) / RANGE_DB, 0, 1).T[::-1]


def _padded(image: np.ndarray) -> np.ndarray:
    return np.pad(image, ((0, GAP), (0, GAP)))
