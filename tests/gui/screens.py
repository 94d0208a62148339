"""Screens of any size and of any number of pixels a point, which Qt's offscreen platform believes in."""
import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
USUAL = f"offscreen:configfile={Path(__file__).with_name('screen.json')}"       # 1920 x 1080; Qt's own has 800 x 800


def screen_of(path: Path, wide: int, high: int) -> str:
    """The value of QT_QPA_PLATFORM for a screen of so many pixels, which is described in a new file."""
    path.write_text(json.dumps({"screens": [{"name": "screen", "x": 0, "y": 0, "width": wide, "height": high, "logicalDpi": 96,
                                             "logicalBaseDpi": 96, "dpr": 1}]}))
    return f"offscreen:configfile={path}"


def run_on(folder: Path, screen: tuple[int, int], factor: float, code: str) -> str:
    """What a script printed in a process of its own, on a screen of so many pixels, with `factor` pixels a point: Qt has one of both a
    process. `folder` is the user's.
    """
    environment = os.environ | {"QT_QPA_PLATFORM": screen_of(folder / "screen.json", *screen), "QT_SCALE_FACTOR": str(factor),
                                "PYTHONPATH": str(PROJECT), "HUMMINGFACE_HOME": str(folder / "home")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
