"""What Qt itself says, into the log; warnings still go to the standard error, too, as Qt does without us."""
import logging
import sys

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

log = logging.getLogger("qt")
log.addHandler(logging.NullHandler())
LEVELS = {QtMsgType.QtDebugMsg: logging.DEBUG, QtMsgType.QtInfoMsg: logging.INFO, QtMsgType.QtWarningMsg: logging.WARNING,
          QtMsgType.QtCriticalMsg: logging.ERROR, QtMsgType.QtFatalMsg: logging.CRITICAL}


def log_messages() -> None:
    """From here on."""
    qInstallMessageHandler(_take)


def _take(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
    level = LEVELS.get(kind, logging.WARNING)
    log.log(level, "%s", text)
    if level >= logging.WARNING and sys.stderr is not None:
        print(text, file=sys.stderr)
