"""Keys at any moment between two blocks, played again to the sample: the engine with its own threads, its audio thread driven by hand.

The clock stands still until the performer has done what it had to, so nothing is ever late, however busy the machine.
"""
import time
from types import SimpleNamespace

import numpy as np
import pytest

from hummingface.instrument.audio.engine.engine import Engine
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages.midi import Controller, Event, NoteOff, NoteOn
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording import replay
from hummingface.models.playing.untrained import untrained
from tests.synthesis.test_synthesis_callback import call

RATE_HZ, BLOCKS = 48_000, 300


@pytest.fixture(scope="module")
def source():
    return FrameSource(untrained(seed=3, width=64))


class Desk:
    """An engine on a device whose time goes on when it is told to."""

    def __init__(self, source, block_samples):
        self.block, self.block_s = block_samples, block_samples / RATE_HZ
        patch = Patch("Test", source.name, (0.5,) * source.latents, {"reverb.mix": 0.0, "motion.amount": 1.0})
        self.engine = Engine(RATE_HZ, source, patch, seed=5)
        self.engine.set_delay(block_samples)
        self.stream = self.engine.stream = SimpleNamespace(device="a device", block_samples=block_samples, time_s=0.0)
        self.engine.start()
        self.blocks = 0

    def until(self, done):
        end = time.monotonic() + 60
        while not done():
            assert time.monotonic() < end, "the performer stands still"
            self.engine.poke()
            time.sleep(0.0002)

    def play_block(self, events):
        """The next block, and after it, at parts of a block's time, events. Returns its sound."""
        state = self.engine.state
        self.until(lambda: state["published_until"][0] >= min(self.blocks, 1) * (self.blocks + 1) * self.block)
        now_s = self.blocks * self.block_s
        sound = call(state, self.block, now_s=now_s)
        self.blocks += 1
        for part, event in events:
            self.stream.time_s = now_s + part * self.block_s
            taken = self.engine.performer.events
            self.engine.receive(event)
            self.until(lambda taken=taken: self.engine.performer.events > taken)
        self.stream.time_s = now_s + 1.001 * self.block_s       # the block is over
        return sound


@pytest.mark.parametrize("block_samples", [128, 512])
@pytest.mark.parametrize("seed", [1, 2])
def test_keys_at_any_moment_are_played_again_to_the_sample(source, block_samples, seed):
    random = np.random.default_rng(seed)
    desk = Desk(source, block_samples)
    try:
        values = desk.engine.history.moments[0].values
        for _ in range(4):
            desk.play_block([])
        begin = 4 * block_samples                       # of the take, after the snapshot
        held, sound = [], []
        for _ in range(BLOCKS):
            events: list[tuple[float, Event]] = []
            for part in sorted(random.uniform(0, 1, int(random.random() < 0.3))):
                if held and random.random() < 0.6:
                    events.append((part, NoteOff(0, held.pop(int(random.integers(len(held)))))))
                else:
                    held.append(int(random.integers(40, 80)))
                    events.append((part, NoteOn(0, held[-1], int(random.integers(30, 120)))))
                if random.random() < 0.2:
                    events.append((part, Controller(0, 1, int(random.integers(128)))))
            sound.append(desk.play_block(events))
        recorded = np.concatenate(sound)
        state, noted = desk.engine.state, desk.engine.history.events_from(0)
        assert state["late_starts"][0] == 0 and state["status"][0]["late_hops"] == 0
    finally:
        desk.engine.stream = None
        desk.engine.close()
    inside = sum(each.sample % block_samples != 0 for each in noted if isinstance(each.event, Controller))
    assert len(noted) > 50 and np.abs(recorded).max() > 0.02 and (inside > 3 or block_samples == 128)
    text = (played.head_line("Test", begin, True, values) + b"".join(played.event_line(each.sample, each.event) for each in noted)
            + played.end_line(len(recorded)))
    again = np.concatenate(list(replay.Replay(played.parse(text, "a take"), source).render(len(recorded))))
    assert np.abs(again - recorded).max() <= 1e-4
