"""The encoder in numpy: the function of `models/learning/autoencoder.py`, for recordings that become sounds without torch."""
import numpy as np

from hummingface.models.playing.decoder_numpy import add_and_silu, product
from hummingface.models.playing.frame import FUZZ, HIGHEST, LEVEL, LOWEST, NOISE
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import ENCODER_KERNEL, ENCODER_LAYERS, ModelError
from hummingface.models.playing.stft_model import StftModel

IMAGE_RANGE_DB = 80.0
MIDDLE_KEY, KEYS_AROUND = 64.5, 43.5                 # of the keyboard, and from there to its ends
MIDDLE_VELOCITY = 63.5


def encode(model: Model, rows: np.ndarray, pitch: float, velocity: float) -> np.ndarray:
    """The point z [L] of a model's latent space nearest to a note: rows [ROWS, FRAME_SIZE] as `note_rows` makes. Raises ModelError where
    the model has no encoder, or the point is NaN or Inf.
    """
    if model.encoder_width is None:
        raise no_encoder(model)
    rows = np.asarray(rows, np.float32)
    heard = np.concatenate([rows[:, LEVEL], rows[:, NOISE]], 1) - rows[:, LEVEL].max()                    # 0 dB and below
    hidden = heard.clip(-IMAGE_RANGE_DB, 0) / (IMAGE_RANGE_DB / 2) + 1                                    # [ROWS, channels], -1..1
    for layer in range(ENCODER_LAYERS):
        hidden = _convolved(hidden, *_layer(model, f"convolutions.{2 * layer}"))
    steady = ((rows.mean(0) - (LOWEST + HIGHEST) / 2) / ((HIGHEST - LOWEST) / 2))[FUZZ.start:]
    about = np.array([(pitch - MIDDLE_KEY) / KEYS_AROUND, velocity / MIDDLE_VELOCITY - 1], np.float32)
    first, last = _layer(model, "head.0"), _layer(model, "head.2")
    hidden = product(np.concatenate([hidden.T.ravel(), steady, about])[None], first[0])
    add_and_silu(hidden, first[1][None])
    z = (product(hidden, last[0]) + last[1])[0]
    if not np.isfinite(z).all():
        raise ModelError("The model's encoder gives NaN or Inf for this recording. Train or export the model again.")
    return z


def _layer(model: Model, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(weight, bias) of a layer, float32."""
    weight, bias = (np.ascontiguousarray(model.weights[f"encoder.{name}.{part}"], np.float32) for part in ("weight", "bias"))
    return weight, bias


def _convolved(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Of x [T, C] over time, every second moment: weight [N, C, ENCODER_KERNEL] -> [T / 2, N]."""
    around = ENCODER_KERNEL // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((around, around), (0, 0))), ENCODER_KERNEL, 0)[::2]
    out = product(np.ascontiguousarray(windows.reshape(len(windows), -1)), weight.reshape(len(weight), -1))
    add_and_silu(out, bias[None])
    return out


def frame_model(model: Model | StftModel) -> Model:
    """The model, if recordings can become its sounds. Raises ModelError for one of whole notes."""
    if isinstance(model, StftModel):
        raise no_encoder(model)
    return model


def no_encoder(model: Model | StftModel) -> ModelError:
    """The error of a model that cannot turn a recording into a sound."""
    if isinstance(model, StftModel):
        return ModelError(f"The model {model.name} makes whole notes: it cannot turn a recording into a sound. "
                          "Choose another model for it.")
    return ModelError(f"The model {model.name} has no encoder: it cannot turn a recording into a sound.")
