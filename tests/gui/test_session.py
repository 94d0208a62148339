"""The session by itself: undo, A | B, locks, morph, and what it tells the engine."""
from dataclasses import replace

import pytest

from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import IDS, Corner, Patch, from_json
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.patches.scale_tuning import ScaleTuning
from hummingface.instrument.session.section_locks import SECTIONS, name_of, not_kept, section_of
from hummingface.instrument.session.session import LATENTS, NOT_IN_PATCHES, Session
from hummingface.models.playing.recorded_note import Recording
from tests.recorded import recorded_note

PATCH = Patch("First", "m", (0.5,) * 16, {"filter.cutoff_hz": 900.0}, tags=("x",))
OTHER = Patch("Second", "m", (-0.5,) * 16, morph=tuple(Corner(n, (float(i),) * 16) for i, n in enumerate("abcd")))


@pytest.fixture
def said():
    return []


@pytest.fixture
def session(said):
    return Session(said.append, PATCH, seed=3)


def test_a_value_is_told_once_and_clamped(session, said):
    session.set("latent.1", 9)
    session.set("latent.1", 3)
    assert said == [{"do": "set", "id": "latent.1", "value": 3.0}]
    assert session.dirty


def test_a_gesture_is_undone_as_one(session, said):
    session.begin("latent.1")
    for i in range(20):
        session.set("latent.1", i / 20)
    session.end()
    session.set("filter.cutoff_hz", 500)
    session.undo()
    assert session["filter.cutoff_hz"] == 900
    session.undo()
    assert (session["latent.1"], session.can_undo, session.dirty) == (0.5, False, False)
    assert said[-1] == {"do": "set", "id": "latent.1", "value": 0.5}
    session.redo()
    session.redo()
    assert (session["latent.1"], session["filter.cutoff_hz"], session.can_redo) == (0.95, 500, False)


def test_notches_of_a_wheel_are_one_step_and_other_controls_another(session):
    for value in (1, 1.1, 1.2):
        session.set("latent.1", value)
    session.set("latent.2", 1)
    session.undo()
    assert (session["latent.1"], session["latent.2"]) == (1.2, 0.5)
    session.undo()
    assert session["latent.1"] == 0.5


def test_a_patch_is_told_whole_and_undo_brings_back_what_was_dirty(session, said):
    session.set("latent.3", 2)
    session.set("master.volume_db", -6)
    session.load(OTHER)
    assert from_json(said[-1]["patch"]) == OTHER
    assert (session.name, session.dirty, session["master.volume_db"]) == ("Second", False, -6)
    session.undo()
    assert (session.name, session.dirty, session["latent.3"]) == ("First", True, 2)
    assert said[-1]["patch"]["latents"][2] == 2
    session.redo()
    assert (session.name, session.dirty) == ("Second", False)


def test_volume_and_tuning_belong_to_the_player(session, said):
    session.set("master.volume_db", -12)
    assert not session.dirty
    assert session.player_settings() == {"master.volume_db": -12}
    said.clear()
    session.send_all()
    assert [m.get("id") for m in said if m["do"] == "set"] == list(NOT_IN_PATCHES)


def test_locked_latents_stay(session):
    session.lock("latent.4", True)
    before = session["latent.5"]
    for act in (session.rolls.randomise, session.rolls.mutate):
        act()
        assert session["latent.4"] == 0.5
        assert session["latent.5"] != before
    for _ in range(2):
        session.undo()
    session.rolls.mutate()
    session.rolls.reset()
    assert [session[i] for i in LATENTS] == [0.5] * 16


def test_randomise_is_one_step(session):
    session.rolls.randomise()
    session.undo()
    assert not session.can_undo
    assert session["latent.9"] == 0.5


def test_a_and_b(session):
    session.set("latent.1", 1)
    session.swap()
    assert (session.side, session["latent.1"]) == ("B", 1)
    session.set("latent.1", -1)
    session.swap()
    assert (session.side, session["latent.1"]) == ("A", 1)
    session.swap()
    assert session["latent.1"] == -1


def test_morph_pulls_the_model_towards_the_corners(session):
    session.load(OTHER)
    session.set_many({"morph.x": 1, "morph.y": 0, "morph.amount": 0.5})
    assert session.weights() == (0, 1, 0, 0)
    assert session.model_latents() == pytest.approx([-0.5 + 0.5 * (1 + 0.5)] * 16)


