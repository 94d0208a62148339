"""What `tests/bench/stress.py` counts as a break: the same for the engine as for the native client beside it, whatever is lost where."""
import numpy as np
import pytest

from tests.bench.stress import COUNT_TURN, engine_breaks, native_breaks, recorder_lost

PERIOD, PERIODS = 64, 60
LATE = (1 << 32) - 3 * PERIOD       # JACK's count turns over meanwhile
RENDERED = np.random.default_rng(1).standard_normal(PERIOD * PERIODS).astype(np.float32)
COUNTED = np.arange(PERIOD * PERIODS).astype(np.float32) / COUNT_TURN


def heard(what: list[int], recorded_at: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of periods that were given out in this order, as the recorder was called at these: (the engine's, the native client's, times)."""
    take = [slice(PERIOD * n, PERIOD * (n + 1)) for n in what]
    times = (PERIOD * np.array(recorded_at) + LATE) & 0xFFFFFFFF
    return np.concatenate([RENDERED[t] for t in take]), np.concatenate([COUNTED[t] for t in take]), times


@pytest.mark.parametrize(("what", "at", "breaks", "lost"), [
    ([0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7], 0, 0),
    ([0, 1, 2, 5, 6, 7, 8, 9], [0, 1, 2, 5, 6, 7, 8, 9], 0, 2),        # the recorder alone was not called
    ([0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 5, 6, 7, 8, 9], 1, 2),        # nobody was: time went on, the sound did not
    ([0, 1, 2, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 6, 7], 1, 0),        # not called once: its buffer is heard again
    ([0, 1, 2, 2, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7], 2, 0),        # called too late: and one is never heard
    ([0, 1, 2, 6, 7, 8, 9, 10], [0, 1, 2, 3, 4, 5, 6, 7], 1, 0),       # played on unheard
    ([0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 3, 3, 4, 5, 7, 7], 0, 0),        # the recorder was called late twice
    ([0, 1, 2, 2, 3, 4, 5, 6], [0, 1, 3, 3, 4, 5, 6, 7], 1, 0),        # once, and what it found was heard before
    ([0, 1, 2, 3, 3, 4, 5, 6], [0, 1, 2, 5, 6, 7, 8, 9], 2, 2),
])
def test_both_are_counted_alike(what, at, breaks, lost):
    engine, native, times = heard(what, at)
    assert native_breaks(native, times, PERIOD) == breaks
    assert engine_breaks(engine, times, 0, RENDERED, PERIOD) == breaks
    assert recorder_lost(times, PERIOD) == lost


def test_a_torn_period_is_one_break():
    engine, native, times = heard(list(range(8)), list(range(8)))
    engine, native = engine.copy(), native.copy()
    engine[4 * PERIOD + 9:5 * PERIOD] = 0
    native[4 * PERIOD + 9:5 * PERIOD] = 0
    assert native_breaks(native, times, PERIOD) == engine_breaks(engine, times, 0, RENDERED, PERIOD) == 1
