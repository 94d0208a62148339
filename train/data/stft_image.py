"""Spectrograms of whole notes as a picture, side by side."""
from collections.abc import Sequence

import numpy as np
from PIL import Image

from hummingface.train.data.frame_image import coloured

RANGE_DB, GAP = 80.0, 4


def pictures(rows: Sequence[np.ndarray], zoom: int = 2) -> Image.Image:
    """Rows of notes, each [N, bins, frames] complex: time to the right, low frequencies at the bottom, 80 dB under each note's peak."""
    lines = [np.concatenate([np.pad(shown(one), ((0, GAP), (0, GAP))) for one in row], 1) for row in rows]
    return coloured(np.concatenate(lines), zoom)


def shown(spectrum: np.ndarray) -> np.ndarray:
    """[bins, frames] complex -> 0..1, high frequencies first."""
    size = np.abs(spectrum)
    level_db = 20 * np.log10(np.maximum(size / max(float(size.max()), 1e-12), 1e-9))
    return np.clip(level_db / RANGE_DB + 1, 0, 1)[::-1]
