"""Levels by frequency: what a recording's partials are like at another key if its formants stay where they are.

A body, a tube or a vowel gives levels to frequencies, while a string's own spectrum goes along with its key. A sound is some of both, and
how much of it stays is measured on its recordings: each is predicted from its neighbour's key in either way, and what fits best is taken.
"""
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from hummingface.models.playing.conditioning import row_times_s
from hummingface.models.playing.frame import HALF_HARMONICS, HARMONICS, LEVEL, erb_rate, pitch_to_hz
from hummingface.models.playing.recorded_note import RecordedNote

HEARD_DB = 60.0                       # under a note's loudest partial; what is softer says nothing of its formants
_HARMONICS = np.arange(1, HARMONICS + 1)
_ROWS = slice(10, None, 6)            # of the note image, from 13 ms on
_ROW_S = np.gradient(row_times_s())[_ROWS]


def by_frequency(levels_db: np.ndarray, semitones: float) -> np.ndarray:
    """Levels of partials [T, PARTIALS] as those of a note so many semitones higher, if each frequency keeps its level."""
    ratio = 2 ** (semitones / 12)
    whole = _read(levels_db[:, :HARMONICS], _HARMONICS * ratio - 1)
    return np.concatenate([whole, _read(levels_db[:, HARMONICS:], (np.arange(HALF_HARMONICS) + 0.5) * ratio - 0.5)], 1)


def _read(levels_db: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Levels [T, N] read between its columns, at places [N]; beyond the ends the last one."""
    first = np.clip(places.astype(np.int64), 0, levels_db.shape[1] - 2)
    share = np.clip(places - first, 0, 1).astype(np.float32)
    return levels_db[:, first] * (1 - share) + levels_db[:, first + 1] * share


def mean_levels_db(notes: Sequence[RecordedNote]) -> dict[int, np.ndarray]:
    """Levels [ROWS, PARTIALS] at the keys of recorded notes, lowest first; of several dynamics at one key their mean."""
    keys = sorted({round(note.pitch) for note in notes})
    return {key: np.mean([note.frames.rows[:, LEVEL] for note in notes if round(note.pitch) == key], 0) for key in keys}


def share_by_frequency(notes: Sequence[RecordedNote]) -> float:
    """How far levels stay at their frequencies from one recorded key to the next: 0, they go along with the harmonics, to 1; 0 for notes of
    one key.

    Between two keys, a level's mean and its slope over the octaves come out alike either way. So these are left out, and of what remains
    the step from one key to the other is compared with the step that formants would make: least squares, over both directions.
    """
    levels = list(mean_levels_db(notes).items())
    both = sum((_fit(*first, *second) + _fit(*second, *first) for first, second in pairwise(levels)), np.zeros(2))
    return float(np.clip(both[0] / both[1], 0, 1)) if both[1] > 0 else 0.0


def _fit(key: int, levels_db: np.ndarray, other_key: int, other_db: np.ndarray) -> np.ndarray:
    """(how much of the step to another key is the one that formants make, how large that one is), weighed by the ear's resolution."""
    here, there = (levels[_ROWS, :HARMONICS] for levels in (levels_db, other_db))
    moved = by_frequency(levels_db[_ROWS], other_key - key)[:, :HARMONICS]
    floors = [levels.max() - HEARD_DB for levels in (here, there)]
    width = np.minimum(np.gradient(erb_rate(pitch_to_hz(float(other_key)) * _HARMONICS)), 1)
    weight = _ROW_S[:, None] * width * (here > floors[0]) * (there > floors[1])
    here, moved, there = np.maximum(here, floors[0]), np.maximum(moved, floors[0]), np.maximum(there, floors[1])
    step, of_formants = (_without_slope(after - here, weight) for after in (there, moved))
    return np.array([(weight * step * of_formants).sum(), (weight * of_formants ** 2).sum()])


def _without_slope(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Values [T, HARMONICS] less their mean and their slope over the octaves, row by row."""
    total = weight.sum(1, keepdims=True) + 1e-12
    octaves = np.log2(_HARMONICS) - (weight @ np.log2(_HARMONICS))[:, None] / total
    values = values - (weight * values).sum(1, keepdims=True) / total
    slope = (weight * values * octaves).sum(1, keepdims=True) / ((weight * octaves ** 2).sum(1, keepdims=True) + 1e-12)
    return values - slope * octaves
