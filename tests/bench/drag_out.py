"""A take dragged out of the window into another program, on a real X display with a real pointer: `python tests/bench/drag_out.py`.

Needs Xvfb and xdotool. Three processes: the display, the takes of the instrument, and a program that takes files as a DAW's track does.
"""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TAKES = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication, QWidget
from hummingface.instrument.gui import theme
from hummingface.instrument.gui.panels.takes_panel import TakesPanel
from hummingface.instrument.session.settings import Settings
app = QApplication([])
theme.dress(app)
ground = QWidget()
panel = TakesPanel(ground, Settings(take_folder=sys.argv[1]))
panel.setGeometry(0, 0, 600, 400)
panel.open()
from PySide6.QtCore import QTimer
def say():
    spot = panel.list.viewport().mapToGlobal(panel.list.visualRect(panel.model.index(0)).center())
    print(spot.x(), spot.y(), flush=True)
    panel.grab().save(sys.argv[2])
QTimer.singleShot(1500, say)
app.exec()
"""
DAW = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication, QWidget
class Track(QWidget):
    def dragEnterEvent(self, event):
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
    def dropEvent(self, event):
        event.acceptProposedAction()
        for url in event.mimeData().urls():
            path = Path(url.toLocalFile())
            print(event.dropAction().name, path.stat().st_size, path, flush=True)
        print("dropped", flush=True)
app = QApplication([])
track = Track()
track.setAcceptDrops(True)
track.setGeometry(700, 100, 400, 300)
track.show()
print("ready", flush=True)
app.exec()
"""


def main() -> int:
    import numpy as np
    import soundfile
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "xcb"}
    number_reader, number_writer = os.pipe()
    display = subprocess.Popen(["Xvfb", "-displayfd", str(number_writer), "-screen", "0", "1280x720x24"], pass_fds=[number_writer],
                               stderr=subprocess.DEVNULL)
    environment["DISPLAY"] = ":" + os.read(number_reader, 16).decode().strip()
    children: list[subprocess.Popen] = []

    def start(program: str, *arguments: str) -> subprocess.Popen:
        children.append(subprocess.Popen([sys.executable, "-c", program, *arguments], env=environment, stdout=subprocess.PIPE, text=True))
        return children[-1]

    def pointer(*words: object) -> None:
        subprocess.run(["xdotool", *map(str, words)], env=environment, check=True)
        time.sleep(0.1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            sound = np.sin(np.arange(48000) * 0.05) * np.linspace(1, 0, 48000)
            soundfile.write(Path(folder) / "A take.wav", np.stack([sound, sound], 1), 48000, "PCM_24")
            (Path(folder) / "A take.mid").write_bytes(b"MThd")
            daw = start(DAW)
            daw.stdout.readline()
            takes = start(TAKES, folder, sys.argv[1] if len(sys.argv) > 1 else str(Path(folder) / "takes.png"))
            x, y = map(int, takes.stdout.readline().split())
            pointer("mousemove", x, y)
            pointer("mousedown", 1)
            for step in range(1, 21):
                pointer("mousemove", x + (900 - x) * step // 20, y + (250 - y) * step // 20)
            time.sleep(1)
            pointer("mouseup", 1)
            time.sleep(2)
            daw.terminate()
            said = daw.stdout.read()
            print(said.strip() or "nothing was dropped")
            kept = sorted(path.name for path in Path(folder).iterdir() if path.suffix != ".png")
            ok = said.count("CopyAction") == 2 and kept == ["A take.mid", "A take.wav"]
            print("the takes are still there" if ok else f"left: {kept}")
            return 0 if ok else 1
    finally:
        for child in [*children, display]:
            child.terminate()
            child.wait()


if __name__ == "__main__":
    sys.exit(main())
