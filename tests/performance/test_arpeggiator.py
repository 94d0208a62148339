"""The arpeggiator: which notes it makes, when they begin and end, and that a snapshot goes on where it stood."""
import json

import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import snapshot, snapshot_check
from hummingface.instrument.performance.controls import Controls
from hummingface.instrument.performance.messages.arpeggiator import Arpeggiator
from hummingface.instrument.performance.messages.midi import ArpeggiatorNote, Controller, NoteOff, NoteOn, Panic, Set, Tempo
from hummingface.instrument.performance.snapshot import SnapshotError

RATE_HZ = 48_000
STEP = 6_000                         # a sixteenth at 120 beats a minute
ORDERS = PARAMETERS["arpeggiator.mode"].choices
KINDS = PARAMETERS["arpeggiator.step_1"].choices


def settings(pattern: str = "", **values: float) -> np.ndarray:
    """Values of all controls; `pattern`: n, a, t, r for note, accent, tie, rest."""
    controls = Controls(1 / 187.5)
    for name, value in {"on": 1, **values}.items():
        controls.set(f"arpeggiator.{name}", value)
    if pattern:
        controls.set("arpeggiator.length", len(pattern))
        for number, kind in enumerate(pattern, 1):
            controls.set(f"arpeggiator.step_{number}", "natr".index(kind))
    return controls.goal


def made(keys: list[int], controls: np.ndarray, until: int, bpm: float = 120.0) -> list[tuple[int, NoteOn | NoteOff]]:
    """What it makes of keys that are struck together at sample 0 and held."""
    arpeggiator = Arpeggiator(RATE_HZ)
    arpeggiator.set(controls, 0)
    for key in keys:
        arpeggiator.press(NoteOn(0, key, 90), 0, controls)
    return run(arpeggiator, controls, until, bpm)


def run(arpeggiator: Arpeggiator, controls: np.ndarray, until: int, bpm: float = 120.0) -> list[tuple[int, NoteOn | NoteOff]]:
    events = []
    while (at := arpeggiator.due) < until:
        events += [(at, event) for event in arpeggiator.play(controls, bpm)]
    return events


def begins(events: list[tuple[int, NoteOn | NoteOff]]) -> list[int]:
    return [event.note for _, event in events if isinstance(event, NoteOn)]


@pytest.mark.parametrize(("order", "octaves", "expected"), [
    ("up", 1, [60, 64, 67, 60, 64, 67, 60, 64]), ("down", 1, [67, 64, 60, 67, 64, 60, 67, 64]),
    ("up & down", 1, [60, 64, 67, 64, 60, 64, 67, 64]), ("as played", 1, [64, 60, 67, 64, 60, 67, 64, 60]),
    ("up", 2, [60, 64, 67, 72, 76, 79, 60, 64]), ("down", 2, [79, 76, 72, 67, 64, 60, 79, 76]),
    ("chord", 1, [60, 64, 67] * 8), ("chord", 2, [60, 64, 67, 72, 76, 79] * 4)])
def test_orders_and_octaves(order, octaves, expected):
    assert begins(made([64, 60, 67], settings(mode=ORDERS.index(order), octaves=octaves), 8 * STEP)) == expected


def test_random_takes_every_key_and_is_the_same_each_time():
    controls = settings(mode=ORDERS.index("random"), octaves=2)
    first = begins(made([60, 64, 67], controls, 200 * STEP))
    assert set(first) == {60, 64, 67, 72, 76, 79}
    assert max(first.count(note) for note in set(first)) < 60, "evenly, more or less"
    assert first == begins(made([60, 64, 67], controls, 200 * STEP))


