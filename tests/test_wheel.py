"""The wheel: all that the instrument needs travels inside, and it plays from there, away from the source."""
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import mido
import pytest

PROJECT = Path(__file__).resolve().parents[1]
MOST_BYTES = 40 << 20


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    if int(version("setuptools").partition(".")[0]) < 77:
        pytest.skip("setuptools is too old to build the wheel: pip install 'setuptools>=77'")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for folder in ("instrument", "models", "train", "assets"):
        shutil.copytree(PROJECT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / file, source)
    made = subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(target), str(source)],
                          capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr
    return next(target.glob("*.whl"))


def test_all_assets_travel_inside(wheel):
    assert wheel.stat().st_size < MOST_BYTES
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {str(path.relative_to(PROJECT)) for path in (PROJECT / "assets").rglob("*")
              if path.is_file() and "__pycache__" not in path.parts}
    assert wanted - inside == set()
    assert not any(name.startswith(("tests/", "docs/")) for name in inside)


def test_it_plays_from_the_wheel(wheel, tmp_path, monkeypatch):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    song = mido.MidiFile()
    song.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60, velocity=100), mido.Message("note_off", note=60, time=240)]))
    song.save(tmp_path / "song.mid")
    monkeypatch.setenv("PYTHONPATH", str(site))
    code = "import instrument.cli as cli, sys; print(cli.__file__); sys.exit(cli.main(['render', 'song.mid', 'song.wav']))"
    played = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=900, cwd=tmp_path)
    assert played.returncode == 0, played.stderr
    assert str(site) in played.stdout
    assert "1 notes" in played.stdout
    assert (tmp_path / "song.wav").stat().st_size > 48000
