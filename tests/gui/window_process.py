"""The whole instrument in processes of its own, as `hummingface` opens it, for tests that end them badly."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hummingface.instrument.audio import registry
from hummingface.instrument.session.window_state import WindowState, read
from hummingface.models.playing.checked_json import parse_json
from tests.gui.screens import USUAL

SOON_S, START_S = 60.0, 500.0
CHILD = """
import json, queue, sys, threading
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from hummingface.instrument.gui import app as program
from hummingface.instrument.gui.window import Window
from hummingface.instrument.session.startup import StartOptions
from hummingface.instrument.session.window_state import Writer
application, lines = QApplication(sys.argv[:1]), queue.SimpleQueue()
threading.Thread(target=lambda: [lines.put(line) for line in sys.stdin], daemon=True).start()
def answer():
    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, Window)]
    while windows and not lines.empty():
        names = {"window": windows[0], "Writer": Writer}
        line = lines.get()
        try:
            code = json.loads(line)
            told = {"value": eval(code, names)} if "\\n" not in code else {"value": exec(code, names)}
        except Exception as error:
            told = {"error": repr(error) + " in " + repr(line)}
        print("told " + json.dumps(told), flush=True)
timer = QTimer(interval=5)
timer.timeout.connect(answer)
timer.start()
sys.exit(program.run(StartOptions(**json.loads(sys.argv[1]))))
"""


class WindowProcess:
    """A window with its audio process, ready to play. `options` are those of `StartOptions`."""

    def __init__(self, home: Path, **options: Any):
        self.home = home
        environment = os.environ | {"HUMMINGFACE_HOME": str(home), "QT_QPA_PLATFORM": USUAL, "JACK_DEFAULT_SERVER": "none",
                                    "PYTHONPATH": str(Path(__file__).parents[2])}
        self.process = subprocess.Popen([sys.executable, "-c", CHILD, json.dumps(options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env=environment)
        try:
            self._begin()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def _begin(self) -> None:
        end = time.monotonic() + START_S
        while not self.ask("window.engine_ready"):
            assert time.monotonic() < end, self.ask("window.banner.text.text()")
            time.sleep(0.05)

    def ask(self, code: str) -> Any:
        """The value of an expression in the window's process, on its own thread; of several lines: they are run."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("told "):
                told = json.loads(line.removeprefix("told "))
                assert "error" not in told, f"{code}: {told['error']}"
                return told["value"]
        raise AssertionError("the window's process is gone")

    def state(self) -> WindowState:
        """What it holds now."""
        return read(parse_json(self.ask("Writer().text(window.keeping.state()).decode()"), 64 << 20))[0]

    def wait(self, code: str) -> None:
        """Until the expression is true."""
        end = time.monotonic() + SOON_S
        while not self.ask(code):
            assert time.monotonic() < end, code
            time.sleep(0.05)

    def kept(self, file: str = "window-1.json") -> WindowState:
        """What is on disk, as soon as that is what the window holds."""
        end, wanted = time.monotonic() + SOON_S, self.state()
        while True:
            try:
                if (found := read(parse_json((self.home / "state" / file).read_bytes(), 64 << 20))[0]) == wanted:
                    return found
            except FileNotFoundError:
                pass
            assert time.monotonic() < end, "it is not written"
            time.sleep(0.05)

    def kill(self, everything: bool = True) -> None:
        """SIGKILL, to the window and its audio process, or to the window alone."""
        engine = self.ask("window.client._link.process.pid if window.client._link.process else 0")
        self.process.kill()
        self.process.wait()
        if everything:
            kill_engines(self.home, engine)

    def close(self) -> None:
        """As the player closes it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(SOON_S)


def kill_engines(home: Path, pid: int = 0) -> None:
    """SIGKILL to this audio process, or to every one of this home; another window starts another if its own is killed."""
    before, os.environ["HUMMINGFACE_HOME"] = os.environ.get("HUMMINGFACE_HOME"), str(home)
    try:
        pids = {pid} if pid else {running.pid for running in registry.all_running()}
        for killed in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(killed, signal.SIGKILL)
        end = time.monotonic() + SOON_S
        while pids & {running.pid for running in registry.all_running()}:
            assert time.monotonic() < end, "a killed audio process is still registered"
            time.sleep(0.02)
    finally:
        os.environ.pop("HUMMINGFACE_HOME") if before is None else os.environ.update(HUMMINGFACE_HOME=before)
