"""The command line as a person types it: real processes, real exits, messages that say what to do."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = str(Path(__file__).resolve().parents[1])


def hummingface(*words: str, **options) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": PROJECT}
    return subprocess.run([sys.executable, "-m", "hummingface", *words], capture_output=True, text=True, timeout=600,
                          env=environment, **options)


def test_help_names_every_command():
    result = hummingface("--help")
    assert result.returncode == 0
    for command in ("play", "render", "export", "devices", "models", "patches", "bench", "train"):
        assert command in result.stdout


def test_parsing_imports_nothing_heavy():
    code = ("import sys, hummingface.instrument.app.cli as c; c.build_parser(); "
            "print([m for m in ('torch', 'numba', 'numpy', 'scipy', 'PySide6', 'sounddevice', 'mido') if m in sys.modules])")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize(("words", "told"), [
    (("play", "--block", "15"), "16..2048"),
    (("play", "--block", "many"), "invalid number"),
    (("render", "in.mid"), "OUT.wav"),
    (("render", "a.mid", "b.wav", "--rate", "1"), "8000..192000"),
    (("render", "a.mid", "b.wav", "--seed", "-1"), "0..4294967295"),
    (("render", "a.mid", "b.wav", "--gain", "100"), "-60..12 dB"),
    (("render", "a.mid", "b.wav", "--gain", "nan"), "-60..12 dB"),
    (("--record",), "add --headless"),
    (("render", "a.mid", "b.wav", "--map", "3"), "KEY=VALUE"),
    (("bench", "--voices", "0"), "1..128"),
    (("bench", "--seconds", "nan"), "0.1..3600"),
    (("export", "sfz", "a", "b", "--every", "0"), "1..24"),
    (("export", "bitwig", "a", "b", "--keys", "80-40"), "from low to high"),
    (("export", "sfz", "a", "b", "--seconds", "0.5"), "1..60"),
    (("export", "wav", "a", "b"), "invalid choice"),
    (("sing",), "invalid choice"),
])
def test_wrong_values_are_told(words, told):
    result = hummingface(*words)
    assert result.returncode == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_midi_file_is_named():
    result = hummingface("render", "/nowhere/song.mid", "/tmp/never.wav")
    assert result.returncode == 1
    assert "/nowhere/song.mid" in result.stderr
    assert "Traceback" not in result.stderr


def test_where_figures_cannot_be_written_is_said_before_they_are_measured():
    result = hummingface("bench", "--seconds", "3600", "--json", "/nowhere/figures.json")
    assert result.returncode == 1
    assert "/nowhere/figures.json" in result.stderr


def test_no_display_and_no_sound_perform_the_demo(tmp_path, monkeypatch):
    """On a machine without a sound device `play` writes the demo among the player's takes, and says where."""
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path / "home"))
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-server-has-this-name")     # other tests' servers are not this machine's device
    # asked in a process of its own, for PortAudio lists the devices once per process
    asked = subprocess.run([sys.executable, "-c", "from hummingface.instrument.app.launch import why_no_sound; print(why_no_sound())"],
                           capture_output=True, text=True, check=True)
    if asked.stdout.strip() == "None":
        pytest.skip("this machine has a sound device, so `play` would open it")
    result = hummingface("play", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "There is no sound device here." in result.stdout
    takes = tmp_path / "home" / "takes"
    assert (takes / "hummingface-demo.wav").stat().st_size > 1_000_000
    assert (takes / "hummingface-demo.png").stat().st_size > 20_000
    assert str(takes) in result.stdout and [path.name for path in tmp_path.iterdir()] == ["home"]
