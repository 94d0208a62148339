"""The decoder: frames as a function of time. The whole network that is played, on one screen.

    note   [B, W] = Linear(.. SiLU(Linear(z, features of pitch and velocity)) ..)       what is played: changes with the hands
    frames [B, FRAME_SIZE] = Linear(.. SiLU(note + Linear(features of time)) ..)         when: changes with every frame

It is evaluated for any batch of voices at any time since note-on, so time can be stretched, frozen or run backwards while
a note sounds. The first half needs to be asked only when z, pitch or velocity have moved, and once for many moments of a note,
which is most of what training asks. A small network of its own gives the phases at which the partials start, once a note.
An implicit representation in the sense of Sitzmann et al. (2020), auto-decoded as in Park et al. (2019), "DeepSDF".
"""
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from models.conditioning import PITCH_WAVES, TIME_WAVES, NoteFeatures, TimeFeatures
from models.frame import DEVIATION, FRAME_SIZE, HIGHEST, LEVEL, LOWEST, NOISE, PARTIALS, RELEASE, SLOT_RATIO, VIBRATO


@dataclass(frozen=True)
class Shape:
    """All that is needed to build a decoder; stored in the model card."""
    latents: int = 16
    width: int = 384
    note_depth: int = 2               # hidden layers that know nothing of time
    time_depth: int = 2               # hidden layers that do
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


def linear(net: nn.Sequential, index: int = -1) -> nn.Linear:
    """The linear layer at `index` of a network; by default its last. Raises TypeError if another layer stands there."""
    layer = net[index]
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"layer {index} is no linear layer but {layer}")
    return layer


class Decoder(nn.Module):
    """`decoder(z [B, L], pitch [B], velocity [B], time_s [B]) -> frames [B, FRAME_SIZE]`, within LOWEST..HIGHEST."""

    lowest: Tensor
    highest: Tensor

    def __init__(self, shape: Shape = DEFAULT_SHAPE):
        super().__init__()
        self.shape = shape
        self.note_features = NoteFeatures(shape.pitch_waves)
        self.time_features = TimeFeatures(shape.time_waves)
        inputs = shape.latents + self.note_features.features
        self.note_net = mlp(inputs, shape.width, shape.note_depth, shape.width)
        self.time_in = nn.Linear(self.time_features.features, shape.width, bias=False)
        self.net = mlp(shape.width, shape.width, shape.time_depth - 1, FRAME_SIZE)
        self.phase_net = mlp(inputs, shape.phase_width, shape.phase_depth, 2 * PARTIALS)
        self.register_buffer("lowest", torch.from_numpy(LOWEST.copy()), persistent=False)
        self.register_buffer("highest", torch.from_numpy(HIGHEST.copy()), persistent=False)

    def note(self, z: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """What is played, ready to be asked for any moment. [B, width]"""
        return self.note_net(torch.cat([z, self.note_features(pitch, velocity)], 1))

    def unclamped(self, note: Tensor, time_s: Tensor) -> Tensor:
        """The network's own word at each moment, before the limits of a frame. [B, FRAME_SIZE]"""
        return self.net(silu(torch.addmm(note, self.time_features(time_s), self.time_in.weight.t())))

    def at(self, note: Tensor, time_s: Tensor) -> Tensor:
        """Frames of notes [B, width] at times [B]. [B, FRAME_SIZE]"""
        return torch.clamp(self.unclamped(note, time_s), self.lowest, self.highest)

    def forward(self, z: Tensor, pitch: Tensor, velocity: Tensor, time_s: Tensor) -> Tensor:
        return self.at(self.note(z, pitch, velocity), time_s)

    def phase_vectors(self, z: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """cos, sin of each partial's start, of any length (a short one: not sure). [B, 2, PARTIALS]"""
        return self.phase_net(torch.cat([z, self.note_features(pitch, velocity)], 1)).view(-1, 2, PARTIALS)

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
        for layer in (m for m in decoder.modules() if isinstance(m, nn.Linear)):
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) / layer.in_features ** 0.5)
            if layer.bias is not None:
                layer.bias.zero_()
        last_note, hidden = linear(decoder.note_net), [m for m in decoder.net if isinstance(m, nn.Linear)]
        last_note.weight[0] = 0
        last_note.bias[0] = carry
        decoder.time_in.weight[0] = 0
        decoder.time_in.weight[0, 0] = 1                                 # seconds, -1..1
        for layer in hidden[:-1]:
            layer.weight[0] = 0
            layer.weight[0, 0] = 1
            layer.weight[1:, 0] = 0
        last = hidden[-1]
        last.weight[:, 0] = 0
        level = -24 - 9 * torch.log2(ratio + 0.5)
        level[128:] = -100
        fall = 15 * (1 + ratio / 8).clamp(max=3)
        last.weight[LEVEL] *= 4
        last.weight[LEVEL, 0] = -fall
        last.bias[LEVEL] = level + (carry - 1) * fall
        last.weight[DEVIATION] = 0
        last.weight[NOISE] *= 2
        last.weight[NOISE, 0] = -20
        last.bias[NOISE] = -75 + 20 * (carry - 1)
        last.weight[VIBRATO.start:RELEASE.start] = 0
        last.bias[VIBRATO] = torch.tensor([0.0, 5.0, 0.0])
        last.weight[RELEASE] = 0
        last.bias[RELEASE] = float(np.log2(0.3))
    return decoder.eval()
