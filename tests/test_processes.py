"""Whether a process still runs: by that, what a killed one left behind is known from what is being written."""
import os
import subprocess
import sys

import pytest

from hummingface.instrument.audio import shared_state
from hummingface.instrument.files.processes import is_running


def test_a_process_runs_until_it_has_ended():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_running(process.pid) and is_running(os.getpid())
    process.kill()
    process.wait()
    process.stdin.close()
    assert not is_running(process.pid)


@pytest.mark.parametrize("number", [1 << 31, 1 << 40, 10 ** 30])
def test_a_number_that_no_process_can_have_is_none_of_them(number):
    assert not is_running(number)


def test_a_left_file_with_such_a_number_stops_no_start(monkeypatch, tmp_path):
    monkeypatch.setattr(shared_state, "folder", lambda: tmp_path)
    left, ours = (tmp_path / f"{shared_state.PREFIX}{number}-state" for number in (10 ** 12, os.getpid()))
    left.touch()
    ours.touch()
    shared_state.sweep()
    assert not left.exists() and ours.exists()
