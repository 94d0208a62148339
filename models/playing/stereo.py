"""Stereo: a note's balance and coherence in each frequency group, and what follows for each partial's two channels.

The values of a note are one float32 vector of `STEREO_SIZE`: BALANCE [GROUPS] dB, the power of right over left, and COHERENCE [GROUPS]
-1..1, the normalised correlation of left and right. They hold for all of the note, for partials and noise alike; a level of the frame is
the power of both channels, 10 log10((|L|^2 + |R|^2) / 2). See docs/decisions/stereo.md.
"""
import numpy as np
from numpy.typing import ArrayLike

from hummingface.models.playing.frame import GROUPS, PARTIALS, SLOT_RATIO, group_of_hz

STEREO_SIZE = 2 * GROUPS
BALANCE, COHERENCE = slice(0, GROUPS), slice(GROUPS, STEREO_SIZE)
BALANCE_LIMIT_DB = 40.0

STEREO_LOWEST = np.repeat(np.array([-BALANCE_LIMIT_DB, -1], np.float32), GROUPS)
STEREO_HIGHEST = np.repeat(np.array([BALANCE_LIMIT_DB, 1], np.float32), GROUPS)
MONO = np.repeat(np.array([0, 1], np.float32), GROUPS)

# Which way each slot's right channel turns, 1 or -1: the Thue-Morse sequence, in which neither odd partials nor neighbours go one way.
SIDE_SIGN = np.array([1 - 2 * (slot.bit_count() % 2) for slot in range(PARTIALS)], np.float32)


def channel_gains(balance_db: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """(left, right) gains of a balance, whose squares add up to 2."""
    ratio = 10 ** (np.asarray(balance_db, np.float64) / 20)
    left = np.sqrt(2 / (1 + ratio * ratio))
    return left, ratio * left


def phase_between(coherence: ArrayLike, width: float = 1.0) -> np.ndarray:
    """How far apart left and right lie for a coherence, at a width 0..1: radians, 0..pi."""
    return width * np.arccos(np.clip(np.asarray(coherence, np.float64), -1, 1))


def side_gains(stereo: np.ndarray, f0_hz: float, width: float = 1.0) -> np.ndarray:
    """Complex gains of each partial in both channels, from a note's values [STEREO_SIZE]: [2, PARTIALS], left and right."""
    group = group_of_hz(SLOT_RATIO.astype(np.float64) * f0_hz)
    left, right = channel_gains(width * np.asarray(stereo, np.float64)[BALANCE][group])
    half = 0.5 * SIDE_SIGN * phase_between(np.asarray(stereo)[COHERENCE][group], width)
    return np.stack([left * np.exp(-1j * half), right * np.exp(1j * half)])
