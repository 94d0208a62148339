"""Folders of this user alone, also where everybody may write: beside them lies what other users of the machine made, who guess names."""
import contextlib
import os
import stat
from pathlib import Path

USER = str(os.getuid()) if hasattr(os, "getuid") else "user"         # for the name of a folder in the one for temporary files


def private_folder(path: Path) -> bool:
    """Make a folder that this user alone can open, with those above it. Returns whether it is one: it may have been there, as another
    user's, open to others, or where others may put another in its place.
    """
    with contextlib.suppress(OSError):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.access(path, os.R_OK | os.W_OK | os.X_OK) and (not hasattr(os, "getuid") or _is_ours(path))
    return False


def _is_ours(path: Path) -> bool:
    own, above = path.lstat(), path.parent.stat()
    if not stat.S_ISDIR(own.st_mode) or own.st_uid != os.getuid():           # a link of another user's leads anywhere
        return False
    if own.st_mode & 0o077:                                                  # made by us, when nothing asked for more
        path.chmod(0o700)
    return above.st_uid in (0, os.getuid()) and not (above.st_mode & 0o002 and not above.st_mode & stat.S_ISVTX)
