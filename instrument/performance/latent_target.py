"""Where the latents are to go: to a patch's point as the player's knobs have moved it, between it and the corners of its morph pad."""
import numpy as np

from hummingface.instrument.patches.patch import CORNERS, Patch
from hummingface.instrument.performance.controls import INDEX
from hummingface.models.playing.card_file import LATENT_LIMIT

_X, _Y, _AMOUNT = INDEX["morph.x"], INDEX["morph.y"], INDEX["morph.amount"]


class LatentTarget:
    """`point` [L] is that of the knobs; a model has `latents` of them."""

    def __init__(self, latents: int) -> None:
        self.point = np.zeros(latents, np.float32)
        self._corners: np.ndarray | None = None

    def load(self, patch: Patch) -> None:
        """Take a patch's point and corners, as many latents of them as the model has."""
        self.point[:] = 0
        point = np.array(patch.latents, np.float32)[:len(self.point)]
        self.point[:len(point)] = np.clip(point, -LATENT_LIMIT, LATENT_LIMIT)
        self._corners = None
        if len(patch.morph) == CORNERS:
            self._corners = np.zeros((CORNERS, len(self.point)), np.float32)
            for corner, to in zip(patch.morph, self._corners, strict=True):
                to[:min(len(to), len(corner.latents))] = corner.latents[:len(to)]

    def move(self, number: int, value: float) -> None:
        """Move a latent, counted from 1 as on the knobs; those that the model does not have are passed over."""
        if number <= len(self.point):
            self.point[number - 1] = value

    def at(self, controls: np.ndarray) -> np.ndarray:
        """The target [L] where the morph pad stands, by the values of all controls."""
        amount = controls[_AMOUNT]
        if amount <= 0 or self._corners is None:
            return self.point
        x, y = controls[_X], controls[_Y]
        weights = np.array([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], np.float32)
        return (1 - amount) * self.point + amount * (weights @ self._corners)
