"""Audio processes and servers that are killed, and several at once: what plays on, and what comes back. On a real JACK server."""
import json
import os
from pathlib import Path

import pytest

from hummingface.instrument.audio.client import Client
from tests.audio.conftest import Told, notes, position_moves, wait_for


@pytest.fixture(scope="module")
def server(jack_server):
    return jack_server(256)


def test_two_instruments_play_at_once(playing, engine):
    client, _ = playing
    other, _ = engine()
    other.send({"do": "note_on", "note": 50, "velocity": 90})
    wait_for(lambda: notes(other) == [50])
    assert notes(client) == []
    assert position_moves(client)
    other.close()
    assert position_moves(client)


def test_an_engine_with_a_window_is_left_to_it_without_a_word(playing, home):
    second = Client(patch=home, attach=True)
    second.start()
    told = Told(second)
    try:
        told.wait(tell="ready")
        assert told.find(tell="error") is None
        assert second._link.process.pid != playing[0]._link.process.pid
    finally:
        second.close()


def test_a_killed_process_comes_back_with_its_patch(playing, home):
    client, told = playing
    client.send({"do": "patch", "patch": {**home, "name": "Mine"}})
    client.send({"do": "set", "id": "filter.cutoff_hz", "value": 777.0})
    client.send({"do": "set", "id": "master.volume_db", "value": -7.0})
    told.forget()
    path = client._link.state_path
    os.kill(client._link.process.pid, 9)
    told.wait(tell="engine", state="restarting")
    told.wait(tell="ready")
    assert told.find(tell="patch")["patch"]["name"] == "Mine"
    assert not path.exists(), "what it left behind is removed"

    def values():
        lines = [json.loads(line) for line in Path(client._log_events).read_text().splitlines()]
        return {line["id"]: line["value"] for line in lines if line["event"] == "Set"}
    wanted = {"filter.cutoff_hz": 777.0, "master.volume_db": -7.0}
    wait_for(lambda: wanted.items() <= values().items(), 30)
    client.send({"do": "note_on", "note": 62, "velocity": 90})
    wait_for(lambda: notes(client) == [62])


def test_a_killed_audio_server_is_waited_for(playing, server, home):
    client, told = playing
    client.send({"do": "patch", "patch": {**home, "name": "Mine"}})
    client.send({"do": "list"})
    told.wait(tell="devices")
    told.forget()
    server.kill()
    told.wait(tell="engine", state="restarting")
    assert "every 2 seconds" in told.wait(tell="audio", device=None)["problem"]
    told.wait(tell="ready")
    assert position_moves(client), "it performs on in silence"
    assert told.find(tell="patch")["patch"]["name"] == "Mine"
    told.forget()
    server.start()
    wait_for(lambda: any(m["tell"] == "audio" and m["device"] for m in (told.find(), *told.messages) if m))
    client.send({"do": "note_on", "note": 64, "velocity": 90})
    wait_for(lambda: notes(client) == [64])
