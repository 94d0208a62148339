"""What Qt itself says, into the log; warnings still go to the standard error, too, as Qt does without us."""
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

log = logging.getLogger("qt")
log.addHandler(logging.NullHandler())
LEVELS = {QtMsgType.QtDebugMsg: logging.DEBUG, QtMsgType.QtInfoMsg: logging.INFO, QtMsgType.QtWarningMsg: logging.WARNING,
          QtMsgType.QtCriticalMsg: logging.ERROR, QtMsgType.QtFatalMsg: logging.CRITICAL}


_gathered: list[str] | None = None                  # warnings, instead of being printed, while Qt starts
_ends: Callable[[str], int] | None = None           # what is done where it cannot


def log_messages() -> None:
    """From here on."""
    qInstallMessageHandler(_take)


@contextmanager
def starting(ends: Callable[[str], int]) -> Iterator[None]:
    """Qt starts. Where it finds that it cannot, it would abort the process; instead `ends(why)` is called, and the process ends with the
    status that it returns."""
    global _gathered, _ends
    _gathered, _ends = [], ends
    try:
        yield
    finally:
        gathered, _gathered, _ends = _gathered, None, None
        for text in gathered:
            _print(text)


def _take(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
    level = LEVELS.get(kind, logging.WARNING)
    log.log(level, "%s", text)
    if kind == QtMsgType.QtFatalMsg and _ends is not None:
        _end(" ".join(_gathered or [text or ""]))
    if level >= logging.WARNING and _gathered is not None:
        _gathered.append(text or "")
    elif level >= logging.WARNING:
        _print(text)


def _print(text: str | None) -> None:
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def _end(why: str) -> NoReturn:
    """End the process from here: when Qt is answered, it aborts."""
    assert _ends is not None
    status = 1
    try:
        status = _ends(f"No window can open here. Qt says: {why}")
    except KeyboardInterrupt:
        status = 130
    except Exception as error:
        log.critical("%s", error, exc_info=True)
        _print(f"hummingface: {error}")
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(status)
