"""Stopping a run as a player does, and comparing what two runs left."""
import os
import signal

import pytest
import torch


def stopped_after(one, steps, folder):
    """Ctrl-C, as the system sends it, in the middle of a step."""
    step = one.train_step

    def train_step():
        if one.step == steps - 1:
            os.kill(os.getpid(), signal.SIGINT)
        return step()
    one.train_step = train_step
    with pytest.raises(KeyboardInterrupt):
        one.run(folder, progress=False)


def same(a, b):
    """Whether two nested states are alike in every bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a if k != "seconds")
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
