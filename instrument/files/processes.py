"""Whether a process still runs, for cleaning up files that belong to dead ones."""
import os
import sys


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
