"""Trains the decoder as a generator, against a discriminator: a GAN, or a conditional one. There is no encoder, and z is random.

Generator and discriminator work on T moments of a note, every `stride`-th row of the note image; a generated note gets the key, velocity
and conditions of a recorded one. Binary cross-entropy on logits (Goodfellow et al. 2014), the generator's not saturating; R1, a penalty on
the discriminator's gradient at recorded notes (Mescheder et al. 2018, "Which training methods for GANs do actually converge?"), every few
steps; averaged generator weights; the discriminator estimates the conditions from the sound, and its gradient teaches the knobs. Conditions
are dropped at random, so that each of them may be unknown. What each of these contributes: docs/decisions/gan.md.
"""
import copy
import math
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor
from torch.nn.functional import softplus

from hummingface.models.learning.discriminator import Discriminator, View
from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import DEVIATION, FRAME_SIZE
from hummingface.models.playing.shape import Shape, read_architecture
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.frame_image import picture
from hummingface.train.learning import parallel
from hummingface.train.learning.averaging import follow, slope_penalty
from hummingface.train.learning.conditions import Condition, conditions_of
from hummingface.train.learning.generated import compare
from hummingface.train.learning.losses import CENTS
from hummingface.train.learning.run import Learner
from hummingface.train.learning.scaled_decoder import ScaledDecoder, stereo_scale

PICTURED_POINTS, PICTURED_KEYS = 4, (36.0, 48.0, 60.0, 72.0, 84.0)
WATCHED = 256                          # notes that are generated to be measured


@dataclass(frozen=True)
class GanOptions:
    steps: int = 40_000
    minutes: float = math.inf
    least_steps: int = 0              # fewer do not end it after its minutes, but after several times as many
    notes: int = 32                    # in a batch
    stride: int = 8                    # distance of the rows of the note image, from a random first one
    rate: float = 1e-3                 # of the generator
    critic_rate: float = 5e-4          # of the discriminator
    beta1: float = 0.5
    decay_from: float = 0.5            # of the run; the rates are constant before
    slope_penalty: float = 0.3         # R1's gamma; 0 for none
    penalty_every: int = 8
    guess: float = 0.5                 # weight of the auxiliary loss, on the estimated conditions; 0 for none
    asked_share: float = 0.5           # of a note's conditions that are given
    nothing_share: float = 0.2         # of the notes for which none is
    detune: float = 0.5                # semitones that a generated note may lie beside its key
    average_steps: int = 500
    seed: int = 0


@dataclass
class DrawnBatch:
    """Recorded notes and their conditions. N notes, T rows, C conditions."""
    frames: Tensor       # [N, T, FRAME_SIZE]
    known: Tensor        # [N, T] 1 where the note lasts, else 0
    time_s: Tensor       # [T]
    vectors: Tensor      # [N, 2, PARTIALS] cos and sin of the partials' starts
    stereo: Tensor       # [N, STEREO_SIZE] balances and coherences
    pitch: Tensor        # [N]
    velocity: Tensor
    conditions: Tensor   # [N, C] 0 for those dropped
    conditions_mask: Tensor         # [N, C] 1 where one is given

    def part(self, notes: slice) -> "DrawnBatch":
        return DrawnBatch(**{k: v if k == "time_s" else v[notes] for k, v in vars(self).items()})

    def to(self, device: torch.device) -> "DrawnBatch":
        return DrawnBatch(**{k: v.to(device) for k, v in vars(self).items()})


@dataclass(frozen=True)
class Generated:
    """Notes as the discriminator judges them. `stereo` [N, STEREO_SIZE]; None of a mono shape."""
    frames: Tensor       # [N, T, FRAME_SIZE]
    vectors: Tensor      # [N, 2, PARTIALS] cos and sin of the partials' starts
    stereo: Tensor | None


