"""Augmentation of few notes to a whole instrument: what a batch of notes implies for other keys and velocities.

Two rules replace recordings that nobody made. A note moved to another key keeps its partials' levels on its own grid, and
its own latent point, so that the knobs learn how the notes of the collection differ, at any key. And
beyond the softest and the loudest dynamic, levels follow velocity as General MIDI instruments do (40 dB a decade).
"""
import numpy as np
import torch

from hummingface.models.playing.conditioning import HIGHEST_KEY, LOWEST_KEY
from hummingface.models.playing.frame import HIGHEST, LEVEL, LEVEL_FLOOR_DB, LOWEST, NOISE
from hummingface.train.data.dataset import Batch

CARRIED_SHARE, CARRIED_SEMITONES = 0.25, 7.0        # of the notes; deviation
VELOCITY_SHARE = 0.35
DB_A_DECADE = 40.0
MOST_DB = 24.0


def spread(batch: Batch, rng: np.random.Generator, own_share: float) -> np.ndarray:
    """Changes a Batch in place; returns which notes are decoded from their own points, 1 or 0. float32 [N]"""
    size = len(batch.pitch)
    own = (rng.random(size) < own_share).astype(np.float32)
    carried = (rng.random(size) < CARRIED_SHARE) & (batch.share.numpy() == 0)
    own[carried] = 1
    moved = torch.from_numpy((rng.normal(0, CARRIED_SEMITONES, size) * carried).astype(np.float32))
    batch.pitch = (batch.pitch + moved).clamp(LOWEST_KEY, HIGHEST_KEY)
    batch.phase_level[torch.from_numpy(carried)] = LEVEL_FLOOR_DB              # start phases there are unknown
    _beyond_dynamics(batch, rng)
    return own


def _beyond_dynamics(batch: Batch, rng: np.random.Generator) -> None:
    """Some notes at the ends of their dynamics become softer or louder than any recording."""
    velocity = batch.velocity.numpy().copy()
    chosen = (rng.random(len(velocity)) < VELOCITY_SHARE) & (batch.share.numpy() == 0)
    softer = rng.random(len(velocity)) < 0.5
    end = np.where(softer, batch.softest.numpy(), batch.loudest.numpy()) & chosen
    wanted = np.where(softer, rng.uniform(1, velocity), rng.uniform(velocity, 127))
    wanted = np.where(end, wanted, velocity)
    gain = np.clip(DB_A_DECADE * np.log10(wanted / velocity), -MOST_DB, MOST_DB).astype(np.float32)
    batch.velocity = torch.from_numpy(wanted.astype(np.float32))
    gain_db = torch.from_numpy(gain)
    batch.peak_db = batch.peak_db + gain_db
    rows = gain_db.repeat_interleave(len(batch.time_s) // len(gain_db))[:, None]
    for part in (LEVEL, NOISE):
        low, high = float(LOWEST[part.start]), float(HIGHEST[part.start])
        level = batch.target[:, part]
        batch.target[:, part] = torch.where(level <= low, level, (level + rows).clamp(low, high))      # silence stays silent
