"""What the tests of the performer share: a model of random weights, and one that gives exactly the frames that it is set to."""
from typing import ClassVar

import numpy as np
import pytest

from hummingface.models.playing.frame import DEVIATION, LEVEL, LEVEL_FLOOR_DB, LFO_GAIN, LOWEST, PARTIALS, RELEASE
from hummingface.models.playing.playable import Playable


class PlainModel(Playable):
    """Says one frame at every time: a few steady harmonics, whose level latent 1 moves (6 dB a unit). No noise, no motion.

    It calls all its notes equally loud, so nothing is taken out of them: frames are heard as they are.
    """

    name = "Plain"
    latents = 16
    note_size = 2
    stereo = False
    knobs: ClassVar = {}
    pitches = 21.0, 108.0
    velocities = 1.0, 127.0

    def __init__(self, harmonics: int = 4, fall_db_s: float = 0.0, release_s: float = 0.25) -> None:
        self.card, self.presets = {"longest_s": 4.0}, {}
        self.fall_db_s = fall_db_s
        frame = LOWEST.copy()
        frame[DEVIATION] = frame[LFO_GAIN] = 0
        for k in range(harmonics):
            frame[LEVEL.start + k] = -20 - 6 * k
        frame[RELEASE] = float(np.log2(release_s))
        self.frame = frame
        self.sounding = frame[LEVEL] > LEVEL_FLOOR_DB

    @property
    def network(self):
        return self

    def note(self, z, pitch, velocity):
        return np.stack([z[:, 0], velocity], 1)

    def frames_at(self, note, time_s):
        out = np.tile(self.frame, (len(note), 1))
        out[:, LEVEL] += self.sounding * (6 * note[:, :1] + 0.2 * (note[:, 1:] - 100) - self.fall_db_s * time_s[:, None])
        return out

    def loudness_lufs(self, note, pitch, tilt_db, motion=1.0, quickly=False):
        return np.zeros(len(note))

    def start_phase(self, z, pitch, velocity):
        return np.zeros((len(pitch), PARTIALS), np.float32)

@pytest.fixture(scope="session")
def plain():
    from hummingface.instrument.performance.frame_source import FrameSource
    return FrameSource(PlainModel())

@pytest.fixture(scope="session")
def decaying():
    from hummingface.instrument.performance.frame_source import FrameSource
    return FrameSource(PlainModel(fall_db_s=10.0))

@pytest.fixture(scope="session")
def untrained():
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.models.playing.untrained import untrained
    return FrameSource(untrained())


@pytest.fixture(scope="session")
def plain_model():
    return PlainModel
