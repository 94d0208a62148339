"""What is asked before anything starts, and what must not be left of the asking."""
import subprocess
import sys
from pathlib import Path

import pytest

from hummingface.instrument.audio import registry
from tests.audio.conftest import wait_for
from tests.jack_server import DEFAULT


@pytest.fixture(scope="module")
def server(jack_server):
    return jack_server(256)


def test_asking_for_devices_leaves_no_client_behind(server):
    """A process that only asked ends well, though the JACK server dies before it: PortAudio would abort it."""
    code = ("import sys; from hummingface.instrument.app.launch import why_no_sound; "
            "print(why_no_sound('system'), flush=True); sys.stdin.read(1); print('ended')")
    asking = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert asking.stdout.readline() == b"None\n"
    server.kill()
    out, err = asking.communicate(b"x", timeout=60)
    server.start()                      # of the same name: a killed one leaves one of few places taken
    assert (asking.returncode, out) == (0, b"ended\n"), err


def test_a_device_or_model_that_was_named_and_is_not_there_is_said_before_anything_starts(server, home):
    for words, told in ((["--audio-device", "Grand Organ"], "Grand Organ"), (["--model", "nosuch"], "nosuch"),
                        (["--patch", "nosuch"], "nosuch"), (["--midi-port", "no keys"], 'The MIDI port "no keys" does not exist')):
        tried = subprocess.run([sys.executable, "-m", "hummingface", "play", "--headless", *words], capture_output=True, text=True,
                               timeout=120)
        assert tried.returncode == 1
        assert "hummingface: " in tried.stderr and told in tried.stderr
        assert "Starting" not in tried.stdout


def test_midi_ports_of_the_jack_server_are_listed(server):
    import jack
    keys = jack.Client("keys", no_start_server=True, servername=server.name)
    keys.midi_outports.register("out")
    with keys:
        listed = subprocess.run([sys.executable, "-m", "hummingface", "devices"], capture_output=True, text=True, timeout=120, check=True)
    assert "keys:out" in listed.stdout.partition("MIDI inputs:")[2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_a_full_disk_under_the_log_does_not_end_the_sound(engine, home, monkeypatch):
    monkeypatch.setenv(DEFAULT, "none of them")
    log = registry.log_path()
    log.unlink(missing_ok=True)
    log.symlink_to("/dev/full")
    try:
        client, told = engine()
        client.send({"do": "patch", "patch": {**home, "model": {"name": "nosuch"}}})
        assert "nosuch" in told.wait(tell="error")["text"]
        before = client.telemetry().position
        wait_for(lambda: client.telemetry().position > before + 48000)
        assert client.alive
        assert told.find(tell="engine", state="restarting") is None
    finally:
        log.unlink()
