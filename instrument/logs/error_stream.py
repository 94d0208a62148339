"""The standard error, a file of ours: a full disk must not make writing to it fail."""
import contextlib
import io
import sys


class ErrorStream(io.TextIOBase):
    """Writes to the process's own standard error, and gives up silently where that fails."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            sys.__stderr__.write(text)          # type: ignore[union-attr]
            sys.__stderr__.flush()              # type: ignore[union-attr]
        return len(text)
