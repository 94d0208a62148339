"""The state block in a memory-mapped file, so that the window reads meters and sound without sending a message.

Plain files rather than `multiprocessing.shared_memory`, whose resource tracker may (before Python 3.13) unlink a
segment that another process still uses. On Linux they are in memory (/dev/shm); elsewhere in the folder for
temporary files, where frequent use keeps their pages in memory too. The audio process owns its
file and removes it; a client that kills the process removes the file instead.
"""
import contextlib
import mmap
import os
import secrets
import sys
import tempfile
from pathlib import Path

import numpy as np

from hummingface.instrument.files.processes import is_running

PREFIX = "hummingface-"


def folder() -> Path:
    """Where state blocks are mapped."""
    shm = Path("/dev/shm")
    return shm if sys.platform == "linux" and os.access(shm, os.W_OK) else Path(tempfile.gettempdir())


def create(size_bytes: int) -> tuple[Path, mmap.mmap]:
    """A new file of zeros for this user alone, mapped and with every page in memory. Raises OSError if there is no room."""
    path = folder() / f"{PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, size_bytes)       # a full disk shows here, and not as a crash in the audio thread
            else:
                os.ftruncate(handle, size_bytes)
            memory = mmap.mmap(handle, size_bytes)
        finally:
            os.close(handle)
        pages = np.frombuffer(memory, np.uint8)[::mmap.PAGESIZE]
        pages[:] = 0                                            # first touch here, so that the audio thread never waits for a page
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OSError(f"no room for {size_bytes >> 20} MB of shared memory in {path.parent}: {error}") from error
    return path, memory


def view(path: Path, dtype: np.dtype) -> np.ndarray:
    """Another process's block, to read: an array [1] of this dtype. Raises OSError or ValueError if it is not one of ours."""
    path = Path(path)
    if path.parent != folder() or not path.name.startswith(PREFIX):
        raise ValueError(f"{path} is not a state block of HummingFace")
    with path.open("rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if len(memory) < dtype.itemsize:
        raise ValueError(f"{path} is shorter than a state block")
    return np.frombuffer(memory, dtype, 1)


def remove(path: Path) -> None:
    """Remove the file; on Windows that fails while somebody has it mapped, and `sweep` does it later."""
    with contextlib.suppress(OSError):
        Path(path).unlink(missing_ok=True)


def sweep() -> None:
    """Remove the files of processes that are gone."""
    for path in folder().glob(f"{PREFIX}*"):
        pid = path.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not is_running(int(pid)):
            remove(path)
