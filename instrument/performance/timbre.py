"""The decoder at work: one model, its latents, and frames for any batch of voices. The only file here that knows torch.

Latents glide, so a swept knob or a new patch of the same model moves through the sounds between. `torch.set_num_threads(1)` holds for
the thread that calls it alone, so `prepare` must run in the thread that will decode.
"""
import numpy as np
import torch

from instrument.performance.schedule import MOST_INPUTS
from models.frame import FRAME_SIZE, PARTIALS

WARM_UPS = 10                     # first calls of a network take tens of milliseconds
LATENT_LIMIT = 4.0                # further out no model was ever asked


class Timbre:
    """`model` as `models.checkpoint.load_model` gives it; `voices_left` and `z` are the performer's to keep."""

    def __init__(self, model) -> None:
        self.model = model
        self.name = model.name
        self.latents = int(model.latents)
        self.longest_s = float(model.card["longest_s"])
        self.goal = np.zeros(self.latents, np.float32)
        self.z = np.zeros(self.latents, np.float32)
        self._inputs = torch.zeros(3, MOST_INPUTS)
        self._z = torch.zeros(1, self.latents)
        self._numpy_inputs, self._numpy_z = self._inputs.numpy(), self._z.numpy()[0]
        self.prepare()

    def prepare(self) -> None:
        """Makes this thread ready to decode: one core, networks warmed up."""
        torch.set_num_threads(1)
        for rows in [1, 4, 9, 16, 64, 1, 1, 1, 1, 1][:WARM_UPS]:
            keys = np.full(rows, 60, np.float32)
            self.frames(keys, keys, keys * 0)
        self.start_phases(keys[:1], keys[:1])

    def glide(self, share: float) -> bool:
        """One hop nearer to the wanted latents. Whether they moved."""
        if np.array_equal(self.z, self.goal):
            return False
        self.z += np.float32(share) * (self.goal - self.z)
        near = np.abs(self.goal - self.z) < 1e-4
        self.z[near] = self.goal[near]
        return True

    def frames(self, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames of rows, all with the latents `z`: pitch, velocity, seconds [B] -> float32 [B, FRAME_SIZE]."""
        count = len(pitch)
        if count == 0:
            return np.zeros((0, FRAME_SIZE), np.float32)
        self._fill(pitch, velocity, time_s)
        inputs = self._inputs[:, :count]
        with torch.inference_mode():
            return self.model.frames(self._z.expand(count, -1), inputs[0], inputs[1], inputs[2]).numpy()

    def start_phases(self, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Phases at which the partials of beginning notes start: radians [B, PARTIALS]."""
        count = len(pitch)
        if count == 0:
            return np.zeros((0, PARTIALS), np.float32)
        self._fill(pitch, velocity, 0.0)
        with torch.inference_mode():
            return self.model.start_phase(self._z.expand(count, -1), self._inputs[0, :count], self._inputs[1, :count]).numpy()

    def _fill(self, pitch, velocity, time_s) -> None:
        count = len(pitch)
        self._numpy_z[:] = self.z
        self._numpy_inputs[0, :count] = pitch
        self._numpy_inputs[1, :count] = velocity
        self._numpy_inputs[2, :count] = time_s
