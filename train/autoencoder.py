"""Train decoder and encoder around one latent space: an auto-decoder with an encoder that learns to find its points.

Each instrument is one free point z, shared by all its keys, so a point is a timbre and pitch stays a condition. Noise on z and a
pull to the middle make the space smooth; the encoder learns to hit z from one note's image, and to let another note of the
same instrument be decoded from it. Bojanowski et al. (2018), "Optimizing the latent space of generative networks".
Weights are averaged over time (Polyak), so that any checkpoint is a good model.
"""
import copy
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.autoencoder import Encoder
from models.conditioning import ROWS
from models.decoder import Decoder, linear
from models.frame import DEVIATION, LEVEL, LFO_GAIN, NOISE, SLOT_RATIO, VIBRATO
from models.shape import Shape
from train.dataset import Batch, NoteBank
from train.losses import CENTS, FrameLoss, Weights, phase_loss
from train.spread import spread

TUNING_UNIT_CENTS = 20.0              # of what the network gives for a deviation


@dataclass(frozen=True)
class Options:
    steps: int = 12_000
    minutes: float = math.inf         # whichever of the two ends first; the learning rate follows the nearer end
    notes: int = 256                  # in a batch
    moments: int = 8                  # of each
    rate: float = 4e-3
    decay_from: float = 0.1           # of the run; the rate is constant before
    z_noise: float = 0.1
    z_pull: float = 1e-3
    encoder_notes: int = 16
    encoder_every: int = 8
    average_steps: int = 300
    between: float = 0.15
    seed: int = 0
    own_share: float = 0.0            # of notes that are decoded from a point of their own, near their instrument's; see `spread`
    own_pull: float = 3e-3


