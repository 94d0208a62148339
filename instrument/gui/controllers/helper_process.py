"""A helper process for work that is slow or needs torch: a command of `hummingface` that speaks JSON lines (`train/app/json_lines.py`).

It ends with its window: when the window is gone, the helper's standard input ends, and then the helper ends too.
"""
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal
from shiboken6 import isValid

from hummingface.instrument.files.processes import own_environment
from hummingface.models.playing.checked_json import parse_json

LONGEST_LINE = 8 << 20              # bytes: two preview pictures
TASK_PATIENCE_MS = 300
LAST_WORDS = 4000                   # characters of standard error that are kept
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")      # the other cores are the sound's


def qt_environment(**more: str) -> QProcessEnvironment:
    """`own_environment` for a process that Qt starts."""
    environment = QProcessEnvironment.systemEnvironment()
    for name, value in own_environment(**more).items():
        if os.environ.get(name) != value:
            environment.insert(name, value)
    return environment


class HelperTask(QObject):
    """Work of a helper that nothing is sent to, and that ends by itself; what it does not reach today it does the next time. `ended` as
    that of `Helper`."""

    ended = Signal(str)

    def __init__(self, parent: QObject, words: Sequence[str]):
        super().__init__(parent)
        self._words = words
        self._helper: Helper | None = None

    @property
    def running(self) -> bool:
        return self._helper is not None

    def start(self) -> None:
        """Begin it, unless it runs."""
        if self._helper is None:
            self._helper = Helper(self, self._words)
            self._helper.ended.connect(self._end)

    def close(self) -> None:
        """The window closes."""
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.close(TASK_PATIENCE_MS)

    def _end(self, why: str) -> None:
        if self._helper is not None:
            self._helper.deleteLater()
            self._helper = None
            self.ended.emit(why)


class Helper(QObject):
    """`words` are the arguments of `hummingface`. `received` carries each message, `ended` its last error output (empty if it was told to
    end).
    """

    received = Signal(dict)
    ended = Signal(str)

    def __init__(self, parent: QObject, words: Sequence[str]):
        super().__init__(parent)
        self._errors, self._left = "", False
        self._process = process = QProcess(self)
        process.setProcessEnvironment(qt_environment(**dict.fromkeys(ONE_THREAD, "1")))
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_error)
        process.finished.connect(lambda code, status: self._end(code, status))
        process.errorOccurred.connect(self._failed)
        process.start(sys.executable, ["-m", "hummingface", *words])

    @property
    def pid(self) -> int:
        return self._process.processId()

    @property
    def running(self) -> bool:
        return self._process.state() != QProcess.ProcessState.NotRunning

    def send(self, message: dict) -> None:
        """Send a request."""
        self._process.write(json.dumps(message).encode() + b"\n")

    def leave(self) -> None:
        """Nothing more is needed: the helper saves its work, and ends by itself."""
        self._left = True
        self._process.closeWriteChannel()

    def close(self, patience_ms: int) -> None:
        """Leave it, and kill it if it still runs after this time."""
        self.leave()
        if self.running and not self._process.waitForFinished(patience_ms):
            self._process.kill()
            self._process.waitForFinished(1000)

    def _read(self) -> None:
        while self._process.canReadLine():
            with suppress(ValueError):
                message = parse_json(bytes(self._process.readLine().data()), LONGEST_LINE)
                if isinstance(message, dict) and isinstance(message.get("tell"), str):
                    self.received.emit(message)

    def _read_error(self) -> None:
        self._errors = (self._errors + bytes(self._process.readAllStandardError().data()).decode(errors="replace"))[-LAST_WORDS:]

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.ended.emit(f"it cannot be started ({self._process.errorString()})")

    def _end(self, code: int, status: QProcess.ExitStatus) -> None:
        if not isValid(self._process):                  # the window is closing, and nothing listens any more
            return
        self._read()
        self._read_error()
        if self._left:
            self.ended.emit("")
        elif status == QProcess.ExitStatus.CrashExit:
            self.ended.emit("it was killed, perhaps because memory ran out")
        else:
            lines = self._errors.strip().splitlines()
            self.ended.emit(lines[-1] if lines else f"it ended with status {code}")
