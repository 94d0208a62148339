"""Trains a decoder and an encoder with one latent space: an auto-decoder, with an encoder that learns to find its points.

Each instrument is one free point z, shared by all its keys, so a point is a timbre and pitch stays a condition. Noise on z and a
pull to the middle make the space smooth; the encoder learns to predict z from one note's image, such that the decoder reconstructs another
note of the same instrument from it. Bojanowski et al. (2018), "Optimizing the latent space of generative networks".
Weights are averaged over time (Polyak), so that any checkpoint is a good model.
"""
import copy
import math
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor, nn

from hummingface.models.learning.autoencoder import Encoder
from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.shape import Shape, read_architecture
from hummingface.train.data.augmentation import spread
from hummingface.train.data.dataset import Batch, NoteBank
from hummingface.train.data.frame_image import picture
from hummingface.train.learning import parallel
from hummingface.train.learning.averaging import follow
from hummingface.train.learning.losses import FrameLoss, Weights, phase_loss, stereo_loss
from hummingface.train.learning.run import Learner
from hummingface.train.learning.scaled_decoder import ScaledDecoder

WATCHED, PICTURED = 128, 8             # notes for metrics, for pictures


@dataclass(frozen=True)
class AutoencoderOptions:
    steps: int = 12_000
    minutes: float = math.inf         # whichever of the two ends first; the learning rate follows the nearer end
    least_steps: int = 0              # fewer do not end it after its minutes, but after several times as many
    notes: int = 256                  # in a batch
    moments: int = 8                  # of each
    rate: float = 4e-3
    decay_from: float = 0.1           # of the run; the rate is constant before
    z_noise: float = 0.05
    z_pull: float = 1e-3
    encoder_notes: int = 16
    encoder_every: int = 8
    average_steps: int = 300
    between: float = 0.15
    mixed: float = 0.0                # of notes that are decoded between two instruments
    seed: int = 0
    own_share: float = 0.0            # of notes that are decoded from a point of their own, near their instrument's; see `spread`
    own_pull: float = 3e-3


class Training(ScaledDecoder):
    """All that learns."""

    offsets: Tensor

    def __init__(self, shape: Shape, instruments: int, statistics: tuple[Tensor, Tensor, Tensor], encoder_width: int = 96,
                 own_points: int = 0):
        super().__init__(shape, *statistics)
        self.encoder = Encoder(shape.latents, encoder_width)
        self.points = nn.Parameter(0.5 * torch.randn(instruments, shape.latents))
        if own_points:
            self.offsets = nn.Parameter(0.3 * torch.randn(own_points, shape.latents))

    def points_of(self, batch: Batch, own: Tensor | None) -> Tensor:
        """z [N, L] of a batch: the instruments' points, with the notes' own offsets where `own` [N] is 1."""
        points = torch.lerp(self.points[batch.instrument], self.points[batch.other_instrument], batch.share[:, None])
        if own is None:
            return points
        return points + own[:, None] * torch.lerp(self.offsets[batch.note], self.offsets[batch.other], batch.share[:, None])

    def frames(self, z: Tensor, batch: Batch) -> Tensor:
        """z [N, L] -> frames [N R, FRAME_SIZE] at the batch's moments."""
        return self.at(z, batch.pitch, batch.velocity, batch.time_s)


