"""What an audio process writes down is for its own user alone: the key to its socket, and the sound that it plays."""
import os
import stat
import sys

import pytest

from hummingface.instrument.audio import registry, shared_state

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes; files are the user's by their folder")


@pytest.fixture(autouse=True)
def _open_by_default():
    """Under the most careless of umasks, under which whatever is not asked for is granted."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_key_to_the_socket_is_readable_by_its_user_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    registry.write(registry.Running(os.getpid(), "/nowhere", "00" * 32))
    assert [(path.name, mode(path)) for path in (tmp_path / "run").glob("engine-*")] == [(f"engine-{os.getpid()}.json", 0o600)]
    assert mode(tmp_path / "run") == 0o700


def test_the_state_block_is_readable_by_its_user_alone():
    path, memory = shared_state.create(4096)
    try:
        assert mode(path) == 0o600
    finally:
        shared_state.remove(path)
        memory.close()
