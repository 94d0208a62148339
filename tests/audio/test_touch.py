"""The player's velocity curve, from a keyboard on a real JACK server into the audio process and its takes."""
import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from hummingface.instrument.audio.client import Client
from hummingface.instrument.audio.engine.engine import Engine, EngineOptions
from hummingface.instrument.audio.engine.velocity_input import Touch
from hummingface.instrument.audio.engine_settings import PlayersChoices
from hummingface.instrument.patches.velocity_curve import LINEAR, PRESETS, VelocityCurve, to_json
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages import score
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn
from hummingface.instrument.session import settings
from hummingface.instrument.session.startup import StartOptions, prepare
from hummingface.models.playing.untrained import untrained
from tests.audio.conftest import Told, look_at_ports, wait_for
from tests.audio.jack_player import Player

CURVE = VelocityCurve(((1, 30), (40, 77), (127, 120)))
STROKES = (1, 40, 64, 127)


@pytest.fixture(scope="module", autouse=True)
def server(jack_server):
    return jack_server(256)


def struck(log: Path) -> list[int]:
    """The velocities of all notes so far, as they were played."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line["velocity"] for line in lines if line["event"] == "NoteOn"]


def play_all(log: Path) -> list[int]:
    """What becomes of the strokes, played on a port of JACK in freewheel, where no busy machine loses any."""
    before = len(struck(log))
    performance = [(2400 * i + 1200 * up, bytes((0x90, 60, 0 if up else velocity))) for i, velocity in enumerate(STROKES) for up in (0, 1)]
    with Player(performance, 0.5) as player:
        player.play_freewheeling()
    wait_for(lambda: len(struck(log)) >= before + len(STROKES))
    return struck(log)[before:]


def through(curve) -> list[int]:
    return [curve.table[velocity] for velocity in STROKES]


def test_a_keyboard_is_played_through_the_curve_and_takes_hold_what_came_out(engine, tmp_path):
    log = tmp_path / "events.jsonl"
    client, told = engine(log_events=str(log), choices=PlayersChoices(velocity_curve=CURVE.table))
    client.send({"do": "record", "on": True, "folder": str(tmp_path), "format": "wav24"})
    told.wait(tell="recording")
    assert play_all(log) == through(CURVE) == [30, 77, CURVE.table[64], 120]
    client.send({"do": "note_on", "note": 72, "velocity": 40})              # the window's own hands
    client.send({"do": "note_off", "note": 72})
    wait_for(lambda: struck(log)[-1] == 40)
    known = client.telemetry().position
    wait_for(lambda: client.telemetry().position > known + 9_600)       # it sounds some hops after it is known
    client.send({"do": "record", "on": False, "folder": None, "format": "wav24"})
    take = told.wait(tell="take")
    assert not take["problem"]
    notes = [event for _, event in score.read_file(Path(take["path"]).with_suffix(".mid")) if isinstance(event, NoteOn)]
    assert [note.velocity for note in notes] == [*through(CURVE), 40]

    # The player's present curve says nothing of a take, but goes on for what is played after it.
    told.forget()
    fixed = PRESETS["Fixed"]
    client.send({"do": "velocity_curve", "table": list(fixed.table)})
    before = len(struck(log))
    client.send({"do": "recall", "path": take["path"]})
    told.wait(tell="patch")
    wait_for(lambda: len(struck(log)) >= before + len(notes))
    assert struck(log)[before:] == [*through(CURVE), 40]
    assert play_all(log) == through(fixed), "the engine that took over has the player's curve"


def test_a_process_that_was_killed_comes_back_with_the_curve(engine, tmp_path):
    log = tmp_path / "events.jsonl"
    client, told = engine(log_events=str(log))
    assert play_all(log) == list(STROKES), "linear at first"
    client.send({"do": "velocity_curve", "table": list(CURVE.table)})
    client.send({"do": "listen_velocities", "on": True})
    wait_for(lambda: play_all(log) == through(CURVE))
    told.forget()
    os.kill(client._link.process.pid, signal.SIGKILL)
    told.wait(tell="engine", state="restarting")
    told.wait(tell="ready")
    look_at_ports(client, told)                     # what was asked before is done
    assert play_all(log) == through(CURVE)
    told.wait(tell="velocities")                    # and who looked at velocities still does


def test_a_window_that_takes_over_brings_its_curve(engine, home, tmp_path):
    log = tmp_path / "events.jsonl"
    first, _ = engine(log_events=str(log), choices=PlayersChoices(velocity_curve=PRESETS["Fixed"].table))
    first.close(keep_playing=True)
    second = Client(patch=home, attach=True, choices=PlayersChoices(velocity_curve=CURVE.table))
    second.start()
    told = Told(second)
    try:
        told.wait(tell="ready")
        look_at_ports(second, told)
        assert play_all(log) == through(CURVE)
    finally:
        second.close()


def test_a_start_takes_the_curve_from_the_settings(home, tmp_path):
    """As both the window and the terminal start."""
    settings.Settings(velocity_curve=to_json(CURVE)).save()
    prepared = prepare(StartOptions())
    client = prepared.client
    client._log_events = str(tmp_path / "events.jsonl")
    client.start()
    told = Told(client)
    try:
        told.wait(tell="ready", seconds=600)
        assert play_all(tmp_path / "events.jsonl") == through(CURVE)
    finally:
        client.close()
        settings.path().unlink()


def test_velocities_are_told_as_they_come_in_while_somebody_listens(engine, tmp_path):
    log = tmp_path / "events.jsonl"
    client, told = engine(log_events=str(log), choices=PlayersChoices(velocity_curve=CURVE.table))

    def heard() -> list[int]:
        told.find()
        return [velocity for message in told.messages if message["tell"] == "velocities" for velocity in message["incoming"]]
    play_all(log)
    client.send({"do": "listen_velocities", "on": True})
    client.send({"do": "listen_velocities", "on": True})
    look_at_ports(client, told)
    play_all(log)
    wait_for(lambda: len(heard()) >= len(STROKES))
    assert heard() == list(STROKES)
    client.send({"do": "listen_velocities", "on": False})
    look_at_ports(client, told)
    play_all(log)
    look_at_ports(client, told)
    assert heard() == []


# Without a process

def test_many_velocities_are_told_in_few_messages():
    told: list[list[int]] = []
    touch = Touch(told.append)
    touch.listen(True)
    for velocity in [*range(1, 128)] * 5:
        touch.apply(NoteOn(0, 60, velocity))
    wait_for(lambda: sum(map(len, told)) == 5 * 127)
    touch.listen(False)
    assert [v for velocities in told for v in velocities] == [*range(1, 128)] * 5
    assert len(told) < 30


def test_all_but_note_ons_pass_as_they_are():
    touch = Touch()
    touch.use(CURVE.table)
    for event in (None, NoteOff(3, 60), Controller(0, 64, 40)):
        assert touch.apply(event) is event
    assert touch.apply(NoteOn(3, 61, 40)) == NoteOn(3, 61, 77)


@pytest.mark.parametrize("source", ["system", "JACK"])
def test_both_ways_of_midi_go_through_the_curve(source):
    """The system's ports call `receive_bytes`; JACK's messages are taken by the performer with their stamps."""
    noted = []
    touch = Touch()
    touch.use(CURVE.table)
    engine = Engine(48_000, FrameSource(untrained(seed=1, width=16)), None,
                    EngineOptions(log=lambda _sample, event: noted.append(event), touch=touch))
    messages = [bytes((0x90, 60, 40)), bytes((0x90, 60, 0)), bytes((0x90, 62, 127)), bytes((0xF8,))]
    if source == "system":
        for message in messages:
            engine.receive_bytes(message)
    else:
        engine.jack = SimpleNamespace(done_until=1, take=lambda: [(0, messages.pop(0))] if messages else [])
    engine.start()
    wait_for(lambda: sum(isinstance(event, NoteOn) for event in noted) == 2)
    engine.receive(NoteOn(0, 64, 40))                   # from the window
    wait_for(lambda: sum(isinstance(event, NoteOn) for event in noted) == 3)
    engine.jack = None
    engine.close()
    played = [(event.note, event.velocity) for event in noted if isinstance(event, NoteOn)]
    assert played == [(60, 77), (62, 120), (64, 40)]
    assert NoteOff(0, 60) in noted


def test_linear_is_what_an_engine_plays_by_itself():
    touch = Touch()
    assert [touch.apply(NoteOn(0, 60, v)) for v in range(1, 128)] == [NoteOn(0, 60, v) for v in LINEAR.table[1:]]
