"""Where the latents are to go: to a patch's point as the player's knobs have moved it, between it and the corners of its morph pad.

The last latents of a model with recordings (`models/playing/likeness.py`) are how much of each recording sounds: all of it where it is, in
the patch's point or in a corner, times the control of likeness.
"""
import numpy as np

from hummingface.instrument.patches.parameters import LATENT_KNOBS, LATENT_RANGE
from hummingface.instrument.patches.patch import CORNERS, Patch
from hummingface.instrument.performance.controls import INDEX
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.recorded_note import KNOBS, PAD_CORNERS

_X, _Y, _AMOUNT, _LIKENESS = INDEX["morph.x"], INDEX["morph.y"], INDEX["morph.amount"], INDEX["likeness.amount"]


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

    def at_each(self, controls: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """The targets [B, L] of voices: by the controls of each [B, SIZE], and by how much each one's own latents are moved [B, own]. None
        is moved out of the knobs' range."""
        point = np.tile(self.point, (len(controls), 1))
        farthest = np.maximum(np.abs(self.point[:self._own]), LATENT_RANGE)
        point[:, :self._own] = np.clip(point[:, :self._own] + moves, -farthest, farthest)
        if self._corners is not None:
            x, y, amount = controls[:, _X], controls[:, _Y], controls[:, [_AMOUNT]].astype(np.float32)
            weights = np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], 1).astype(np.float32)
            point += amount * (weights @ self._corners - point)
        point[:, self._own:] *= controls[:, [_LIKENESS]]
        return point
