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
from hummingface.models.playing.frame import FRAME_SIZE, FUZZ, HIGHEST, LEVEL, LOWEST, NOISE
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import (
    DEFAULT_SHAPE,
    ENCODER_HIDDEN,
    ENCODER_KERNEL,
    ENCODER_LAYERS,
    IMAGE_CHANNELS,
    SIDE,
    ModelError,
    Shape,
)
from hummingface.models.playing.stft_model import StftModel

IMAGE_RANGE_DB = 80.0


def note_rows(frames: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Frames [T, FRAME_SIZE] at `times_s` [T] -> the same on the rows of a note image [ROWS, FRAME_SIZE].

    Linear between frames; before the first and after the last frame the nearest one stays.
    """
    at = row_times_s()
    right = np.clip(np.searchsorted(times_s, at), 1, len(times_s) - 1)
    left = right - 1
    share = np.clip((at - times_s[left]) / np.maximum(times_s[right] - times_s[left], 1e-9), 0, 1)[:, None]
    return (frames[left] * (1 - share) + frames[right] * share).astype(np.float32)


class Encoder(nn.Module):
    """`encoder(rows [B, ROWS, FRAME_SIZE], pitch [B], velocity [B]) -> z [B, L]`; rows as `note_rows` makes them."""

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
        about = torch.stack([(pitch - 64.5) / 43.5, velocity / 63.5 - 1], 1)
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


@torch.inference_mode()
def encode(model: Model, rows: np.ndarray, pitch: float, velocity: float) -> np.ndarray:
    """The point z [L] of a model's latent space nearest to a note: rows [ROWS, FRAME_SIZE] as `note_rows` makes. Raises ModelError where
    the model has no encoder, or the point is NaN or Inf.
    """
    if model.encoder_width is None:
        raise no_encoder(model)
    weights = model.weights
    encoder = Encoder(model.latents, weights["encoder.convolutions.0.weight"].shape[0])
    encoder.load_state_dict({name.removeprefix("encoder."): torch.from_numpy(array)
                             for name, array in weights.items() if name.startswith("encoder.")})
    image = torch.from_numpy(np.asarray(rows, np.float32))[None]
    z = encoder(image, torch.tensor([float(pitch)]), torch.tensor([float(velocity)]))[0].numpy()
    if not np.isfinite(z).all():
        raise ModelError("The model's encoder gives NaN or Inf for this recording. Train or export the model again.")
    return z


def no_encoder(model: Model | StftModel) -> ModelError:
    """The error of a model that cannot turn a recording into a sound."""
    if isinstance(model, StftModel):
        return ModelError(f"The model {model.name} makes whole notes: it cannot turn a recording into a sound. "
                          "Choose another model for it.")
    return ModelError(f"The model {model.name} has no encoder: it cannot turn a recording into a sound.")
