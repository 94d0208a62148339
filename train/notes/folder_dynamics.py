"""The velocities of a folder's recordings: from names and mappings, from layers that names number, else from how loud each is."""
from collections import Counter
from collections.abc import Sequence

import numpy as np

ONE_DYNAMIC_DB = 4.0                           # levels that differ by less (deviation) are one dynamic
USUAL_VELOCITY, VELOCITY_STEP = 100, 20
MOST_LAYERS = 20                               # "v1" to "v16" are layers; 20 velocities that are all so soft are not recorded


def velocities_of(named: Sequence[int | None], layers: Sequence[int | None], level_db: np.ndarray, keys: Sequence[int]) -> list[int]:
    """Velocity of each recording, by what its name or mapping says (a velocity, a layer's number, or None), its level and key [N].

    Levels are taken against the folder's trend over the keys: 40 dB for each factor of 10 in velocity, as General MIDI instruments do (DLS
    level 1), in steps so that neighbours of one layer share it; levels that hardly differ are one dynamic.
    """
    if all(layer is not None for layer in layers) and len(set(layers)) > 1:
        return _of_layers([layer or 0 for layer in layers], level_db, keys)
    if all(named):
        return [int(velocity or 0) for velocity in named]
    away = _against_trend(level_db, keys)
    if away.std() < ONE_DYNAMIC_DB:
        away[:] = 0
    else:
        away -= np.quantile(away, 0.9)                              # the louder ones are the usual velocity
    steps = np.round(USUAL_VELOCITY * 10 ** (away / 40) / VELOCITY_STEP) * VELOCITY_STEP
    measured = steps.clip(VELOCITY_STEP, 120)
    return [int(given or heard) for given, heard in zip(named, measured, strict=True)]


def numbered_layers(velocities: Sequence[int | None]) -> list[int | None]:
    """The layers' numbers where names count velocity layers ("v1" to "v16") in place of giving velocities; else None each."""
    found = sorted({velocity for velocity in velocities if velocity})
    layers = len(found) > 1 and all(velocities) and found == list(range(1, len(found) + 1)) and len(found) <= MOST_LAYERS
    return list(velocities) if layers else [None] * len(velocities)


def dynamics_text(velocities: Sequence[int]) -> str:
    """What was found, for the player; empty where there is one dynamic."""
    counts = sorted(Counter(velocities).items())
    return "" if len(counts) < 2 else (f"{len(counts)} dynamics: " + ", ".join(f"velocity {velocity} ({count} notes)" for velocity, count
                                                                                in counts[:8]) + (", ..." if len(counts) > 8 else ""))


def _of_layers(layers: list[int], level_db: np.ndarray, keys: Sequence[int]) -> list[int]:
    """Layers spread evenly over the velocities, the softest first, whichever way they are numbered."""
    away, numbers = _against_trend(level_db, keys), np.array(layers)
    softest_first = sorted(set(layers), key=lambda layer: float(away[numbers == layer].mean()))
    rank = {layer: place for place, layer in enumerate(softest_first)}
    return [round(127 * (rank[layer] + 1) / len(rank) - 127 / len(rank) / 2) for layer in layers]


def _against_trend(level_db: np.ndarray, keys: Sequence[int]) -> np.ndarray:
    """Levels without what is common to all, and without their slope over the keys. [N]"""
    if len(level_db) > 3 and np.ptp(keys) > 0:
        return np.asarray(level_db - np.polyval(np.polyfit(np.asarray(keys, float), level_db, 1), keys))
    return np.asarray(level_db - np.median(level_db))
