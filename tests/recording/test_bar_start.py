"""MIDI clock through a real JACK server: tempo is reported, echoes follow, a take begins with the bar, and is played again the same."""
import json
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hummingface.instrument.audio import client as client_file
from hummingface.instrument.patches.parameters import BEATS
from hummingface.instrument.recording import replay
from tests.audio.conftest import wait_for
from tests.audio.jack_player import RATE_HZ, Player

PERIOD, BPM, BARS = 128, 150.0, 9
BAR = int(4 * 60 / BPM * RATE_HZ)
FIRST = 9600


@pytest.fixture(scope="module", autouse=True)
def server(jack_server):
    return jack_server(PERIOD)


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """A server that stands still for a few seconds, as it does here, is no reason to start the engine again."""
    monkeypatch.setattr(client_file, "STALL_S", 600.0)


def song() -> list[tuple[int, bytes]]:
    """A clock whose ticks come up to 2 ms late, with a note at every bar's begin."""
    late = np.random.default_rng(4).uniform(0, 0.002 * RATE_HZ, BARS * 96)
    events = [(FIRST - 10, b"\xfa")] + [(FIRST + int(n * BAR / 96 + late[n]), b"\xf8") for n in range(BARS * 96)]
    for bar in range(1, BARS):
        events += [(FIRST + bar * BAR, bytes([0x90, 60, 100])), (FIRST + bar * BAR + 4800, bytes([0x80, 60, 0]))]
    return sorted([*events, (FIRST + BARS * BAR, b"\xfc")], key=lambda event: event[0])


def test_a_take_begins_with_the_bar_and_is_played_again_the_same(engine, home, tmp_path):
    """As fast as it goes, with the server standing still while the window says what it wants: nothing comes late, and nothing is luck."""
    eighth = next(i for i, (_, beats) in enumerate(BEATS) if beats == 0.5)
    patch = {**home, "parameters": {**home["parameters"], "delay.mix": 0.5, "delay.sync": eighth}}
    log = tmp_path / "events.jsonl"
    client, told = engine(patch=patch, log_events=str(log))
    with Player(song(), (FIRST + (BARS + 1) * BAR) / RATE_HZ) as player:
        begins = player.stop_at(FIRST + int(2.6 * BAR))             # in the midst of a bar
        ends = player.stop_at(FIRST + int(6.3 * BAR))
        playing = threading.Thread(target=player.play_freewheeling)
        playing.start()
        go_on = begins()
        clock = wait_for(lambda: told.find(tell="clock", started=True) and next((m for m in told.messages if m.get("bpm")), None))
        assert clock["bpm"] == pytest.approx(BPM, abs=1.5)      # the first may come before any tempo is known
        client.send({"do": "record", "on": True, "folder": str(tmp_path / "takes"), "format": "wav24"})
        assert told.wait(tell="recording")["waits"]
        go_on()
        go_on = ends()
        on = told.wait(tell="recording", waits=False)
        assert on["path"] and not on["problem"]
        told.forget()
        client.send({"do": "record", "on": False, "folder": None, "format": "wav24"})
        take = told.wait(tell="take")
        assert not take["problem"]
        go_on()
        playing.join()
        told.wait(tell="clock", bpm=None)
        assert client._state[0]["waits_given_up"] == 0
    events = [json.loads(line) for line in log.read_text().splitlines()]
    tempos = [event["bpm"] for event in events if event["event"] == "Tempo"]
    assert 1 <= len(tempos) <= 6 and tempos[-1] == pytest.approx(BPM, abs=0.5)
    bars = [event["sample"] - PERIOD for event in events if event["event"] == "NoteOn"]
    assert min(abs(bar - on["begin"]) for bar in bars) <= 0.0025 * RATE_HZ, "where the bar is, but for what the clock came late"
    recorded, _ = soundfile.read(take["path"], dtype="float32", always_2d=True)
    assert len(recorded) / BAR == pytest.approx(3.3, abs=0.1), "from the third bar's end to where it was stopped"
    replay.render(Path(take["path"]), tmp_path / "again.wav")
    again, _ = soundfile.read(tmp_path / "again.wav", dtype="float32", always_2d=True)
    assert np.abs(recorded).max() > 0.005 and len(again) == len(recorded)
    assert np.abs(again - recorded).max() <= 1e-4


def test_a_wait_for_the_bar_can_be_ended(engine, tmp_path):
    client, told = engine()
    with Player(song(), (FIRST + BARS * BAR) / RATE_HZ) as player:
        waits = player.stop_at(FIRST + int(2.6 * BAR))
        playing = threading.Thread(target=player.play_freewheeling)
        playing.start()
        go_on = waits()
        told.wait(tell="clock", started=True)
        client.send({"do": "record", "on": True, "folder": str(tmp_path), "format": "wav24"})
        told.wait(tell="recording", waits=True)
        told.forget()
        client.send({"do": "record", "on": False, "folder": None, "format": "wav24"})
        told.wait(tell="recording", path=None, waits=False)
        go_on()
        playing.join()                      # through six more bars
        client.send({"do": "list"})
        told.wait(tell="devices")
        assert told.find(tell="take") is None and not list(tmp_path.glob("*.wav"))
