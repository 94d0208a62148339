"""The networks of the STFT models: autoencoder, GAN and conditional GAN on STFT images.

    image [B, 2, 128, 128]                     as `models/playing/stft.py` makes it, with values of about unit size
    StftEncoder        image -> z [B, L]       four convolutions that halve the sides, one linear layer
    StftGenerator      z, key -> image         one linear layer to 8 x 8 cells, four transposed convolutions that double the sides
    StftDiscriminator  image, conditions -> logit [B]

The generator gives two values for each bin and frame: the tone, which is multiplied by the shape of the key's harmonics
(`hummingface.models.playing.stft.lobes`: how a steady tone fills the bins), and the rest. So a key is in tune by construction, and
convolutions need not learn to draw lines.

The decoder of the autoencoder and the generator of both GANs are one class, so that one program plays all of them. The autoencoder
learns by the mean square error of the image (as in the UvA tutorial "Deep Autoencoders"); the GANs by binary cross-entropy (Goodfellow et
al. 2014) with the layers of DCGAN (Radford et al. 2016). The discriminator ends in a linear layer, the logit that the loss expects: no
tanh, which would bound it to -1..1 and the generator's loss to ln(1 + e) = 1.3133.
Conditions are combined with the image by a product, as in Miyato & Koyama (2018).
"""
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, softplus

from hummingface.models.playing.stft import CHANNELS, lobes
from hummingface.models.playing.stft_shape import DOUBLINGS, FIRST_SIDE, KERNEL, MADE, StftShape

SLOPE = 0.2                           # of leaky ReLUs below 0
JUDGED = 128                          # features that the discriminator judges by


class StftEncoder(nn.Module):
    """image [B, 2, 128, 128] -> z [B, L]"""

    def __init__(self, shape: StftShape):
        super().__init__()
        up = [CHANNELS, *shape.channels[::-1]]                                           # 2, W, 2 W, 4 W, 8 W
        self.layers = nn.ModuleList(nn.Conv2d(up[i], up[i + 1], KERNEL, 2, 1, bias=False) for i in range(DOUBLINGS))
        self.norms = nn.ModuleList(nn.BatchNorm2d(up[i + 1]) for i in range(DOUBLINGS))
        self.head = nn.Linear(up[-1] * FIRST_SIDE ** 2, shape.latents)

    def forward(self, image: Tensor) -> Tensor:
        for layer, norm in zip(self.layers, self.norms, strict=True):
            image = leaky_relu(norm(layer(image)), SLOPE)                                # [B, W .. 8 W, 64 .. 8, 64 .. 8]
        return self.head(image.flatten(1))


class StftGenerator(nn.Module):
    """z [B, L] (conditions last), key [B] (0: the lowest) -> image [B, 2, 128, 128]"""

    lobes: Tensor

    def __init__(self, shape: StftShape):
        super().__init__()
        self.shape, down = shape, [*shape.channels, MADE]                                # 8 W, 4 W, 2 W, W, 4
        self.register_buffer("lobes", key_lobes(shape), persistent=False)
        self.first = nn.Linear(shape.inputs, down[0] * FIRST_SIDE ** 2)
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for c in down[:-1])
        self.layers = nn.ModuleList(nn.ConvTranspose2d(down[i], down[i + 1], KERNEL, 2, 1, bias=i == DOUBLINGS - 1)
                                    for i in range(DOUBLINGS))
        for weights in self.layers[-1].parameters():                                     # it begins near silence
            nn.init.normal_(weights, std=0.01)

    def forward(self, z: Tensor, key: Tensor) -> Tensor:
        x = self.first(torch.cat([z, one_hot(key, self.shape)], 1)).view(len(z), -1, FIRST_SIDE, FIRST_SIDE)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = layer(leaky_relu(norm(x), SLOPE))                                               # [B, 4 W .. 4, 16 .. 128, 16 .. 128]
        return x[:, :CHANNELS] * self.lobes[key][:, None, :, None] + x[:, CHANNELS:]


