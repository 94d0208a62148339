"""Decorators for compiled functions: compiled before the first block, without the interpreter lock, and cached on disk between starts.

numba's own cache looks only at the file that holds a function, so it would serve a stale `render` after a change in a file that it calls
or takes constants from. Here the name of a module's cache folder holds a hash of its own source and of all our modules that it imports,
however deep, and of their names: any change makes a new folder. Nothing else counts, neither where the package lies nor when it was
written: what one installation has compiled serves the next. The folders are in the user's cache, so a read-only installation works as
well; where that is read-only too, they are in a folder of this user's among the temporary files. `NUMBA_CACHE_DIR`, where set, replaces
the user's cache.
"""
import functools
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numba
from numba import types
from numba.core import caching
from numba.core.typing.templates import Signature
from numba.misc.appdirs import AppDirs

import hummingface
from hummingface.private_folder import USER, private_folder

if TYPE_CHECKING:                     # numba's own types know no addresses and sizes of compiled code
    carray: Callable[..., Any]
else:
    from numba import carray  # noqa: F401  compiled functions have it from here

# Not "nnan" and "ninf": the guards against NaN and infinity must survive the optimiser.
FAST = frozenset({"reassoc", "contract", "nsz", "arcp"})
FASTER = FAST | {"afn"}               # and powers and logarithms may be off by a few units in the last place
EXACT: frozenset[str] = frozenset()   # as written
OLD_S = 14 * 24 * 3600.0              # folders of other versions are removed when unused for so long
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "boundscheck": False}
_IMPORT = re.compile(r"^(?:from (hummingface[\w.]*) import (\([^)]*\)|[^\n(]*)|import (hummingface[\w.]*))", re.MULTILINE)


def compiled(signature=None, *, fastmath: frozenset[str] = FAST) -> Callable:
    """Decorator: `numba.njit`, kept on disk. With a signature it is compiled, or loaded, at import."""
    def decorate(function):
        with _cache_of(function) as kept:
            return numba.njit(signature, cache=kept, fastmath=set(fastmath), **_OPTIONS)(function)
    return decorate


def part(function):
    """Decorator for what only compiled functions call: kept on disk inside them, not by itself."""
    return numba.njit(fastmath=set(FAST), **_OPTIONS)(function)


def inlined(function=None, *, fastmath: frozenset[str] = FAST):
    """Decorator for a part that is put in place where it is called: with many arrays, a call of its own costs more than what it does."""
    decorate = numba.njit(forceinline=True, fastmath=set(fastmath), **_OPTIONS)
    return decorate(function) if function is not None else decorate


def c_callback(signature) -> Callable:
    """Decorator: `numba.cfunc`, kept on disk: a function that C code may call, at `.address`."""
    def decorate(function):
        with _cache_of(function) as kept:
            return numba.cfunc(signature, cache=kept, fastmath=set(FAST), error_model="numpy")(function)
    return decorate


def c_function(name: str, signature: Signature) -> Callable[..., Any]:
    """A function of a C library that is loaded, for compiled functions to call."""
    return types.ExternalFunction(name, signature)


def cache_folder(source: str | Path) -> Path:
    """Where the compiled functions of a source file are kept, as it and all that it imports of ours are now."""
    digest = hashlib.sha256(numba.__version__.encode())
    for part in sorted(_within_package(path) + _text(path) for path in sources(Path(source).resolve())):
        digest.update(part.encode())
    return _place() / f"{Path(source).stem}-{digest.hexdigest()[:16]}"


def _within_package(path: Path) -> str:
    """Where a source file lies, alike in a checkout and installed: what is compiled names its module, which moves with the file."""
    for folder in (Path(folder).resolve() for folder in hummingface.__path__):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.name


def sources(path: Path) -> set[Path]:
    """A source file and all files of ours that it imports, however deep. Imports inside of functions do not count: nothing compiled can
    have constants of theirs."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        if (one := waiting.pop()) not in found:
            found.add(one)
            waiting += _imported(one)
    return found


def remove_old_folders() -> None:
    """Remove what other versions compiled, if it lies unused; failing to is no problem."""
    with suppress(OSError):
        for folder in _place().iterdir():
            if time.time() - folder.stat().st_mtime > OLD_S:
                shutil.rmtree(folder, ignore_errors=True)


def _place() -> Path:
    usual = Path(os.environ.get("NUMBA_CACHE_DIR") or AppDirs("hummingface", appauthor=False).user_cache_dir) / "compiled"
    if _can_write(usual):
        return usual
    spare = Path(tempfile.gettempdir()) / f"hummingface-compiled-{USER}"        # what lies in it is run: it must be ours
    return spare if private_folder(spare) else usual


def _can_write(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return os.access(folder, os.W_OK | os.X_OK)


@functools.cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def _imported(path: Path) -> list[Path]:
    names: list[str] = []
    for module, imported, alone in _IMPORT.findall(_text(path)):
        inside = [words.split()[0] for words in imported.strip("() \n").split(",") if words.split()]
        names += [alone] if alone else [module, *(f"{module}.{name}" for name in inside)]
    return [found for name in names if (found := _file_of(name))]


@functools.cache
def _file_of(module: str) -> Path | None:
    """The file of a module of ours; None where the name is something inside a module."""
    inside = module.split(".")[1:]
    for folder in hummingface.__path__:
        for path in (Path(folder, *inside[:-1], f"{inside[-1]}.py"), Path(folder, *inside, "__init__.py")) if inside else ():
            if path.is_file():
                return path.resolve()
    return None


@functools.cache
def _folder_in_use(source: str) -> Path:
    folder = cache_folder(source)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
    return folder


class _Locator(caching._CacheLocator):
    """Tells numba where it keeps a function that is decorated here."""

    folder: ClassVar[Path | None] = None        # of the function that is being decorated

    def __init__(self, folder: Path, line: int) -> None:
        self._folder, self._line = folder, line

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return self._folder.name                # which says it all

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "_Locator | None":
        return cls(cls.folder, py_func.__code__.co_firstlineno) if cls.folder else None


caching.CacheImpl._locator_classes.insert(0, _Locator)


@contextmanager
def _cache_of(function) -> Iterator[bool]:
    """numba keeps what is compiled here in our folder. Gives whether it can: where nothing can be written, each start compiles."""
    before, _Locator.folder = _Locator.folder, _folder_in_use(function.__code__.co_filename)
    try:
        yield _can_write(_Locator.folder)
    finally:
        _Locator.folder = before
