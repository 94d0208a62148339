"""Sounds of the factory, opened once."""
import pytest


@pytest.fixture(scope="session")
def sound_of():
    """A function that opens a patch by name, all on one timbre."""
    from instrument import library
    opened = {}

    def open_patch(name: str):
        if name not in opened:
            opened[name] = library.open_sound(name, playing=next(iter(opened.values()), None))
        return opened[name]
    return open_patch
