"""Measures inactive latents, at the start of a run and at its end, and the sound of the middle of latent space.

The activity of a latent is measured by
- its spread: the variance, over notes, of the encoder's output. A latent with less than NEAR_ZERO_SPREAD is inactive, as Burda,
  Grosse & Salakhutdinov (2016), "Importance weighted autoencoders", section 2, count them: A_u = Cov_x(E[u | x]) > 0.01. Training penalises
  the length of z alone, so any rotation of latent space costs the same; so the spread is taken along the principal axes of the encoder's
  outputs, which no rotation changes. A GAN draws its latents with variance 1, so none is inactive by this measure.
- its effect: how much a step of one deviation along such an axis (for a GAN: along one latent) changes the audible levels, in dB RMS
  over partials and noise bands within 60 dB of the peak, at four keys and three moments, mean over points. Below NEAR_ZERO_EFFECT_DB it is
  inaudible.
"""
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from hummingface.models.learning.autoencoder import Encoder
from hummingface.models.learning.decoder import Decoder
from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.period import put_in_tune
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.note_sounds import NoteSounds
from hummingface.train.evaluation.reconstruct import sounded
from hummingface.train.exporting.export_model import heard_levels
from hummingface.train.learning.scaled_decoder import shape_of, unscaled

NEAR_ZERO_SPREAD, NEAR_ZERO_EFFECT_DB = 0.01, 0.5
NOTES, POINTS = 256, 12
MIDDLE_KEY, VELOCITY = 60.0, 100.0


@dataclass(frozen=True)
class Use:
    """Of the latents at one step, the most used first. `spread` [L]: variances; None where there is no encoder. `effect_db` [L]."""
    step: int
    spread: np.ndarray | None
    effect_db: np.ndarray

    @property
    def inactive(self) -> int | None:
        return None if self.spread is None else int(np.count_nonzero(self.spread < NEAR_ZERO_SPREAD))

    @property
    def unheard(self) -> int:
        return int(np.count_nonzero(self.effect_db < NEAR_ZERO_EFFECT_DB))


@torch.no_grad()
def use_of(state: dict[str, Any], bank: NoteBank | NoteSounds | None) -> Use:
    """Of a model of frames. Raises KeyError where the state is not of this kind of network."""
    decoder = unscaled(shape_of(state), state["average"])
    free = state.get("free", decoder.shape.latents)
    rng, rest = np.random.default_rng(0), decoder.shape.latents - free
    known = "encoder.convolutions.0.weight" in state["average"]
    return used(int(state["step"]), free, encoded(state, bank, rng) if known and isinstance(bank, NoteBank) else None,
                lambda raw: heard_levels(decoder, np.pad(raw, ((0, 0), (0, rest)))), rng)


def used(step: int, free: int, z: np.ndarray | None, heard: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator) -> Use:
    """`z` [N, L]: what the encoder says of notes, None where there is none; one note alone has no spread. `heard`: free latents [M, L] ->
    levels in dB [M, D]."""
    spread, middle, axes, points = None, np.zeros(free), np.eye(free), rng.standard_normal((POINTS, free))
    if z is not None and len(z) > 1:                                     # a single note does not show how notes differ
        variance, turned = np.linalg.eigh(np.cov(z.T).reshape(free, free))
        order = np.argsort(-variance)
        spread = np.maximum(variance[order], 0.0)
        middle, axes = z.mean(0), turned[:, order].T * np.sqrt(spread)[:, None]
        points = z[rng.choice(len(z), POINTS)]
    effect = np.zeros(free)
    for point in points if spread is not None else middle + points:
        change = heard(point + 0.5 * axes) - heard(point - 0.5 * axes)
        effect += np.sqrt(np.square(change).mean(1)) / len(points)
    return Use(step, spread, np.sort(effect)[::-1])


def encoded(state: dict[str, Any], bank: NoteBank, rng: np.random.Generator) -> np.ndarray:
    """What the encoder says of notes that were trained on, in the units that it was trained in. [N, L]"""
    weights = {name.removeprefix("encoder."): w for name, w in state["average"].items() if name.startswith("encoder.")}
    encoder = Encoder(shape_of(state).latents, weights["convolutions.0.weight"].shape[0])
    encoder.load_state_dict(weights)
    notes = rng.permutation(bank.trained)[:NOTES]
    outputs = []
    for some in np.array_split(notes, -(-len(notes) // 64)):
        rows = bank.rows[torch.from_numpy(some), :ROWS].float()
        about = [torch.from_numpy(x[some].astype(np.float32)) for x in (bank.pitch, bank.velocity)]
        outputs.append(encoder(rows, *about).double().numpy())
    return np.concatenate(outputs)


def middle_note(state: dict[str, Any], rate_hz: int) -> np.ndarray:
    """C4 with all latents 0, in the units of training: what the decoder says where nothing tells it apart. float32 [S]"""
    model = _Raw(unscaled(shape_of(state), state["average"]))
    return sounded(model, np.zeros(model.decoder.shape.latents, np.float32), MIDDLE_KEY, VELOCITY, 1.2, 1.6, rate_hz)   # type: ignore[arg-type]


class _Raw:
    """A decoder in the units of training, asked as a model is."""

    def __init__(self, decoder: Decoder):
        self.decoder, self.card = decoder.eval(), dict[str, Any]()

    @torch.no_grad()
    def frames(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        inputs = [torch.from_numpy(np.asarray(x, np.float32)) for x in (z, pitch, velocity, time_s)]
        frames = self.decoder(*inputs).numpy()
        put_in_tune(frames, np.asarray(pitch, np.float32), np.asarray(time_s))
        return frames

    @torch.no_grad()
    def stereo_of(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray | None:
        inputs = [torch.from_numpy(np.asarray(x, np.float32)) for x in (z, pitch, velocity)]
        return self.decoder.stereo(self.decoder.note(*inputs)).numpy() if self.decoder.shape.stereo else None

    @torch.no_grad()
    def start_phase(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        return self.decoder.start_phase(*(torch.from_numpy(np.asarray(x, np.float32)) for x in (z, pitch, velocity))).numpy()

