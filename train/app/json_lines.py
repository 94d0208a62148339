"""JSON lines between this process and the program that started it (the instrument's window): objects, one a line, on standard input and
output. When that program ends, in whatever way, standard input ends.
"""
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from hummingface.models.playing.checked_json import parse_json

LONGEST_LINE = 1 << 20


class Lines:
    """Takes over standard output: anything else printed there goes to standard error from now on."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        os.dup2(2, 1)

    def tell(self, kind: str, **values: Any) -> None:
        """Write a line `{"tell": kind, ...}`. A closed output is no error: the end of standard input reports that, too."""
        text = json.dumps({"tell": kind, **values}, allow_nan=False)
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._out.write(text + "\n")
            self._out.flush()


def asked() -> Iterator[dict]:
    """The objects on standard input, until it ends; lines that hold no object are ignored."""
    while line := sys.stdin.buffer.readline(LONGEST_LINE):
        with contextlib.suppress(ValueError):
            message = parse_json(line, LONGEST_LINE)
            if isinstance(message, dict):
                yield message


def stop_when_left() -> None:
    """When standard input ends, interrupt this process as by ctrl-C, so that it saves its work."""
    def watch() -> None:
        while os.read(0, 1 << 16):          # not through `sys.stdin`, whose lock Python wants when it ends
            pass
        signal.raise_signal(signal.SIGINT) if sys.platform == "win32" else os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=watch, name="standard input", daemon=True).start()
