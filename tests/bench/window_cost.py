"""What the window costs: pictures a second and the share of a core that its process takes, idle and while it shows sound.

    python tests/bench/window_cost.py [--seconds 10] [--ratio 1] [--json FILE]

The real window on the real audio process, drawn offscreen (on a screen the system's compositor comes on top).
`cpu` counts the window's process alone; `tick_ms` is the work of one of its sixty steps a second, `paint_ms` one repaint
of the spectrogram.
"""
import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHORD = (48, 55, 60, 64, 67, 72)


def measure(seconds: float) -> dict:
    """Figures of the window as it is now, for some seconds."""
    import numpy as np
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from hummingface.instrument.audio.client import Client
    from hummingface.instrument.gui.widgets import theme
    from hummingface.instrument.gui.window import Window
    from hummingface.instrument.patches import library
    from hummingface.instrument.session.settings import Settings
    app = QApplication([])
    theme.dress(app)
    patch = library.load_patch()
    window = Window(Client(patch=patch.to_json(), attach=False), patch, Settings())
    ticks: list[float] = []
    tick = window.tick

    def timed() -> None:
        began = time.process_time()
        tick()
        ticks.append(time.process_time() - began)
    window.timer.timeout.disconnect()
    window.timer.timeout.connect(timed)
    window.client.start()
    window.show()

    def run() -> dict:
        view = window.spectrogram.view
        ticks.clear()
        paints, columns = view.paints, view.columns_made
        wall, cpu = time.monotonic(), time.process_time()
        QTest.qWait(round(seconds * 1000))
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        return {"ticks_a_second": round(len(ticks) / wall, 1), "pictures_a_second": round((view.paints - paints) / wall, 1),
                "columns_a_second": round((view.columns_made - columns) / wall, 1), "cpu": round(cpu / wall, 3),
                "tick_ms": round(float(np.median(ticks)) * 1000, 3)}
    try:
        end = time.monotonic() + 600
        while not window.engine_ready and time.monotonic() < end:
            QTest.qWait(50)
        report = {"window": [window.width(), window.height()], "ratio": window.devicePixelRatioF()}
        QTest.qWait(12_000)                 # until the picture is black from edge to edge
        report["idle"] = run()
        for note in CHORD:
            window.client.send({"do": "note_on", "note": note, "velocity": 100})
        report["playing"] = run()
        paint = []
        for _ in range(60):
            began = time.process_time()
            window.spectrogram.view.repaint()
            paint.append(time.process_time() - began)
        report["paint_ms"] = round(float(np.median(paint)) * 1000, 3)
    finally:
        window.close()
    return report


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what the window costs.")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--ratio", type=float, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = str(args.ratio)
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as home:
        os.environ["HUMMINGFACE_HOME"] = home
        os.environ["PYTHONPATH"] = str(ROOT)
        report = measure(args.seconds)
    print(json.dumps(report, indent=1))
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