class AutoencoderTrainer(Learner[NoteBank, AutoencoderOptions]):
    kind = "autoencoder"

    def __init__(self, bank: NoteBank, shape: Shape, options: AutoencoderOptions, weights: Weights | None = None,
                 device: str = "cpu", encoder_width: int = 96, precision: str = "auto"):
        super().__init__(bank, options, device, precision)
        read_architecture(shape.as_dict())                              # what no program could open again is not trained
        statistics = (*bank.statistics(np.random.default_rng(0)), bank.stereo[torch.from_numpy(bank.trained)].mean(0))
        own_points = len(bank) if options.own_share else 0
        self.model = Training(shape, len(bank.instruments), statistics, encoder_width, own_points).to(self.device)
        parallel.same_start(self.model)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.loss = FrameLoss(weights).to(self.device)
        if self.device.type == "cuda" and find_spec("triton"):
            self.loss.compile(dynamic=False)                            # some hundred small kernels become a few
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=options.rate, betas=(0.9, 0.98),
                                           weight_decay=1e-3, fused=True)

    # one step -------------------------------------------------------------------------------------------------
    def train_step(self) -> dict[str, Tensor]:
        o, model = self.options, self.model
        self.set_rates((self.optimiser, o.rate))
        batch = self.bank.batch(self.rng, o.notes, o.moments, o.between, mixed=o.mixed)
        own = torch.from_numpy(spread(batch, self.rng, o.own_share)) if o.own_share else None
        mine = parallel.share(o.notes)
        batch, own = batch.part(mine).to(self.device), None if own is None else own[mine].to(self.device)
        points = model.points_of(batch, own)
        noise = self.normal(o.notes, points.shape[1])
        with self.autocast():
            frames, stereo = model.at_and_stereo(points + o.z_noise * noise, batch.pitch, batch.velocity, batch.time_s)
            vectors = model.decoder.phase_vectors(points.detach(), batch.pitch, batch.velocity)
        loss, parts = self.loss(frames.float(), batch)
        phase = phase_loss(vectors.float(), batch.phase, batch.phase_level)
        total = loss + o.z_pull * model.points.square().sum(1).mean() + 0.3 * phase
        if o.own_share:
            total = total + o.own_pull * model.offsets.square().sum(1).mean()
        parts |= {"loss": loss.detach(), "phase": phase.detach()}
        if stereo is not None:
            off = stereo_loss(stereo.float(), batch)
            total = total + self.loss.weights.stereo * off
            parts["stereo"] = off.detach()
        if o.encoder_notes and self.step % o.encoder_every == 0:
            total = total + self._encoder_loss(parts)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        parallel.average_gradients(list(model.parameters()))
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        self.optimiser.step()
        follow(self.average, self.model, self.options.average_steps, self.step)
        self.step += 1
        return parts

    def _encoder_loss(self, parts: dict) -> Tensor:
        """The encoder of one note hits its instrument's point, and decodes another note of the instrument."""
        o, model, bank = self.options, self.model, self.bank
        first, second = bank.pairs(self.rng, o.encoder_notes)
        mine = parallel.share(len(first))
        ours = first[mine]
        about = lambda x: torch.from_numpy(x[ours].astype(np.float32)).to(self.device)                   # noqa: E731
        rows = bank.rows[torch.from_numpy(ours).to(bank.rows.device), :ROWS].to(self.device).float()
        with self.autocast():
            z = model.encoder(rows, about(bank.pitch), about(bank.velocity))
        z = z.float()
        points = model.points[torch.from_numpy(bank.instrument[ours]).to(self.device)].detach()
        spreads = model.points.detach().var(0, unbiased=False).mean()
        if o.own_share:
            second = first                                              # each note has a point of its own
            points = points + model.offsets[torch.from_numpy(ours).to(self.device)].detach()
            spreads = spreads + model.offsets.detach().var(0, unbiased=False).mean()
        hit = (z - points).square().mean() / spreads.clamp(min=1e-3)
        batch = bank.batch(self.rng, len(second), o.moments, 0.0, second).part(mine).to(self.device)
        with self.autocast():
            frames = model.frames(z, batch)
        across, _ = self.loss(frames.float(), batch)
        parts["hit"] = hit.detach()
        return hit + 0.02 * across

    # the run --------------------------------------------------------------------------------------------------
    def parts(self) -> dict:
        return {"model": self.model, "average": self.average, "optimiser": self.optimiser}

    def describe(self) -> dict:
        return {"shape": self.model.decoder.shape.as_dict(), "instruments": self.bank.instruments}

    def state(self) -> dict:
        return super().state() | {"note_instrument": self.bank.instrument.tolist(), "longest_s": self.bank.longest_s}

    def saved(self) -> None:
        if parallel.processes() == 1:                      # others might find the folder in another state
            self.bank = self.bank.grown().near(self.device)

    @torch.no_grad()
    def metrics(self) -> dict[str, float]:
        """The averaged weights on notes that were not trained on, where some were left out; else on others, always the same."""
        rng, watched = np.random.default_rng(1), np.flatnonzero(self.bank.left_out)
        notes = rng.choice(watched if len(watched) else self.bank.trained, WATCHED)
        batch = self.bank.batch(rng, WATCHED, self.options.moments, 0.0, notes).to(self.device)
        frames, stereo = self.average.at_and_stereo(self.average.points_of(batch, None), batch.pitch, batch.velocity, batch.time_s)
        _, parts = self.loss(frames, batch)
        if stereo is not None:
            parts["stereo"] = stereo_loss(stereo, batch)
        return {("left_out." if len(watched) else "seen.") + name: float(value) for name, value in parts.items()}

    @torch.no_grad()
    def picture(self) -> Image:
        """Notes of as many instruments, and below each what is made of it."""
        bank, times = self.bank, self.bank.times_s[:ROWS].to(self.device)
        notes = [min(members, key=lambda i: abs(int(bank.pitch[i]) - 60)) for members in bank.members()[:PICTURED] if len(members)]
        made = []
        for i in notes:
            one = bank.batch(np.random.default_rng(0), 1, 1, 0.0, np.array([i])).to(self.device)
            one.time_s = times
            made.append(self.average.frames(self.average.points_of(one, None), one).cpu().numpy())
        return picture([[bank.image(i) for i in notes], made])
