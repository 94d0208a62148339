"""The wheel: all that the instrument needs travels inside, and it plays from there, away from the source and without torch."""
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import mido
import pytest

from hummingface.compiled import cache_folder
from tests.bare import bare_environment, own_environment
from tests.layout import folders

PROJECT = Path(__file__).resolve().parents[1]
MOST_BYTES = 40 << 20


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    if int(version("setuptools").partition(".")[0]) < 77:
        pytest.skip("setuptools is too old to build the wheel: pip install 'setuptools>=77'")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for folder in folders().values():
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
    wanted = {f"hummingface/{path.relative_to(PROJECT)}" for path in (PROJECT / "assets").rglob("*")
              if path.is_file() and "__pycache__" not in path.parts}
    assert wanted - inside == set()
    assert {name.partition("/")[0] for name in inside if ".dist-info/" not in name} == {"hummingface"}, "one import name"
    ours = {f"{name.replace('.', '/')}/{path.relative_to(PROJECT / folder)}" for name, folder in folders().items()
            for path in (PROJECT / folder).rglob("*.py")}
    assert ours - inside == set(), "pyproject.toml lists every package"
    assert not any(name.startswith(("tests/", "docs/")) for name in inside)


class Installed(NamedTuple):
    python: Path
    environment: dict[str, str]                     # variables for its processes
    found: dict[Path, int]                          # what is compiled already, and when that was


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Installed:
    """The wheel in an environment without torch, with all that this checkout has compiled but for one file's functions."""
    folder = tmp_path_factory.mktemp("bare")
    python, environment = bare_environment(folder / "env"), own_environment(folder)
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)],
                   check=True, env=environment)                                # with PYTHONPATH it would find the checkout, and be done
    cache = folder / "cache"
    for path in (path for folder in folders().values() for path in (PROJECT / folder).rglob("*.py")):
        if (kept := cache_folder(path)).is_dir() and path != ONE:
            shutil.copytree(kept, cache / "compiled" / kept.name, ignore=shutil.ignore_patterns("*.done") if path == MARKED else None)
    return Installed(python, environment | {"NUMBA_CACHE_DIR": str(cache)},
                     {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbc")})


ONE = PROJECT / "models/playing/key_trend.py"       # what it has compiled is quickly compiled again
OF_THIS_PYTHON = f"*.py{sys.version_info.major}{sys.version_info.minor}.*.nbc"
MARKED = PROJECT / "instrument/performance/performer.py"        # in whose folder stands that its half is compiled


def run(installed: Installed, *words: str, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run([str(installed.python.with_name("hummingface")), *words], capture_output=True, text=True, timeout=900, cwd=cwd,
                          env=installed.environment)


@pytest.fixture(scope="module")
def first_song(installed, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess]:
    """(song.wav, beside the song.mid that it was rendered from; what rendering it said). Whatever plays here asks for this: nothing has
    played before, so this is what compiles."""
    folder = tmp_path_factory.mktemp("song")
    song = mido.MidiFile()
    song.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60, velocity=100), mido.Message("note_off", note=60, time=240)]))
    song.save(folder / "song.mid")
    return folder / "song.wav", run(installed, "render", "song.mid", "song.wav", cwd=folder)


def test_the_wheel_plays_without_torch_and_compiles_once(installed, first_song, tmp_path):
    """It finds what is compiled of the same sources elsewhere, and compiles what is missing."""
    asked = subprocess.run([str(installed.python), "-c", "import hummingface.instrument, torch"], capture_output=True, text=True,
                           cwd=tmp_path, env=installed.environment)
    assert "No module named 'torch'" in asked.stderr
    sound, first = first_song
    assert first.returncode == 0, first.stderr
    assert "1 notes" in first.stdout and "Compiling for this machine" in first.stderr
    assert sound.stat().st_size > 48000
    missing = Path(installed.environment["NUMBA_CACHE_DIR"], "compiled", cache_folder(ONE).name)
    assert {path.name for path in missing.glob("*.nbc")} >= {path.name for path in cache_folder(ONE).glob(OF_THIS_PYTHON)} > set()
    assert len(installed.found) > 50 and all(path.stat().st_mtime_ns == before for path, before in installed.found.items())
    again = run(installed, "render", str(sound.with_name("song.mid")), "again.wav", cwd=tmp_path)
    assert again.returncode == 0 and "Compiling" not in again.stderr
    assert (tmp_path / "again.wav").read_bytes() == sound.read_bytes()


def test_what_needs_torch_says_what_to_type(installed, tmp_path):
    for words in (("train", "learn", "recordings", "--name", "Mine"), ("train", "report", "run", "--out", "page.html"),
                  ("train", "evaluate", "model", "--notes", "notes")):
        told = run(installed, *words, cwd=tmp_path)
        assert told.returncode == 1
        assert "needs PyTorch" in told.stderr and "Type: hummingface install train" in told.stderr
        assert "Traceback" not in told.stderr
    assert run(installed, "train", "--help", cwd=tmp_path).returncode == 0
    assert run(installed, "train", "fetch", "--help", cwd=tmp_path).returncode == 0


def test_recordings_become_sounds_without_torch(installed, first_song, tmp_path):
    """By the API, as a patch that carries them, and by the command line, through a model and back."""
    python, environment = installed.python, installed.environment
    made = subprocess.run([str(python), "-c", "import sys, hummingface; sound = hummingface.from_recordings(sys.argv[1]); "
                           "print(sound.name, [round(note.pitch) for note in sound.patch.recordings[0].notes], 'torch' in sys.modules)",
                           str(first_song[0])], capture_output=True, text=True, timeout=300, cwd=tmp_path, env=environment)
    assert made.stdout.split() == ["song", "[60]", "False"], made.stderr
    back = run(installed, "resynthesise", str(first_song[0]), "back.wav", cwd=tmp_path)
    assert back.returncode == 0 and "is C4" in back.stdout, back.stderr
    assert (tmp_path / "back.wav").stat().st_size > 48000


@pytest.mark.usefixtures("first_song")
def test_without_a_display_it_performs_the_demo(installed, tmp_path):
    """Into the folder that is asked for, and nowhere else. `test_cli.py` has what it does where none is."""
    played = run(installed, "play", "--folder", ".", cwd=tmp_path)
    if "There is no sound device here" not in played.stdout:
        pytest.skip("this machine has a sound device, so `play` would open it")
    assert played.returncode == 0, played.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"hummingface-demo.wav", "hummingface-demo.png"}
    assert (tmp_path / "hummingface-demo.wav").stat().st_size > 1_000_000
    assert not (Path(installed.environment["HUMMINGFACE_HOME"]) / "takes").exists()
