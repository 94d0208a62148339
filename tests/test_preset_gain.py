"""A model's card says how much louder a preset is to be played. Cards come from anywhere, so no card makes anything deafening."""
import copy

import numpy as np
import pytest

from hummingface.instrument.offline.player import play_events
from hummingface.instrument.patches import library
from hummingface.instrument.patches.learnt_models import carried
from hummingface.instrument.patches.patch import Patch, from_json
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages.midi import NoteOn
from hummingface.models.playing.checkpoint import ModelError, load_model, save_model
from hummingface.models.playing.untrained import untrained

MOST_DB = 24.0                  # sixteen times the amplitude: as much as levelling ever asked for, and no more


def with_gain(gain_db):
    model = untrained(seed=1, width=64)
    for preset in model.card["presets"].values():
        preset["gain_db"] = gain_db
    return model


@pytest.mark.parametrize(("said_db", "played_db"), [(0.0, 0.0), (-7.5, -7.5), (24.0, 24.0), (25.0, MOST_DB), (199.0, MOST_DB),
                                                    (-199.0, -MOST_DB)])
def test_a_presets_gain_is_taken_up_to_a_bound(said_db, played_db):
    model = with_gain(said_db)
    name = next(iter(model.presets))
    assert library.preset_patch(model, name).gain_db == played_db


@pytest.mark.parametrize(("said_db", "played_db"), [(-7.5, -7.5), (199.0, MOST_DB), (-199.0, -MOST_DB)])
def test_nor_does_a_patch_that_follows_its_model_to_another_version_take_more(said_db, played_db):
    model = with_gain(0.0)
    name = next(iter(model.presets))
    before = {**model.card, "run": "one", "sha256": "0" * 64, "axes": {"middle": [0.0] * 16, "axes": np.eye(16).tolist()}}
    card = {**copy.deepcopy(before), "sha256": "1" * 64}
    card["presets"][name]["gain_db"] = said_db
    patch = Patch(name, model.name, tuple(model.presets[name]), model_sha256="0" * 64)
    assert carried(patch, before, card).gain_db == played_db


@pytest.mark.parametrize("gain_db", [200.0, -200.0, 1e6, float("1e308")])
def test_a_card_beyond_all_sense_is_refused(tmp_path, gain_db):
    save_model(with_gain(gain_db), tmp_path / "loud")
    with pytest.raises(ModelError, match=r"loud\.json.*gain_db"):
        load_model(tmp_path / "loud")


@pytest.mark.parametrize("gain_db", [61.0, -61.0, 1e308])
def test_so_is_a_patch(gain_db):
    with pytest.raises(PatchError, match="gain_db"):
        from_json({**Patch("P", "m", (0.0,) * 16).to_json(), "gain_db": gain_db})


def test_the_gain_is_heard_and_nothing_leaves_full_scale():
    sounds = {}
    for gain_db in (-20.0, 0.0, 199.0):
        model = with_gain(gain_db)
        patch = library.preset_patch(model, next(iter(model.presets)))
        quiet = patch.with_values(parameters={**patch.dry().parameters, "motion.amount": 0.0, "master.volume_db": -12.0})
        sounds[gain_db] = play_events([(0, NoteOn(0, 57, 60))], FrameSource(model), quiet, seconds=0.5)
    change = 20 * np.log10(np.abs(sounds[0.0]).max() / np.abs(sounds[-20.0]).max())
    assert change == pytest.approx(20, abs=0.5)
    assert np.abs(sounds[199.0]).max() <= 1.0
