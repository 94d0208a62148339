"""Named knobs as directions among a model's latents, in its card: families, and what a conditional model was trained to be asked for.

    "conditions": [{"name": "brass", "kind": "family", "lowest": 0, "highest": 1}, ..]    the last latents of a conditional model
    "knobs": {"family.brass": {"direction": [L numbers]}, "characteristic.brightness": {"direction": [L numbers]}, ..}

A condition is an input of the network like any other latent: presets and patches set all of them, and morphs interpolate
them. 0 sets no condition. A family leads to its presets, where the card says which those are: at 1 to the nearest of them; else in its
direction. Characteristics are made by operations on the frame (`instrument/performance/rows/frame_operations.py`), and move the latents of
models of whole notes alone; cards of earlier versions have directions of characteristics for each preset, which are passed over.
"""
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np

from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_number, is_numbers
from hummingface.models.playing.nearness import nearness
from hummingface.models.playing.shape import ModelError

KINDS = ("characteristic", "family", "source", "quality")
MOST_KNOBS = 64
FARTHEST = 8.0                        # latents: the largest value for any model
NEAR = 0.3                            # latents: a preset that is this much farther than the nearest hardly counts


@dataclass(frozen=True)
class KnobDirection:
    """`direction` [L]: change of the latents per unit of its value. `places` [P, L]: the points of a family's presets, to which it leads by
    a share of the way instead; none where it has no presets."""
    kind: str
    name: str
    direction: np.ndarray
    places: np.ndarray

    def move(self, z: np.ndarray) -> np.ndarray:
        """What a value of 1 adds to a point z [.., L]. [.., L], or [L]"""
        if not len(self.places):
            return self.direction
        return np.asarray(nearness(self.places, z, NEAR) @ self.places - z)


def by_control(knobs: dict[str, KnobDirection], whole_notes: bool) -> dict[str, KnobDirection]:
    """The knobs by the ids of the controls that move them: families are numbered, since each model has others. Characteristics move the
    latents of models of `whole_notes` alone: on frames the operations do better than any network's input (docs/decisions/knobs.md).
    """
    families = sorted(name for name, knob in knobs.items() if knob.kind == "family")
    return ({name: knob for name, knob in knobs.items() if knob.kind == "characteristic" and whole_notes}
            | {f"family.{i + 1}": knobs[name] for i, name in enumerate(families)})


def with_controls(knobs: dict[str, KnobDirection], controls: Container[str]) -> dict[str, KnobDirection]:
    """Those that a control moves: a model may have more families than there are knobs."""
    return {name: knob for name, knob in knobs.items() if name in controls}


def with_offsets(knobs: dict[str, KnobDirection], z: np.ndarray, values: dict[str, float]) -> np.ndarray:
    """The point z [L] moved by knobs at `values`; knobs that the model lacks do nothing, families that add up to more than the whole way
    share it. [L]"""
    moved = {name: value for name, value in values.items() if value and name in knobs}
    whole = max(1.0, sum(value for name, value in moved.items() if len(knobs[name].places)))
    moves = [value / (whole if len(knobs[name].places) else 1.0) * knobs[name].move(z) for name, value in moved.items()]
    return z + np.sum(moves, 0) if moves else z


def each_with_offsets(knobs: dict[str, KnobDirection], z: np.ndarray, values: dict[str, np.ndarray]) -> np.ndarray:
    """`with_offsets` of several points z [B, L], by knobs at values [B]. [B, L]"""
    whole = np.maximum(1.0, sum((values[name] for name in values if len(knobs[name].places)), np.zeros(len(z))))
    moved = z.copy()
    for name, value in values.items():
        if not value.any():
            continue
        share = value / whole if len(knobs[name].places) else value
        moved += share[:, None].astype(np.float32) * knobs[name].move(z)
    return moved


def read_knobs(card: JsonObject, latents: int) -> dict[str, KnobDirection]:
    """The card's knobs by their ids. Raises ModelError with what is wrong."""
    stored = card.get("knobs", {})
    if not isinstance(stored, dict) or len(stored) > MOST_KNOBS:
        raise ModelError(f"'knobs' is not an object of at most {MOST_KNOBS} entries")
    knobs = {}
    for identity, about in stored.items():
        kind, _, name = identity.partition(".")
        if kind not in KINDS or not 1 <= len(name) <= 40 or not name.isprintable():
            raise ModelError(f"knob {identity[:60]!r}: its id is not one of {', '.join(KINDS)}, a dot, and a name of up to 40 letters")
        about = about if isinstance(about, dict) else {}
        if "directions" in about:                                       # of an earlier version
            continue
        direction: Any = about.get("direction")
        if not is_numbers(direction, latents, -FARTHEST, FARTHEST) or not np.any(direction):
            raise ModelError(f"knob {identity!r}: its direction is not {latents} numbers within -{FARTHEST:g}..{FARTHEST:g}, or all are 0")
        places = _places(card, name, latents) if kind == "family" else []
        knobs[identity] = KnobDirection(kind, name, np.array(direction, np.float32), np.array(places, np.float32).reshape(-1, latents))
    return knobs


def _places(card: JsonObject, family: str, latents: int) -> list[Any]:
    """The points of a family's presets."""
    presets = card.get("presets")
    of = [preset for preset in presets.values() if isinstance(preset, dict)] if isinstance(presets, dict) else []
    return [preset["z"] for preset in of if preset.get("family") == family and is_numbers(preset.get("z"), latents, -FARTHEST, FARTHEST)]


def check_conditions(card: JsonObject, latents: int) -> None:
    """Raises ModelError where the card's conditions are not what the last latents can be."""
    stored = card.get("conditions", [])
    if not isinstance(stored, list) or len(stored) > latents:
        raise ModelError(f"'conditions' is not a list of at most {latents} entries, as many as the model has latents")
    names = set()
    for entry in stored:
        about: JsonObject = entry if isinstance(entry, dict) else {}
        values: list[Any] = [about.get(key) for key in ("name", "kind", "lowest", "highest")]
        name, kind, low, high = values
        if not isinstance(name, str) or not 1 <= len(name) <= 40 or not name.isprintable() or kind not in KINDS:
            raise ModelError(f"a condition has no 'name' of up to 40 characters, or its 'kind' is not one of {', '.join(KINDS)}")
        if not (is_number(low, -FARTHEST, FARTHEST) and is_number(high, -FARTHEST, FARTHEST) and low < high):
            raise ModelError(f"condition {name!r}: 'lowest' and 'highest' are not a range within -{FARTHEST:g}..{FARTHEST:g}")
        if (kind, name) in names:
            raise ModelError(f"condition {name!r} occurs twice")
        names.add((kind, name))
