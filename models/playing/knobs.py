"""Named knobs: characteristics, families and qualities as directions among a model's latents, stored in its card.

    "conditions": [{"name": "brass", "kind": "family", "lowest": 0, "highest": 1}, ..]    the last latents of a conditional model
    "knobs": {"family.brass": {"direction": [L numbers]},
              "characteristic.brightness": {"directions": {PRESET: [L numbers], ..}, "correlation": 0.97, "each": 0.8}, ..}

A condition is an input of the network like any other latent: presets and patches set all of them, and morphs interpolate
them. 0 sets no condition. So a knob of a conditional model moves one input, and the same knob of an autoencoder moves a mixture of latents
that was measured to have the same effect. There "brighter" is another direction for a flute than for a piano (docs/decisions/knobs.md): the
card has a direction for each preset, and between presets they are blended by distance. The player does not see the difference.
"""
from dataclasses import dataclass
from typing import Any

import numpy as np

from hummingface.models.playing.checks import is_number, is_numbers
from hummingface.models.playing.shape import ModelError

KINDS = ("characteristic", "family", "source", "quality")
MOST_KNOBS = 64
FARTHEST = 8.0                        # latents: the largest value for any model
NEAR = 1.0                            # latents: a preset that is this much farther than the nearest hardly counts


@dataclass(frozen=True)
class KnobDirection:
    """`directions` [P, L]: change of the latents per unit of its value, at `places` [P, L]; a single direction without a place holds
    everywhere.
    """
    kind: str
    name: str
    directions: np.ndarray
    places: np.ndarray | None
    correlation: float                # rank correlation of its value with the measured characteristic, if known; else NaN

    def at(self, z: np.ndarray) -> np.ndarray:
        """Its direction at a point z [L]. [L]"""
        if self.places is None:
            return self.directions[0]
        far = np.square(self.places - z).sum(1)
        weight = np.exp((far.min() - far) / (2 * NEAR ** 2))
        return (weight / weight.sum()) @ self.directions


def by_control(knobs: dict[str, KnobDirection]) -> dict[str, KnobDirection]:
    """The knobs by the ids of the controls that move them: families are numbered, since each model has others."""
    families = sorted(name for name, knob in knobs.items() if knob.kind == "family")
    return ({name: knob for name, knob in knobs.items() if knob.kind == "characteristic"}
            | {f"family.{i + 1}": knobs[name] for i, name in enumerate(families)})


def with_offsets(knobs: dict[str, KnobDirection], z: np.ndarray, values: dict[str, float]) -> np.ndarray:
    """The point z [L] moved by knobs at `values`; knobs that the model lacks do nothing. [L]"""
    moves = [value * knobs[name].at(z) for name, value in values.items() if value and name in knobs]
    return z + np.sum(moves, 0) if moves else z


def read_knobs(card: dict[str, Any], latents: int) -> dict[str, KnobDirection]:
    """The card's knobs by their ids. Raises ModelError with what is wrong."""
    stored, presets = card.get("knobs", {}), card.get("presets", {})
    if not isinstance(stored, dict) or len(stored) > MOST_KNOBS:
        raise ModelError(f"'knobs' is not an object of at most {MOST_KNOBS} entries")
    knobs = {}
    for identity, about in stored.items():
        kind, _, name = identity.partition(".")
        if kind not in KINDS or not 1 <= len(name) <= 40 or not name.isprintable():
            raise ModelError(f"knob {identity[:60]!r}: its id is not one of {', '.join(KINDS)}, a dot, and a name of up to 40 letters")
        about = about if isinstance(about, dict) else {}
        one, many = about.get("direction"), about.get("directions")
        if many is not None and (not isinstance(many, dict) or not many or not set(many) <= set(presets)):
            raise ModelError(f"knob {identity!r}: its 'directions' are not those of presets of the model")
        rows: list[Any] = list(many.values()) if many else [one]
        if not all(is_numbers(row, latents, -FARTHEST, FARTHEST) for row in rows) or not np.any(rows):
            raise ModelError(f"knob {identity!r}: a direction is not {latents} numbers within -{FARTHEST:g}..{FARTHEST:g}, or all are 0")
        correlation = about.get("correlation")
        if correlation is not None and not is_number(correlation, -1, 1):
            raise ModelError(f"knob {identity!r}: its 'correlation' is not a number from -1 to 1")
        knobs[identity] = KnobDirection(kind, name, np.array(rows, np.float32),
                               np.array([presets[preset]["z"] for preset in many], np.float32) if many else None,
                               float("nan") if correlation is None else float(correlation))
    return knobs


def check_conditions(card: dict[str, Any], latents: int) -> None:
    """Raises ModelError where the card's conditions are not what the last latents can be."""
    stored = card.get("conditions", [])
    if not isinstance(stored, list) or len(stored) > latents:
        raise ModelError(f"'conditions' is not a list of at most {latents} entries, as many as the model has latents")
    names = set()
    for entry in stored:
        about: dict[str, Any] = entry if isinstance(entry, dict) else {}
        values: list[Any] = [about.get(key) for key in ("name", "kind", "lowest", "highest")]
        name, kind, low, high = values
        if not isinstance(name, str) or not 1 <= len(name) <= 40 or not name.isprintable() or kind not in KINDS:
            raise ModelError(f"a condition has no 'name' of up to 40 characters, or its 'kind' is not one of {', '.join(KINDS)}")
        if not (is_number(low, -FARTHEST, FARTHEST) and is_number(high, -FARTHEST, FARTHEST) and low < high):
            raise ModelError(f"condition {name!r}: 'lowest' and 'highest' are not a range within -{FARTHEST:g}..{FARTHEST:g}")
        if (kind, name) in names:
            raise ModelError(f"condition {name!r} occurs twice")
        names.add((kind, name))
