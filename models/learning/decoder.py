"""The decoder in torch, for training: frames as a function of time. `decoder_numpy.py` computes the same function for playing.

    note   [B, D W + STEADY] = Linear(.. SiLU(Linear(z, features of pitch and velocity)) ..)     changes when a control moves
    hidden [B, W] = SiLU(note's 2nd W + Linear(SiLU(note's 1st W + Linear(features of time))))    changes with every frame
    frames [B, FRAME_SIZE] = Linear(hidden), note's STEADY

The note vector is the bias of each of the D layers of time, and contains the values that hold for all of the note: its motion and its
release, and in a stereo model its balances and coherences. The network is evaluated for any batch of voices at any time since note-on, so
time can be stretched, frozen or reversed while a note sounds. The first half is evaluated only when z, pitch or velocity have moved, and
once for many moments of a note, which is the usual case in training. A small separate network gives the start phases of the partials,
once per note.
An implicit representation in the sense of Sitzmann et al. (2020), auto-decoded as in Park et al. (2019), "DeepSDF".
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from hummingface.models.playing.conditioning import WARP_S, Waves, note_waves, time_waves
from hummingface.models.playing.frame import HIGHEST, LOWEST, MOVING, PARTIALS
from hummingface.models.playing.shape import DEFAULT_SHAPE, Shape
from hummingface.models.playing.stereo import STEREO_HIGHEST, STEREO_LOWEST


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
        raise TypeError(f"layer {index} is not a linear layer but {layer}")
    return layer


class Features(nn.Module):
    """`hummingface.models.playing.conditioning.Waves`, in torch."""

    turns: Tensor
    quarter_turn: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self, waves: Waves):
        super().__init__()
        self.features = waves.features
        for name in ("turns", "quarter_turn", "scale", "shift"):
            self.register_buffer(name, torch.from_numpy(getattr(waves, name)), persistent=False)

    def forward(self, *columns: Tensor) -> Tensor:
        x = torch.addcmul(self.shift, torch.stack(columns, 1), self.scale)
        return torch.cat([x, x * x, torch.addmm(self.quarter_turn, x, self.turns).sin()], 1)


class Decoder(nn.Module):
    """`decoder(z [B, L], pitch [B], velocity [B], time_s [B]) -> frames [B, FRAME_SIZE]`, within LOWEST..HIGHEST."""

    lowest: Tensor
    highest: Tensor
    stereo_lowest: Tensor
    stereo_highest: Tensor

    def __init__(self, shape: Shape = DEFAULT_SHAPE):
        super().__init__()
        self.shape = shape
        self.note_features = Features(note_waves(shape.pitch_waves))
        self.time_features = Features(time_waves(shape.time_waves))
        inputs = shape.note_inputs
        self.note_net = mlp(inputs, shape.note_width, shape.note_depth, shape.note_size)
        self.time_in = nn.Linear(self.time_features.features, shape.width, bias=False)
        self.time_net = nn.ModuleList(nn.Linear(shape.width, shape.width, bias=False) for _ in range(shape.time_depth - 1))
        self.out = nn.Linear(shape.width, MOVING.stop)
        self.phase_net = mlp(inputs, shape.phase_width, shape.phase_depth, 2 * PARTIALS)
        self.register_buffer("lowest", torch.from_numpy(LOWEST.copy()), persistent=False)
        self.register_buffer("highest", torch.from_numpy(HIGHEST.copy()), persistent=False)
        self.register_buffer("stereo_lowest", torch.from_numpy(STEREO_LOWEST.copy()), persistent=False)
        self.register_buffer("stereo_highest", torch.from_numpy(STEREO_HIGHEST.copy()), persistent=False)

    def note(self, z: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """The note vector, from which `at` computes any moment. [B, note_size]"""
        return self.note_net(torch.cat([z, self.note_features(pitch, velocity)], 1))

    def unclamped(self, note: Tensor, time_s: Tensor) -> Tensor:
        """The network's raw output at each moment, before clamping to the limits of a frame. [B, FRAME_SIZE]"""
        width = self.shape.width
        hidden = self.time_features(time_s, torch.log1p(time_s * (1 / WARP_S)))
        for i, layer in enumerate([self.time_in, *self.time_net]):
            hidden = silu(torch.addmm(note[:, i * width:(i + 1) * width], hidden, layer.weight.t()))
        return torch.cat([self.out(hidden), note[:, self.shape.steady_in_note]], 1)

    def unclamped_stereo(self, note: Tensor) -> Tensor:
        """Balances and coherences of notes [B, note_size] before their limits: [B, STEREO_SIZE]; nothing [B, 0] where the shape is mono."""
        return note[:, self.shape.steady_in_note.stop:]

    def stereo(self, note: Tensor) -> Tensor:
        """The same, within their limits."""
        return torch.clamp(self.unclamped_stereo(note), self.stereo_lowest, self.stereo_highest)

    def at(self, note: Tensor, time_s: Tensor) -> Tensor:
        """Frames of notes [B, note_size] at times [B]. [B, FRAME_SIZE]"""
        return torch.clamp(self.unclamped(note, time_s), self.lowest, self.highest)

    def forward(self, z: Tensor, pitch: Tensor, velocity: Tensor, time_s: Tensor) -> Tensor:
        return self.at(self.note(z, pitch, velocity), time_s)

    def phase_vectors(self, z: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """cos, sin of each partial's start phase, of any length (short: uncertain). [B, 2, PARTIALS]"""
        return self.phase_net(torch.cat([z, self.note_features(pitch, velocity)], 1)).view(-1, 2, PARTIALS)

    def start_phase(self, z: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """Phases of the partials at note-on. [B, PARTIALS], radians"""
        cos, sin = self.phase_vectors(z, pitch, velocity).unbind(1)
        return torch.atan2(sin, cos)
