"""An engine without a device that tests drive by hand, block by block, with the history and the recorder of the real one."""
import time

import numpy as np

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import snapshot
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
from hummingface.instrument.recording.history import History, Kept
from tests.performance.conftest import PlainModel

RATE_HZ = 8000              # so that minutes are made in seconds


class Engine:
    """A player whose sound and events go into a history."""

    def __init__(self):
        from hummingface.instrument.performance.frame_source import FrameSource
        source = FrameSource(PlainModel())           # its notes last for as long as they are held
        self.player = Player(source, Patch("Glass: Reed/2", source.name, (0.5,) * source.latents, {"reverb.mix": 0.0}), rate_hz=RATE_HZ,
                             log=self._note)
        self.history = History(self.player.state, RATE_HZ)
        self.player.render(2048)
        self.remember()

    def _note(self, sample, event):
        self.history.note(sample, event)

    def remember(self):
        values = snapshot.capture(self.player.performer)
        self.history.moments.append(Kept(values["sample"], self.history.noted, [], snapshot.at_rest(self.player.performer), values,
                                         self.history.late))

    def play(self, events, seconds):
        """Events at seconds from now."""
        now = self.player.position
        for at_s, event in events:
            self.player.performer.receive(event, now + round(at_s * RATE_HZ))
        out = []
        for _ in range(round(seconds * 10)):
            out.append(self.player.render(RATE_HZ // 10))
            self.history.follow()
            self.history.forget_old()
        return np.concatenate(out)


def note(at_s, key, seconds=0.3):
    return [(at_s, NoteOn(0, key, 100)), (at_s + seconds, NoteOff(0, key))]


def wait(told, **wanted):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for message in told:
            if all(message.get(k) == v for k, v in wanted.items()):
                return message
        time.sleep(0.01)
    raise AssertionError(f"{wanted} never came: {told}")


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
