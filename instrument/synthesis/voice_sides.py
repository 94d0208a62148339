"""How the two channels of each slot's voice differ, at both ends of its segment: what stereo_partials.py runs by.

Real-time: no allocation, no locks, no Python. What comes from the rings is checked here.
"""
import numpy as np

from hummingface.compiled import inlined, part
from hummingface.instrument.synthesis.state import LEFT_RE, PARTIALS, TURN_RE

LARGEST = np.float32(1000)              # of a channel's gain over the other
_ZERO, _ONE = np.float32(0), np.float32(1)


@inlined
def _equal(row):
    """What a row of sides is where the channels are equal."""
    return _ONE if row in (LEFT_RE, TURN_RE) else _ZERO


@inlined
def is_wide(voices, v):
    """Whether a voice's channels differ anywhere in its segment."""
    return (voices.wide[v, 0] | voices.wide[v, 1]) != 0


@inlined
def _put(row, equal, to):
    """Copy a row of sides, whose values are `equal` where they are out of range."""
    for p in range(PARTIALS):
        to[p] = row[p] if abs(row[p]) <= LARGEST else equal         # NaN compares false


@part
def begin_sides(voices, v, wide, sides):
    """A voice begins with `sides` [4, PARTIALS], where `wide` is not 0."""
    voices.wide[v, 0] = voices.wide[v, 1] = 1 if wide != 0 else 0
    if wide != 0:
        for row in range(4):
            _put(sides[row], _equal(row), voices.sides[v, 1, row])
        hold_sides(voices, v)


@part
def hold_sides(voices, v):
    """Begin a segment in which a voice's sides do not move."""
    voices.wide[v, 0], voices.widens[v] = voices.wide[v, 1], 0
    if voices.wide[v, 0] != 0:
        for row in range(4):
            before, after = voices.sides[v, 0, row], voices.sides[v, 1, row]
            for p in range(PARTIALS):
                before[p] = after[p]


@part
def move_sides(voices, v, wide, sides, left):
    """Begin the first of the `left` segments in which a voice's sides move to `sides`, or to equal channels where `wide` is 0."""
    hold_sides(voices, v)
    was_wide, share = voices.wide[v, 0] != 0, _ONE / left
    if wide == 0 and not was_wide:
        return
    moved = False
    for row in range(4):
        before, after, equal = voices.sides[v, 0, row], voices.sides[v, 1, row], _equal(row)
        if not was_wide:
            for p in range(PARTIALS):
                before[p] = equal
        if wide != 0:
            _put(sides[row], equal, after)
        else:
            for p in range(PARTIALS):
                after[p] = equal
        if left > _ONE:
            for p in range(PARTIALS):
                after[p] = before[p] + share * (after[p] - before[p])
        for p in range(PARTIALS):
            moved |= after[p] != before[p]
    voices.widens[v] = 1 if moved else 0
    voices.wide[v, 1] = 1 if wide != 0 or left > _ONE else 0
