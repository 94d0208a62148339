"""What a patch does, heard before it is sampled: whether its notes last, and how loud each velocity is.

A patch may be any point between sounds, so it is judged by its sound, not by the name of what it was mixed from.
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from instrument.export import note
from instrument.patch import Patch
from instrument.performance.timbre import Timbre

PROBES = 3                          # keys, spread over the range
VELOCITIES = (1, 24, 48, 72, 100, 127)
HELD_S, SETTLED_S = 2.5, 1.0        # a note is held so long; from when on its fall is measured; after its envelope
SUSTAINED_DB_S = 4.0                # what falls slower, in the middle of the probes, lasts as long as its key is held
TOUCH_S = 0.4                       # of a note tell how loud its velocity is


@dataclass(frozen=True)
class Survey:
    """`fall_db_s` is the middle of the probes'; `level_db[i]` belongs to velocity VELOCITIES[i], 0 at the loudest."""
    fall_db_s: float
    level_db: tuple[float, ...]

    @property
    def sustained(self) -> bool:
        return self.fall_db_s < SUSTAINED_DB_S

    def level_at(self, velocity: float) -> float:
        """dB, between the measured velocities."""
        return float(np.interp(velocity, VELOCITIES, self.level_db))


def survey(timbre: Timbre, patch: Patch, low: int, high: int, done: Callable[[], None] = lambda: None) -> Survey:
    """Play a few notes of keys `low`..`high`; `done` is called after each key."""
    keys = sorted({round(low + (high - low) * (i + 0.5) / PROBES) for i in range(PROBES)})
    falls, levels = [], []
    settling_s = note.settling_s(patch)
    begin = round((settling_s + SETTLED_S) / note.STEP_S)
    for key in keys:
        held_db = note.levels_db(note.play(timbre, patch, key, 100, settling_s + HELD_S))[begin:]
        falls.append(note.fall_db_s(held_db) if held_db.max() > -100 else np.inf)
        levels.append([float(note.levels_db(note.play(timbre, patch, key, velocity, TOUCH_S), TOUCH_S)[0]) for velocity in VELOCITIES])
        done()
    level = np.mean(levels, 0)
    return Survey(float(np.median(falls)), tuple((level - level.max()).tolist()))
