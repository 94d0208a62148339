"""Values read from files, kept until the file changes: lists of a library are shown often, and its files hardly ever change."""
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class FileCache(Generic[T]):
    """What `read` makes of files; at most `most` of them are kept. Nobody may change what it gives."""

    def __init__(self, read: Callable[[Path], T], most: int) -> None:
        self._read, self._most = read, most
        self._known: dict[Path, tuple[tuple[int, int, int], T]] = {}

    def get(self, file: Path) -> T:
        """The value of a file as it is now. Raises what `read` raises; where the file cannot be looked up, `read` has the word."""
        try:
            status = file.stat()
        except OSError:
            return self._read(file)
        seen = status.st_ino, status.st_mtime_ns, status.st_size
        known = self._known.get(file)
        if known is not None and known[0] == seen:
            return known[1]
        value = self._read(file)
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[file] = seen, value
        return value
