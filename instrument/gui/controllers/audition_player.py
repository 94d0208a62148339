"""Plays a take for the window: a process of its own plays it (see `recording/audition.py`), and ends when the player stops it."""
import sys
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal

from hummingface.instrument.gui.controllers.helper_process import qt_environment


class AuditionPlayer(QObject):
    """`path` is the take that is playing, or None. `changed(problem)` follows every change; the text is empty unless something failed."""

    changed = Signal(str)

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self.path: Path | None = None
        self._process: QProcess | None = None

    def toggle(self, path: Path) -> None:
        """Play this take, or stop it if it is playing."""
        same = self.path == path
        self.stop()
        if same:
            return
        process = self._process = QProcess(self)
        process.setProcessEnvironment(qt_environment())
        process.finished.connect(lambda code, _status: self._ended(process, code))
        process.errorOccurred.connect(lambda _error: self._ended(process, 1))
        self.path = path
        process.start(sys.executable, ["-m", "hummingface.instrument.recording.audition", str(path)])
        self.changed.emit("")

    def stop(self) -> None:
        """Stop playing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.waitForFinished(1000)
            process.deleteLater()
            self.path = None
            self.changed.emit("")

    def _ended(self, process: QProcess, code: int) -> None:
        if process is self._process:
            lines = bytes(process.readAllStandardError().data()).decode(errors="replace").strip().splitlines()
            self._process, self.path = None, None
            process.deleteLater()
            self.changed.emit((lines[-1] if lines else "The take cannot be played.") if code else "")
