"""Windows and audio processes that are killed, as the system kills them, and what the next window finds: everything, always."""
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hummingface.instrument.audio import registry
from hummingface.instrument.audio.link import Link
from hummingface.instrument.audio.protocol import encode
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.session.window_state import read
from hummingface.models.playing.checkpoint import save_model
from hummingface.models.playing.untrained import untrained
from tests.gui.window_process import SOON_S, WindowProcess, kill_engines

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of Unix systems")

PLAYED = """
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.library import load_patch
session = window.session
session.load(load_patch("Birch"))
session.set("latent.1", 1.2345678901234567)
session.swap()
session.set("filter.cutoff_hz", 777.7)
session.put_in_corner(2, "Amber", load_patch("Amber").latents)
session.set_many({"morph.x": 0.25, "morph.y": 0.75, "morph.amount": 1.0})
session.load_new(Patch("From a recording", session.state.patch.model, tuple(0.12345678 * i / 16 for i in range(16)), gain_db=-3.21987))
session.rolls.randomise()
session.rolls.mutate()
session.undo()
session.lock("latent.5", True)
session.set("master.volume_db", -7.5)
session.set("master.tune_cents", 3.0)
session.set("latent.7", -0.5)
session.undo()
window.qwerty.octave, window.qwerty.velocity = 6, 48
window.qwerty.changed.emit()
window.named.turn.setChecked(True)
window.spectrogram.frame.setChecked(True)
window.wheel.setValue(640)
window.resize(1111, 707)
window.takes.open()
window.exports.open()
window.exports.every.setValue(7)
window.exports.wet.setChecked(True)
"""


def furnish(folder: Path) -> None:
    """A player's folder with one small model and three patches."""
    model = untrained(seed=1, width=64)
    model.card["knobs"] = {"family.brass": {"direction": [0.5] + [0.0] * (model.latents - 1)}}
    save_model(model, folder / "models" / "test")
    for number, name in enumerate(("Amber", "Birch", "Cedar")):
        z = tuple(0.1 * number + 0.01 * i for i in range(16))
        corners = tuple(Corner(name, z) for _ in range(4)) if number else ()
        patch_file.save(Patch(name, model.name, z, {"reverb.mix": 0.1 * number}, corners), folder / "patches" / f"{name.lower()}.json")


@contextmanager
def windows_of(folder: Path) -> Iterator[Callable[..., WindowProcess]]:
    """What starts a window there; whatever still runs there at the end is ended."""
    started = []

    def start(**options) -> WindowProcess:
        started.append(WindowProcess(folder, **options))
        return started[-1]
    yield start
    for window in started:
        if window.process.poll() is None:
            window.process.kill()
            window.process.wait()
    kill_engines(folder)


@pytest.fixture
def home(tmp_path):
    furnish(tmp_path)
    with windows_of(tmp_path) as start:
        yield tmp_path, start


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """(the folder of a player whose window was killed after a knob had been moved, what it had kept)"""
    folder = tmp_path_factory.mktemp("killed")
    furnish(folder)
    with windows_of(folder) as start:
        first = start(patch="Amber")
        first.ask('window.session.set("latent.3", 2.5)')
        kept = first.kept()
        first.kill()
    return folder, kept


@pytest.fixture
def left(killed, tmp_path):
    """(such a folder of this test's own, what starts a window there, what the one before had kept)"""
    folder, kept = killed
    for part in ("models", "patches", "state"):
        shutil.copytree(folder / part, tmp_path / part)
    with windows_of(tmp_path) as start:
        yield tmp_path, start, kept


def test_after_a_kill_of_everything_the_window_comes_back_exactly_as_it_was(home):
    _folder, start = home
    first = start(patch="Amber")
    first.ask(PLAYED)
    kept = first.kept()
    assert kept.session.undo and kept.session.redo and kept.session.here.other and kept.session.here.side == "B"
    assert not kept.session.saved.on_disk and kept.window["open"] == ["takes", "exports"]
    first.kill()
    second = start()
    found = second.state()
    assert found.session == kept.session
    assert {**found.window, "geometry": 0, "panels": 0} == {**kept.window, "geometry": 0, "panels": 0}
    assert second.ask("[window.takes.isVisible(), window.exports.every.value(), window.exports.wet.isChecked(), window.qwerty.octave]") == \
        [True, 7, True, 6]
    assert second.ask("window.height()") == 707
    played = second.ask("window.client.patch")
    rolled = kept.session.state.to_patch()
    assert played["name"] == rolled.name != "From a recording" and played["latents"] == rolled.to_json()["latents"]
    assert second.ask("window.patches.name.dirty") is True
    for _ in range(3):                              # the history is alive
        second.ask("window.session.undo()")
    assert second.state().session != kept.session
    for _ in range(3):
        second.ask("window.session.redo()")
    assert second.state().session == kept.session
    second.close()
    third = start()
    assert third.state().session == kept.session, "and after it was closed like any window"
    third.kill()


def test_a_window_that_is_killed_while_it_writes_leaves_what_was_written_before(home):
    folder, start = home
    first = start(patch="Amber")
    first.ask('window.session.set("latent.2", 1.5)')
    before = first.kept()
    first.ask("import os, time\nos.fsync = lambda handle: time.sleep(600)\nwindow.session.set('latent.2', -1.5)\n")
    end = time.monotonic() + SOON_S
    while not list((folder / "state").glob(".window-1.json.*.tmp")):
        assert time.monotonic() < end, "it began to write"
        time.sleep(0.01)
    first.kill()
    second = start()
    assert second.state().session == before.session
    assert not list((folder / "state").glob(".*.tmp")), "what was half written is gone"
    second.kill()


