"""Voices of a note in unison that differ: each but the first is a step aside in the model's space of sounds, the same one in every note."""
import numpy as np

from hummingface.instrument.patches.parameters import MOST_LATENTS
from hummingface.models.playing.card_file import LATENT_LIMIT

MOST_VOICES = 8
STEP = 0.7                          # of each latent, in knob units, root of its mean square, at full difference

_ASIDE = np.random.default_rng(8).standard_normal((MOST_VOICES, MOST_LATENTS))
_ASIDE[0] = 0


def step_aside(table: np.ndarray, slots: np.ndarray, z: np.ndarray, latents: int, difference: float) -> np.ndarray:
    """The points z [B, L] of voices of `table` in these slots [B], each moved by what its place in its unison says; only the first
    `latents` are moved."""
    place = np.clip(table["born"][slots] - table["strike"][slots], 0, MOST_VOICES - 1)
    moved = np.array(z, np.float32)
    moved[:, :latents] = np.clip(moved[:, :latents] + difference * STEP * _ASIDE[place, :latents], -LATENT_LIMIT, LATENT_LIMIT)
    return moved
