"""What a test leaves behind: threads, and child processes that run. It fails for what it leaves over.

What a fixture of a whole file, or of the whole run, has started may stay until that fixture ends: then it must be gone as well.
Child processes are seen on Linux, where the system lists them; elsewhere those of `multiprocessing` alone.
"""
import multiprocessing
import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

GRACE_S = 10.0                          # what was told to end is given this long
# Threads that libraries keep for the rest of the run, by the beginnings of their names.
THREADS = (
    "execnet",                          # pytest-xdist's channel to its workers
    "Dummy-",                           # threads that are not Python's: JACK's and Qt's, which ran Python once
    "tqdm",                             # looks after progress bars
    "listener",                         # of `audio/process/listener.py`: waits for clients until its process ends, as nothing wakes it
)
# And processes, by the module that their command line runs: `-m MODULE`, or `-c from MODULE import ...`.
MODULE = re.compile(r"\s(?:-m|-c from) ([\w.]+)")
MODULES = {"multiprocessing.resource_tracker", "multiprocessing.forkserver"}
# Fixtures of a file or of the run through which a test starts what the fixture ends.
HOLDERS = {"jack_server"}

Thing = tuple[str, int, str]            # "thread" or "process", its number, its name


def things() -> set[Thing]:
    """All that runs now, besides this thread and what is allowed."""
    found: set[Thing] = {("thread", thread.ident or 0, thread.name) for thread in threading.enumerate()
                         if thread is not threading.main_thread() and type(thread).__name__ != "TMonitor"}
    found |= {("process", process.pid or 0, process.name) for process in multiprocessing.active_children()}
    found |= set(_children())
    return {thing for thing in found if not _allowed(thing)}


def _allowed(thing: Thing) -> bool:
    kind, _, name = thing
    if kind == "thread":
        return name.startswith(THREADS)
    module = MODULE.search(name)
    return module is not None and module[1] in MODULES


def _children() -> Iterable[Thing]:
    for listed in Path("/proc/self/task").glob("*/children"):
        try:
            numbers = listed.read_text().split()
        except OSError:                 # the thread went meanwhile
            continue
        for number in numbers:
            try:
                state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
                words = Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if state not in "ZX":       # ended, and not asked about yet
                yield "process", int(number), words.strip()[:120]


def _fixtures(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", ()))          # a document's test has none


class Leftovers:
    """Looks before and after each test, and around the fixtures that live longer."""

    def __init__(self) -> None:
        self._before_run = self._before_file = self._before = things()
        self._runs: set[Thing] = set()              # what fixtures of the whole run have started
        self._run_holders: set[str] = set()         # their names
        self._file_holds = False                    # whether a fixture of this file has started something

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        if fixturedef.scope == "function":
            return (yield)
        before = things()
        try:
            return (yield)
        finally:
            new = things() - before
            if fixturedef.scope in ("session", "package"):
                self._runs |= new
                self._run_holders |= {fixturedef.argname} if new else set()
            elif new or fixturedef.argname in HOLDERS:
                self._file_holds = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        self._before = things()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item, nextitem):
        result = yield
        if nextitem is None:
            self._gone(self._before_run, set(), "The run")
        elif nextitem.path != item.path:
            self._file_holds = False
            self._end_of_file(item)
        elif not self._file_holds and not self._run_holders & set(_fixtures(item)):
            self._gone(self._before, self._runs, item.name)
        return result

    def _end_of_file(self, item: pytest.Item) -> None:
        if self._run_holders & set(_fixtures(item)):          # a window that lives on may have started its engine again
            self._runs |= things() - self._before_file
        before, self._before_file = self._before_file, things()
        self._gone(before, self._runs, item.path.name)
        self._before_file = things()

    @staticmethod
    def _gone(before: set[Thing], kept: set[Thing], who: str) -> None:
        """Wait until nothing is left; fail, naming it, if something is."""
        until = time.monotonic() + GRACE_S
        while left := things() - before - kept:
            if time.monotonic() > until:
                pytest.fail(f"{who} leaves running: " + "; ".join(f"{kind} {number} ({name})" for kind, number, name in sorted(left)),
                            pytrace=False)
            time.sleep(0.01)