class GanTrainer(Learner[NoteBank, GanOptions]):
    """`shape.latents` counts free latents alone; the conditions become further inputs after them. `conditional`: has conditions."""

    def __init__(self, bank: NoteBank, shape: Shape, options: GanOptions, conditional: bool = True, device: str = "cpu",
                 precision: str = "auto", critic_width: int = 96):
        super().__init__(bank, options, device, precision)
        self.kind = "cgan" if conditional else "gan"
        self.conditions: list[Condition] = []
        self.values = np.zeros((len(bank), 0), np.float32)
        if conditional:
            self.conditions, self.values = conditions_of(bank)
        self.free = shape.latents
        whole = Shape(**asdict(shape) | {"latents": self.free + len(self.conditions)})
        read_architecture(whole.as_dict())                     # raises for a shape that cannot be opened again
        mean, deviation = bank.statistics(np.random.default_rng(0))
        self.generator = ScaledDecoder(whole, mean, deviation.clone(), bank.stereo[torch.from_numpy(bank.trained)].mean(0)).to(self.device)
        self.critic = Discriminator(len(self.conditions), ROWS // options.stride, critic_width, whole.stereo).to(self.device)
        self.view = View(mean, deviation).to(self.device)
        for module in (self.generator, self.critic):
            parallel.same_start(module)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        betas = (options.beta1, 0.99)
        self.optimiser = torch.optim.Adam(self.generator.parameters(), lr=options.rate, betas=betas, fused=True)
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), lr=options.critic_rate, betas=betas, fused=True)

    # one step -------------------------------------------------------------------------------------------------
    def draw(self) -> DrawnBatch:
        """A random batch of recorded notes; this process's share of it."""
        o, bank, rng = self.options, self.bank, self.rng
        notes = rng.choice(bank.trained, o.notes)
        rows = int(rng.integers(o.stride)) + o.stride * np.arange(ROWS // o.stride)
        conditions_mask = np.isfinite(self.values[notes])
        conditions_mask &= rng.random(conditions_mask.shape) < o.asked_share
        conditions_mask &= rng.random(o.notes)[:, None] >= o.nothing_share
        tensor = lambda x: torch.from_numpy(np.asarray(x, np.float32))                                    # noqa: E731
        which, when = (torch.from_numpy(x).to(bank.rows.device) for x in (notes, rows))
        phase = bank.phase[which]
        return DrawnBatch(bank.rows[which[:, None], when].float(), tensor(rows < bank.valid_rows[notes][:, None]),
                    bank.times_s[when], torch.stack([phase.cos(), phase.sin()], 1), bank.stereo[which], tensor(bank.pitch[notes]),
                    tensor(bank.velocity[notes]), tensor(np.where(conditions_mask, self.values[notes], 0)), tensor(conditions_mask),
                    ).part(parallel.share(o.notes)).to(self.device)

    def generate(self, draw: DrawnBatch, z: Tensor, pitch: Tensor, generator: ScaledDecoder) -> Generated:
        """Notes with a draw's conditions, before their limits."""
        inputs = torch.cat([z, draw.conditions], 1)
        with self.autocast():
            frames, stereo = generator.at_and_stereo(inputs, pitch, draw.velocity, draw.time_s.repeat(len(z)))
            vectors = generator.decoder.phase_vectors(inputs, pitch, draw.velocity)
        return Generated(frames.float().view(len(z), -1, FRAME_SIZE), vectors.float(), None if stereo is None else stereo.float())

    def judge(self, notes: Generated, draw: DrawnBatch) -> tuple[Tensor, Tensor]:
        """(logit [N], guess [N, C]) of notes."""
        image, side = self.view(notes.frames, notes.vectors, draw.known, notes.stereo)
        with self.autocast():
            logit, guess = self.critic(image, side, draw.pitch, draw.velocity, draw.conditions)
        return logit.float(), guess.float()

    def train_step(self) -> dict[str, Tensor]:
        o = self.options
        self.set_rates((self.optimiser, o.rate), (self.critic_optimiser, o.critic_rate))
        draw = self.draw()
        parts = self._critic_step(draw) | self._generator_step(draw)
        follow(self.average, self.generator, self.options.average_steps, self.step)
        self.step += 1
        return parts

    def _recorded(self, draw: DrawnBatch) -> Generated:
        """The notes of a draw as generated ones are judged."""
        return Generated(draw.frames, draw.vectors, draw.stereo if self.generator.decoder.shape.stereo else None)

    def _played(self, draw: DrawnBatch) -> tuple[Generated, Tensor]:
        """A generated note for each of a draw, within its limits, and the mean square by which frames and stereo exceeded them."""
        z = self.normal(self.options.notes, self.free)
        beside = self.rng.uniform(-1, 1, self.options.notes).astype(np.float32)[parallel.share(self.options.notes)]
        pitch = draw.pitch + self.options.detune * torch.from_numpy(beside).to(self.device)
        raw, decoder = self.generate(draw, z, pitch, self.generator), self.generator.decoder
        frames = torch.clamp(raw.frames, decoder.lowest, decoder.highest)
        beyond = ((raw.frames - frames) / self.generator.scale).square().mean()
        if raw.stereo is None:
            return replace(raw, frames=frames), beyond
        stereo = torch.clamp(raw.stereo, decoder.stereo_lowest, decoder.stereo_highest)
        return replace(raw, frames=frames, stereo=stereo), beyond + ((raw.stereo - stereo) / stereo_scale(stereo)).square().mean()

    def _critic_step(self, draw: DrawnBatch) -> dict[str, Tensor]:
        o = self.options
        with torch.no_grad():
            fake, _ = self._played(draw)
        false, _ = self.judge(fake, draw)
        true, guess = self.judge(self._recorded(draw), draw)
        loss = (softplus(false).mean() + softplus(-true).mean()) / 2
        total = loss + o.guess * self._auxiliary_loss(guess, draw)
        parts = {"critic": loss.detach(), "right": ((true > 0).float().mean() + (false < 0).float().mean()) / 2}
        if o.slope_penalty and self.step % o.penalty_every == 0:
            slope = self.slope(draw)
            total = total + o.penalty_every * o.slope_penalty / 2 * slope
            parts["slope"] = slope.detach()
        self.optimizer_step(total, self.critic, self.critic_optimiser)
        return parts

    def slope(self, draw: DrawnBatch) -> Tensor:
        """R1 at recorded notes."""
        notes = self._recorded(draw)
        image, side = (x.detach().requires_grad_() for x in self.view(notes.frames, notes.vectors, draw.known, notes.stereo))
        logit, _ = self.critic(image, side, draw.pitch, draw.velocity, draw.conditions)
        return slope_penalty(logit, (image, side))

    def _generator_step(self, draw: DrawnBatch) -> dict[str, Tensor]:
        fake, beyond = self._played(draw)
        logit, guess = self.judge(fake, draw)
        loss = softplus(-logit).mean()
        auxiliary_loss = self._auxiliary_loss(guess, draw)
        off = (fake.frames[..., DEVIATION] * (CENTS / self.view.ratio / 100)).square().mean()  # inaudible partials stay on their harmonics
        self.optimizer_step(loss + self.options.guess * auxiliary_loss + 0.1 * beyond + 1e-3 * off, self.generator, self.optimiser)
        return {"generator": loss.detach(), "auxiliary": auxiliary_loss.detach(), "beyond": beyond.detach()}

    def _auxiliary_loss(self, guess: Tensor, draw: DrawnBatch) -> Tensor:
        """Mean square error of the estimates of the conditions that were given."""
        mask = draw.conditions_mask
        return (mask * (guess - draw.conditions).square()).sum() / parallel.everywhere(mask.sum()).clamp(min=1)

    # the run --------------------------------------------------------------------------------------------------
    def parts(self) -> dict:
        return {"generator": self.generator, "average": self.average, "critic": self.critic, "view": self.view,
                "optimiser": self.optimiser, "critic_optimiser": self.critic_optimiser}

    def describe(self) -> dict:
        return {"shape": self.generator.decoder.shape.as_dict(), "free": self.free, "instruments": self.bank.instruments,
                "conditions": [asdict(c) for c in self.conditions]}

    def state(self) -> dict:
        return super().state() | {"longest_s": self.bank.longest_s}

    @torch.no_grad()
    def notes(self, z: np.ndarray, conditions: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Notes by the averaged weights. z [N, L], conditions [N, C] -> frames [N, ROWS, FRAME_SIZE] on the rows of the note image."""
        tensor = lambda x: torch.from_numpy(np.asarray(x, np.float32)).to(self.device)                    # noqa: E731
        times = self.bank.times_s[:ROWS].to(self.device)
        frames = self.average.at(tensor(np.concatenate([z, conditions], 1)), tensor(pitch), tensor(velocity), times.repeat(len(z)))
        decoder = self.average.decoder
        return torch.clamp(frames, decoder.lowest, decoder.highest).view(len(z), ROWS, FRAME_SIZE).cpu().numpy()

    def metrics(self) -> dict[str, float]:
        """Generated notes beside recorded ones, with their conditions: see `train/learning/generated.py`."""
        rng, bank = np.random.default_rng(1), self.bank
        notes = rng.choice(bank.trained, WATCHED)
        conditions = np.nan_to_num(self.values[notes]) * (rng.random(WATCHED) < 0.5)[:, None]
        made = self.notes(rng.standard_normal((WATCHED, self.free)), conditions, bank.pitch[notes], bank.velocity[notes])
        return compare(np.stack([bank.image(i) for i in notes]), made, bank.pitch[notes], bank.valid_rows[notes])

    def picture(self) -> Image:
        """Always the same points of latent space, at keys from low to high."""
        z = np.random.default_rng(2).standard_normal((PICTURED_POINTS, self.free))
        keys = np.array(PICTURED_KEYS)
        none = np.zeros((len(keys), len(self.conditions)))
        return picture([list(self.notes(np.repeat(one[None], len(keys), 0), none, keys, np.full(len(keys), 100.0))) for one in z])