class StftDiscriminator(nn.Module):
    """image [B, 2, 128, 128], conditions [B, C], key [B] -> logit [B]: above 0 for a recorded note."""

    lobes: Tensor

    def __init__(self, shape: StftShape, conditions: int = 0):
        super().__init__()
        self.shape = shape
        self.register_buffer("lobes", key_lobes(shape), persistent=False)
        up = [CHANNELS + 1, *shape.channels[::-1]]
        self.layers = nn.ModuleList(nn.Conv2d(up[i], up[i + 1], KERNEL, 2, 1) for i in range(DOUBLINGS))
        self.features = nn.Linear(up[-1] * FIRST_SIDE ** 2, JUDGED)
        self.logit = nn.Linear(JUDGED, 1)
        told = conditions + shape.inputs - shape.latents
        self.told = nn.Linear(told, JUDGED, bias=False) if told else None
        for layer in (self.logit, self.told):                                            # it begins at chance level: a loss of ln 2
            if layer is not None:
                nn.init.normal_(layer.weight, std=0.02)
        nn.init.zeros_(self.logit.bias)

    def forward(self, image: Tensor, conditions: Tensor, key: Tensor) -> Tensor:
        where = self.lobes[key][:, None, :, None].expand(-1, 1, -1, image.shape[3])
        image = torch.cat([image, where], 1)                                             # it sees where harmonics should be
        for layer in self.layers:
            image = leaky_relu(layer(image), SLOPE)
        features = leaky_relu(self.features(image.flatten(1)), SLOPE)
        logit = self.logit(features)[:, 0]
        if self.told is not None:
            logit = logit + (self.told(torch.cat([conditions, one_hot(key, self.shape)], 1)) * features).sum(1) / JUDGED ** 0.5
        return logit


class StftAutoencoder(nn.Module):
    """image -> z -> image"""

    def __init__(self, shape: StftShape):
        super().__init__()
        self.encoder, self.generator = StftEncoder(shape), StftGenerator(shape)

    def forward(self, image: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        z = self.encoder(image)
        return self.generator(z, key), z


def key_lobes(shape: StftShape) -> Tensor:
    """`hummingface.models.playing.stft.lobes` of each key that a model knows. [keys, 128]"""
    return torch.from_numpy(lobes(np.arange(shape.lowest, shape.highest + 1), shape.layout))


def one_hot(key: Tensor, shape: StftShape) -> Tensor:
    """Which of several keys [B, keys]; empty [B, 0] if the model knows only one."""
    if shape.keys == 1:
        return key.new_zeros((len(key), 0), dtype=torch.float32)
    return nn.functional.one_hot(key, shape.keys).float()


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of logits: recorded notes are 1, generated ones 0. ln 2 at chance level."""
    return (softplus(-real).mean() + softplus(fake).mean()) / 2


def generator_loss(fake: Tensor) -> Tensor:
    """Binary cross-entropy of logits that should be 1: the non-saturating loss."""
    return softplus(-fake).mean()


@torch.no_grad()
def played_weights(generator: StftGenerator, encoder: StftEncoder | None = None) -> dict[str, Tensor]:
    """The tensors of `hummingface.models.playing.stft_shape.stft_tensor_shapes`: batch normalisation, at rest, folded into the layer
    before it."""
    def folded(weight: Any, bias: Any, norm: Any, axis: int, cells: int = 1) -> tuple[Tensor, Tensor]:
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * gain
        gain, shift = gain.repeat_interleave(cells), shift.repeat_interleave(cells)
        size = [1] * weight.dim()
        size[axis] = -1
        return weight * gain.view(size), shift if bias is None else shift + bias * gain
    made: dict[str, Any] = {}
    made["generator.0.weight"], made["generator.0.bias"] = folded(
        generator.first.weight, generator.first.bias, generator.norms[0], 0, FIRST_SIDE ** 2)
    for i, layer in enumerate(generator.layers):
        norm = generator.norms[i + 1] if i + 1 < DOUBLINGS else None
        made[f"generator.{i + 1}.weight"], made[f"generator.{i + 1}.bias"] = (
            (layer.weight, layer.bias) if norm is None else folded(layer.weight, None, norm, 1))
    if encoder is not None:
        for i, (layer, norm) in enumerate(zip(encoder.layers, encoder.norms, strict=True)):
            made[f"encoder.{i}.weight"], made[f"encoder.{i}.bias"] = folded(layer.weight, None, norm, 0)
        made[f"encoder.{DOUBLINGS}.weight"], made[f"encoder.{DOUBLINGS}.bias"] = encoder.head.weight, encoder.head.bias
    return {name: tensor.detach().clone() for name, tensor in made.items()}