def test_a_window_alone_that_is_killed_finds_its_sound_as_it_plays_by_then(home):
    folder, start = home
    first = start(patch="Birch")
    first.ask('window.session.set("latent.1", 0.123456789)')
    kept = first.kept()
    first.kill(everything=False)
    os.environ["HUMMINGFACE_HOME"], before = str(folder), os.environ.get("HUMMINGFACE_HOME")
    try:
        running, = registry.all_running()
    finally:
        os.environ.pop("HUMMINGFACE_HOME") if before is None else os.environ.update(HUMMINGFACE_HOME=before)
    second = start()
    assert second.state().session == kept.session, "to the bit, though the engine counts in 32 of them"
    assert second.ask("window.client._link.attached") is True
    second.kill(everything=False)
    heard = queue.SimpleQueue()
    link = Link(heard.put, running=running)             # a player's hand, while no window is there
    link.send(encode({"do": "midi", "bytes": [0xB0, 74, 0]}, "do"))
    while heard.get(timeout=SOON_S) != {"tell": "set", "id": "filter.cutoff_hz", "value": 20.0}:
        pass
    link.abandon()
    third = start()
    third.wait('window.session["filter.cutoff_hz"] == 20')
    assert third.ask('window.session["latent.1"]') == 0.123456789
    third.kill()


def test_a_patch_that_is_named_is_played_and_what_was_left_is_one_step_back(left):
    _folder, start, kept = left
    second = start(patch="Cedar")
    assert second.ask("[window.session.name, window.session.dirty]") == ["Cedar", False]
    said = second.ask("window.banner.text.text()")
    assert "“Amber”" in said and "Ctrl+Z" in said
    second.ask("window.session.undo()")
    assert second.state().session.state == kept.session.state and second.ask("window.session.dirty") is True
    second.wait('window.client.patch["name"] == "Amber"')
    second.kill()


def test_a_sound_whose_model_is_gone_is_one_step_back(left):
    folder, start, kept = left
    for file in (folder / "models").iterdir():
        file.unlink()
    second = start()
    said = second.ask("window.banner.text.text()")
    assert kept.session.state.patch.model in said and "“Amber” is one step back" in said
    assert second.ask("window.session.name") != "Amber"
    assert second.state().session.undo[-1].state == kept.session.state
    second.kill()


def test_two_windows_keep_a_state_each(home):
    folder, start = home
    first = start(patch="Amber")
    second = start(patch="Birch")
    first.ask('window.session.set("latent.1", 1.0)')
    second.ask('window.session.set("latent.1", -1.0)')
    one, two = first.kept(), second.kept("window-2.json")
    assert (one.session.state.patch.name, two.session.state.patch.name) == ("Amber", "Birch")
    first.ask('window.session.set("latent.2", 1.0)')
    one = first.kept()
    first.kill()
    second.kill()
    third = start()
    assert third.state().session == one.session, "what was changed last"
    assert read(_json(folder / "state" / "window-2.json"))[0] == two, "the other's is untouched"
    third.kill()


def test_a_bad_state_is_named_in_the_window_and_kept(home):
    folder, start = home
    (folder / "state").mkdir()
    (folder / "state" / "window-1.json").write_bytes(b"[" * 100_000)
    (folder / "patches" / "bad.json").write_bytes(b'{"gain_db": 1' + b"0" * 400 + b"}")
    window = start()
    said = window.ask("window.banner.text.text()")
    assert "window-1.json.bad-" in said and "bad.json" in said, "both are named, and the news of the start has not taken their place"
    assert next((folder / "state").glob("window-1.json.bad-*")).read_bytes() == b"[" * 100_000
    window.ask("window.banner.close_button.click()")
    window.wait("not window.banner.isVisible()")
    window.close()


WRITER = """
import os, sys
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.state_file import StateFile
from hummingface.instrument.session.window_state import WindowState, Writer
from hummingface.instrument.patches.patch import Patch
def write():
    file, writer = StateFile.claim(), Writer()
    session = Session(lambda message: None, Patch("P", "m", (0.0,) * 16), seed=1)
    for number in range(100_000):
        session.rolls.randomise()
        session.set("latent.1", number / 100_000)
        file.write(writer.text(WindowState(session.snapshot(), {"number": number})))
        print(number, flush=True)
for _ in sys.stdin:                             # each line asks for another writer
    if not (pid := os.fork()):
        print(os.getpid(), flush=True)
        write()
    os.waitpid(pid, 0)
    print("over", flush=True)
"""


def test_whenever_the_writer_is_killed_the_file_is_whole_and_the_newest_but_one_at_worst(tmp_path, monkeypatch):
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    chance = random.Random(5)
    process = subprocess.Popen([sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
    assert process.stdin and process.stdout
    for _ in range(15):
        process.stdin.write("another\n")
        process.stdin.flush()
        pid = int(process.stdout.readline())
        for _line in range(chance.randrange(1, 60)):
            told = int(process.stdout.readline())
        time.sleep(chance.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        for line in iter(process.stdout.readline, "over\n"):
            told = int(line)
        found, lost = read(_json(tmp_path / "state" / "window-1.json"))
        assert lost == 0 and found.window["number"] in (told, told + 1)
    process.stdin.close()
    assert process.wait() == 0


def _json(path: Path):
    from hummingface.models.playing.checked_json import read_json
    return read_json(path, 64 << 20)
