"""A clock for trainings that end after minutes: it goes on by its own count, so a busy machine learns as much as an idle one."""
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hummingface.train.app import job_watch, learn
from hummingface.train.learning import run


class Clock:
    """In place of `time`: each look at it is so many seconds after the one before."""

    def __init__(self, look_s: float) -> None:
        self.look_s, self.now_s = look_s, 0.0

    def monotonic(self) -> float:
        self.now_s += self.look_s
        return self.now_s

    def __getattr__(self, name: str):
        return getattr(time, name)


@contextmanager
def counted_time(look_s: float) -> Iterator[None]:
    """For as long as this lasts lessons go by such a clock. A step of training looks at it once, or a few times where it is watched."""
    clock = Clock(look_s)
    with pytest.MonkeyPatch.context() as patch:
        for module in (learn, run, job_watch):
            patch.setattr(module, "time", clock)
        yield