class Training(nn.Module):
    """All that learns. Outputs are in units near 1 while learning; `fold` puts dB, Hz and cents into the last layer."""

    scale: Tensor
    centre: Tensor
    offsets: Tensor

    def __init__(self, shape: Shape, instruments: int, mean: Tensor, deviation: Tensor, encoder_width: int = 96, own_points: int = 0):
        super().__init__()
        self.decoder = Decoder(shape)
        self.encoder = Encoder(shape.latents, encoder_width)
        self.points = nn.Parameter(0.5 * torch.randn(instruments, shape.latents))
        if own_points:
            self.offsets = nn.Parameter(0.3 * torch.randn(own_points, shape.latents))
        scale = deviation.clamp(min=1e-2)
        scale[LEVEL], scale[NOISE] = 20.0, 15.0
        scale[DEVIATION] = torch.from_numpy(SLOT_RATIO) * (TUNING_UNIT_CENTS / CENTS)
        scale[VIBRATO] = torch.tensor([10.0, 2.0, 5.0])
        scale[LFO_GAIN.start:] = scale[LFO_GAIN.start:].clamp(min=0.05)
        centre = mean.clone()
        centre[DEVIATION] = 0
        self.register_buffer("scale", scale)
        self.register_buffer("centre", centre)
        with torch.no_grad():
            for last in (self.decoder.out, linear(self.decoder.note_net)):
                last.weight.mul_(0.3)
                last.bias.zero_()

    def points_of(self, batch: Batch, own: Tensor | None) -> Tensor:
        """z [N, L] of a batch: the instruments' points, with the notes' own offsets where `own` [N] is 1."""
        points = self.points[batch.instrument]
        if own is None:
            return points
        return points + own[:, None] * torch.lerp(self.offsets[batch.note], self.offsets[batch.other], batch.share[:, None])

    def frames(self, z: Tensor, batch: Batch) -> Tensor:
        """z [N, L] -> frames [N R, FRAME_SIZE] at the batch's moments."""
        note = self.decoder.note(z, batch.pitch, batch.velocity)
        note = note.repeat_interleave(len(batch.time_s) // len(note), 0)
        return torch.addcmul(self.centre, self.decoder.unclamped(note, batch.time_s), self.scale)


class Trainer:
    def __init__(self, bank: NoteBank, shape: Shape, options: Options, weights: Weights | None = None,
                 device: str = "cpu", encoder_width: int = 96):
        self.bank, self.options, self.device = bank, options, torch.device(device)
        torch.manual_seed(options.seed)
        self.rng = np.random.default_rng(options.seed)
        mean, deviation = bank.statistics(np.random.default_rng(0))
        own_points = len(bank) if options.own_share else 0
        self.model = Training(shape, len(bank.instruments), mean, deviation, encoder_width, own_points).to(self.device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.loss = FrameLoss(weights).to(self.device)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=options.rate, betas=(0.9, 0.98),
                                           weight_decay=1e-3, fused=True)
        self.step, self.seconds = 0, 0.0

    # one step -------------------------------------------------------------------------------------------------
    def progress(self) -> float:
        """How much of the run is done, 0..1."""
        return min(1.0, max(self.step / self.options.steps, self.seconds / 60 / self.options.minutes))

    def learning_rate(self) -> float:
        o, done = self.options, self.progress()
        warm = min(1.0, (self.step + 1) / 150)
        falling = 1.0 if done < o.decay_from else 0.5 + 0.5 * math.cos(math.pi * (done - o.decay_from) / (1 - o.decay_from))
        return o.rate * warm * max(0.01, falling)

    def train_step(self) -> dict[str, Tensor]:
        o, model = self.options, self.model
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        batch = self.bank.batch(self.rng, o.notes, o.moments, o.between)
        own = torch.from_numpy(spread(batch, self.rng, o.own_share)).to(self.device) if o.own_share else None
        batch = batch.to(self.device)
        points = model.points_of(batch, own)
        loss, parts = self.loss(model.frames(points + o.z_noise * torch.randn_like(points), batch), batch)
        vectors = model.decoder.phase_vectors(points.detach(), batch.pitch, batch.velocity)
        phase = phase_loss(vectors, batch.phase, batch.phase_level)
        total = loss + o.z_pull * model.points.square().sum(1).mean() + 0.3 * phase
        if o.own_share:
            total = total + o.own_pull * model.offsets.square().sum(1).mean()
        parts |= {"loss": loss.detach(), "phase": phase.detach()}
        if o.encoder_notes and self.step % o.encoder_every == 0:
            total = total + self._encoder_loss(parts)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        self.optimiser.step()
        self._average()
        self.step += 1
        return parts

    def _encoder_loss(self, parts: dict) -> Tensor:
        """The encoder of one note hits its instrument's point, and decodes another note of the instrument."""
        o, model, bank = self.options, self.model, self.bank
        first, second = bank.pairs(self.rng, o.encoder_notes)
        about = lambda x: torch.from_numpy(x[first].astype(np.float32)).to(self.device)                  # noqa: E731
        rows = bank.rows[torch.from_numpy(first), :ROWS].to(self.device).float()
        z = model.encoder(rows, about(bank.pitch), about(bank.velocity))
        points = model.points[torch.from_numpy(bank.instrument[first]).to(self.device)].detach()
        spreads = model.points.detach().var(0, unbiased=False).mean()
        if o.own_share:
            second = first                                              # each note has a point of its own
            points = points + model.offsets[torch.from_numpy(first).to(self.device)].detach()
            spreads = spreads + model.offsets.detach().var(0, unbiased=False).mean()
        hit = (z - points).square().mean() / spreads.clamp(min=1e-3)
        batch = bank.batch(self.rng, len(second), o.moments, 0.0, second).to(self.device)
        across, _ = self.loss(model.frames(z, batch), batch)
        parts["hit"] = hit.detach()
        return hit + 0.02 * across

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(1 - 1 / self.options.average_steps, (1 + self.step) / (10 + self.step))
        ours: list[Tensor] = list(self.average.parameters())
        theirs: list[Tensor] = list(self.model.parameters())
        torch._foreach_lerp_(ours, theirs, 1 - keep)

    # the run --------------------------------------------------------------------------------------------------
    def run(self, folder: Path, save_minutes: float = 3.0, progress: bool = True) -> None:
        """Train to the end of the options, saving `folder`/state.pt now and then (and when interrupted)."""
        from tqdm import tqdm
        folder.mkdir(parents=True, exist_ok=True)
        smooth: dict[str, float] = {}
        # time left by whichever ends first, steps or minutes
        bar = tqdm(total=1.0, initial=self.progress(), desc="training", disable=not progress, mininterval=5,
                   bar_format="{desc}: {percentage:5.1f}%|{bar}| {elapsed}<{remaining}{postfix}")
        saved = time.monotonic()
        with bar, (folder / "log.csv").open("a") as log:
            try:
                while self.progress() < 1:
                    start = time.monotonic()
                    for name, value in self.train_step().items():
                        smooth[name] = 0.98 * smooth.get(name, float(value)) + 0.02 * float(value)
                    self.seconds += time.monotonic() - start
                    bar.update(self.progress() - bar.n)
                    if self.step % 50 == 0:
                        bar.set_postfix({"step": self.step} | {k: f"{v:.2f}" for k, v in smooth.items()})
                        log.write(f"{self.step},{self.seconds:.0f},"
                                  + ",".join(f"{k}={v:.4f}" for k, v in smooth.items()) + "\n")
                        log.flush()
                    if time.monotonic() - saved > 60 * save_minutes:
                        self.save(folder / "state.pt")
                        self.bank = self.bank.grown()
                        saved = time.monotonic()
            finally:
                self.save(folder / "state.pt")

    def save(self, path: Path) -> None:
        """All that is needed to go on, written whole or not at all."""
        partial = path.with_name(path.name + ".partial")
        torch.save({"model": self.model.state_dict(), "average": self.average.state_dict(),
                    "optimiser": self.optimiser.state_dict(), "step": self.step, "seconds": self.seconds,
                    "shape": self.model.decoder.shape.as_dict(), "options": asdict(self.options),
                    "rng": self.rng.bit_generator.state, "torch_rng": torch.get_rng_state(),
                    "instruments": self.bank.instruments, "note_instrument": self.bank.instrument.tolist(),
                    "longest_s": self.bank.longest_s}, partial)
        os.replace(partial, path)

    def resume(self, path: Path) -> None:
        """Go on from `path`; the options of this run hold (a longer run, another rate)."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["instruments"] != self.bank.instruments or state["shape"] != self.model.decoder.shape.as_dict():
            raise ValueError(f"{path} is of another data set or another network; train into another folder.")
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"].cpu())
