"""The decoder: frames as a function of time. The whole network that is played, on one screen.

    features [B, F] = conditioning(z, pitch, velocity, time)
    frames [B, FRAME_SIZE] = clamp(Linear(.. SiLU(Linear(features)) ..))

It is evaluated for any batch of voices at any time since note-on, so time can be stretched, frozen or run backwards while
a note sounds. A second, small network gives the phases at which the partials start; it is asked once a note.
An implicit representation in the sense of Sitzmann et al. (2020), auto-decoded as in Park et al. (2019), "DeepSDF".
"""
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.conditioning import PITCH_WAVES, TIME_WAVES, Conditioning
from models.frame import DEVIATION, FRAME_SIZE, HIGHEST, LEVEL, LOWEST, NOISE, PARTIALS, RELEASE, SLOT_RATIO, VIBRATO


@dataclass(frozen=True)
class Shape:
    """All that is needed to build a decoder; stored in the model card."""
    latents: int = 16
    width: int = 384
    depth: int = 4
    phase_width: int = 256
    phase_depth: int = 2
    pitch_waves: tuple[float, ...] = PITCH_WAVES
    time_waves: tuple[float, ...] = TIME_WAVES

    def as_dict(self) -> dict:
        return asdict(self) | {"pitch_waves": list(self.pitch_waves), "time_waves": list(self.time_waves)}


DEFAULT_SHAPE = Shape()


def mlp(inputs: int, width: int, depth: int, outputs: int) -> nn.Sequential:
    """`depth` hidden layers of `width`, SiLU between them (as fast as ReLU here, and smooth in z and time)."""
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(inputs if i == 0 else width, width), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


class Decoder(nn.Module):
    """`decoder(z [B, L], pitch [B], velocity [B], time_s [B]) -> frames [B, FRAME_SIZE]`, within LOWEST..HIGHEST."""

    def __init__(self, shape: Shape = DEFAULT_SHAPE):
        super().__init__()
        self.shape = shape
        self.conditioning = Conditioning(shape.latents, shape.pitch_waves, shape.time_waves)
        self.note_conditioning = Conditioning(shape.latents, shape.pitch_waves, timed=False)
        self.net = mlp(self.conditioning.features, shape.width, shape.depth, FRAME_SIZE)
        self.phase = mlp(self.note_conditioning.features, shape.phase_width, shape.phase_depth, 2 * PARTIALS)
        self.register_buffer("lowest", torch.from_numpy(LOWEST.copy()), persistent=False)
        self.register_buffer("highest", torch.from_numpy(HIGHEST.copy()), persistent=False)

    def unclamped(self, z: Tensor, pitch: Tensor, velocity: Tensor, time_s: Tensor) -> Tensor:
        """The network's own word, before the limits of a frame. [B, FRAME_SIZE]"""
        return self.net(self.conditioning(z, pitch, velocity, time_s))

    def forward(self, z: Tensor, pitch: Tensor, velocity: Tensor, time_s: Tensor) -> Tensor:
        return torch.clamp(self.unclamped(z, pitch, velocity, time_s), self.lowest, self.highest)

    def phase_vectors(self, z: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """cos, sin of each partial's start, of any length (a short one: not sure). [B, 2, PARTIALS]"""
        return self.phase(self.note_conditioning(z, pitch, velocity)).view(-1, 2, PARTIALS)

    def start_phase(self, z: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """Phases of the partials at note-on. [B, PARTIALS], radians"""
        cos, sin = self.phase_vectors(z, pitch, velocity).unbind(1)
        return torch.atan2(sin, cos)


def untrained_decoder(shape: Shape = DEFAULT_SHAPE, seed: int = 0) -> Decoder:
    """A decoder of random weights that is playable all the same: a harmonic tone that dies away, coloured by z.

    One hidden unit carries the seconds through every layer (SiLU is the identity far from 0); the rest is random.
    """
    generator = torch.Generator().manual_seed(seed)
    decoder = Decoder(shape)
    carry, ratio = 6.0, torch.from_numpy(SLOT_RATIO)
    with torch.no_grad():
        for linear in (m for m in decoder.modules() if isinstance(m, nn.Linear)):
            linear.weight.copy_(torch.randn(linear.weight.shape, generator=generator) / linear.in_features ** 0.5)
            linear.bias.zero_()
        linears = [m for m in decoder.net if isinstance(m, nn.Linear)]
        for i, linear in enumerate(linears[:-1]):
            linear.weight[0] = 0
            linear.weight[0, shape.latents + 2 if i == 0 else 0] = 1
            linear.bias[0] = carry if i == 0 else 0
            if i:
                linear.weight[1:, 0] = 0
        last = linears[-1]
        last.weight[:, 0] = 0
        level = -24 - 9 * torch.log2(ratio + 0.5)
        level[128:] = -100
        fall = 15 * (1 + ratio / 8).clamp(max=3)
        last.weight[LEVEL] *= 12
        last.weight[LEVEL, 0] = -fall
        last.bias[LEVEL] = level + (carry - 1) * fall
        last.weight[DEVIATION] = 0
        last.weight[NOISE] *= 6
        last.weight[NOISE, 0] = -20
        last.bias[NOISE] = -75 + 20 * (carry - 1)
        last.weight[VIBRATO.start:RELEASE.start] = 0
        last.bias[VIBRATO] = torch.tensor([0.0, 5.0, 0.0])
        last.weight[RELEASE] = 0
        last.bias[RELEASE] = float(np.log2(0.3))
    return decoder.eval()