def test_a_first_corner_fills_the_pad_with_the_sound_of_the_knobs(session, said):
    session.put_in_corner(3, "Far", (2.0,) * 16)
    assert [c.name for c in session.corners] == ["First", "First", "First", "Far"]
    assert from_json(said[-1]["patch"]).morph[3].latents == (2.0,) * 16
    session.undo()
    assert session.corners == ()


def places(session):
    return {one.name: one.places for one in session.state.to_patch().recordings}


def test_a_recording_in_a_corner_stays_there_and_the_knobs_own_goes_to_the_others(session, said):
    mine, other = (Recording(name, (0.0,) * 16, (recorded_note(seed=seed),)) for seed, name in enumerate(("mine", "other")))
    session.load_new(session.state.to_patch().with_values(recordings=(mine,)))
    session.put_in_corner(3, "other", other.latents, other)
    assert places(session) == {"mine": ("knobs", "bottom left", "bottom right", "top left"), "other": ("top right",)}
    assert from_json(said[-1]["patch"]).recordings == session.state.to_patch().recordings
    session.put_in_corner(0, "Far", (2.0,) * 16)
    assert places(session) == {"mine": ("knobs", "bottom right", "top left"), "other": ("top right",)}
    session.put_in_corner(3, "mine", mine.latents, mine)
    assert [one.name for one in session.state.patch.recordings] == ["mine", "mine"], "two that are alike are no fault"
    for _ in range(3):
        session.undo()
    assert places(session) == {"mine": ("knobs",)}
    assert not session.state.same_sound(replace(session.state, patch=replace(session.state.patch, recordings=())))


def test_what_midi_moves_is_shown_and_not_told_again(session, said):
    seen = []
    session.on_value.append(lambda i, v: seen.append((i, v)))
    session.moved_by_midi("filter.cutoff_hz", 333)
    session.patch_from_engine(OTHER)
    assert ("filter.cutoff_hz", 333) in seen
    assert said == []
    assert session.name == "Second"


def test_saving_makes_it_clean(session):
    session.set("latent.1", 2)
    session.saved_as(session.state.to_patch().with_values(name="Mine"))
    assert (session.name, session.dirty, session["latent.1"]) == ("Mine", False, 2)


def test_a_model_of_fewer_or_more_latents_keeps_its_own(said):
    for count in (8, 20):
        session = Session(said.append, Patch("P", "m", (0.25,) * count))
        session.set("latent.1", 1)
        assert session.state.to_patch().latents == (1.0, *(0.25,) * (count - 1))


def test_a_tuning_is_one_step_that_undo_takes_back(session, said):
    tuning = ScaleTuning("fifths", ("", "1", "3/2"))
    before = session.state.to_patch()
    session.tune(tuning)
    session.tune(tuning)
    assert session.dirty
    assert said[-1]["patch"]["tuning"] == tuning.to_json()
    session.undo()
    assert session.state.to_patch() == before
    assert "tuning" not in said[-1]["patch"]
    session.redo()
    assert session.state.to_patch().tuning == tuning
    assert not session.can_redo


# Undo of everything: sides, locks, what happened to the file

def test_undo_goes_back_to_the_other_side(session):
    session.set("latent.1", 1)
    session.swap()
    session.set("latent.1", -1)
    session.swap()
    session.set("latent.2", 2)
    there = []
    while session.can_undo:
        session.undo()
        there.append((session.side, session["latent.1"], session["latent.2"]))
    assert there == [("A", 1, 0.5), ("B", -1, 0.5), ("B", 1, 0.5), ("A", 0.5, 0.5)]
    while session.can_redo:
        session.redo()
    assert (session.side, session["latent.1"], session["latent.2"]) == ("A", 1, 2)
    session.swap()
    assert session["latent.1"] == -1, "the other side is as it was left"


@pytest.mark.parametrize(("to", "heard"), [("B", 1.0), ("A", -1.0)])
def test_a_side_is_copied_to_the_other_and_undo_brings_back_what_it_was(session, said, to, heard):
    session.set("latent.1", 1)
    session.swap()
    session.set("latent.1", -1)
    session.swap()
    session.copy_side(to)
    assert (session.side, session["latent.1"]) == ("A", heard)
    session.swap()
    assert (session.side, session["latent.1"]) == ("B", heard)
    for expected in (("A", 1), ("B", -1)):
        session.undo() if expected[0] == "A" else session.swap()
        assert (session.side, session["latent.1"]) == expected
    assert from_json(said[-1]["patch"]).latents[0] == -1 if said[-1]["do"] == "patch" else said[-1]["value"] == -1


