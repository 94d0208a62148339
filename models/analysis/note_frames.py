"""The frames of one note on the time grid of analysis, training and resynthesis."""
from dataclasses import dataclass, replace

import numpy as np

from hummingface.models.playing.conditioning import row_times_s
from hummingface.models.playing.frame import ATTACK_S, FRAMES_PER_SECOND, QUARTERS_PER_SECOND

QUARTERS = QUARTERS_PER_SECOND * 2 // 375                 # a hop has 4 quarters


@dataclass
class NoteFrames:
    """One note as frames. Deviations are relative to the note's own f0, so its tuning error is taken out."""
    times_s: np.ndarray       # [T] seconds since the start of the recording
    frames: np.ndarray        # [T, FRAME_SIZE] float32, in the units of models/playing/frame.py
    f0_hz: float              # median frequency of partial 1
    start_phase: np.ndarray   # [PARTIALS] radians: phase of each partial's cosine at t = 0
    hold_s: float             # note-off, seconds since the start of the recording
    stereo: np.ndarray | None = None     # [STEREO_SIZE] balances and coherences (models/playing/stereo.py); None: mono


def frame_times(seconds: float) -> np.ndarray:
    """The grid of frames: a quarter hop apart while t < ATTACK_S, then a hop apart, up to `seconds`. [T]"""
    quarters = int(np.ceil(ATTACK_S * QUARTERS_PER_SECOND - 1e-9))
    first_hop = -(-quarters // QUARTERS)
    hops = np.arange(first_hop, max(first_hop, int(seconds * FRAMES_PER_SECOND) + 1)) / FRAMES_PER_SECOND
    return np.concatenate([np.arange(quarters) / QUARTERS_PER_SECOND, hops])


def with_frames(note: NoteFrames, frames: np.ndarray) -> NoteFrames:
    """The same note with other frames on the same grid."""
    return replace(note, frames=np.asarray(frames, np.float32))


def note_rows(frames: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Frames [T, FRAME_SIZE] at `times_s` [T] -> the same on the rows of a note image [ROWS, FRAME_SIZE].

    Linear between frames; before the first and after the last frame the nearest one stays.
    """
    at = row_times_s()
    right = np.clip(np.searchsorted(times_s, at), 1, len(times_s) - 1)
    left = right - 1
    share = np.clip((at - times_s[left]) / np.maximum(times_s[right] - times_s[left], 1e-9), 0, 1)[:, None]
    return (frames[left] * (1 - share) + frames[right] * share).astype(np.float32)
