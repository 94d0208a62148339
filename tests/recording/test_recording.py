"""Takes of the real audio process on a real JACK server: started, stopped, killed, on a full disk."""
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hummingface.instrument.audio import registry
from hummingface.instrument.performance.messages import midi, score
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
from tests.audio.conftest import Told, wait_for
from tests.recording.readers import by_all

MOST_TRIES = 5
KEY = {"do": "note_on", "note": 69, "velocity": 100}


@pytest.fixture(scope="module", autouse=True)
def server(jack_server):
    return jack_server(256)


def record(client, folder, sample_format="wav24"):
    client.send({"do": "record", "on": True, "folder": str(folder) if folder else None, "format": sample_format})


def stop(client):
    client.send({"do": "record", "on": False, "folder": None, "format": "wav24"})


def pid_of(client) -> int:
    return client._link.process.pid


def wait_samples(client, samples):
    begin = client.telemetry().position
    wait_for(lambda: client.telemetry().position >= begin + samples)


def play_a_note(client, told):
    """Record a key, a controller and a knob: (what was said as it began, what it ended, all that was rendered, up to which position)."""
    record(client, None)
    on = told.wait(tell="recording")
    assert on["path"] and not on["problem"]
    client.send(KEY)
    client.send({"do": "midi", "bytes": [0xB0, 1, 77]})
    client.send({"do": "set", "id": "filter.cutoff_hz", "value": 4000})
    wait_samples(client, 24_000)
    client.send({"do": "note_off", "note": 69})
    wait_samples(client, 12_000)
    end = client.telemetry().position
    whole = client.output_since(0)[1]
    stop(client)
    return on, told.wait(tell="take"), whole, end


def test_a_take_is_what_was_played(engine, home):
    client, told = engine()
    wait_samples(client, 4800)
    for _ in range(MOST_TRIES):                             # a machine that has other things to do begins notes late
        late = client.telemetry().late
        on, take, whole, end = play_a_note(client, told)
        if client.telemetry().late == late:
            break
        told.forget()
        for path in Path(take["path"]).parent.iterdir():
            path.unlink()
        wait_samples(client, 24_000)
    assert Path(on["path"]).parent == Path(os.environ["HUMMINGFACE_HOME"]) / "takes"
    assert not take["problem"]
    path = Path(take["path"])
    assert path.name.endswith(f"{home['name']} A4.wav"), "by date, patch and key"
    assert by_all(path) == round(take["seconds"] * 48000)
    sound, _ = soundfile.read(path, dtype="float32", always_2d=True)
    assert end - on["begin"] <= len(sound) <= end - on["begin"] + 48_000
    heard = whole[on["begin"] - (end - len(whole)):]
    count = min(len(heard), len(sound))
    assert count > 36_000 and np.abs(heard).max() > 0.01
    assert np.abs(heard[:count] - sound[:count]).max() <= 2 ** -24
    events = score.read_file(path.with_suffix(".mid"))
    assert [event for _, event in events if isinstance(event, (NoteOn, NoteOff))] == [NoteOn(0, 69, 100), NoteOff(0, 69)]
    assert midi.Controller(0, 1, 77) in [event for _, event in events]
    assert any(isinstance(event, midi.Controller) and event.number == 74 for _, event in events), "the knob, as its controller"
    at = round(next(at_s for at_s, event in events if isinstance(event, NoteOn)) * 48000)
    assert np.abs(sound[:at]).max() < 1e-6 < np.abs(sound[at:at + 200]).max(), "to the sample"
    assert not path.with_suffix(".part").exists()
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".mid", ".wav"]


@pytest.mark.parametrize("name", ["killed", "ended"])
def test_a_process_that_ends_leaves_a_whole_take(engine, tmp_path, name):
    client, told = engine()
    record(client, tmp_path)
    on = told.wait(tell="recording")
    client.send(KEY)
    wait_samples(client, 30_000)
    position = client.telemetry().position
    if name == "killed":
        os.kill(pid_of(client), signal.SIGKILL)
        client.close()
    else:
        client.close()
    path = next(tmp_path.glob("*.wav"))
    frames = by_all(path)
    assert frames >= position - on["begin"] - 0.1 * 48000
    assert np.abs(soundfile.read(path)[0]).max() > 0.01
    assert NoteOn(0, 69, 100) in [event for _, event in score.read_file(path.with_suffix(".mid"))]
    assert path.with_suffix(".part").exists() == (name == "killed")


