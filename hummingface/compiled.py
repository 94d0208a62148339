"""How this package compiles its functions: ahead of the first block, without the interpreter's lock, and kept on disk.

numba's own cache looks at the one file that a function stands in, so it would serve a stale `render` after a change in
a file that it calls. Here the name of the cache folder holds a hash of all sources of the package: any change makes a
new one. The folder is the user's, so a read-only installation works as well. `NUMBA_CACHE_DIR`, where set, is the place
of that folder.
"""
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numba
from numba import config
from numba.misc.appdirs import AppDirs

# Not "nnan" and "ninf": the guards against NaN and infinity must survive the optimiser.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
_OPTIONS = {"nogil": True, "fastmath": FASTMATH, "error_model": "numpy", "boundscheck": False}
OLD_S = 14 * 24 * 3600.0      # folders of other versions are removed when unused for so long


def _sources_hash() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where the compiled functions of this version of the package are kept."""
    place = os.environ.get("NUMBA_CACHE_DIR") or AppDirs("hummingface", appauthor=False).user_cache_dir
    return Path(place) / "compiled" / _sources_hash()


_FOLDER = cache_folder()


def _forget_old_folders() -> None:
    """Remove what other versions compiled, if it lies unused; failing to is no problem."""
    try:
        _FOLDER.mkdir(parents=True, exist_ok=True)
        os.utime(_FOLDER)
        for other in _FOLDER.parent.iterdir():
            if other != _FOLDER and time.time() - other.stat().st_mtime > OLD_S:
                shutil.rmtree(other, ignore_errors=True)
    except OSError:
        pass


_forget_old_folders()


@contextmanager
def _our_cache():
    before = config.CACHE_DIR
    config.CACHE_DIR = str(_FOLDER)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def compiled(signature=None) -> Callable:
    """Decorator: `numba.njit`, cached on disk. With a signature it is compiled, or loaded, at import."""
    def decorate(function):
        with _our_cache():
            return (numba.njit(signature, cache=True, **_OPTIONS) if signature else numba.njit(cache=True, **_OPTIONS))(function)
    return decorate


def part(function):
    """Decorator for what only compiled functions call: kept on disk inside them, not by itself."""
    return numba.njit(**_OPTIONS)(function)


def inlined(function):
    """Decorator for a part that is put in place where it is called."""
    return numba.njit(forceinline=True, **_OPTIONS)(function)


def c_callback(signature) -> Callable:
    """Decorator: `numba.cfunc`, cached on disk: a function that C code may call, at `.address`."""
    def decorate(function):
        with _our_cache():
            return numba.cfunc(signature, cache=True, fastmath=FASTMATH, error_model="numpy")(function)
    return decorate
