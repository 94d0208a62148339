"""Knobs and conditions in a card: where they lead, and cards that are refused."""
import json

import numpy as np
import pytest

from hummingface.models.playing.checkpoint import ModelError, load_model, save_card, save_model
from hummingface.models.playing.knobs import read_knobs, with_offsets
from hummingface.models.playing.untrained import untrained

ONE = [0.5, 0.0, 0.0, 0.0]


@pytest.fixture
def stem(tmp_path):
    save_model(untrained(latents=4, width=24, encoder_width=16), tmp_path / "small", np.float32)
    return tmp_path / "small"


def give(stem, **entries):
    card = json.loads(stem.with_suffix(".json").read_text())
    stem.with_suffix(".json").write_text(json.dumps(card | entries))


def test_directions_add_up_and_those_of_earlier_cards_are_passed_over():
    card = {"presets": {"A": {"z": [0.0, 0.0]}},
            "knobs": {"characteristic.attack": {"directions": {"A": [0.0, 1.0]}, "correlation": 0.9},
                      "family.brass": {"direction": [1.0, 0.0]}, "family.reed": {"direction": [0.0, 2.0]}}}
    knobs = read_knobs(card, 2)
    assert list(knobs) == ["family.brass", "family.reed"]
    wanted = {"characteristic.attack": 2.0, "family.brass": 0.5, "family.reed": -1.0, "family.none": 1.0}
    assert np.allclose(with_offsets(knobs, np.ones(2), wanted), [1.5, -1.0])
    assert np.array_equal(with_offsets(knobs, np.ones(2), {"family.brass": 0.0}), np.ones(2))


def test_a_family_leads_to_the_nearest_of_its_presets():
    card = {"presets": {"Horn": {"z": [3.0, 0.0], "family": "brass"}, "Tuba": {"z": [-3.0, 1.0], "family": "brass"},
                        "Oboe": {"z": [0.0, 4.0], "family": "reed"}},
            "knobs": {"family.brass": {"direction": [1.0, 0.0]}, "family.reed": {"direction": [0.0, 2.0]}}}
    knobs = read_knobs(card, 2)
    for z, nearest in ((np.array([2.0, -1.0]), np.array([3.0, 0.0])), (np.array([-2.0, -1.0]), np.array([-3.0, 1.0]))):
        for share in (0.25, 1.0):
            assert np.allclose(with_offsets(knobs, z, {"family.brass": share}), (1 - share) * z + share * nearest, atol=1e-3)
    assert np.allclose(with_offsets(knobs, np.array([2.0, -1.0]), {"family.brass": 1.0, "family.reed": 1.0}), [1.5, 2.0], atol=1e-3), \
        "both share the way"


def test_a_card_gets_knobs_and_its_weights_stay(stem):
    weights = stem.with_suffix(".safetensors").read_bytes()
    model = load_model(stem)
    assert model.knobs == {} and model.free_latents == 4
    model.card["knobs"] = {"family.keys": {"direction": ONE}}
    model.card["conditions"] = [{"name": "keys", "kind": "family", "lowest": 0, "highest": 1}]
    save_card(model, stem)
    assert stem.with_suffix(".safetensors").read_bytes() == weights
    again = load_model(stem)
    assert again.free_latents == 3
    assert np.allclose(again.knobs["family.keys"].direction, ONE)


@pytest.mark.parametrize(("knobs", "words"), [
    ([], "'knobs' is not an object"), ({f"family.{i}": {"direction": ONE} for i in range(99)}, "at most 64"),
    ({"other.x": {"direction": ONE}}, "its id"), ({"family.": {"direction": ONE}}, "its id"),
    ({"family.a\nb": {"direction": ONE}}, "its id"),
    ({"family.x": 3}, "not 4 numbers"), ({"family.x": {"direction": [1, 2]}}, "not 4 numbers"),
    ({"family.x": {"direction": [0, 0, 0, 0]}}, "or all are 0"),
    ({"family.x": {"direction": [1e9, 0, 0, 0]}}, "not 4 numbers"),
    ({"family.x": {"direction": [True, 0, 0, 0]}}, "not 4 numbers"),
])
def test_bad_knobs(stem, knobs, words):
    give(stem, knobs=knobs)
    with pytest.raises(ModelError, match=words) as caught:
        load_model(stem)
    assert str(stem) in str(caught.value)


GOOD = {"name": "brass", "kind": "family", "lowest": 0, "highest": 1}


@pytest.mark.parametrize(("conditions", "words"), [
    ({}, "not a list"), ([GOOD] * 5, "at most 4"), ([3], "no 'name'"), ([GOOD | {"name": ""}], "no 'name'"),
    ([GOOD | {"kind": "x"}], "'kind'"), ([GOOD | {"lowest": 2}], "not a range"), ([GOOD | {"highest": 1e9}], "not a range"),
    ([GOOD | {"highest": None}], "not a range"), ([GOOD, GOOD], "twice"),
])
def test_bad_conditions(stem, conditions, words):
    give(stem, conditions=conditions)
    with pytest.raises(ModelError, match=words):
        load_model(stem)