WINDOW = """
import json, os, signal, sys, time
from hummingface.instrument.audio.client import Client
client = Client(patch=json.loads(sys.argv[2]), attach=False)
client.start()
told = []
def wait(tell):
    while not (found := [m for m in told if m["tell"] == tell]):
        told.extend(client.poll())
        time.sleep(0.02)
    return found[0]
wait("ready")
client.send({"do": "record", "on": True, "folder": sys.argv[1], "format": "wav24"})
print(wait("recording")["path"], client._link.process.pid, flush=True)
time.sleep(0.3)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_window_that_is_killed_stops_no_take(home, tmp_path):
    """The sound goes on, and so does the take; the next window finds it and can end it."""
    from hummingface.instrument.audio.client import Client
    child = subprocess.Popen([sys.executable, "-c", WINDOW, str(tmp_path), json.dumps(home)], stdout=subprocess.PIPE, text=True)
    path, pid = child.stdout.readline().rsplit(" ", 1)
    child.wait()
    length = Path(path).stat().st_size
    wait_for(lambda: Path(path).stat().st_size > length + 100_000)
    assert by_all(Path(shutil.copy(path, tmp_path / "copy.wav"))) > 30_000, "whole while it is written"
    assert int(pid) in [running.pid for running in registry.all_running()]
    client = Client(patch=home)
    client.start()
    told = Told(client)
    assert told.wait(tell="recording")["path"] == path
    wait_for(lambda: client.alive)
    stop(client)
    take = told.wait(tell="take")
    assert not take["problem"]
    assert by_all(Path(take["path"])) > 30_000
    client.close()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_full_disk_stops_the_take_with_a_message_and_keeps_it(engine, small_disk):
    client, told = engine()
    record(client, small_disk)
    told.wait(tell="recording")
    client.send(KEY)
    take = told.wait(tell="take")
    assert "the disk is full" in take["problem"] and str(small_disk) in take["problem"]
    assert told.wait(tell="recording", path=None)
    path = next(small_disk.glob("*.wav"))
    assert take["problem"].endswith(f"were written are kept in {path}.") and take["path"] == str(path), "under the name that it has now"
    assert by_all(path) == round(take["seconds"] * 48000) > 3 * 48000
    assert NoteOn(0, 69, 100) in [event for _, event in score.read_file(path.with_suffix(".mid"))]
    assert client.alive
    wait_samples(client, 4800)


def test_a_folder_that_cannot_be_written_is_said(engine, tmp_path):
    client, told = engine()
    (tmp_path / "file").write_text("")
    record(client, tmp_path / "file")
    said = told.wait(tell="recording")
    assert said["path"] is None and said["problem"] == f"Not recording: {tmp_path / 'file'}: is no folder. Choose another folder for takes."
    client.send(KEY)
    wait_samples(client, 4800)
    client.send({"do": "capture", "folder": str(tmp_path / "file"), "format": "wav24"})
    assert told.wait(tell="error")["text"].startswith(f"Nothing could be kept: {tmp_path / 'file'}: is no folder.")
    assert client.alive


def test_a_take_that_is_deleted_while_it_is_recorded_is_said_at_once(engine, tmp_path):
    client, told = engine()
    record(client, tmp_path / "takes")
    told.wait(tell="recording")
    shutil.rmtree(tmp_path / "takes")
    take = told.wait(tell="take")
    assert "deleted during the recording" in take["problem"] and take["path"] in take["problem"] and "kept" not in take["problem"]
    assert told.wait(tell="recording", path=None)


def test_a_take_that_is_moved_while_it_is_recorded_goes_on_there(engine, tmp_path):
    client, told = engine()
    record(client, tmp_path / "takes")
    told.wait(tell="recording")
    (tmp_path / "takes").rename(tmp_path / "moved")
    wait_samples(client, 24_000)
    stop(client)
    take = told.wait(tell="take")
    assert "was moved or deleted during the recording" in take["problem"]
    path, = (tmp_path / "moved").glob("*.wav")
    assert by_all(path) == round(take["seconds"] * 48000) > 24_000


def test_a_terminal_records_until_it_is_ended(home):
    from hummingface.instrument.patches import patch as patch_file
    folder = Path(os.environ["HUMMINGFACE_HOME"])
    patch_file.save(patch_file.from_json(home), folder / "mine.json")
    before = set((folder / "takes").glob("*.wav"))
    terminal = subprocess.Popen([sys.executable, "-m", "hummingface", "--headless", "--record", "--patch", str(folder / "mine.json")],
                                stdout=subprocess.PIPE, text=True)
    assert terminal.stdout
    assert next((line for line in terminal.stdout if line.startswith("Recording ")), None)
    terminal.send_signal(signal.SIGINT)
    said = terminal.stdout.read()
    assert terminal.wait(60) == 0
    path, = set((folder / "takes").glob("*.wav")) - before
    assert f"{path}: " in said
    assert by_all(path) > 0
