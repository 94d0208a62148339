"""The audio process and its client: what goes wrong, and what happens then. On a real JACK server."""
import json
import os
import socket
import struct
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client as connect
from pathlib import Path

import numpy as np
import pytest

from hummingface.instrument.audio.process.listener import Listener
from hummingface.instrument.audio.protocol import ProtocolError
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.instrument.performance.messages import controller_map
from tests.audio.conftest import notes, position_moves, wait_for


@pytest.fixture(scope="module")
def server(jack_server):
    return jack_server(256)


def test_a_note_sounds_and_ends(playing):
    client, _ = playing
    client.send({"do": "note_on", "note": 60, "velocity": 100})
    wait_for(lambda: notes(client) == [60])
    wait_for(lambda: np.abs(client.output_since(0)[1]).max() > 1e-3)
    client.send({"do": "panic"})
    wait_for(lambda: notes(client) == [])


def test_the_client_refuses_what_is_no_message(playing, home):
    client, _ = playing
    with pytest.raises(ProtocolError):
        client.send({"do": "set", "id": "no.such", "value": 1})
    with pytest.raises(PatchError):
        client.send({"do": "patch", "patch": {**home, "latents": [1e9]}})
    assert client.patch["name"] == home["name"]


@pytest.mark.parametrize("data", [b"", b"\x80\x04N.", b"{", b'{"do": "note_on", "note": 300, "velocity": 1}',
                                  b'{"do": "set", "id": "filter.cutoff_hz", "value": NaN}', b'{"do": "patch", "patch": {}}'])
def test_the_process_refuses_it_too_and_plays_on(playing, data):
    client, told = playing
    told.forget()
    client._link.send(data)
    assert told.wait(tell="error")["text"]
    client.send({"do": "note_on", "note": 61, "velocity": 100})
    wait_for(lambda: notes(client) == [61])
    client.send({"do": "note_off", "note": 61})
    client.send({"do": "panic"})
    wait_for(lambda: notes(client) == [])


def test_a_patch_is_played(playing, home):
    client, told = playing
    told.forget()
    client.send({"do": "patch", "patch": {**home, "name": "Other", "latents": [1.0] * 16}})
    wait_for(lambda: '"name": "Other"' in Path(client._log_events).read_text())
    assert told.find(tell="error") is None


def test_what_is_moved_after_a_patch_was_asked_for_stays_so(playing, home):
    """However long the patch takes to open: moves go another, quicker way."""
    client, told = playing
    client.send({"do": "list"})
    told.forget()
    told.wait(tell="devices")                           # what was asked for before it is done,
    client.send({"do": "set", "id": "filter.cutoff_hz", "value": 999.0})
    wait_for(lambda: '"value": 999.0' in Path(client._log_events).read_text())
    before = len(Path(client._log_events).read_text().splitlines())
    for n in range(20):
        client.send({"do": "patch", "patch": {**home, "name": f"Number {n}"}})
        client.send({"do": "set", "id": "filter.cutoff_hz", "value": 1000.0 + n})
    client.send({"do": "list"})
    told.forget()
    told.wait(tell="devices")

    def order():
        lines = [json.loads(line) for line in Path(client._log_events).read_text().splitlines()[before:]]
        return [line["patch"]["name"] if line["event"] == "Load" else line["value"] for line in lines if line["event"] in ("Load", "Set")]
    wait_for(lambda: len(order()) == 40)
    assert order() == [told for n in range(20) for told in (f"Number {n}", 1000.0 + n)]


def test_a_patch_of_another_version_of_the_model_is_played_and_said_to_be_so(playing, home):
    client, told = playing
    told.forget()
    older = {**home, "name": "Older", "model": {**home["model"], "sha256": "0" * 64}}
    for name in ("Older", "Newer", "Older"):
        client.send({"do": "patch", "patch": {**(older if name == "Older" else home), "name": name}})
    client.send({"do": "patch", "patch": home})
    wait_for(lambda: Path(client._log_events).read_text().count('"name": "Older"') == 2)
    client.send({"do": "list"})
    told.wait(tell="devices")
    said = [message["text"] for message in told.messages if message["tell"] == "error"]
    assert len(said) == 1, "once"
    assert "Older" in said[0] and f"another version of the model {home['model']['name']}" in said[0]


def test_random_messages_leave_it_playing(playing):
    client, _ = playing
    random = np.random.default_rng(5)
    for _ in range(2000):
        client._link.send(bytes(random.integers(0, 256, random.integers(0, 40)).tolist()))
        client.send({"do": "midi", "bytes": [int(random.integers(0x80, 0xC0)), *map(int, random.integers(0, 128, 2))]})
    client.send({"do": "panic"})
    wait_for(lambda: notes(client) == [])
    assert position_moves(client)


def test_a_device_that_is_not_there_is_named_and_changes_nothing(playing):
    client, told = playing
    told.forget()
    client.send({"do": "open_audio", "device": "Grand Organ", "rate_hz": None, "block_samples": None})
    answer = told.wait(tell="audio")
    assert "Grand Organ" in answer["problem"]
    assert answer["device"].startswith("system")
    assert position_moves(client)
    client.restart()                                    # as after a crash: what played is what is opened, not waited for
    told.forget()
    told.wait(tell="ready")
    assert told.wait(tell="audio")["device"].startswith("system")


def test_a_rate_that_the_device_has_not_is_told(playing):
    client, told = playing
    told.forget()
    client.send({"do": "open_audio", "device": None, "rate_hz": 96000, "block_samples": None})
    answer = told.wait(tell="audio")
    assert answer["rate_hz"] == 48000
    assert "48000" in answer["problem"]
    assert position_moves(client)


