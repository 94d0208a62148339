"""The log: what each process did, for whoever looks for a fault later.

A file for each process, so that none waits for another or renames what another writes: NAME-DATE-TIME-PID.log in `folder()`. A file that
has grown beyond 1 MB starts again, and the one before is kept; of each kind of process the newest files are kept. Into it go versions,
devices, models, patches, warnings, every exception that nothing catches, on whichever thread, and where each thread was when the
interpreter itself crashed. No notes and nothing that was played, and nothing personal but names of files and devices. The audio thread
writes nothing: it is compiled.
"""
import contextlib
import faulthandler
import logging
import os
import re
import sys
import threading
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from hummingface.instrument.files.paths import written_at

LARGEST_BYTES = 1 << 20
KEPT_FILES = 10                     # of each kind of process
TAIL_BYTES = 1 << 16
LINE = "%(asctime)s.%(msecs)03d %(levelname)-8s %(name)s: %(message)s"
LINE_TIME = "%Y-%m-%d %H:%M:%S"
_NAME = re.compile(r"(?P<kind>[a-z]+)-\d{8}-\d{6}-(?P<pid>\d+)\.log(\.\d)?")
log = logging.getLogger(__name__)
_verbose = False


def folder() -> Path:
    """Where log files of this user are; `HUMMINGFACE_HOME` moves it."""
    if home := os.environ.get("HUMMINGFACE_HOME"):
        return Path(home) / "state" / "log"
    import platformdirs  # here: an installation logs as well, which begins without it
    return Path(platformdirs.user_log_dir("hummingface", appauthor=False))


def begin(kind: str, verbose: bool = False) -> Path:
    """This process logs from here on; returns its file. `kind`: letters, as in "window". `verbose`: on the standard error, too.

    Raises ImportError where what it stands on is not installed yet.
    """
    global _verbose
    path = folder() / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    _sweep(kind)
    _verbose = verbose
    root, form = logging.getLogger(), logging.Formatter(LINE, LINE_TIME)
    handlers: list[logging.Handler] = [_LogFile(path)]
    if verbose:
        handlers.append(logging.StreamHandler())
    for handler in handlers:
        handler.setFormatter(form)
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    logging.raiseExceptions = False                     # a full disk keeps nobody from playing
    _hook_exceptions()
    _announce(kind)
    return path


def is_verbose() -> bool:
    """Whether this process shows its log on the standard error."""
    return _verbose


def tail(kind: str, lines: int) -> str:
    """The last lines of the newest log of this kind of process; empty where there is none."""
    files = _files(kind)
    if not files:
        return ""
    with contextlib.suppress(OSError), files[-1].open("rb") as file:
        file.seek(max(0, files[-1].stat().st_size - TAIL_BYTES))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    return ""


class _LogFile(RotatingFileHandler):
    """Made when the first line is written. What crashes the interpreter goes into whichever file is open."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LARGEST_BYTES, backupCount=1, encoding="utf-8", delay=True, errors="backslashreplace")

    def _open(self) -> Any:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        stream = super()._open()
        faulthandler.enable(stream)
        return stream

    def doRollover(self) -> None:
        faulthandler.disable()                          # its file is about to be closed
        super().doRollover()

    def close(self) -> None:
        if self.stream:
            faulthandler.disable()
        super().close()


def _announce(kind: str) -> None:
    """What whoever reads this wants to know first."""
    from hummingface.instrument.logs import versions
    log.info("HummingFace %s, %s, process %d: %s", versions.own_version(), kind, os.getpid(), " ".join(sys.argv[1:]))
    log.info("%s; %s; %s", versions.system(), versions.python(), ", ".join(versions.packages()))


def _hook_exceptions() -> None:
    """Log what nothing catches, then do what was done before. Exceptions in slots of Qt come here, too."""
    plain, plain_thread, plain_unraisable = sys.excepthook, threading.excepthook, sys.unraisablehook

    def uncaught(kind: Any, error: Any, trace: Any) -> None:
        if issubclass(kind, Exception):
            log.critical("uncaught exception", exc_info=(kind, error, trace))
        plain(kind, error, trace)

    def uncaught_in_thread(args: Any) -> None:
        if args.exc_type is not SystemExit:
            name = args.thread.name if args.thread is not None else "?"
            log.critical("uncaught exception in the thread %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
        plain_thread(args)

    def unraisable(args: Any) -> None:
        log.error("%s: %r", args.err_msg or "exception ignored", args.object, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
        plain_unraisable(args)
    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, uncaught_in_thread, unraisable


def _files(kind: str) -> list[Path]:
    """The log files of this kind of process, the oldest first."""
    try:
        found = [path for path in folder().iterdir() if (name := _NAME.fullmatch(path.name)) and name["kind"] == kind]
    except OSError:
        return []
    return sorted(found, key=lambda path: (written_at(path), path.name))


def _sweep(kind: str) -> None:
    """Room for one more: the oldest go, but for those of processes that run."""
    from hummingface.instrument.files.processes import is_running
    files = _files(kind)
    for path in files[:max(0, len(files) - KEPT_FILES + 1)]:
        name = _NAME.fullmatch(path.name)
        if name and not is_running(int(name["pid"])):
            with contextlib.suppress(OSError):
                path.unlink()


