"""Controls a running export: a process of its own makes it (see `export/export_process.py`), so that neither the window nor the sound
waits.
"""
import json
import sys
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from hummingface.instrument.export.hidden_folder import sweep_of
from hummingface.instrument.gui.controllers.helper_process import qt_environment
from hummingface.models.playing.checked_json import parse_json

PATIENCE_MS = 5000                  # that one has to end by itself when it should


class Exporting(QObject):
    """One export at a time. `moved(done, of)` reports progress, `ended(text, problem)` the end: both texts are empty if it was cancelled.
    """

    moved = Signal(int, int)
    ended = Signal(str, str)

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._process: QProcess | None = None
        self._result: dict = {}
        self._cancelled, self._folder = False, Path()

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, request: dict) -> None:
        """Start the export for a request (see `export/export_process.py`)."""
        if self._process is not None:
            return
        process = self._process = QProcess(self)
        process.setProcessEnvironment(qt_environment(OMP_NUM_THREADS="1"))      # one core is enough; the others play
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(lambda code, _status: self._finish(process, code))
        process.errorOccurred.connect(lambda error: self._finish(process, 1) if error == QProcess.ProcessError.FailedToStart else None)
        self._cancelled, self._result, self._folder = False, {}, Path(request["out"]).parent
        process.start(sys.executable, ["-m", "hummingface.instrument.export.export_process"])
        process.write(json.dumps(request).encode() + b"\n")

    def cancel(self) -> None:
        """Cancel it; nothing of it stays. `ended` follows."""
        process = self._process
        if process is not None and not self._cancelled:
            self._cancelled = True
            process.closeWriteChannel()
            QTimer.singleShot(PATIENCE_MS, self, lambda: self._kill(process))

    def close(self) -> None:
        """Cancel it and wait for the end."""
        self.cancel()
        process = self._process
        if process is not None and not process.waitForFinished(PATIENCE_MS):
            self._kill(process)

    def _kill(self, process: QProcess) -> None:
        if process is self._process:
            number = process.processId()
            process.kill()
            process.waitForFinished(1000)
            sweep_of(self._folder, number)

    def _read(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            try:
                message = parse_json(bytes(process.readLine().data()))
            except ValueError:
                continue                                        # not ours: a library that prints
            match message:
                case {"done": int(done), "of": int(of)} if 0 <= done <= of < 1 << 31:
                    self.moved.emit(done, of)
                case {"text": str()} | {"problem": str()}:
                    self._result = message

    def _finish(self, process: QProcess, code: int) -> None:
        if process is not self._process:
            return
        self._read()
        error = bytes(process.readAllStandardError().data()).decode(errors="replace").strip().splitlines()
        self._process = None
        process.deleteLater()
        if self._cancelled:
            self.ended.emit("", "")
        elif code == 0 and "text" in self._result:
            self.ended.emit(self._result["text"], "")
        else:
            self.ended.emit("", self._result.get("problem") or (error[-1] if error else "") or f"The export stopped unexpectedly ({code}).")
