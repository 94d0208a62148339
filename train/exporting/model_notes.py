"""Whole notes of a model, on the rows of the note image."""
import numpy as np

from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.frame import FRAME_SIZE
from hummingface.models.playing.model import Model

VELOCITY, HOLD_S = 100.0, 2.0


def notes_of(model: Model, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray | None = None) -> np.ndarray:
    """Whole notes [M, ROWS, FRAME_SIZE] on the rows of the note image. z [M, L], pitch [M], velocity [M] (by default VELOCITY)"""
    times = row_times_s()
    out = np.empty((len(z), ROWS, FRAME_SIZE), np.float32)
    velocity = np.full(len(z), VELOCITY) if velocity is None else velocity
    for i, (one, key, stroke) in enumerate(zip(z, pitch, velocity, strict=True)):
        note = model.note(one[None], np.array([key]), np.array([stroke]))
        out[i] = model.frames_at(np.repeat(note, ROWS, 0), times)
    return out
