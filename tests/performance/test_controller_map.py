"""Controllers move controls as the player's map says."""
import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance import snapshot, snapshot_check
from hummingface.instrument.performance.messages import controller_map
from hummingface.instrument.performance.messages.controller_map import USUAL, ControllerMap, ControllerMapError, ControllerMapping
from hummingface.instrument.performance.messages.midi import CONTROLS, Controller, NoteOn, Set

CUTOFF, MIX = "filter.cutoff_hz", "reverb.mix"


def heard(table, *events, at=0.0):
    """What the last of these moves, (control, travel); `at`: where all controls stand."""
    used = ControllerMap(table)
    moved = [used.hear(event, lambda control: at) for event in events]
    return [(control, round(PARAMETERS[control].to_travel(value), 6)) for control, value in moved[-1]]


def test_range_direction_channel_and_bits():
    assert heard([ControllerMapping(20, CUTOFF)], Controller(5, 20, 127)) == [(CUTOFF, 1.0)]
    assert heard([ControllerMapping(20, CUTOFF, channel=3)], Controller(5, 20, 127)) == []
    assert heard([ControllerMapping(20, CUTOFF, channel=3)], Controller(3, 20, 0)) == [(CUTOFF, 0.0)]
    assert heard([ControllerMapping(20, MIX, low=0.25, high=0.75)], Controller(0, 20, 127)) == [(MIX, 0.75)]
    assert heard([ControllerMapping(20, MIX, low=0.25, high=0.75, inverted=True)], Controller(0, 20, 127)) == [(MIX, 0.25)]
    fine = [ControllerMapping(20, MIX, fine=True)]
    assert heard(fine, Controller(0, 20, 64), Controller(0, 52, 1)) == [(MIX, round((64 * 128 + 1) / 16383, 6))]
    assert heard(fine, Controller(0, 20, 127)) == [(MIX, 1.0)], "the end can be reached by a controller of seven bits"
    both = [ControllerMapping(20, MIX), ControllerMapping(20, CUTOFF, inverted=True)]
    assert heard(both, Controller(0, 20, 127)) == [(MIX, 1.0), (CUTOFF, 0.0)]


def test_soft_take_over_waits_for_the_control():
    table = [ControllerMapping(20, MIX, takes_over=True)]
    assert heard(table, Controller(0, 20, 10), at=0.5) == []
    assert heard(table, Controller(0, 20, 10), Controller(0, 20, 40), at=0.5) == []
    assert heard(table, Controller(0, 20, 40), Controller(0, 20, 90), at=0.5) == [(MIX, round(90 / 127, 6))], "it passed it"
    assert heard(table, Controller(0, 20, 63), at=0.5) == [(MIX, round(63 / 127, 6))], "it is there"


def test_a_map_survives_its_json_and_damage_is_refused():
    table = (ControllerMapping(20, MIX, 3, True, 0.2, 0.9, True, True), *USUAL)
    assert controller_map.from_json(controller_map.to_json(table)) == table
    assert controller_map.from_json({"74": CUTOFF, "21": "master.velocity"}) == controller_map.of_numbers(
        {74: CUTOFF, 21: "dynamics.range_db"}), "as maps were before"
    good = {"cc": 20, "control": MIX}
    for damage in ({"cc": 128}, {"cc": 99}, {"cc": "20"}, {"control": "no.such"}, {"control": 3}, {"channel": 0}, {"channel": 17},
                   {"fine": 1}, {"fine": True, "cc": 74}, {"low": -0.1}, {"high": float("nan")}, {"else": 1}):
        with pytest.raises(ControllerMapError):
            controller_map.from_json([good | damage])
    assert not any(map(controller_map.is_map, (None, 3, "x", [3], {"x": MIX}, {"": MIX}, [good] * 1000)))


def test_the_performer_plays_by_the_map_and_a_take_keeps_it(plain):
    told = []
    player = Player(plain, changed=lambda *moved: told.append(moved))
    performer = player.performer
    performer.messages.controllers.use([ControllerMapping(1, CUTOFF), ControllerMapping(6, MIX),
                                        ControllerMapping(20, "drive.amount", fine=True),
                                        ControllerMapping(64, "delay.mix", 2, takes_over=True)])
    for event in (Controller(0, 1, 0), Controller(0, 6, 127), Controller(0, 64, 127), Controller(2, 64, 90), Controller(0, 20, 64),
                  Controller(0, 101, 0), Controller(0, 100, 0), Controller(0, 6, 12), Controller(0, 74, 0)):
        performer.receive(event, 0)
    player.render(4800)
    assert told == [(CUTOFF, 20.0), (MIX, 1.0), ("drive.amount", pytest.approx(64 * 128 / 16383))]
    assert performer.voices.down[0], "another channel's pedal is a pedal"
    assert performer.channels.bend_range[0] == 12, "data entry for a chosen RPN is no knob"
    captured = snapshot_check.check(snapshot.capture(performer))
    other = Player(plain)
    snapshot.restore(other.performer, captured)
    for one in (player, other):
        one.performer.receive(Controller(0, 52, 127), 9600)
        one.performer.receive(Controller(2, 64, 0), 9600)
        one.render(9600)
    assert other.performer.messages.controllers.capture() == performer.messages.controllers.capture()
    np.testing.assert_array_equal(player.performer.controls.goal, other.performer.controls.goal)
    with pytest.raises(snapshot.SnapshotError):
        snapshot_check.check({**captured, "controllers_at": [[0, None]]})


def test_without_a_map_of_ones_own_it_is_that_of_the_table(plain):
    assert {mapping.number: mapping.control for mapping in USUAL} == CONTROLS
    player = Player(plain)
    assert snapshot.capture(player.performer)["controllers"] == {str(number): control for number, control in CONTROLS.items()}
    for event in (Controller(9, 74, 0), Set("master.volume_db", -3.0), NoteOn(0, 60, 100)):
        player.performer.receive(event, 0)
    player.render(480)
    assert player.performer.controls.goal[list(PARAMETERS).index(CUTOFF)] == 20.0
