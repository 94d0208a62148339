"""The decoder at work: one model, its latents, and frames for any batch of voices.

Latents glide, so a swept knob or a new patch of the same model moves through the sounds between.
"""
import numpy as np

from instrument.synthesis.state import SLOTS
from models.frame import FRAME_SIZE, PARTIALS

KEYS = 21, 108                    # of a piano, where a model does not say otherwise
LATENT_LIMIT = 4.0                # further out no model was ever asked
WARM_UPS = (1, 4, 9, 16, 64, 1, 1, 1, 1, 1)     # rows: first calls of a network take tens of milliseconds


class Timbre:
    """`model` as `models.checkpoint.load_model` gives it. `z` glides to `goal`; `version` counts its moves.

    A model answers in two halves: what is played (z, pitch, velocity), kept here for every slot until it moves, and when.
    """

    def __init__(self, model) -> None:
        self.model = model
        self.name = model.name
        self.latents = int(model.latents)
        self.longest_s = float(model.card["longest_s"])
        self.pitches = tuple(model.card.get("pitches", KEYS))   # what it was trained on; further keys have the colour of the last
        self.goal = np.zeros(self.latents, np.float32)
        self.z = np.zeros(self.latents, np.float32)
        self.version = 1
        self._known = np.zeros((SLOTS, 3))                  # version, pitch, velocity that `_notes` were asked with
        self._notes = np.zeros((SLOTS, model.shape.note_size), np.float32)
        self.prepare()

    def prepare(self) -> None:
        """Warms the networks up."""
        for rows in WARM_UPS:
            keys = np.full(rows, 60, np.float32)
            self.frames(np.arange(rows), keys, keys, keys * 0)
            self.start_phases(keys[:4], keys[:4])
            self._known[:] = 0

    def glide(self, share: float) -> bool:
        """One hop nearer to the wanted latents. Whether they moved."""
        if np.array_equal(self.z, self.goal):
            return False
        self.z += np.float32(share) * (self.goal - self.z)
        near = np.abs(self.goal - self.z) < 1e-4
        self.z[near] = self.goal[near]
        self.version += 1
        return True

    def jump(self) -> None:
        """To the wanted latents at once."""
        self.z[:] = self.goal
        self.version += 1

    def frames(self, slots: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames of rows with the latents `z`: slot, pitch, velocity, seconds [B] -> float32 [B, FRAME_SIZE].

        Rows of one slot share the pitch and velocity of its last one: they are moments of one note.
        """
        if len(slots) == 0:
            return np.zeros((0, FRAME_SIZE), np.float32)
        pitch = np.clip(pitch, *self.pitches, dtype=np.float32)
        wanted = np.stack([np.full(len(slots), self.version), pitch, velocity], 1)
        stale = np.flatnonzero((self._known[slots] != wanted).any(1))
        if len(stale):
            self._known[slots[stale]] = wanted[stale]
            asked, first = np.unique(slots[stale], return_index=True)
            rows = stale[first]
            self._notes[asked] = self.model.note(self._z(len(rows)), pitch[rows], velocity[rows])
        return self.model.frames_at(self._notes[slots], time_s)

    def start_phases(self, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Phases at which the partials of beginning notes start: radians [B, PARTIALS]."""
        if len(pitch) == 0:
            return np.zeros((0, PARTIALS), np.float32)
        return self.model.start_phase(self._z(len(pitch)), np.clip(pitch, *self.pitches, dtype=np.float32), velocity)

    def _z(self, rows: int) -> np.ndarray:
        return np.broadcast_to(self.z, (rows, self.latents))