def test_osc_plays_and_is_told_of_moves_and_another_port_is_said_where_one_is_taken(playing):
    client, told = playing
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind(("127.0.0.1", 0))
        here.settimeout(20)
        taken = here.getsockname()[1]
        client.send({"do": "osc", "listen": str(taken), "echo": None})
        assert f"127.0.0.1:{taken}" in told.wait(tell="error")["text"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        client.send({"do": "osc", "listen": str(port), "echo": f"127.0.0.1:{taken}"})
        note = b"/note\0\0\0,iii\0\0\0\0" + struct.pack(">iii", 1, 72, 100)

        def played():
            here.sendto(note, ("127.0.0.1", port))
            return notes(client) == [72]
        wait_for(played)
        client.send({"do": "set", "id": "reverb.size", "value": 0.25})
        assert here.recv(200) == b"/reverb/size\0\0\0\0,f\0\0" + struct.pack(">f", 0.25)
        here.sendto(b"/panic\0\0,\0\0\0", ("127.0.0.1", port))
        wait_for(lambda: notes(client) == [])
    client.send({"do": "osc", "listen": None, "echo": None})


def test_a_tuning_is_told_of_and_a_controller_while_somebody_listens(playing):
    client, told = playing
    client.send({"do": "tuning", "tuning": {"name": "thirds", "scale": ["", "1", "300."]}})
    assert told.wait(tell="tuning") == {"tell": "tuning", "by": "player", "name": "thirds"}
    client.send({"do": "note_on", "note": 61, "velocity": 100})
    wait_for(lambda: abs(client.telemetry().f0_hz - 440 * 2 ** ((63 - 69) / 12)) < 0.01)
    client.send({"do": "tuning", "tuning": None})
    assert told.wait(tell="tuning", by="") == {"tell": "tuning", "by": "", "name": ""}
    client.send({"do": "listen_controllers", "on": True})
    client.send({"do": "midi_map", "map": [{"cc": 1, "control": "reverb.size", "inverted": True}]})

    def moved():
        client.send({"do": "midi", "bytes": [0xB0, 1, 127]})
        return told.find(tell="set", id="reverb.size", value=0.0)
    wait_for(moved)
    assert told.wait(tell="controller", number=1) == {"tell": "controller", "channel": 0, "number": 1, "value": 127}
    client.send({"do": "listen_controllers", "on": False})
    client.send({"do": "midi_map", "map": controller_map.to_json(controller_map.USUAL)})


def test_devices_are_listed(playing):
    client, told = playing
    client.send({"do": "list"})
    listed = told.wait(tell="devices")["audio"]
    assert any(device["name"].startswith("system") and device["default"] for device in listed)


def test_the_test_tone_sounds_and_stops(playing):
    client, _ = playing
    client.send({"do": "test_tone", "on": True})

    def level() -> float:
        return float(np.sqrt((client.output_since(client.telemetry().position - 4800)[1] ** 2).mean()))
    wait_for(lambda: level() > 0.01)
    client.send({"do": "test_tone", "on": False})
    wait_for(lambda: level() < 1e-3)


def test_ports_come_and_go(playing, server):
    import jack
    client, told = playing
    told.forget()
    keys = jack.Client("keys", no_start_server=True, servername=server.name)
    out = keys.midi_outports.register("out")
    note = []

    @keys.set_process_callback
    def process(frames):
        out.clear_buffer()
        if note:
            out.write_midi_event(0, note.pop())
    with keys:          # closed whatever happens: one whose server ends first takes this process along
        wait_for(lambda: any("keys:out" in m.get("open", []) for m in (told.find(), *told.messages) if m))
        note.append((0x90, 72, 90))
        wait_for(lambda: notes(client) == [72])
    told.forget()
    told.wait(tell="midi", ports=[], open=[])
    wait_for(lambda: notes(client) == [])       # nobody is there to let the key up
    client.send({"do": "open_midi", "ports": ["another"]})
    told.forget()
    keys = jack.Client("keys", no_start_server=True, servername=server.name)
    keys.midi_outports.register("out")
    with keys:
        told.wait(tell="midi", ports=["keys:out"], open=[])
        client.send({"do": "open_midi", "ports": None})
        told.wait(tell="midi", ports=["keys:out"], open=["keys:out"])


def test_somebody_without_the_key_is_refused(playing):
    from hummingface.instrument.audio import registry
    client, _ = playing
    running = next(r for r in registry.all_running() if r.pid == client._link.process.pid)
    with pytest.raises((AuthenticationError, EOFError, ConnectionError)):
        connect(running.address, authkey=b"guess")
    assert position_moves(client)


def test_an_address_in_use_is_named(tmp_path):
    address = str(tmp_path / "socket")
    first = Listener(b"key", lambda m: None, lambda: None, lambda: None, address)
    with pytest.raises(OSError, match="socket"):
        Listener(b"key", lambda m: None, lambda: None, lambda: None, address)
    first.close()


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="priorities are asked for in Linux's way")
def test_the_performer_gives_way_to_every_client_of_the_audio_server(playing):
    """Its hops are made ahead; at the priority of a client it would keep ours, and everybody else's, from their periods."""
    client, _ = playing
    threads = [int(task.name) for task in Path(f"/proc/{client._link.process.pid}/task").iterdir()]
    told = [(os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK, os.sched_getparam(thread).sched_priority) for thread in threads]
    of_jack = [priority for policy, priority in told if policy == os.SCHED_FIFO]
    performer = [priority for policy, priority in told if policy == os.SCHED_RR]
    if not of_jack or not performer:
        pytest.skip("this user may not ask for real-time priority")
    assert max(performer) < min(of_jack)
