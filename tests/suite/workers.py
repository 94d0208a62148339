"""What the processes of a run must not share: the player's own folders, JACK's default server, cores.

Temporary folders and JACK servers are each worker's own already: pytest names the former, the servers carry the process's number.
"""
import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.suite.marking import TESTS
from tests.suite.sharing import REAL_TIME

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
NICE = 10                               # to what plays in real time beside it


def one_thread_each() -> None:
    """For what is imported from here on, here and in child processes: each worker has one core."""
    for variable in THREADS:
        os.environ[variable] = "1"


@contextmanager
def own_places() -> Iterator[None]:
    """A home of this worker's own, where nothing of the player's lies, and a name of a JACK server that nobody has."""
    with tempfile.TemporaryDirectory(prefix="hummingface-tests-", ignore_cleanup_errors=True) as home:
        own = {"HUMMINGFACE_HOME": home, "JACK_DEFAULT_SERVER": f"no-server-of-{os.getpid()}", "JACK_NO_START_SERVER": "1"}
        before = {name: os.environ.get(name) for name in own}
        os.environ.update(own)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


class GivesWay:
    """A worker that begins with anything but what plays in real time never gets to that, and gives way to the one that does."""

    def __init__(self) -> None:
        self._asked = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if not self._asked and item.path.relative_to(TESTS).as_posix() not in REAL_TIME:
            with contextlib.suppress(OSError, AttributeError):
                os.nice(NICE)
        self._asked = True
