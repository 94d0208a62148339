"""The knobs that cards name: families and conditions, of the factory's models and of new ones."""
from pathlib import Path

import numpy as np
import pytest

from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.knobs import with_offsets
from hummingface.models.playing.model import Model
from hummingface.models.playing.untrained import untrained
from hummingface.train.exporting.card_knobs import card_knobs

FACTORY = Path(__file__).parents[2] / "assets" / "models"


def test_families_lead_from_the_middle_to_their_own():
    model = untrained(latents=4, width=24)
    for i, preset in enumerate(model.card["presets"].values()):
        preset["family"] = "brass" if i < 2 else "reed"
    found = card_knobs(model)
    points = np.array(list(model.presets.values()))
    assert np.allclose(points.mean(0) + found["family.brass"]["direction"], points[:2].mean(0), atol=1e-3)
    assert list(found) == ["family.brass", "family.reed"]


@pytest.mark.parametrize("name", ["fluidr3_atlas", "fluidr3_dream"])
def test_the_factorys_cards_name_what_their_presets_and_conditions_say(name):
    model = load_model(FACTORY / name)
    assert isinstance(model, Model)
    wanted = card_knobs(model)
    assert set(model.knobs) == set(wanted) and sum(one.startswith("family.") for one in wanted) >= 10
    for knob, about in wanted.items():
        assert np.allclose(model.knobs[knob].direction, about["direction"], atol=2e-4)


def test_a_familys_knob_leads_towards_it():
    model = load_model(FACTORY / "fluidr3_atlas")
    z = np.array(model.presets["Flute"])
    brass = np.array([model.presets[n] for n, p in model.card["presets"].items() if p["family"] == "brass"])
    far = [np.linalg.norm(with_offsets(model.knobs, z, {"family.brass": share}) - brass, axis=1).min() for share in (0, 0.5, 1)]
    assert far[0] > 1.9 * far[1] and far[2] < 0.05 * far[0]
