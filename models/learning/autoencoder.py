"""The autoencoder: an encoder from a note's image to a point z of latent space, and the decoder from z to frames.

    image [B, 224, ROWS] = levels of 160 partials and 64 noise bands on the warped time axis, relative to the note's peak
    side  [B, 98]        = means over the note of fuzz, its rate, regularity and release, and pitch and velocity
    z     [B, L]         = Linear(.. strided convolutions over time(image), side ..)

The rows of the image already stand on the note's own harmonics, so the convolution runs over time alone.
"""
import numpy as np
import torch
from torch import Tensor, nn

from hummingface.models.learning.decoder import Decoder
from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.encoder_numpy import IMAGE_RANGE_DB, KEYS_AROUND, MIDDLE_KEY, MIDDLE_VELOCITY
from hummingface.models.playing.frame import FRAME_SIZE, FUZZ, HIGHEST, LEVEL, LOWEST, NOISE
from hummingface.models.playing.shape import (
    DEFAULT_SHAPE,
    ENCODER_HIDDEN,
    ENCODER_KERNEL,
    ENCODER_LAYERS,
    IMAGE_CHANNELS,
    SIDE,
    Shape,
)


class Encoder(nn.Module):
    """`encoder(rows [B, ROWS, FRAME_SIZE], pitch [B], velocity [B]) -> z [B, L]`; rows as `note_rows` makes them. For training:
    `models/playing/encoder_numpy.py` computes the same function for recordings that become sounds."""

    middle: Tensor
    reach: Tensor

    def __init__(self, latents: int, width: int = 96):
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(ENCODER_LAYERS):
            layers += [nn.Conv1d(width if i else IMAGE_CHANNELS, width, ENCODER_KERNEL, 2, ENCODER_KERNEL // 2), nn.SiLU()]
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(width * (ROWS // 2 ** ENCODER_LAYERS) + SIDE, ENCODER_HIDDEN), nn.SiLU(),
                                  nn.Linear(ENCODER_HIDDEN, latents))
        self.register_buffer("middle", torch.from_numpy((LOWEST + HIGHEST) / 2), persistent=False)
        self.register_buffer("reach", torch.from_numpy((HIGHEST - LOWEST) / 2), persistent=False)

    def forward(self, rows: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        peak = rows[..., LEVEL].amax((1, 2), keepdim=True)
        heard = torch.cat([rows[..., LEVEL], rows[..., NOISE]], -1) - peak                    # 0 dB and below
        image = (heard.clamp(-IMAGE_RANGE_DB, 0) / (IMAGE_RANGE_DB / 2) + 1).transpose(1, 2)  # -1..1
        side = ((rows.mean(1) - self.middle) / self.reach)[:, FUZZ.start:]
        about = torch.stack([(pitch - MIDDLE_KEY) / KEYS_AROUND, velocity / MIDDLE_VELOCITY - 1], 1)
        return self.head(torch.cat([self.convolutions(image).flatten(1), side, about], 1))


class Autoencoder(nn.Module):
    """Encoder and decoder around one latent space."""

    def __init__(self, shape: Shape = DEFAULT_SHAPE, encoder_width: int = 96):
        super().__init__()
        self.decoder = Decoder(shape)
        self.encoder = Encoder(shape.latents, encoder_width)

    def forward(self, rows: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """Reconstruct a note image from its own z. rows [B, ROWS, FRAME_SIZE] -> the same shape."""
        z = self.encoder(rows, pitch, velocity)
        times = torch.from_numpy(row_times_s()).to(z)

        def repeat(x: Tensor) -> Tensor:
            return x.repeat_interleave(ROWS, 0)
        frames = self.decoder(repeat(z), repeat(pitch), repeat(velocity), times.repeat(len(z)))
        return frames.view(len(z), ROWS, FRAME_SIZE)


def weights_of(decoder: Decoder, encoder: Encoder | None = None) -> dict[str, np.ndarray]:
    """All tensors of the modules, as a `Model` holds them."""
    modules = {"decoder": decoder} | ({"encoder": encoder} if encoder is not None else {})
    return {f"{prefix}.{name}": tensor.detach().cpu().float().numpy().copy()
            for prefix, module in modules.items() for name, tensor in module.state_dict().items()}
