"""The processes that play never load torch, though it is installed: the audio process and the window, on what the system has mapped."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]

PLAYS = """
import json, sys, time
from pathlib import Path
from PySide6.QtCore import QTimer
from hummingface.instrument.gui import app, window

loaded = lambda pid: [line for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if "torch" in line]

def look():
    windows = [w for w in app.sys.modules["PySide6.QtWidgets"].QApplication.topLevelWidgets() if isinstance(w, window.Window)]
    if not windows or not windows[0].engine_ready:
        return
    shown = windows[0]
    if not getattr(shown, "pressed", False):
        shown.pressed = True
        shown.note_input.press(60, 100, "test")
        return
    if 60 not in [note for note, velocity in enumerate(shown.client.telemetry().notes) if velocity]:
        return
    timer.stop()
    audio = shown.client._link.process.pid
    print(json.dumps({"window": loaded("self"), "audio": loaded(audio), "modules": [n for n in sys.modules if n.split(".")[0] == "torch"],
                      "numba": any("llvmlite" in line for line in Path(f"/proc/{audio}/maps").read_text().splitlines())}), flush=True)
    shown.close()

from PySide6.QtWidgets import QApplication
qt = QApplication([])
timer = QTimer(interval=50)
timer.timeout.connect(look)
timer.start()
sys.exit(app.run())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has loaded is read from /proc")
def test_neither_the_audio_process_nor_the_window_loads_torch(tmp_path):
    pytest.importorskip("torch", reason="where torch is not, nobody can load it")
    made = subprocess.run([sys.executable, "-c", PLAYS], capture_output=True, text=True, timeout=240, cwd=tmp_path, env={
        **os.environ, "PYTHONPATH": str(PROJECT), "QT_QPA_PLATFORM": "offscreen", "HUMMINGFACE_HOME": str(tmp_path),
        "JACK_DEFAULT_SERVER": "no-server-has-this-name"})
    assert made.stdout.strip(), made.stderr
    told = json.loads(made.stdout.splitlines()[-1])
    assert told["numba"], "it is the audio process that was looked at"
    assert (told["window"], told["audio"], told["modules"]) == ([], [], [])
