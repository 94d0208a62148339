"""Rolls of the dice: what they are made of, how far they go, what they leave alone, and that undo takes them back."""
import random
from dataclasses import replace

import numpy as np
import pytest

from hummingface.instrument.patches import library
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import IDS, from_json
from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.latent_target import LatentTarget
from hummingface.instrument.session import dice
from hummingface.instrument.session.session import LATENTS, Session
from hummingface.models.playing.recorded_note import Recording
from tests.recorded import recorded_note

ATLAS = library.load_patch("Evening Grand")
MODELS = [library.load_patch(name) for name in ("Evening Grand", "Ghost Strings", "Seed Sixty-Four")]


@pytest.fixture(scope="module")
def atlas():
    return dice.material(ATLAS.model, len(ATLAS.latents))


def rolls(now, material, amount, count=20, locked=()):
    rng = random.Random(7)
    return [dice.roll(now, material, amount, locked, rng) for _ in range(count)]


def test_the_material_is_the_models_presets_and_the_librarys_patches(atlas):
    assert len(atlas.presets) == 64 and len({preset.family for preset in atlas.presets}) == 12
    assert len(atlas.donors) >= 90
    assert np.median([abs(donor.gain_db) for donor in atlas.donors]) < 3, "most controls change loudness little"


@pytest.mark.parametrize("now", MODELS, ids=lambda patch: patch.model)
def test_a_roll_is_a_patch_of_the_same_model_within_all_limits(now):
    made = rolls(now, dice.material(now.model, len(now.latents)), 1.0)
    for patch in made:
        assert from_json(patch.to_json()).with_values(parameters=patch.parameters, latents=patch.latents, gain_db=patch.gain_db) == patch
        assert patch.model == now.model and len(patch.latents) == len(now.latents)
    assert len({patch.latents for patch in made}) == len(made)


def test_anywhere_has_the_breadth_of_the_presets_and_small_steps_have_not(atlas):
    presets = np.array([preset.latents for preset in atlas.presets])
    far, near = (np.array([patch.latents for patch in rolls(ATLAS, atlas, amount, 60)]) for amount in (1.0, 0.0))
    between_presets = np.median(np.linalg.norm(presets[:, None] - presets, axis=2))
    assert np.median(np.linalg.norm(far[:, None] - far, axis=2)) > 0.6 * between_presets
    assert np.linalg.norm(near - np.array(ATLAS.latents), axis=1).max() < 0.4 * between_presets
    assert all(patch.parameters == ATLAS.parameters and patch.gain_db == ATLAS.gain_db for patch in rolls(ATLAS, atlas, 0.0))


def test_the_amount_is_how_far_it_goes(atlas):
    reach = [np.mean([np.linalg.norm(np.subtract(patch.latents, ATLAS.latents)) for patch in rolls(ATLAS, atlas, amount, 40)])
             for amount in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert reach == sorted(reach)


def test_controls_are_those_of_two_patches(atlas):
    donors = [donor.parameters for donor in atlas.donors]
    for patch in rolls(ATLAS, atlas, 1.0):
        tone = {name for name in IDS if PARAMETERS[name].group in dice.TONE or name == "drive.amount"}
        for names in (tone, {name for name in IDS if name not in tone and PARAMETERS[name].group not in ("morph", "likeness")}):
            assert any(all(patch.parameters[name] == donor[name] for name in names) for donor in donors)


def test_a_slow_attack_swallows_no_plucked_sound(atlas):
    plucked = dice.Material(tuple(preset for preset in atlas.presets if not preset.sustained), atlas.donors)
    assert plucked.presets
    assert max(patch.parameters["envelope.attack_s"] for patch in rolls(ATLAS, plucked, 1.0, 60)) < dice.SLOW_S
    assert max(patch.parameters["envelope.attack_s"] for patch in rolls(ATLAS, atlas, 1.0, 60)) > dice.SLOW_S


def test_the_name_tells_that_it_is_new(atlas):
    presets = {preset.name for preset in atlas.presets}
    for patch in rolls(ATLAS, atlas, 1.0):
        parts = patch.name.removesuffix(dice.VARIED).split(" × ")
        assert set(parts) <= presets and patch.name.endswith(dice.VARIED) == (len(parts) == 1)
    again = rolls(rolls(ATLAS, atlas, 0.1)[0], atlas, 0.1)[0]
    assert again.name == "Evening Grand, varied", "once, however often it is varied"


def test_names_stay_as_short_as_a_patchs_may_be(atlas):
    long = dice.Material(tuple(replace(preset, name=preset.name + 190 * "x") for preset in atlas.presets), atlas.donors)
    now = ATLAS.with_values(name=80 * "y")
    for amount in (0.0, 1.0):
        for patch in rolls(now, long, amount):
            assert from_json(patch.to_json()).name == patch.name != now.name


def test_locked_latents_stay(atlas):
    assert all(patch.latents[3] == ATLAS.latents[3] for patch in rolls(ATLAS, atlas, 1.0, locked=[3]))


def test_without_presets_latents_are_drawn_as_presets_are_distributed():
    made = np.array([patch.latents for patch in rolls(ATLAS, dice.Material(), 1.0, 100)])
    assert made.std() == pytest.approx(1, abs=0.1)


def test_one_roll_is_one_undo_step_and_the_morph_shown_is_the_morph_played():
    told = []
    session = Session(told.append, library.load_patch("Glass Reed"), seed=3)
    session.set_many({"morph.x": 0.3, "morph.y": 0.8, "morph.amount": 0.6})
    before, corners = session.state, session.corners
    for amount in (1.0, 0.4, 0.0):
        session.rolls.randomise(amount)
        assert session.dirty and session.corners == corners
        played = LatentTarget(len(LATENTS))
        played.load(from_json(told[-1]["patch"]))
        controls = np.zeros(len(INDEX))
        for name in ("morph.x", "morph.y", "morph.amount"):
            controls[INDEX[name]] = session[name]
        assert session.model_latents() == pytest.approx(played.at(controls).tolist(), abs=1e-4)
        session.undo()
        assert session.state == before


def test_undo_takes_back_latents_that_have_no_knob():
    told = []
    session = Session(told.append, library.load_patch("Seed Sixty-Four"), seed=3)
    session.rolls.randomise(0.0)
    assert from_json(told[-1]["patch"]).latents[40] != library.load_patch("Seed Sixty-Four").latents[40]
    session.undo()
    assert from_json(told[-1]["patch"]).latents == library.load_patch("Seed Sixty-Four").latents


def test_a_recording_stays_in_the_patch_and_sounds_less(atlas):
    mine = replace(ATLAS, recordings=(Recording("mine", ATLAS.latents, (recorded_note(),)),))
    near, far = (dice.roll(mine, atlas, amount, (), random.Random(1)) for amount in (0.0, 1.0))
    assert near.recordings == far.recordings == mine.recordings
    assert (near.parameters["likeness.amount"], far.parameters["likeness.amount"]) == (1.0, 0.0)
