"""A playable model: weights, card and presets, asked without gradients. What the instrument holds in its hands."""
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from models.autoencoder import Encoder
from models.decoder import Decoder, Shape, untrained_decoder

ENCODER_WIDTHS = (16, 512)


class ModelError(Exception):
    """A model cannot be used; the text says which file, why, and what to do."""


@dataclass
class Model:
    """`frames`, `start_phase`, `encode` in knob units: z = 0 is the middle of the bank, +-3 the range."""
    name: str
    card: dict
    decoder: Decoder
    encoder: Encoder | None = None
    presets: dict[str, list[float]] = field(default_factory=dict)

    @property
    def latents(self) -> int:
        return self.decoder.shape.latents

    @torch.inference_mode()
    def frames(self, z: Tensor, pitch: Tensor, velocity: Tensor, time_s: Tensor) -> Tensor:
        """z [B, L], fractional MIDI pitch [B], velocity 0..127 [B], seconds since note-on [B] -> [B, FRAME_SIZE]."""
        return self.decoder(z, pitch, velocity, time_s)

    @torch.inference_mode()
    def note(self, z: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """What is played, to be kept while z, pitch and velocity stay: half of the work of `frames`. [B, width]"""
        return self.decoder.note(z, pitch, velocity)

    @torch.inference_mode()
    def frames_at(self, note: Tensor, time_s: Tensor) -> Tensor:
        """Frames [B, FRAME_SIZE] of notes [B, width] at times [B]; `frames` is `frames_at(note(..), time_s)`."""
        return self.decoder.at(note, time_s)

    @torch.inference_mode()
    def start_phase(self, z: Tensor, pitch: Tensor, velocity: Tensor) -> Tensor:
        """Phases at which the partials start. [B, PARTIALS], radians"""
        return self.decoder.start_phase(z, pitch, velocity)

    @torch.inference_mode()
    def encode(self, rows: np.ndarray, pitch: float, velocity: float) -> np.ndarray:
        """The point of latent space that sounds most like a note. rows [ROWS, FRAME_SIZE] as `note_rows` makes -> [L]."""
        if self.encoder is None:
            raise ModelError(f"The model {self.name} has no encoder: it cannot turn a recording into a sound.")
        image = torch.from_numpy(np.asarray(rows, np.float32))[None]
        return self.encoder(image, torch.tensor([float(pitch)]), torch.tensor([float(velocity)]))[0].numpy()


def build(architecture: dict) -> tuple[Decoder, Encoder | None]:
    """The empty modules that an architecture, as a card has it, describes. Raises ModelError with what is wrong."""
    limits = {"latents": (1, 128), "width": (8, 2048), "note_depth": (1, 8), "time_depth": (1, 8),
              "phase_width": (8, 1024), "phase_depth": (1, 4)}
    if not isinstance(architecture, dict):
        raise ModelError("the card's 'architecture' is not an object")
    for name, (low, high) in limits.items():
        value = architecture.get(name)
        if type(value) is not int or not low <= value <= high:
            raise ModelError(f"architecture: {name} must be a whole number from {low} to {high}, not {value!r}")
    for name in ("pitch_waves", "time_waves"):
        waves = architecture.get(name)
        if (not isinstance(waves, list) or len(waves) > 32
                or not all(type(w) in (int, float) and 0 < w <= 64 for w in waves)):
            raise ModelError(f"architecture: {name} must be a list of at most 32 numbers above 0, up to 64")
    unknown = set(architecture) - set(limits) - {"pitch_waves", "time_waves", "encoder_width"}
    if unknown:
        raise ModelError(f"architecture: unknown entries {sorted(unknown)[:5]}; the model may need a newer version")
    width = architecture.get("encoder_width")
    if width is not None and (type(width) is not int or not ENCODER_WIDTHS[0] <= width <= ENCODER_WIDTHS[1]):
        raise ModelError(f"architecture: encoder_width must be a whole number {ENCODER_WIDTHS[0]}..{ENCODER_WIDTHS[1]}")
    shape = Shape(**{name: architecture[name] for name in limits},
                  pitch_waves=tuple(architecture["pitch_waves"]), time_waves=tuple(architecture["time_waves"]))
    with torch.device("cpu"):
        return Decoder(shape).eval(), None if width is None else Encoder(shape.latents, width).eval()


def untrained(latents: int = 16, seed: int = 0, width: int = 384) -> Model:
    """A model of random weights that gives a plausible, decaying harmonic tone: for tests and for trying the engine."""
    shape = Shape(latents=latents, width=width)
    points = torch.randn(6, latents, generator=torch.Generator().manual_seed(seed)).clamp(-3, 3)
    presets = {f"Untrained {i + 1}": [round(float(x), 4) for x in z] for i, z in enumerate(points)}
    card = {"name": "Untrained", "longest_s": 4.0, "architecture": shape.as_dict(),
            "presets": {name: {"z": z, "family": "keys", "sustained": False, "gain_db": 0.0}
                        for name, z in presets.items()}}
    return Model("Untrained", card, untrained_decoder(shape, seed), None, presets)
