"""The real parts of the audio process's tests serve these too."""
from tests.audio.conftest import engine, home, jack_server

__all__ = ["engine", "home", "jack_server"]
