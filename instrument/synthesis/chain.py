"""Splits a block into segments of the effect chain, at the boundaries where the effects' controls change.

Real-time: no allocation, no locks, no Python.
"""
from hummingface.compiled import inlined, part
from hummingface.instrument.synthesis.effects import apply_effects, empty_effects, target_effects
from hummingface.instrument.synthesis.segments import quarter_at
from hummingface.instrument.synthesis.state import HOPS, QUARTERS, boundary

_boundary = inlined(boundary)


@part
def next_effects_segment(state, at):
    """Begin the segment at boundary `at`: to the end of a hop if it is there in time, else to the end of the quarter."""
    block = state[0]
    effects, rate_hz = block.effects, block.rate_hz
    if effects.flushing != 0:
        empty_effects(effects)
        effects.flushing = 0
    quarter = quarter_at(at, rate_hz)
    now = quarter // QUARTERS
    newest = min(now, block.hops_known - 1)
    if newest < now:
        block.held_quarters += 1
    end = _boundary(quarter + 1, rate_hz)
    if newest > effects.hop_seen:
        for h in range(max(effects.hop_seen + 1, newest - HOPS + 2), newest + 1):
            if block.hops[h % HOPS].flush != 0:
                effects.flushing = 1
        effects.hop_seen = newest
        if newest == now:
            end = _boundary((now + 1) * QUARTERS, rate_hz)
    target_effects(effects, block.hops[max(newest, 0) % HOPS].effects, newest >= 0, at, end, rate_hz)


@part
def render_effects(state, samples):
    """Run the next `samples` samples (at most PIECE) of `mix` through the chain."""
    block = state[0]
    effects, begin = block.effects, block.position
    at, end = begin, begin + samples
    while at < end:
        if at == effects.segment_end:
            next_effects_segment(state, at)
        stop = min(end, effects.segment_end)
        left, right = block.mix[0, at - begin:stop - begin], block.mix[1, at - begin:stop - begin]
        apply_effects(effects, at - effects.segment_begin, left, right, block.rate_hz)
        at = stop
