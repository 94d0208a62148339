"""The engine driven by hand: what time a note is given that comes between two blocks."""
from types import SimpleNamespace

import pytest

from hummingface.instrument.audio.engine.engine import READY_S, Engine
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.models.playing.untrained import untrained
from tests.synthesis.test_synthesis_callback import call

RATE_HZ, BLOCK = 48_000, 256
BLOCK_S = BLOCK / RATE_HZ


@pytest.fixture
def by_hand():
    """Its audio thread has just begun the block at sample 256, at 10 s of the stream's time."""
    made = Engine(RATE_HZ, FrameSource(untrained(seed=1, width=16)), None)
    made.set_delay(BLOCK)
    for now_s in (9.99, 10.0):
        call(made.state, BLOCK, now_s=now_s)
    made.stream = SimpleNamespace(device="a device", block_samples=BLOCK, time_s=10.0)
    yield made
    made.stream = None
    made.close()


@pytest.mark.parametrize(("passed_s", "block"), [(0.0, 1), (0.0005, 1), (BLOCK_S - READY_S - 1e-4, 1), (BLOCK_S - READY_S + 1e-4, 2),
                                                 (BLOCK_S, 2), (3.0, 2)])
def test_a_note_waits_for_the_block_that_it_will_be_ready_for(by_hand, passed_s, block):
    """Begun in one that is under way, it would lose its first samples, and a take would not be played again as it was."""
    by_hand.stream.time_s += passed_s
    assert by_hand._soonest() == BLOCK + block * BLOCK


def test_no_note_takes_longer_than_a_block_or_puts_off_what_jack_brings(by_hand):
    by_hand._ready_s = 1.0
    assert by_hand._soonest() == BLOCK + 2 * BLOCK
    by_hand.jack = SimpleNamespace(done_until=2 * BLOCK)
    by_hand.stream.time_s += 1.0
    assert by_hand._soonest() - BLOCK <= by_hand.jack.done_until


def test_without_a_device_nothing_is_waited_for(by_hand):
    by_hand.stream.device = None
    assert by_hand._soonest() == 2 * BLOCK
