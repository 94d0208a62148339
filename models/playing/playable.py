"""What all models share, whether they make frames (`model.py`) or whole notes (`stft_model.py`): the description of their latents."""
from typing import TYPE_CHECKING

import numpy as np

from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_number, is_numbers
from hummingface.models.playing.knobs import KnobDirection, read_knobs
from hummingface.models.playing.shape import ModelError

if TYPE_CHECKING:
    from hummingface.models.playing.recorded_note import Recording
    from hummingface.models.playing.shape import Shape
    from hummingface.models.playing.stft_shape import StftShape

KEYS = 21.0, 108.0                    # of a piano, where a card says no others
VELOCITIES = 1.0, 127.0
LONGEST_LABEL = 20                    # letters of what a latent does


def trained_velocities(card: JsonObject) -> tuple[float, float] | None:
    """The range of velocities in a card: its "velocities", or the layers of its notes. None if it has neither. Raises ModelError if it is
    not a range within 1..127.
    """
    trained = card.get("velocities")
    if trained is None:
        layers = card["trained_on"].get("layers") if isinstance(card.get("trained_on"), dict) else None
        if not isinstance(layers, list) or not layers:
            return None
        softest_first = sorted(layer[0] for layer in layers if isinstance(layer, list) and layer and is_number(layer[0]))
        trained = [softest_first[0], softest_first[-1]] if softest_first else [0, 0]
    if not is_numbers(trained, 2, 1, 127) or trained[0] > trained[1]:
        raise ModelError("the velocities that it was trained on are not a range within 1..127")
    return float(trained[0]), float(trained[1])


def read_latent_labels(card: JsonObject, latents: int) -> list[str]:
    """What each of the first latents of a card mostly does, in a word; empty where it does nothing that has a name. Raises ModelError.

    "latent_labels": [{"label": "bright", ..}, null, ..]
    """
    stored = card.get("latent_labels", [])
    labels = [about.get("label") if isinstance(about, dict) else "" if about is None else None for about in stored] \
        if isinstance(stored, list) else [None]
    if len(labels) > latents or not all(isinstance(label, str) and len(label) <= LONGEST_LABEL and label.isprintable() for label in labels):
        raise ModelError(f"'latent_labels' are not at most {latents} words of up to {LONGEST_LABEL} letters, or null")
    return [label or "" for label in labels]


class Playable:
    """`card` as in the model's JSON, with its `name`; `shape.latents` counts all latents. `recordings`: what it carries of a patch, if
    anything (`models/playing/likeness.py`)."""

    name: str
    card: dict
    shape: "Shape | StftShape"
    presets: dict[str, list[float]]
    recordings: "tuple[Recording, ...]" = ()

    @property
    def latents(self) -> int:
        return self.shape.latents

    @property
    def pitches(self) -> tuple[float, float]:
        """Lowest and highest trained key; keys beyond use the nearest one's timbre."""
        low, high = self.card.get("pitches", KEYS)
        return float(low), float(high)

    @property
    def velocities(self) -> tuple[float, float]:
        """Lowest and highest trained velocity; velocities beyond use the nearest one. All of MIDI's if the card names none."""
        return trained_velocities(self.card) or VELOCITIES

    @property
    def knobs(self) -> dict[str, KnobDirection]:
        """Named directions among the latents, by id. Raises ModelError if the card's are invalid."""
        return read_knobs(self.card, self.latents)

    @property
    def free_latents(self) -> int:
        """How many latents are not conditions: the first ones."""
        return self.latents - len(self.card.get("conditions", []))

    def recorded_stroke(self, z: np.ndarray, pitch: float, velocity: float) -> tuple[float, float]:
        """(how much of recordings sounds in a note at z [L], 0 to 1; the velocity at which those were played, their geometric mean)."""
        return 0.0, velocity
