"""From the command to a playable instrument: the window on its audio process, started several times.

    python tests/bench/start_time.py [--starts 4] [--json FILE]

The clock runs from before the new Python process until the engine says that it is ready. The first start may compile, so it
is listed separately. JACK's dummy driver stands in for a sound card where jackd is installed; the window is drawn offscreen.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, signal, sys, threading, time
began = float(sys.argv[1])
def watch():
    while True:
        time.sleep(0.005)
        widgets = sys.modules.get("PySide6.QtWidgets")
        app = widgets and widgets.QApplication.instance()
        if app and any(getattr(widget, "engine_ready", False) for widget in app.topLevelWidgets()):
            print(time.time() - began, flush=True)
            os.kill(os.getpid(), signal.SIGTERM)
            return
threading.Thread(target=watch, daemon=True).start()
from hummingface.instrument.app.cli import main
sys.exit(main(["play"]))
"""


def measure(starts: int) -> dict:
    """Seconds of the first start, and the median of those after it."""
    seconds = []
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home, "XDG_DATA_HOME": home,
                                    "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
        for _ in range(starts):
            said = subprocess.run([sys.executable, "-c", PROGRAM, str(time.time())], env=environment, capture_output=True,
                                  text=True, timeout=600, check=True)
            seconds.append(float(said.stdout.split()[-1]))
    return {"first_start_s": round(seconds[0], 2), "start_s": round(statistics.median(seconds[1:]), 2),
            "starts_s": [round(s, 2) for s in seconds]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--starts", type=int, default=4)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from tests.jack_server import DEFAULT, JackServer, default_server_kept
    with default_server_kept():
        server = JackServer(f"start-time-{os.getpid()}", 256)
        os.environ[DEFAULT] = server.name
        try:
            figures = measure(args.starts)
        finally:
            server.close()
    print(f"first start {figures['first_start_s']} s, later ones {figures['start_s']} s (median of {args.starts - 1})")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
