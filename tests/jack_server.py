"""A real JACK server with its dummy driver, for tests and benchmarks."""
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

DEFAULT = "JACK_DEFAULT_SERVER"      # where JACK's clients look for the server's name


class JackServer:
    """`jackd` of its own name, ended by its own number."""

    def __init__(self, name: str, period: int):
        self.name, self.period = name, period
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        import jack  # before the server starts: where it is missing none is left running

        self.process = subprocess.Popen(["jackd", "-n", self.name, "-R", "-d", "dummy", "-r", "48000", "-p", str(self.period)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        jack.set_error_function(lambda text: None)
        jack.set_info_function(lambda text: None)
        for _ in range(100):
            try:
                jack.Client("probe", no_start_server=True, servername=self.name).close()
                return
            except jack.JackOpenError:
                time.sleep(0.05)
        raise RuntimeError("jackd did not start")

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self) -> None:
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(3)
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
