"""The shape of an STFT model: the few numbers in its card from which the names and sizes of all its tensors follow.

    "architecture": {"network": "stft", "latents": 16, "width": 16, "pitches": [60, 60], "encoder": true,
                     "layout": {"kind": "ri", "power": 0.5, "turned": true}}

An STFT model makes the image of `models/playing/stft.py` from its latents and, if it knows more than one key, from the key.
"""
from dataclasses import asdict, dataclass

from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_key_range, is_number, is_whole
from hummingface.models.playing.stft import CHANNELS, LAYOUTS, RI, SIDE, Layout

NETWORK = "stft"
FIRST_SIDE = 8                        # the image begins as 8 x 8 cells and is doubled four times
DOUBLINGS = 4
KERNEL = 4
MADE = 2 * CHANNELS                   # outputs of the generator: the tone on the key's harmonics, and the rest
LIMITS = {"latents": (1, 128), "width": (4, 64)}
assert FIRST_SIDE << DOUBLINGS == SIDE


@dataclass(frozen=True)
class StftShape:
    """All that is needed to build the networks. `latents` counts conditions too, which come last."""
    latents: int = 16
    width: int = 16
    lowest: int = 60                  # the keys that it was trained on, both included; one alone is no input
    highest: int = 60
    encoder: bool = True
    layout: Layout = RI

    @property
    def keys(self) -> int:
        return self.highest - self.lowest + 1

    @property
    def inputs(self) -> int:
        """Numbers that the generator is given: latents, and one for each key if there are several."""
        return self.latents + (self.keys if self.keys > 1 else 0)

    @property
    def channels(self) -> list[int]:
        """Of the hidden images, from 8 x 8 to 64 x 64."""
        return [self.width << (DOUBLINGS - 1 - i) for i in range(DOUBLINGS)]

    def as_dict(self) -> JsonObject:
        return {"network": NETWORK, "latents": self.latents, "width": self.width, "pitches": [self.lowest, self.highest],
                "encoder": self.encoder, "layout": asdict(self.layout)}


def read_stft_shape(architecture: JsonObject) -> StftShape:
    """As a card describes it. Raises ValueError with what is wrong."""
    known = {"network", "latents", "width", "pitches", "encoder", "layout"}
    if set(architecture) != known:
        raise ValueError(f"architecture: missing or unknown entries {sorted(set(architecture) ^ known)[:5]}; "
                         "the model may need a newer version")
    for name, (low, high) in LIMITS.items():
        if not is_whole(architecture[name], low, high):
            count = " (conditions count)" if name == "latents" else ""
            raise ValueError(f"architecture: {name}{count} must be a whole number from {low} to {high}, not {architecture[name]!r}")
    pitches, layout = architecture["pitches"], architecture["layout"]
    if (not is_key_range(pitches)):
        raise ValueError(f"architecture: pitches must be the lowest and the highest MIDI key, not {pitches!r}")
    if type(architecture["encoder"]) is not bool:
        raise ValueError("architecture: encoder must be true or false")
    if (not isinstance(layout, dict) or set(layout) != {"kind", "power", "turned"} or layout["kind"] not in LAYOUTS
            or not is_number(layout["power"], 0.1, 1) or type(layout["turned"]) is not bool):
        raise ValueError(f"architecture: layout must have a kind of {', '.join(LAYOUTS)}, a power from 0.1 to 1, and turned")
    return StftShape(architecture["latents"], architecture["width"], pitches[0], pitches[1], architecture["encoder"], Layout(**layout))


def stft_tensor_shapes(shape: StftShape) -> dict[str, tuple[int, ...]]:
    """Every tensor of a model that plays: batch normalisation is folded into the weights."""
    wide = shape.channels[0] * FIRST_SIDE ** 2
    tensors: dict[str, tuple[int, ...]] = {"generator.0.weight": (wide, shape.inputs), "generator.0.bias": (wide,)}
    down, up = [*shape.channels, MADE], [CHANNELS, *shape.channels[::-1]]
    for i in range(DOUBLINGS):
        tensors[f"generator.{i + 1}.weight"] = down[i], down[i + 1], KERNEL, KERNEL
        tensors[f"generator.{i + 1}.bias"] = (down[i + 1],)
    if shape.encoder:
        for i in range(DOUBLINGS):
            tensors[f"encoder.{i}.weight"] = up[i + 1], up[i], KERNEL, KERNEL
            tensors[f"encoder.{i}.bias"] = (up[i + 1],)
        tensors[f"encoder.{DOUBLINGS}.weight"] = shape.latents, wide
        tensors[f"encoder.{DOUBLINGS}.bias"] = (shape.latents,)
    return tensors
