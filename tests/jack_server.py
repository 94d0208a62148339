"""A real JACK server with its dummy driver, for tests and benchmarks."""
import ctypes
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

DEFAULT = "JACK_DEFAULT_SERVER"      # where JACK's clients look for the server's name
CLIENTS_MAY_TAKE_MS = "5000"         # to answer; half a second, as usual, is short for a large program on a busy machine
_numbers = itertools.count()


def unused_name(what: str) -> str:
    """A server's name that no other process uses, nor this one so far."""
    return f"{what}-{os.getpid()}-{next(_numbers)}"


def _ends_with_us() -> None:
    """In the server's process: whoever started it may be killed, and a machine has room for eight servers. Linux alone can say so."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)          # PR_SET_PDEATHSIG


class JackServer:
    """`jackd` of its own name, ended by its own number. `outputs`: how many channels it plays."""

    def __init__(self, name: str, period: int, outputs: int = 2):
        self.name, self.period, self.outputs = name, period, outputs
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        import jack  # before the server starts: where it is missing none is left running

        said = self._said = tempfile.TemporaryFile()         # noqa: SIM115 (the server writes on)
        self.process = subprocess.Popen(["jackd", "-n", self.name, "-R", "-t", CLIENTS_MAY_TAKE_MS, "-d", "dummy", "-r", "48000",
                                         "-p", str(self.period), "-P", str(self.outputs)], stdout=said, stderr=said,
                                        preexec_fn=_ends_with_us)
        jack.set_error_function(lambda text: None)
        jack.set_info_function(lambda text: None)
        for _ in range(600):                # half a minute: a busy machine may take long
            try:
                jack.Client("probe", no_start_server=True, servername=self.name).close()
                return
            except jack.JackOpenError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError(f"jackd did not start: {self.log()}")

    def log(self) -> str:
        """What the server has said, and whether it still runs."""
        self._said.seek(0)
        return f"exit status {self.process and self.process.poll()}: {self._said.read().decode(errors='replace')[-1500:]}"

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self) -> None:
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(15)          # one that is killed leaves its place in the registry taken, and there are eight
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def default_server_kept() -> Iterator[None]:
    """Whatever names a server in the environment meanwhile, afterwards the one from before is the default again."""
    before = os.environ.get(DEFAULT)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(DEFAULT, None)
        else:
            os.environ[DEFAULT] = before
