"""Where the latents are to go: to a patch's point as the player's knobs have moved it, between it and the corners of its morph pad.

The last latents of a model with recordings (`models/playing/likeness.py`) are how much of each recording sounds: all of it where it is, in
the patch's point or in a corner, times the control of likeness.
"""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hummingface.compiled import compiled
from hummingface.instrument.patches.parameters import LATENT_KNOBS, LATENT_RANGE
from hummingface.instrument.patches.patch import CORNERS, Patch
from hummingface.instrument.performance.controls import INDEX
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.recorded_note import KNOBS, PAD_CORNERS

_X, _Y, _AMOUNT, _LIKENESS = INDEX["morph.x"], INDEX["morph.y"], INDEX["morph.amount"], INDEX["likeness.amount"]
_NO_CORNERS = np.zeros((0, 0), np.float32)


class OwnMoves(NamedTuple):
    """What routes make of the latents of B voices."""
    controls: np.ndarray                 # [rows, SIZE]
    rows: np.ndarray                     # [B] int64, the row of each,
    moves: np.ndarray                    # [entries, targets] by how much of their travels targets are moved,
    entries: np.ndarray                  # [B] int64, the entry of each;
    places: np.ndarray                   # [T] int64, targets that are latents,
    numbers: np.ndarray                  # [T] int64, and which ones


@compiled()
def write_points(own, point, corners, latents, out):
    """The targets [B, L] of voices between a point [L] and corners [4 or 0, L]; `latents` of L are no recordings'."""
    for b in range(len(own.rows)):
        z, controls, moves = out[b], own.controls[own.rows[b]], own.moves[own.entries[b]]
        for i in range(len(point)):
            z[i] = point[i]
        for i in range(len(own.places)):
            n = own.numbers[i]
            if n < latents:
                farthest = max(abs(point[n]), np.float32(LATENT_RANGE))
                z[n] = min(max(z[n] + 2 * LATENT_RANGE * moves[own.places[i]], -farthest), farthest)
        amount = controls[_AMOUNT]
        if len(corners) == CORNERS and amount > 0:
            x, y = controls[_X], controls[_Y]
            for i in range(len(point)):
                pad = (1 - x) * (1 - y) * corners[0, i] + x * (1 - y) * corners[1, i] + (1 - x) * y * corners[2, i] + x * y * corners[3, i]
                z[i] += amount * (pad - z[i])
        for i in range(latents, len(point)):
            z[i] *= controls[_LIKENESS]


class LatentTarget:
    """`point` [L] is that of the knobs; a model has `latents` of them, of which the last are those of so many `recordings`."""

    def __init__(self, latents: int, recordings: int = 0) -> None:
        self._own = latents - recordings
        self.point = np.zeros(latents, np.float32)
        self._corners: np.ndarray | None = None

    def load(self, patch: Patch) -> None:
        """Take a patch's point and corners, as many latents of them as the model has."""
        self.point[:] = 0
        point = np.array(patch.latents, np.float32)[:self._own]
        self.point[:len(point)] = np.clip(point, -LATENT_LIMIT, LATENT_LIMIT)
        self._corners = None
        if len(patch.morph) == CORNERS:
            self._corners = np.zeros((CORNERS, len(self.point)), np.float32)
            for corner, to in zip(patch.morph, self._corners, strict=True):
                to[:min(self._own, len(corner.latents))] = corner.latents[:self._own]
        for recording, latent in zip(patch.recordings, range(self._own, len(self.point)), strict=False):
            self.point[latent] = KNOBS in recording.places
            if self._corners is not None:
                self._corners[:, latent] = [corner in recording.places for corner in PAD_CORNERS]

    @property
    def knobs(self) -> np.ndarray:
        """The latents that the window's knobs show."""
        return self.point[:min(self._own, LATENT_KNOBS)]

    def move(self, number: int, value: float) -> None:
        """Move a latent, counted from 1 as on the knobs; those that the model does not have are passed over."""
        if number <= self._own:
            self.point[number - 1] = value

    def blend(self, values: Sequence[float]) -> None:
        """Move the latents behind those of the knobs; those that the model does not have are passed over."""
        behind = self.point[LATENT_KNOBS:self._own]
        behind[:len(values)] = values[:len(behind)]

    def at(self, controls: np.ndarray) -> np.ndarray:
        """The target [L] where the morph pad stands, by the values of all controls."""
        amount = controls[_AMOUNT]
        target = self.point
        if amount > 0 and self._corners is not None:
            x, y = controls[_X], controls[_Y]
            weights = np.array([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], np.float32)
            target = (1 - amount) * self.point + amount * (weights @ self._corners)
        if self._own == len(target):
            return target
        return np.append(target[:self._own], np.float32(controls[_LIKENESS]) * target[self._own:])

    def at_each(self, own: OwnMoves) -> np.ndarray:
        """The targets [B, L] of voices, by the controls and the moved latents of each. None is moved out of the knobs' range."""
        z = np.empty((len(own.rows), len(self.point)), np.float32)
        write_points(own, self.point, _NO_CORNERS if self._corners is None else self._corners, self._own, z)
        return z
