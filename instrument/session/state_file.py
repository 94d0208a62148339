"""The saved states of windows: each open window has a file that belongs to it alone while it is open. No Qt.

A window takes the newest file that no other window holds, so that one window finds what the last one left, and a second
one what the second one left. The lock beside the file is the operating system's: it ends with its process, in any case.
"""
import contextlib
import os
import re
from pathlib import Path
from typing import IO

import platformdirs

from hummingface.instrument.files.locks import locked
from hummingface.instrument.files.paths import written_at
from hummingface.instrument.session import window_state
from hummingface.instrument.session.window_state import WindowState, WindowStateError
from hummingface.models.playing.atomic_file import replace_file, set_aside
from hummingface.models.playing.checked_json import JsonError, read_json

MOST_WINDOWS = 64
_NAME = re.compile(r"window-(\d{1,4})\.json")


def folder() -> Path:
    """The user's folder of window states; `HUMMINGFACE_HOME` moves it."""
    if home := os.environ.get("HUMMINGFACE_HOME"):
        return Path(home) / "state"
    return Path(platformdirs.user_state_dir("hummingface", appauthor=False))


class StateFile:
    """One window's file. `claim` gets one; while this object is open, no other window has it."""

    def __init__(self, path: Path, lock: IO | None):
        self.path, self._lock = path, lock

    @classmethod
    def claim(cls) -> "StateFile":
        """The newest file that no other window holds, or a new one. Where nothing can be written, `write` reports it; playing goes on."""
        place = folder()
        with contextlib.suppress(OSError):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        there = sorted((path for path in _listed(place) if _NAME.fullmatch(path.name)), key=written_at, reverse=True)
        numbers = {int(path.stem.partition("-")[2]) for path in there}
        new = [place / f"window-{number}.json" for number in range(1, MOST_WINDOWS + len(there)) if number not in numbers]
        for path in (*there, *new):
            try:
                lock = locked(path.with_suffix(".lock"))
            except BlockingIOError:
                continue                                # another window has it
            except OSError:
                return cls(path, None)                  # no lock can be had here at all: a full or read-only disk
            for left in _listed(place):                 # by a window that was ended while it wrote
                if left.name.startswith(f".{path.name}.") and left.name.endswith(".tmp"):
                    with contextlib.suppress(OSError):
                        left.unlink()
            return cls(path, lock)
        raise OSError(f"{place}: more than {MOST_WINDOWS} windows are open")

    def load(self) -> tuple[WindowState | None, str]:
        """(the saved state, a notice for the player). None: there is none, or it could not be used and was renamed. Never raises."""
        try:
            kept, lost = window_state.read(read_json(self.path, 2 * window_state.LARGEST_BYTES))
        except FileNotFoundError:
            return None, ""
        except (OSError, JsonError, WindowStateError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error).removeprefix(f"{self.path}: ")
            aside = set_aside(self.path)
            where = f"It was renamed to {aside.name}, in the same folder." if aside else "It cannot be renamed."
            return None, f"{self.path}: the saved window state cannot be read ({why}). {where}"
        notice = f"{self.path}: {lost} of the saved sounds and undo steps cannot be used and are left out." if lost else ""
        return kept, notice

    def write(self, content: bytes) -> None:
        """Save this state. Raises OSError, naming the file."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self.path, content)
        except OSError as error:
            raise OSError(f"{self.path}: the window's state cannot be saved ({error.strerror or error})") from error

    def release(self) -> None:
        """Release the file for other windows."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()


def _listed(place: Path) -> list[Path]:
    try:
        return list(place.iterdir())
    except OSError:
        return []
