"""The shape of a frame model: the few numbers in its card from which the names and sizes of all its tensors follow."""
from dataclasses import asdict, dataclass
from typing import Any

from hummingface.models.playing.checks import is_number, is_whole, list_of
from hummingface.models.playing.conditioning import PITCH_WAVES, ROWS, TIME_WAVES, features_of
from hummingface.models.playing.frame import BANDS, FRAME_SIZE, FUZZ, MOVING, PARTIALS, STEADY
from hummingface.models.playing.stereo import STEREO_SIZE

ENCODER_WIDTHS = (16, 512)
ENCODER_KERNEL, ENCODER_LAYERS, ENCODER_HIDDEN = 5, 4, 128
IMAGE_CHANNELS = PARTIALS + BANDS
SIDE = FRAME_SIZE - FUZZ.start + 2        # inputs of the encoder for the whole note: motion, release, pitch and velocity
LIMITS = {"latents": (1, 128), "width": (8, 2048), "note_width": (8, 2048), "note_depth": (1, 8), "time_depth": (1, 8),
          "phase_width": (8, 1024), "phase_depth": (1, 4)}
WAVES = ("pitch_waves", "time_waves")


class ModelError(Exception):
    """A model cannot be used; the text says which file, why, and what to do."""


@dataclass(frozen=True)
class Shape:
    """Everything that is needed to build a decoder."""
    latents: int = 16
    width: int = 384                  # of the layers that know of time
    note_width: int = 768             # of the other layers, which are evaluated far less often
    note_depth: int = 2
    time_depth: int = 2
    phase_width: int = 256
    phase_depth: int = 2
    pitch_waves: tuple[float, ...] = PITCH_WAVES
    time_waves: tuple[float, ...] = TIME_WAVES
    stereo: bool = False              # whether the note vector ends with the values of models/playing/stereo.py

    def as_dict(self) -> dict:
        """As a card has it; `stereo` only where it is true, so that earlier programs read mono models."""
        fields = asdict(self) | {name: list(getattr(self, name)) for name in WAVES}
        return fields if self.stereo else {name: value for name, value in fields.items() if name != "stereo"}

    @property
    def note_size(self) -> int:
        """The size of the note vector."""
        return self.steady_in_note.stop + (STEREO_SIZE if self.stereo else 0)

    @property
    def steady_in_note(self) -> slice:
        """Where in the note vector the frame's STEADY values are; what follows are those of stereo."""
        first = self.time_depth * self.width
        return slice(first, first + STEADY.stop - STEADY.start)

    @property
    def note_inputs(self) -> int:
        return self.latents + features_of(2, self.pitch_waves)


DEFAULT_SHAPE = Shape()


def read_architecture(architecture: dict) -> tuple[Shape, int | None]:
    """(shape, width of the encoder or None) as a card describes them. Raises ModelError with what is wrong."""
    if not isinstance(architecture, dict):
        raise ModelError("the card's 'architecture' is not an object")
    for name, (low, high) in LIMITS.items():
        value = architecture.get(name)
        if not is_whole(value, low, high):
            raise ModelError(f"architecture: {name} must be a whole number from {low} to {high}, not {value!r}")
    for name in WAVES:
        waves = architecture.get(name)
        if not list_of(lambda wave: is_number(wave, 0, 64) and wave > 0, 32)(waves):
            raise ModelError(f"architecture: {name} must be a list of at most 32 numbers above 0, up to 64")
    if not isinstance(architecture.get("stereo", False), bool):
        raise ModelError("architecture: stereo must be true or false")
    unknown = set(architecture) - set(LIMITS) - {*WAVES, "encoder_width", "stereo"}
    if unknown:
        raise ModelError(f"architecture: unknown entries {sorted(unknown)[:5]}; the model may need a newer version")
    width = architecture.get("encoder_width")
    if width is not None and not is_whole(width, *ENCODER_WIDTHS):
        raise ModelError(f"architecture: encoder_width must be a whole number {ENCODER_WIDTHS[0]}..{ENCODER_WIDTHS[1]}")
    fields: dict[str, Any] = {name: tuple(value) if name in WAVES else value for name, value in architecture.items()}
    fields.pop("encoder_width", None)
    return Shape(**fields), width


def tensor_shapes(shape: Shape, encoder_width: int | None) -> dict[str, tuple[int, ...]]:
    """Every tensor of a model, by the name that torch gives it."""
    tensors: dict[str, tuple[int, ...]] = {}

    def linear(name: str, inputs: int, outputs: int, bias: bool = True) -> None:
        tensors[f"{name}.weight"] = outputs, inputs
        if bias:
            tensors[f"{name}.bias"] = (outputs,)

    def mlp(name: str, inputs: int, width: int, depth: int, outputs: int) -> None:
        for i in range(depth):                                          # every other layer is an activation
            linear(f"{name}.{2 * i}", inputs if i == 0 else width, width)
        linear(f"{name}.{2 * depth}", width, outputs)
    mlp("decoder.note_net", shape.note_inputs, shape.note_width, shape.note_depth, shape.note_size)
    linear("decoder.time_in", features_of(2, shape.time_waves), shape.width, bias=False)
    for i in range(shape.time_depth - 1):
        linear(f"decoder.time_net.{i}", shape.width, shape.width, bias=False)
    linear("decoder.out", shape.width, MOVING.stop)
    mlp("decoder.phase_net", shape.note_inputs, shape.phase_width, shape.phase_depth, 2 * PARTIALS)
    if encoder_width:
        for i in range(ENCODER_LAYERS):
            inputs = encoder_width if i else IMAGE_CHANNELS
            tensors[f"encoder.convolutions.{2 * i}.weight"] = encoder_width, inputs, ENCODER_KERNEL
            tensors[f"encoder.convolutions.{2 * i}.bias"] = (encoder_width,)
        linear("encoder.head.0", encoder_width * (ROWS // 2 ** ENCODER_LAYERS) + SIDE, ENCODER_HIDDEN)
        linear("encoder.head.2", ENCODER_HIDDEN, shape.latents)
    return tensors
