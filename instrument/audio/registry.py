"""Registry of running audio processes, so that a new window can find one whose own window is gone.

One file per process in the user's run-time folder, readable by this user alone, because it holds the key to the socket.
"""
import atexit
import contextlib
import functools
import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from hummingface.instrument.files.paths import written_at
from hummingface.instrument.files.processes import is_running
from hummingface.models.playing.checked_json import JsonError, parse_json, read_bytes
from hummingface.private_folder import USER, private_folder

GREETING = b"hummingface "              # begins the line on which a new audio process prints its address
LARGEST_BYTES = 4096
LONGEST_ADDRESS = 100                # bytes; macOS takes 103, Linux 107


@dataclass(frozen=True)
class Running:
    """An audio process: its process id, the address of its socket, the key to it (hexadecimal)."""

    pid: int
    address: str
    authkey: str


def folder() -> Path:
    """The user's run-time folder, made if missing; `HUMMINGFACE_HOME` moves it. Where it cannot be had (a home that is read-only, a machine
    without login sessions, on which another user took its name), one of this user elsewhere.
    """
    home = os.environ.get("HUMMINGFACE_HOME")
    usual = Path(home) / "run" if home else Path(platformdirs.user_runtime_dir("hummingface", appauthor=False))
    for path in (usual, Path(tempfile.gettempdir()) / f"hummingface-run-{USER}"):
        if private_folder(path):
            return path
    return _of_this_process()


@functools.cache
def _of_this_process() -> Path:
    """A folder that no other process finds, and so no other window."""
    made = Path(tempfile.mkdtemp(prefix="hummingface-run-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def log_path() -> Path:
    """The log of the audio processes' standard error. The file is emptied when it has grown beyond 1 MB."""
    path = folder() / "engine.log"
    try:
        if path.stat().st_size > 1 << 20:
            path.unlink()
    except OSError:
        pass
    return path


def _path(pid: int) -> Path:
    return folder() / f"engine-{pid}.json"


def socket_address(pid: int) -> str | None:
    """Where a process listens; None: a place that the system chooses (Windows, or a folder whose path is too long for a socket)."""
    if os.name != "posix":
        return None
    path = folder() / f"engine-{pid}.sock"
    path.unlink(missing_ok=True)                    # of one that was killed and had the same number
    return str(path) if len(os.fsencode(path)) <= LONGEST_ADDRESS else None


def write(running: Running) -> None:
    """Register this process. Raises OSError."""
    handle = os.open(_path(running.pid), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(running), file)


def parse(data: bytes) -> Running:
    """A registered process. Raises JsonError where it is none of ours: its process id is one that may be killed."""
    values = parse_json(data, LARGEST_BYTES)
    pid, address, authkey = (values.get(name) for name in ("pid", "address", "authkey")) if isinstance(values, dict) else (None,) * 3
    if type(pid) is not int or not 1 < pid < 1 << 31 or not isinstance(address, str) or not isinstance(authkey, str):
        raise JsonError("it does not contain a process id, its address and its key")
    if not re.fullmatch("(?:[0-9a-f]{2})+", authkey):
        raise JsonError("its key is not hexadecimal")
    return Running(pid, address, authkey)


def remove(pid: int) -> None:
    """Unregister a process."""
    with contextlib.suppress(OSError):
        _path(pid).unlink(missing_ok=True)
        _path(pid).with_suffix(".sock").unlink(missing_ok=True)


def still_there(running: Running) -> bool:
    """Whether the process is still registered: it unregisters when it ends, and process ids are used again."""
    return _path(running.pid).exists() and is_running(running.pid)


def all_running() -> list[Running]:
    """Every audio process of this user that still runs, the newest first; files of those that do not are removed."""
    found = []
    for path in sorted(folder().glob("engine-*.json"), key=written_at, reverse=True):
        try:
            running = parse(read_bytes(path, LARGEST_BYTES))
        except (OSError, ValueError):
            continue
        if is_running(running.pid):
            found.append(running)
        else:
            remove(running.pid)
    return found
