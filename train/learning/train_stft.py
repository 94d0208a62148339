"""Trains STFT models: `hummingface train autoencoder|gan|cgan DATA --run RUN --representation stft`.

The autoencoder by mean square error; GAN and conditional GAN by binary cross-entropy on logits, with the additions that also helped the
frame GAN (docs/decisions/gan.md): R1 every few steps, averaged weights, conditions dropped at random. The networks are
`models/learning/stft_networks.py`.
"""
import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from hummingface.models.learning.stft_networks import StftAutoencoder, StftDiscriminator, StftGenerator, discriminator_loss, generator_loss
from hummingface.models.playing import stft
from hummingface.models.playing.stft import Layout
from hummingface.models.playing.stft_shape import StftShape, read_stft_shape
from hummingface.train.data.note_sounds import NoteSounds
from hummingface.train.data.stft_image import pictures
from hummingface.train.learning import parallel
from hummingface.train.learning.averaging import follow, slope_penalty
from hummingface.train.learning.run import Learner

WATCHED = 64                          # notes that are looked at to be measured
PICTURED = 5


@dataclass(frozen=True)
class StftOptions:
    steps: int = 4000
    minutes: float = math.inf
    least_steps: int = 0              # fewer do not end it after its minutes, but after several times as many
    notes: int = 32                    # in a batch
    rate: float = 2e-3
    critic_rate: float = 3e-4          # of the discriminator
    beta1: float = 0.5                 # of the GANs, as published
    decay_from: float = 0.5            # of the run; the rate is constant before
    slope_penalty: float = 5.0         # R1's gamma; 0 for none
    penalty_every: int = 8
    asked_share: float = 0.8           # of a note's conditions that are given
    average_steps: int = 300
    seed: int = 0


class StftLearner(Learner[NoteSounds, StftOptions]):
    """What the three have in common: a generator, its average, images drawn with their labels."""

    generator: StftGenerator
    average: Any

    def __init__(self, bank: NoteSounds, shape: StftShape, options: StftOptions, device: str, precision: str):
        super().__init__(bank, options, device, precision)
        self.shape = read_stft_shape(shape.as_dict())         # what no program could open again is not trained

    def draw(self) -> tuple[Tensor, Tensor, np.ndarray]:
        """(images [N, 2, SIDE, SIDE], keys [N], which notes [N]) of a random batch; this process's share of it."""
        notes = self.rng.choice(self.bank.trained, self.options.notes)[parallel.share(self.options.notes)]
        return self.bank.images(notes).to(self.device), self.bank.keys(notes).to(self.device), notes

    def describe(self) -> dict[str, Any]:
        return {"shape": self.shape.as_dict(), "free": self.shape.latents, "instruments": self.bank.instruments, "conditions": []}


