"""The decoder during training: its outputs are near unit size, and a mean and a scale per value convert them to dB, Hz and cents.

`unscaled` folds both into the last layer, for the decoder that is played.
"""
from typing import Any

import torch
from torch import Tensor, nn

from hummingface.models.learning.decoder import Decoder, linear
from hummingface.models.playing.frame import DEVIATION, GROUPS, LEVEL, LFO_GAIN, MOVING, NOISE, SLOT_RATIO, STEADY, VIBRATO
from hummingface.models.playing.shape import WAVES, Shape
from hummingface.models.playing.stereo import MONO
from hummingface.train.learning.losses import CENTS

STEREO_UNIT_DB, STEREO_UNIT = 12.0, 1.0
TUNING_UNIT_CENTS = 20.0              # of what the network gives for a deviation


class ScaledDecoder(nn.Module):
    """`mean`, `deviation` [FRAME_SIZE] of the notes that it will learn; `stereo_mean` [STEREO_SIZE], where the shape is stereo."""

    scale: Tensor
    centre: Tensor

    stereo_centre: Tensor

    def __init__(self, shape: Shape, mean: Tensor, deviation: Tensor, stereo_mean: Tensor | None = None):
        super().__init__()
        self.decoder = Decoder(shape)
        scale = deviation.clamp(min=1e-2)
        scale[LEVEL], scale[NOISE] = 20.0, 15.0
        scale[DEVIATION] = torch.from_numpy(SLOT_RATIO) * (TUNING_UNIT_CENTS / CENTS)
        scale[VIBRATO] = torch.tensor([10.0, 2.0, 5.0])
        scale[LFO_GAIN.start:] = scale[LFO_GAIN.start:].clamp(min=0.05)
        centre = mean.clone()
        centre[DEVIATION] = 0
        self.register_buffer("scale", scale)
        self.register_buffer("centre", centre)
        if shape.stereo:
            self.register_buffer("stereo_centre", torch.from_numpy(MONO.copy()) if stereo_mean is None else stereo_mean.clone())
        with torch.no_grad():
            for last in (self.decoder.out, linear(self.decoder.note_net)):
                last.weight.mul_(0.3)
                last.bias.zero_()

    def at(self, z: Tensor, pitch: Tensor, velocity: Tensor, time_s: Tensor) -> Tensor:
        """z [N, L], pitch and velocity [N], R moments of each note [N R] -> frames [N R, FRAME_SIZE], before their limits."""
        return self.at_and_stereo(z, pitch, velocity, time_s)[0]

    def at_and_stereo(self, z: Tensor, pitch: Tensor, velocity: Tensor, time_s: Tensor) -> tuple[Tensor, Tensor | None]:
        """(the same, balances and coherences [N, STEREO_SIZE] before their limits; None of a mono shape)."""
        note = self.decoder.note(z, pitch, velocity)
        stereo = self.stereo_of(note) if self.decoder.shape.stereo else None
        note = note.repeat_interleave(len(time_s) // len(note), 0)
        return torch.addcmul(self.centre, self.decoder.unclamped(note, time_s), self.scale), stereo

    def stereo_of(self, note: Tensor) -> Tensor:
        """Balances and coherences of notes [N, note_size], before their limits. [N, STEREO_SIZE]"""
        return torch.addcmul(self.stereo_centre, self.decoder.unclamped_stereo(note), stereo_scale(note))


def stereo_scale(like: Tensor) -> Tensor:
    """What converts the network's values to dB and coherences. [STEREO_SIZE]"""
    return like.new_tensor([STEREO_UNIT_DB, STEREO_UNIT]).repeat_interleave(GROUPS)


def shape_of(state: dict[str, Any]) -> Shape:
    """The decoder's shape that a state of a run tells."""
    fields = state["shape"]
    return Shape(**fields | {name: tuple(fields[name]) for name in WAVES})


@torch.no_grad()
def unscaled(shape: Shape, saved: dict[str, Tensor]) -> Decoder:
    """The decoder in the saved weights of a ScaledDecoder, answering in the frame's own units."""
    decoder = Decoder(shape)
    decoder.load_state_dict({k.removeprefix("decoder."): v for k, v in saved.items() if k.startswith("decoder.")})
    scale, centre = saved["scale"], saved["centre"]
    note, steady = linear(decoder.note_net), shape.steady_in_note
    for weight, bias, part in ((decoder.out.weight, decoder.out.bias, MOVING), (note.weight[steady], note.bias[steady], STEADY)):
        weight.mul_(scale[part, None])
        bias.mul_(scale[part]).add_(centre[part])
    if shape.stereo:
        rest, unit = slice(steady.stop, None), stereo_scale(scale)
        note.weight[rest].mul_(unit[:, None])
        note.bias[rest].mul_(unit).add_(saved["stereo_centre"])
    return decoder