def test_a_copy_of_nothing_new_is_no_step(session):
    session.copy_side("A")
    assert not session.can_undo
    session.copy_side("B")
    session.copy_side("B")
    session.undo()
    assert not session.can_undo


def test_undo_takes_a_lock_back(session):
    session.lock("latent.4", True)
    session.lock("latent.4", True)
    session.set("latent.5", 1)
    session.undo()
    assert session.locked == {"latent.4"}
    session.undo()
    assert not session.locked and not session.can_undo
    session.redo()
    assert session.locked == {"latent.4"}


def test_a_new_name_and_a_deleted_file_hold_for_the_whole_history(session):
    session.set("latent.1", 1)
    session.load(OTHER)
    session.set("latent.1", 2)
    session.renamed("Third")
    session.undo()
    assert (session.name, session.dirty) == ("Third", False)
    session.kept_on_disk(False)
    session.redo()
    session.undo()
    assert session.dirty, "its file is gone"
    session.undo()
    assert (session.name, session.saved.on_disk) == ("First", True)


# Locks of sections

FAR = Patch("Far", "m", (2.0,) * 16, {i: PARAMETERS[i].highest for i in IDS}, tuple(Corner(n, (1.0,) * 16) for n in "efgh"), gain_db=3,
            routes=(Route("lfo.1", "filter.cutoff_hz"),), macros=("Wow",))


def test_every_control_of_a_patch_is_of_a_section():
    assert {section_of(i) for i in (*LATENTS, *IDS)} == set(SECTIONS)
    assert all(name_of(section) for section in SECTIONS)
    assert all(section_of(i) is None for i in NOT_IN_PATCHES)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_locked_section_stays_when_a_patch_is_loaded(session, said, section):
    session.lock(section, True)
    session.load(FAR)
    now = session.state.to_patch()
    for i in (*LATENTS, *IDS):
        of = PATCH if section_of(i) == section else FAR
        assert session[i] == (of.latents[0] if i in LATENTS else of.parameters[i]), i
    assert now.morph == (PATCH if section == "section.morph" else FAR).morph
    assert (now.routes, now.macros) == ((), ()) if section == "section.modulation" else (FAR.routes, FAR.macros)
    assert now.gain_db == (0 if section == "section.latents" else 3)
    assert from_json(said[-1]["patch"]) == now, "the engine plays the same"
    assert (session.name, session.dirty) == ("Far", True)
    session.undo()
    assert session.state.same_sound(session.saved) and session.locked == {section}


def test_what_is_made_of_recordings_comes_whole(session):
    session.lock("section.latents", True)
    session.load_new(FAR, whole=True)
    assert session.state.to_patch() == FAR and session.dirty, "it is not on disk yet"


def test_recordings_stay_where_their_section_is_locked(session):
    mine, theirs = (Recording(name, (0.0,) * 16, (recorded_note(seed=seed),), ("knobs", "top left"))
                    for seed, name in enumerate(("mine", "theirs")))
    session.load_new(PATCH.with_values(recordings=(mine,)))
    session.lock("section.morph", True)
    session.load(FAR.with_values(recordings=(theirs,)))
    assert places(session) == {"mine": ("top left",), "theirs": ("knobs",)}


def test_what_another_model_means_otherwise_is_not_kept(session):
    for section in ("section.latents", "section.morph", "section.filter"):
        session.lock(section, True)
    other = FAR.with_values(model="another")
    assert not_kept(session.state.patch, other, session.locked) == ["section.latents", "section.morph"]
    session.load(other)
    assert (session["latent.1"], session["morph.amount"], session["filter.cutoff_hz"]) == (2, 1, 900)


def test_chance_leaves_locked_sections_alone(session):
    for section in ("section.latents", "section.filter", "section.reverb"):
        session.lock(section, True)
    for act in (session.rolls.mutate, session.rolls.randomise):
        act()
        assert all(session[i] == session.saved.values[i] or section_of(i) not in session.locked for i in LATENTS)
        assert [session[i] for i in LATENTS] == [0.5] * 16
        assert session["filter.cutoff_hz"] == 900
