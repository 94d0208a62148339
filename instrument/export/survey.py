"""Measures a patch before it is sampled: whether its notes sustain, and how loud each velocity is.

A patch may be any point between sounds, so its sound is judged, not the names of the presets it was mixed from.
"""
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hummingface.instrument.export import sampled_note
from hummingface.instrument.export.velocity import law_of
from hummingface.instrument.export.zones import nearest
from hummingface.instrument.offline.levelling import momentary_lufs
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.source import Source

PROBES = 5                          # keys, spread over the range
VELOCITIES = (8, 16, 32, 48, 64, 80, 96, 112, 127)
HELD_S, SETTLED_S = 2.5, 1.0        # how long a note is held; when the measurement of its decay begins; after its envelope
SUSTAINED_DB_S = 4.0                # what falls slower, in the middle of the probes, lasts as long as its key is held
HEARD_S = 0.6                       # of a note, for measuring the loudness of its velocity
LEAST_LUFS = -80.0                  # softer notes are ignored: the engine drops their partials


@dataclass(frozen=True)
class Survey:
    """`fall_db_s` is the median of the probes' decays; `law_db` [128] is how far each velocity is below velocity 127."""
    fall_db_s: float
    law_db: np.ndarray

    @property
    def sustained(self) -> bool:
        return self.fall_db_s < SUSTAINED_DB_S


def survey(source: Source, patch: Patch, sounding: Sequence[int], done: Callable[[], None] = lambda: None) -> Survey:
    """Play a few notes of these keys, lowest first; `done` is called after each."""
    low, high = sounding[0], sounding[-1]
    spread = [round(low + (high - low) * (i + 0.5) / PROBES) for i in range(PROBES)]
    keys = sorted({nearest(at, sounding) for at in spread})
    falls, levels = [], []
    settling_s = sampled_note.settling_s(patch)
    begin = round((settling_s + SETTLED_S) / sampled_note.STEP_S)
    for key in keys:
        held_db = sampled_note.levels_db(sampled_note.play(source, patch, key, 100, settling_s + HELD_S))[begin:]
        falls.append(sampled_note.fall_db_s(held_db) if held_db.max() > -100 else np.inf)
        levels.append([momentary_lufs(sampled_note.play(source, patch, key, velocity, HEARD_S, seed=key)) for velocity in VELOCITIES])
        done()
    return Survey(float(np.median(falls)), _law(np.array(levels)))


def _law(lufs: np.ndarray) -> np.ndarray:
    """The law [128] of the loudness of keys at VELOCITIES [K, V]: the mean over keys, down to the velocity at which all are audible."""
    heard = np.logical_and.accumulate((lufs > LEAST_LUFS)[:, ::-1].all(0))[::-1]
    if not heard.any():
        heard[-1] = True
    return law_of(np.array(VELOCITIES)[heard], (lufs - lufs[:, -1:]).mean(0)[heard])
