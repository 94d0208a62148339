"""The real parts of the audio process's tests serve these too; and an engine that is driven by hand."""
import pytest

from hummingface.instrument.recording.recorder import Recorder
from tests.audio.conftest import engine, home, jack_server
from tests.recording.engine_by_hand import Engine

__all__ = ["engine", "home", "jack_server"]


@pytest.fixture
def running(tmp_path):
    """(engine, recorder, what it told)."""
    engine, told = Engine(), []
    made = Recorder(told.append)
    made.use(engine.history)
    yield engine, made, told
    made.close()
