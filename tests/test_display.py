"""A display that does not answer: it is said, the audio process ends, and what was chosen stays."""
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hummingface.instrument.app import display
from hummingface.instrument.audio import registry
from hummingface.instrument.audio.protocol import AudioChoice
from hummingface.instrument.session import settings as settings_file
from hummingface.instrument.session.settings import Settings
from tests.audio.conftest import wait_for

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display there")


@pytest.fixture(autouse=True)
def no_display(monkeypatch, tmp_path):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(display, "ANSWER_S", 0.2)
    monkeypatch.setattr(display, "X11_SOCKET", str(tmp_path / "X"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def listening(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    made.listen()
    return made


def test_there_is_none():
    assert "neither DISPLAY nor WAYLAND_DISPLAY" in display.why_no_display()


@pytest.mark.parametrize(("variable", "value", "place"), [("DISPLAY", ":5", "X5"), ("WAYLAND_DISPLAY", "wayland-5", "wayland-5")])
def test_one_is_asked_and_must_answer(monkeypatch, tmp_path, variable, value, place):
    monkeypatch.setenv(variable, value)
    assert f"The display does not answer ({variable} {value}: " in display.why_no_display(), "nobody is there"
    with listening(tmp_path / place) as server:
        assert "timed out" in display.why_no_display(), "it hangs"
        server.accept()[0].close()
        for answers in (lambda asked: asked.sendall(b"x"), lambda asked: asked.close()):       # as a tunnel without a key does
            answering = threading.Thread(target=lambda answers=answers: answers(server.accept()[0]))
            answering.start()
            assert display.why_no_display() is None
            answering.join()


def test_the_other_one_is_enough(monkeypatch, tmp_path):
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-5")
    monkeypatch.setenv("DISPLAY", "a name of some other kind")
    assert display.why_no_display() is None, "which Qt may understand"


@pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is not installed")
def test_a_real_server_answers(monkeypatch):
    monkeypatch.undo()
    for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24"], pass_fds=(write,),
                              stderr=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("DISPLAY", f":{os.read(read, 20).decode().strip()}")
        assert display.why_no_display() is None
    finally:
        server.terminate()
        server.wait()
        os.close(read)
        os.close(write)


def test_what_qt_cannot_open_costs_neither_the_device_nor_the_choice(monkeypatch, tmp_path):
    """The real audio process; Qt, which would abort, is given a platform that it does not have."""
    pytest.importorskip("PySide6.QtWidgets", reason="PySide6 is not installed, or a library that it needs is missing")
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-server-has-this-name")
    chosen, settings = AudioChoice("A device of mine", 48000, 128), Settings()
    settings.audio = chosen
    settings.save()
    code = ("import sys; from hummingface.instrument.gui.app import run\n"
            "def without(why): print(why); return 7\n"
            "sys.exit(run(no_window=without))")
    ran = subprocess.run([sys.executable, "-c", code], env=os.environ | {"QT_QPA_PLATFORM": "nosuch"}, capture_output=True, text=True,
                         timeout=300)
    assert ran.returncode == 7, ran.stderr
    assert ran.stdout.startswith("No window can open here. Qt says: ") and "nosuch" in ran.stdout
    wait_for(lambda: not registry.all_running())
    kept, trouble = settings_file.load()
    assert kept.audio == chosen and not trouble
    assert kept.begin()[0] == chosen, "the next start still plays on it"
