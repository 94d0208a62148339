"""Processes of ours: how children are started, and whether one still runs, for cleaning up files that belong to dead ones."""
import os
import subprocess
import sys
from typing import Any

from hummingface import FOLDER


def own_environment(**more: str) -> dict[str, str]:
    """Our environment for a child process, with the folder of this package on Python's path, and `more` variables."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [FOLDER, os.environ.get("PYTHONPATH")]))} | more


def apart() -> dict[str, Any]:
    """Arguments for `Popen`: a child without a console of its own, which Ctrl+C in our terminal does not reach."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def is_running(pid: int) -> bool:
    """Whether a process with this id exists. On Windows always True, where a file in use cannot be removed anyway."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
