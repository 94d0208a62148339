"""Which notes of an instrument lie beside each other: the network learns what is between them.

A grid has each key at the same velocities, and its neighbours are the next key and the next velocity. Draws have neither: there the nearest
note counts, by a distance in which six steps of velocity are a semitone.
"""
import itertools

import numpy as np

STEPS_PER_SEMITONE = 6.0               # of velocity
FARTHEST = 6.0                         # semitones; the nearest of 110 notes over the keyboard lies at 3.3 in the median, 4.3 in 95 %
ABOUT_KEYS = 8.0                       # semitones: a note is the softest of its key if none about it is softer
FEWEST_VELOCITIES = 16                 # of an instrument that was drawn


def next_keys(instrument: np.ndarray, velocity: np.ndarray, pitch: np.ndarray, trained: np.ndarray, farthest: int) -> np.ndarray:
    """For each note the nearest trained one above, of the same instrument and velocity; -1 where none is near."""
    notes = list(zip(instrument.tolist(), velocity.tolist(), pitch.astype(int).tolist(), strict=True))
    place = {notes[i]: int(i) for i in trained}
    found = np.full(len(notes), -1)
    for i, (which, strength, key) in enumerate(notes):
        near = (place.get((which, strength, key + up)) for up in range(1, farthest + 1))
        found[i] = next((n for n in near if n is not None), -1)
    return found


def next_velocities(instrument: np.ndarray, velocity: np.ndarray, pitch: np.ndarray, trained: np.ndarray) -> np.ndarray:
    """For each note the trained one of the same key that is the next louder; -1 where there is none."""
    layers: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for i in trained:
        layers.setdefault((int(instrument[i]), int(pitch[i])), []).append((int(velocity[i]), int(i)))
    found = np.full(len(instrument), -1)
    for layer in layers.values():
        for (softer, note), (louder, next_one) in itertools.pairwise(sorted(layer)):
            found[note] = next_one if louder > softer else -1
    return found


def drawn_instruments(instrument: np.ndarray, velocity: np.ndarray, next_key: np.ndarray, trained: np.ndarray) -> list[int]:
    """Instruments with many velocities of which most notes have no neighbour of their own velocity."""
    found = []
    for i in np.unique(instrument[trained]):
        mine = trained[instrument[trained] == i]
        if len(np.unique(velocity[mine])) >= FEWEST_VELOCITIES and (next_key[mine] >= 0).mean() < 0.5:
            found.append(int(i))
    return found


class NearNotes:
    """Of an instrument's notes [N], by index; -1 where there is none. `above`: the nearest one at the same key or above; `louder`: the
    nearest that is louder; `softest`, `loudest`: whether no trained note about its key is softer, louder."""

    def __init__(self, pitch: np.ndarray, velocity: np.ndarray, trained: np.ndarray):
        up = pitch[None].astype(float) - pitch[:, None]
        more = velocity[None].astype(float) - velocity[:, None]
        far = np.hypot(up, more / STEPS_PER_SEMITONE)
        usable = trained[None] & ~np.eye(len(pitch), dtype=bool)
        self.above = _nearest(far, usable & ((up > 0) | ((up == 0) & (more > 0))))
        self.louder = _nearest(far, usable & (more > 0))
        about = usable & (np.abs(up) <= ABOUT_KEYS)
        self.softest = ~(about & (more < 0)).any(1)
        self.loudest = ~(about & (more > 0)).any(1)


def _nearest(far: np.ndarray, usable: np.ndarray) -> np.ndarray:
    masked = np.where(usable, far, np.inf)
    found = masked.argmin(1)
    return np.where(masked[np.arange(len(far)), found] <= FARTHEST, found, -1)