def test_notes_lie_on_the_grid_and_last_as_long_as_the_gate():
    events = made([60], settings(gate=0.25), 4 * STEP)
    assert [at for at, event in events if isinstance(event, NoteOn)] == [0, STEP, 2 * STEP, 3 * STEP]
    assert [at for at, event in events if isinstance(event, NoteOff)] == [STEP // 4 + n * STEP for n in range(4)]


def test_swing_moves_every_second_step():
    events = made([60], settings(swing=1 / 3, rate=PARAMETERS["arpeggiator.rate"].choices.index("1/8")), 8 * STEP)
    assert [at for at, event in events if isinstance(event, NoteOn)] == [0, 16_000, 24_000, 40_000], "triplets"


def test_a_pattern_of_accents_ties_and_rests():
    events = made([60, 64], settings("atrn"), 8 * STEP)
    assert [(at, event.note, event.velocity) for at, event in events if isinstance(event, NoteOn)] == [
        (0, 60, 118), (3 * STEP, 64, 90), (4 * STEP, 60, 118), (7 * STEP, 64, 90)]
    assert [at for at, event in events if isinstance(event, NoteOff)][:2] == [3 * STEP // 2, 7 * STEP // 2], "the tie is one step longer"


def test_a_full_gate_is_legato_and_a_repeated_key_is_struck_again():
    two = [event for at, event in made([60, 64], settings(gate=1), 2 * STEP) if at == STEP]
    assert two == [NoteOn(0, 64, 90), NoteOff(0, 60)]
    one = [event for at, event in made([60], settings(gate=1), 2 * STEP) if at == STEP]
    assert one == [NoteOff(0, 60), NoteOn(0, 60, 90)]


def test_keys_that_go_and_come():
    controls = settings()
    arpeggiator = Arpeggiator(RATE_HZ)
    arpeggiator.set(controls, 0)
    for key in (60, 64):
        arpeggiator.press(NoteOn(0, key, 90), 0, controls)
    run(arpeggiator, controls, STEP)
    assert arpeggiator.lift(NoteOff(0, 60))
    assert not arpeggiator.lift(NoteOff(0, 61)), "somebody else's"
    assert begins(run(arpeggiator, controls, 3 * STEP)) == [64, 64]
    arpeggiator.lift(NoteOff(0, 64))
    assert begins(run(arpeggiator, controls, 100 * STEP)) == []
    arpeggiator.press(NoteOn(0, 72, 90), 100 * STEP + 17, controls)
    assert run(arpeggiator, controls, 101 * STEP)[0] == (100 * STEP + 17, NoteOn(0, 72, 90)), "at once, with the key"


@pytest.mark.parametrize("holds", ["latch", "pedal"])
def test_latch_and_pedal_hold_keys(holds):
    controls = settings(latch=holds == "latch")
    arpeggiator = Arpeggiator(RATE_HZ)
    arpeggiator.set(controls, 0)
    arpeggiator.pedal(0, holds == "pedal")
    for key in (60, 64):
        arpeggiator.press(NoteOn(0, key, 90), 0, controls)
    for key in (60, 64):
        arpeggiator.lift(NoteOff(0, key))
    assert begins(run(arpeggiator, controls, 4 * STEP)) == [60, 64, 60, 64]
    if holds == "latch":
        arpeggiator.press(NoteOn(0, 72, 90), 4 * STEP, controls)
        assert begins(run(arpeggiator, controls, 6 * STEP)) == [72, 72], "a new chord takes the place of the old one"
        arpeggiator.lift(NoteOff(0, 72))
        arpeggiator.set(settings(), 6 * STEP)
    else:
        arpeggiator.pedal(0, False)
    assert begins(run(arpeggiator, controls, 100 * STEP)) == []


def test_late_keys_join_a_chord():
    controls = settings(mode=ORDERS.index("chord"))
    arpeggiator = Arpeggiator(RATE_HZ)
    arpeggiator.set(controls, 0)
    arpeggiator.press(NoteOn(0, 60, 90), 0, controls)
    run(arpeggiator, controls, 500)
    assert arpeggiator.press(NoteOn(0, 64, 80), 500, controls) == [NoteOn(0, 64, 80)]
    events = run(arpeggiator, controls, STEP + 1)
    assert sorted(event.note for at, event in events if at == STEP // 2) == [60, 64], "they end together"
    assert arpeggiator.press(NoteOn(0, 67, 80), 2 * STEP - 10, controls) == []


@pytest.fixture
def player(plain):
    def make(events, **values):
        log: list = []
        patch = Patch("Pattern", "Plain", (0.0,) * 16, {"arpeggiator.on": 1.0, "envelope.release": 0.1, "reverb.mix": 0.0,
                                                        **{f"arpeggiator.{name}": value for name, value in values.items()}})
        player = Player(plain, patch, events=events, log=lambda sample, event: log.append((sample, event)))
        return player, log
    return make


def test_it_plays_to_the_sample_and_logs_what_it_made(player):
    made_by, log = player([(1000, NoteOn(0, 60, 100)), (5 * STEP, NoteOff(0, 60))], gate=0.5)
    sound = np.abs(made_by.render(8 * STEP)).max(1)
    assert [(at, event.velocity) for at, event in log if isinstance(event, ArpeggiatorNote)] == [
        (1000 + n * STEP // 2, 0 if n % 2 else 100) for n in range(10)]
    for n in range(5):
        begin = 1000 + n * STEP
        assert sound[begin + 10:begin + 2000].max() > 0.02 and sound[begin - 500:begin].max() < 0.005
    assert made_by.performer.sounding() == 0


@pytest.mark.parametrize("block", [64, 97, 1024])
def test_blocks_change_nothing(player, block):
    events = [(100, NoteOn(0, 60, 100)), (180, NoteOn(0, 67, 80)), (3 * STEP + 7, Tempo(133.0)), (6 * STEP, NoteOff(0, 60))]
    expected = player(events, mode=2, swing=0.2)[0].render(9 * STEP)
    assert np.array_equal(player(events, mode=2, swing=0.2)[0].render(9 * STEP, block), expected)


def test_switching_off_and_panic_end_it(player):
    for event in (Set("arpeggiator.on", 0.0), Panic(), Controller(0, 123, 0)):
        made_by, log = player([(100, NoteOn(0, 60, 100)), (3 * STEP, event)], latch=1)
        made_by.render(40 * STEP)
        assert made_by.performer.sounding() == 0
        assert max(at for at, event in log if isinstance(event, ArpeggiatorNote)) <= 3 * STEP + STEP


def test_keys_struck_before_it_was_switched_on_end_as_they_were_struck(player):
    events = [(0, Set("arpeggiator.on", 0.0)), (100, NoteOn(0, 60, 100)), (STEP, Set("arpeggiator.on", 1.0)), (2 * STEP, NoteOff(0, 60))]
    made_by, log = player(events)
    made_by.render(20 * STEP)
    assert made_by.performer.sounding() == 0 and not any(isinstance(event, ArpeggiatorNote) for _, event in log)


def test_a_snapshot_goes_on_where_it_stood(player, plain):
    """As one of a take, written and read again."""
    events = [(100, NoteOn(0, 60, 100)), (180, NoteOn(0, 67, 80)), (190, NoteOff(0, 60))]
    first, log = player(events, mode=4, octaves=3, latch=1, gate=0.2)
    first.render(3 * STEP + 2500)                               # between two notes, whose sound has ended
    values = snapshot_check.check(json.loads(json.dumps(snapshot.capture(first.performer))))
    notes = len([event for _, event in log if isinstance(event, ArpeggiatorNote)])
    first.render(12 * STEP)
    expected = [pair for pair in log if isinstance(pair[1], ArpeggiatorNote)][notes:]

    again: list = []
    second = Player(plain, first.performer.patch, log=lambda sample, event: again.append((sample, event)))
    snapshot.restore(second.performer, values)
    second.render(3 * STEP + 2500 + 12 * STEP - second.position)
    assert [pair for pair in again if isinstance(pair[1], ArpeggiatorNote)] == expected and len(expected) > 20


@pytest.mark.parametrize(("name", "value"), [
    ("keys", [[0, 60]]), ("keys", [[0, 60, 128]]), ("keys", [[16, 60, 90]] * 3), ("down", [[0, 60, -1]]), ("sounding", [[0, 0, 60, 2]]),
    ("pedals", [16]), ("grid", -1e9), ("grid", float("inf")), ("grid", "now"), ("swing", None), ("step", -1), ("played", 0.5),
    ("begun", "x")])
def test_what_is_no_snapshot_is_refused(plain, name, value):
    player = Player(plain, Patch("Pattern", "Plain", (0.0,) * 16))
    player.render(1024)
    values = snapshot.capture(player.performer)
    with pytest.raises(SnapshotError):
        snapshot_check.check({**values, "arpeggiator": {**values["arpeggiator"], name: value}})
