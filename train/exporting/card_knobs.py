"""The knobs that a model's card names: conditions, which are inputs of the network, or families. The direction of a family leads from the
mean of all presets to its own; where the card says which presets those are, its knob leads to them. What else a named knob does is an
operation on the frame, the same for every model (docs/decisions/knobs.md).
"""
import numpy as np

from hummingface.models.playing.model import Model


def card_knobs(model: Model) -> dict[str, dict]:
    """The knobs for the card of `model`: those of its conditions, or of its presets' families where it has none."""
    return conditions_as_knobs(model) or family_directions(model)


def conditions_as_knobs(model: Model) -> dict[str, dict]:
    """One knob for each condition: it moves that input alone. Empty for a model without conditions."""
    inputs = np.eye(model.latents)[model.free_latents:]
    return {f"{about['kind']}.{about['name']}": {"direction": one.tolist()}
            for about, one in zip(model.card.get("conditions", []), inputs, strict=True)}


def family_directions(model: Model) -> dict[str, dict]:
    """From the mean of all presets to the mean of each family's, if the card has several."""
    family_of = {name: preset.get("family") for name, preset in model.card.get("presets", {}).items()}
    families = sorted({family for family in family_of.values() if family})
    middle = np.mean(list(model.presets.values()), 0)
    if len(families) < 2:
        return {}
    own = {family: np.mean([model.presets[n] for n, of in family_of.items() if of == family], 0) for family in families}
    return {f"family.{family}": {"direction": (own[family] - middle).round(4).tolist()} for family in families}
