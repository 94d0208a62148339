"""Who plays what: parts, patches, program changes, what has no sound."""
import pytest

from hummingface.instrument.offline import parts
from hummingface.instrument.offline.parts import GM, OFF, PATCHES, Assignment, PartError
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn, Program
from hummingface.instrument.performance.messages.score import Score
from hummingface.models.playing.untrained import untrained

MINE = Patch("Mine", "Untrained", (0.25,) * 16)


@pytest.fixture(scope="module")
def model():
    made = untrained(width=16)
    for number, preset in zip((0, 40, 89), made.card["presets"].values(), strict=False):
        preset["program"] = number
    return made


def score(*events, names=("", "", ""), general_midi=False) -> Score:
    return Score([(float(at), track, event) for at, track, event in events], list(names), 9.0, general_midi)


def names(plan) -> dict[int, str]:
    return {part.number: part.sound.patch.name for part in plan.parts}


BAND = score((0, 0, Program(0, 40)), (0, 1, Program(2, 95)), (1, 0, NoteOn(0, 60, 90)), (1, 1, NoteOn(2, 48, 90)),
             (1, 2, NoteOn(9, 36, 90)),
             (2, 0, NoteOff(0, 60)), (2, 1, NoteOff(2, 48)), (2, 2, NoteOff(9, 36)), names=("Fiddle", "Pad", "Kit"))


def test_channels_play_their_programs_and_drums_are_left_out_and_said(model):
    plan = parts.plan(BAND, Assignment(model=model))
    first, second, third, *_ = model.presets
    assert names(plan) == {1: second, 3: third}, "the nearest of the family"
    assert [part.programs for part in plan.parts] == [GM, GM]
    assert len(plan.notices) == 1 and "channel 10: 1 drum notes" in plan.notices[0] and "--map 10=PATCH" in plan.notices[0]
    assert plan.parts[0].events[0] == (0.0, Controller(0, 7, 100)), "General MIDI's own volume"
    assert first not in names(plan).values()


def test_what_is_mapped_plays_its_patch_and_knows_no_programs(model):
    plan = parts.plan(BAND, Assignment(model=model, mapped={"10": MINE, "3": "off"}))
    assert names(plan) == {1: list(model.presets)[1], 10: "Mine"}
    assert plan.parts[1].programs == OFF and plan.parts[1].notes == 1
    assert not plan.notices


def test_tracks_are_parts_by_number_or_name(model):
    plan = parts.plan(BAND, Assignment(by="track", model=model, mapped={"fiddle": MINE}))
    assert names(plan) == {1: "Mine", 2: list(model.presets)[2]}
    assert [part.name for part in plan.parts] == ["Fiddle", "Pad"]
    with pytest.raises(PartError, match=r"no track 'flute' has notes; tracks with notes: 1 \(Fiddle\), 2 \(Pad\), 3 \(Kit\)"):
        parts.plan(BAND, Assignment(by="track", model=model, mapped={"flute": MINE}))
    with pytest.raises(PartError, match="no channel '7' has notes; channels with notes: 1, 3, 10"):
        parts.plan(BAND, Assignment(model=model, mapped={"7": MINE}))


def test_one_channel_is_played_as_live_unless_it_is_for_general_midi(model):
    events = (0, 0, Program(0, 40)), (1, 0, NoteOn(0, 60, 90)), (2, 0, NoteOff(0, 60))
    assert parts.plan(score(*events), Assignment(model=model)).parts[0].programs == PATCHES
    assert parts.plan(score(*events, general_midi=True), Assignment(model=model)).parts[0].programs == GM
    assert parts.plan(score(*events), Assignment(model=model, patch=MINE)).parts[0].programs == OFF
    assert parts.plan(score(*events), Assignment(model=model, patch=MINE, programs=PATCHES)).parts[0].programs == PATCHES


def test_a_change_of_program_leaves_what_controllers_moved(model):
    part = parts.plan(BAND, Assignment(model=model)).parts[0]
    load, moved = parts.on_program(part)
    assert load(40, 0) is None, "that plays already"
    assert load(127, 0) is None, "a noise"
    moved("reverb.mix", 0.77)
    sound = load(0, 0)
    assert sound.patch.name == next(iter(model.presets)) and sound.patch.parameters["reverb.mix"] == 0.77
    assert sound.source is part.sound.source


def test_noises_are_left_out_and_only_they(model):
    plan = parts.plan(score((0, 0, NoteOn(1, 60, 90)), (1, 0, NoteOff(1, 60)), (2, 0, Program(1, 122)), (3, 0, NoteOn(1, 62, 90)),
                            (4, 0, NoteOff(1, 62)), general_midi=True), Assignment(model=model))
    assert [event.note for _, event in plan.parts[0].events if isinstance(event, NoteOn)] == [60]
    assert "1 notes of program 123" in plan.notices[0]
    with pytest.raises(PartError, match=r"no notes that can be played.*drum"):
        parts.plan(score((0, 0, NoteOn(9, 36, 90))), Assignment(model=model))
    with pytest.raises(PartError, match="no notes"):
        parts.plan(score(), Assignment(model=model))


def test_what_hangs_is_released_at_the_end(model):
    plan = parts.plan(score((0, 0, Controller(0, 64, 127)), (1, 0, NoteOn(0, 60, 90)), (2, 0, NoteOn(1, 61, 90)), (3, 0, NoteOff(1, 61))),
                      Assignment(model=model))
    assert plan.parts[0].events[-2:] == [(9.0, NoteOff(0, 60)), (9.0, Controller(0, 64, 0))]
    assert plan.parts[1].events[-1] == (3.0, NoteOff(1, 61))


def test_each_part_has_a_timbre_of_its_own_on_one_model(model):
    one, other = parts.plan(BAND, Assignment(model=model)).parts
    assert one.sound.source is not other.sound.source
    assert one.sound.source.model is other.sound.source.model


def test_a_model_without_program_numbers_plays_its_patch(model):
    plain = untrained(width=16)
    plan = parts.plan(BAND, Assignment(model=plain))
    assert [part.programs for part in plan.parts] == [OFF, OFF]
    assert any("no sounds by General MIDI numbers" in notice for notice in plan.notices)
