"""Processes of ours: how children are started, and whether one still runs, for cleaning up files that belong to dead ones."""
import contextlib
import os
import subprocess
import sys
from typing import Any

from hummingface import FOLDER


def own_environment(**more: str) -> dict[str, str]:
    """Our environment for a child process, with the folder of this package on Python's path, and `more` variables. Its numpy asks for no
    huge pages: whoever touches one first waits for it to be found and cleared, and holds the interpreter meanwhile, or plays."""
    path = os.pathsep.join(filter(None, [FOLDER, os.environ.get("PYTHONPATH")]))
    return {"NUMPY_MADVISE_HUGEPAGE": "0"} | os.environ | {"PYTHONPATH": path} | more


def apart() -> dict[str, Any]:
    """Arguments for `Popen`: a child without a console of its own, which Ctrl+C in our terminal does not reach."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def is_running(pid: int) -> bool:
    """Whether a process with this id exists."""
    import psutil  # here: most starts find no files of other processes, and it takes 16 ms
    with contextlib.suppress(OverflowError):            # a number that somebody made up
        return psutil.pid_exists(pid)
    return False
