"""Logging for processes that are over at once: nothing is opened or imported until something is not caught."""
import sys
import threading
from typing import Any


def begin_at_failure(kind: str) -> None:
    """Log as `log_files.begin(kind)` does, but only from the first exception on that nothing catches."""
    plain, plain_thread = sys.excepthook, threading.excepthook

    def begin() -> None:
        from hummingface.instrument.logs import log_files
        sys.excepthook, threading.excepthook = plain, plain_thread
        log_files.begin(kind)

    def first(kind_of: Any, error: Any, trace: Any) -> None:
        begin()
        sys.excepthook(kind_of, error, trace)

    def first_of_a_thread(args: Any) -> None:
        begin()
        threading.excepthook(args)
    sys.excepthook, threading.excepthook = first, first_of_a_thread