class StftAutoencoderTrainer(StftLearner):
    kind = "stft-autoencoder"

    def __init__(self, bank: NoteSounds, shape: StftShape, options: StftOptions, device: str = "cpu", precision: str = "auto"):
        super().__init__(bank, shape, options, device, precision)
        self.model = StftAutoencoder(shape).to(self.device)
        parallel.same_start(self.model)
        self.average = copy.deepcopy(self.model).requires_grad_(False).eval()
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=options.rate, betas=(0.9, 0.99), fused=True)

    def train_step(self) -> dict[str, Tensor]:
        self.set_rates((self.optimiser, self.options.rate))
        image, key, _ = self.draw()
        with self.autocast():
            made, z = self.model(image, key)
        loss = (made.float() - image).square().mean()
        self.optimizer_step(loss + 1e-5 * z.float().square().mean(), self.model, self.optimiser)
        follow(self.average, self.model, self.options.average_steps, self.step)
        self.step += 1
        return {"mse": loss.detach()}

    def parts(self) -> dict[str, Any]:
        return {"model": self.model, "average": self.average, "optimiser": self.optimiser}

    @torch.no_grad()
    def reconstructed(self, notes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(images, reconstructions [N, 2, SIDE, SIDE], points [N, L]) by the averaged weights."""
        images, keys = self.bank.images(notes).to(self.device), self.bank.keys(notes).to(self.device)
        made, z = self.average(images, keys)
        return images.cpu().numpy(), made.cpu().numpy(), z.cpu().numpy()

    def metrics(self) -> dict[str, float]:
        notes = np.random.default_rng(1).choice(self.bank.trained, min(WATCHED, len(self.bank)), replace=False)
        images, made, _ = self.reconstructed(notes)
        return {"mse": float(((images - made) ** 2).mean()), "share": self.shape.latents / images[0].size,
                "variance": float(images.var(0).mean())}

    def picture(self) -> Image:
        """Above originals, below them their reconstructions; last what lies near zero."""
        notes = np.random.default_rng(2).choice(self.bank.trained, PICTURED)
        images, made, _ = self.reconstructed(notes)
        with torch.no_grad():
            near = 0.1 * np.random.default_rng(3).standard_normal((PICTURED, self.shape.latents)).astype(np.float32)
            zero = self.average.generator(torch.from_numpy(near).to(self.device), self.bank.keys(notes).to(self.device)).cpu().numpy()
        pitch = self.bank.pitch[notes]
        return pictures([stft.spectrum_of(one, pitch, self.shape.layout) for one in (images, made, zero)])


class StftGanTrainer(StftLearner):
    """`shape.latents` counts free latents alone; the conditions become further latents after them."""

    def __init__(self, bank: NoteSounds, shape: StftShape, options: StftOptions, conditional: bool = False, device: str = "cpu",
                 precision: str = "auto"):
        self.conditions, values = bank.conditions() if conditional else ([], np.zeros((len(bank), 0), np.float32))
        self.kind, self.free = "stft-cgan" if conditional else "stft-gan", shape.latents
        whole = StftShape(shape.latents + len(self.conditions), shape.width, shape.lowest, shape.highest, False, shape.layout)
        super().__init__(bank, whole, options, device, precision)
        self.values = torch.from_numpy(values)
        self.generator = self.generators = StftGenerator(whole).to(self.device)
        self.critic = StftDiscriminator(whole, len(self.conditions)).to(self.device)
        for module in (self.generator, self.critic):
            parallel.same_start(module)
        self.average = copy.deepcopy(self.generator).requires_grad_(False).eval()
        betas = (options.beta1, 0.99)
        self.optimiser = torch.optim.Adam(self.generator.parameters(), lr=options.rate, betas=betas, fused=True)
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), lr=options.critic_rate, betas=betas, fused=True)

    def train_step(self) -> dict[str, Tensor]:
        o = self.options
        self.set_rates((self.optimiser, o.rate), (self.critic_optimiser, o.critic_rate))
        image, key, notes = self.draw()
        conditions_mask = torch.from_numpy((self.rng.random((len(notes), len(self.conditions))) < o.asked_share).astype(np.float32))
        conditions = (self.values[torch.from_numpy(notes)] * conditions_mask).to(self.device)
        with torch.no_grad():
            fake = self._made(conditions, key)
        true, false = self.judge(image, conditions, key), self.judge(fake, conditions, key)
        loss = discriminator_loss(true, false)
        parts = {"critic": loss.detach(), "right": ((true > 0).float().mean() + (false < 0).float().mean()) / 2}
        total = loss
        if o.slope_penalty and self.step % o.penalty_every == 0:
            slope = self.slope(image, conditions, key)
            total = total + o.penalty_every * o.slope_penalty / 2 * slope
            parts["slope"] = slope.detach()
        self.optimizer_step(total, self.critic, self.critic_optimiser)
        adversarial_loss = generator_loss(self.judge(self._made(conditions, key), conditions, key))
        self.optimizer_step(adversarial_loss, self.generator, self.optimiser)
        follow(self.average, self.generator, self.options.average_steps, self.step)
        self.step += 1
        return parts | {"generator": adversarial_loss.detach()}

    def _made(self, conditions: Tensor, key: Tensor) -> Tensor:
        z = torch.cat([self.normal(self.options.notes, self.free), conditions], 1)
        with self.autocast():
            return self.generator(z, key).float()

    def judge(self, image: Tensor, conditions: Tensor, key: Tensor) -> Tensor:
        """Logits [N]."""
        with self.autocast():
            return self.critic(image, conditions, key).float()

    def slope(self, image: Tensor, conditions: Tensor, key: Tensor) -> Tensor:
        """R1 at recorded notes."""
        image = image.detach().requires_grad_()
        return slope_penalty(self.critic(image, conditions, key), (image,))

    def parts(self) -> dict[str, Any]:
        return {"generator": self.generator, "average": self.average, "critic": self.critic, "optimiser": self.optimiser,
                "critic_optimiser": self.critic_optimiser}

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"free": self.free, "conditions": self.conditions}

    @torch.no_grad()
    def notes(self, z: np.ndarray, conditions: np.ndarray, pitch: np.ndarray) -> np.ndarray:
        """Images [N, 2, SIDE, SIDE] by the averaged weights: z [N, L], conditions [N, C], pitch [N]."""
        inputs = torch.from_numpy(np.concatenate([z, conditions], 1).astype(np.float32)).to(self.device)
        key = torch.from_numpy((np.asarray(pitch) - self.shape.lowest).astype(np.int64)).to(self.device)
        return self.average(inputs, key).cpu().numpy()

    def metrics(self) -> dict[str, float]:
        """How levels of generated notes are spread beside those of recorded ones, bin by bin, dB (means over the image)."""
        rng, bank = np.random.default_rng(1), self.bank
        chosen = rng.choice(bank.trained, min(WATCHED, len(bank)), replace=False)
        pitch = bank.pitch[chosen]
        made = self.notes(rng.standard_normal((len(chosen), self.free)), self.values[torch.from_numpy(chosen)].numpy(), pitch)
        levels = [np.maximum(20 * np.log10(np.abs(stft.spectrum_of(images, pitch, self.shape.layout)) + 1e-9), -80)
                  for images in (bank.images(chosen).numpy(), made)]
        return {"mean_off_db": float(np.abs(levels[0].mean(0) - levels[1].mean(0)).mean()),
                "spread_db": float(levels[0].std(0).mean()), "generated_spread_db": float(levels[1].std(0).mean())}

    def picture(self) -> Image:
        """Above recorded notes, below them generated ones of the same keys and conditions; last the same points without conditions."""
        notes = np.random.default_rng(2).choice(self.bank.trained, PICTURED)
        pitch, conditions = self.bank.pitch[notes], self.values[torch.from_numpy(notes)].numpy()
        z = np.random.default_rng(3).standard_normal((PICTURED, self.free))
        rows = (self.bank.images(notes).numpy(), self.notes(z, conditions, pitch), self.notes(z, 0 * conditions, pitch))
        return pictures([stft.spectrum_of(images, pitch, self.shape.layout) for images in rows])


def shape_for(bank: NoteSounds, latents: int, width: int, layout: Layout) -> StftShape:
    return StftShape(latents, width, bank.lowest, bank.highest, True, layout)
