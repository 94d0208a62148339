"""The operating system's locks between processes: each ends with the process that has it, in any case."""
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """A context in which no other process has this lock: it is waited for. Where there are no such locks, at once."""
    with contextlib.ExitStack() as opened:
        with contextlib.suppress(OSError):
            opened.enter_context(locked(path, wait=True))
        yield


def locked(path: Path, wait: bool = False) -> IO:
    """The open file that holds the lock. Raises BlockingIOError where another process has it (unless we `wait`), OSError where there are
    no locks; on Windows there are none that wait.
    """
    file = path.open("a+b")
    try:
        if sys.platform == "win32":
            import msvcrt
            if wait:
                raise OSError("no lock of this system waits")
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except PermissionError as error:
                raise BlockingIOError(str(error)) from error
        else:
            import fcntl
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file
