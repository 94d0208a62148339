"""An environment with what playing needs and nothing else: no torch, nothing of the tests. Made of links: no time, no network."""
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[1]


def base_requirements() -> list[str]:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]


def environment_with_pip(folder: Path) -> Path:
    """An environment with a copy of our pip alone: unpacking and compiling another, as venv does, takes seconds. Returns its Python."""
    site, pip = empty_environment(folder), distribution("pip")
    for top in {file.parts[0] for file in pip.files or ()} - {"..", "__pycache__"}:
        shutil.copytree(str(pip.locate_file(top)), site / top)
    return folder / "bin" / "python"


def empty_environment(folder: Path) -> Path:
    """Makes one; returns where its packages lie."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return next(folder.glob("lib/python*/site-packages"))


def bare_environment(folder: Path) -> Path:
    """Makes it; returns its Python."""
    site = empty_environment(folder)
    done: set[str] = set()
    waiting = list(base_requirements())
    while waiting:
        wanted = Requirement(waiting.pop())
        if wanted.name.lower() in done or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        done.add(wanted.name.lower())
        found = distribution(wanted.name)
        waiting += found.requires or []
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                os.symlink(Path(str(found.locate_file(top))), site / top)
    return folder / "bin" / "python"


def own_environment(home: Path) -> dict[str, str]:
    """Variables for a process in it: a home of its own, no screen, nothing of the source."""
    left_out = ("PYTHONPATH", "DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "HUMMINGFACE_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "HUMMINGFACE_HOME": str(home / "hummingface"),
            "JACK_DEFAULT_SERVER": "no-server-has-this-name"}
