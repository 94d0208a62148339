"""Sounds of the factory, opened once."""
import pytest


@pytest.fixture(scope="session")
def sound_of():
    """A function that opens a patch by name, all on one timbre, and with General MIDI's dynamics."""
    from hummingface.instrument.patches.parameters import PARAMETERS
    from hummingface.instrument.performance import sound_bank
    opened = {}

    def open_patch(name: str):
        if name not in opened:
            sound = sound_bank.open_sound(name, playing=next(iter(opened.values()), None))
            full = {**sound.patch.parameters, "dynamics.range_db": PARAMETERS["dynamics.range_db"].default}
            opened[name] = sound_bank.Sound(sound.patch.with_values(parameters=full), sound.source)
        return opened[name]
    return open_patch


@pytest.fixture(scope="session")
def steady():
    """A sound that lasts as long as its key is held, and costs next to nothing to play: for how exports are written, not how they sound."""
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.instrument.performance.sound_bank import Sound
    from tests.performance.conftest import PlainModel
    source = FrameSource(PlainModel())
    return Sound(Patch("Steady", source.name, (0.0,) * 16, {"reverb.mix": 0.0}), source)
