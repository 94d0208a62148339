"""The performer's side of the rings: claim an entry, fill it, publish it. One thread only, but for `publish_beats`.

    hop = claim_hop(state)              # None: the ring is full, the audio thread has enough to do
    hop["count"], hop["noise"] = ...    # every field that counts; old contents are still there
    publish_hop(state)
    publish_until(state, sample)        # all starts before this sample are published
"""
from typing import NamedTuple

import numpy as np
from numba import types

from hummingface.compiled import compiled
from hummingface.instrument.synthesis.atomic import load_acquire, store_release
from hummingface.instrument.synthesis.state import HOPS, STARTS, STATE_TYPE


@compiled(types.int64(STATE_TYPE))
def _hops_free(state):
    return HOPS - (state[0].hops_published - load_acquire(state, "hops_taken"))


@compiled(types.int64(STATE_TYPE))
def _starts_free(state):
    return STARTS - (state[0].starts_published - load_acquire(state, "starts_taken"))


@compiled(types.void(STATE_TYPE))
def _publish_hop(state):
    store_release(state, "hops_published", state[0].hops_published + 1)


@compiled(types.void(STATE_TYPE))
def _publish_start(state):
    store_release(state, "starts_published", state[0].starts_published + 1)


@compiled(types.void(STATE_TYPE, types.int64))
def _publish_until(state, sample):
    store_release(state, "published_until", sample)


@compiled(types.void(STATE_TYPE, types.int64, types.int64, types.float64, types.float64, types.float32))
def _publish_beats(state, from_sample, until_sample, origin, beat_samples, amplitude):
    version, m = state[0].beats_version, state[0].metronome
    store_release(state, "beats_version", version + 1)
    m.from_sample, m.until_sample, m.origin, m.beat_samples, m.amplitude = from_sample, until_sample, origin, beat_samples, amplitude
    store_release(state, "beats_version", version + 2)


@compiled(types.int64(STATE_TYPE))
def position(state):
    """Samples rendered so far."""
    return load_acquire(state, "position")


@compiled(types.Tuple((types.int64, types.float64, types.float64))(STATE_TYPE))
def _read_clock(state):
    while True:
        version = load_acquire(state, "clock_version")
        at, now_s, output_s = state[0].clock_position, state[0].clock_now_s, state[0].clock_output_s
        if version % 2 == 0 and load_acquire(state, "clock_version") == version:
            return at, now_s, output_s


class Beats(NamedTuple):
    """Where the metronome clicks: from one sample until another, at `origin`, where a bar begins, and every `beat_samples` (0: nowhere)."""
    from_sample: int
    until_sample: int
    origin: float
    beat_samples: float
    amplitude: float


def publish_beats(state: np.ndarray, beats: Beats) -> None:
    """Say where the metronome clicks from now on. One thread at a time."""
    _publish_beats(state, *beats)


def claim_hop(state: np.ndarray) -> np.ndarray | None:
    """The entry for the next hop, to be filled in place (its `index` is set); None while the ring is full."""
    if _hops_free(state) <= 0:
        return None
    index = int(state["hops_published"][0])
    hop = state["hops"][0, index % HOPS]
    hop["index"] = index
    return hop


def publish_hop(state: np.ndarray) -> None:
    """Hand the claimed hop over to the audio thread."""
    _publish_hop(state)


def claim_start(state: np.ndarray) -> np.ndarray | None:
    """The entry for the next start, to be filled in place; None while the ring is full."""
    if _starts_free(state) <= 0:
        return None
    return state["starts"][0, int(state["starts_published"][0]) % STARTS]


def publish_start(state: np.ndarray) -> None:
    """Hand the claimed start over to the audio thread."""
    _publish_start(state)


def publish_until(state: np.ndarray, sample: int) -> None:
    """Say that every start before `sample` is published: in wait mode the audio thread goes on up to there."""
    _publish_until(state, sample)


def read_clock(state: np.ndarray) -> tuple[int, float, float]:
    """Position, stream time and output time in seconds at the begin of the newest callback, as one consistent triple."""
    return _read_clock(state)
