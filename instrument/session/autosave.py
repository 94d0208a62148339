"""Saves a window's state to disk while it changes. A thread of its own writes, so that neither the window nor the sound waits."""
import threading

from hummingface.instrument.session.state_file import StateFile
from hummingface.instrument.session.window_state import WindowState, Writer

LOOK_S = 0.4                        # between looks whether anything changed: writes follow each other no faster
PATIENCE_S = 10.0                   # that a closing window gives the disk


class Autosave:
    """Call `look` regularly with the current state; changes are written. `problem` is the last error."""

    def __init__(self, file: StateFile):
        self.problem = ""           # empty while all is well
        self._file, self._writer = file, Writer()
        self._seen: WindowState | None = None
        self._waiting: WindowState | None = None
        self._ending = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._write, name="autosave", daemon=True)
        self._thread.start()

    def look(self, kept: WindowState) -> None:
        """Take the current state. Costs almost nothing where nothing has changed, and never waits."""
        if kept != self._seen:
            self._seen = kept
            with self._wake:
                self._waiting = kept
                self._wake.notify()

    def close(self) -> None:
        """Write what is not written yet, and release the file."""
        with self._wake:
            self._ending = True
            self._wake.notify()
        self._thread.join(PATIENCE_S)
        self._file.release()

    def _write(self) -> None:
        while True:
            with self._wake:
                while self._waiting is None and not self._ending:
                    self._wake.wait()
                kept, self._waiting = self._waiting, None
            if kept is None:
                return
            try:
                self._file.write(self._writer.text(kept))
                self.problem = ""
            except (OSError, ValueError) as error:
                self.problem = str(error)
