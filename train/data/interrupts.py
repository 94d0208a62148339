"""Ctrl-C at a moment that suits what runs."""
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """The first ctrl-C (or SIGTERM) is written down, for a loop to end between two steps; a second one ends it at once."""
    signals: list[int] = []

    def ask(signum: int, frame: FrameType | None) -> None:
        if signals:
            raise KeyboardInterrupt
        signals.append(signum)
    if threading.current_thread() is not threading.main_thread():       # only the main thread receives signals
        yield signals
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
