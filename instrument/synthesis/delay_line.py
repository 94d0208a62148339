"""Interpolated reads from circular delay lines.

Real-time: no allocation, no locks, no Python. Lines are rings whose length is a power of two, `mask` + 1.
"""
import numpy as np

from hummingface.compiled import inlined

_HALF, _ONE, _THIRD, _SIXTH = np.float32(0.5), np.float32(1), np.float32(1 / 3), np.float32(1 / 6)


def ring_mask(samples: int) -> int:
    """The mask of the shortest ring for so many samples."""
    return (1 << int(np.ceil(np.log2(samples)))) - 1


@inlined
def lagrange(a, b, c, d, f):
    """Cubic Lagrange interpolation: f of the way from b to c, of points at -1 (a), 0 (b), 1 (c), 2 (d)."""
    return b + f * (c - a * _THIRD - b * _HALF - d * _SIXTH
                    + f * (_HALF * (a + c) - b
                           + f * (_HALF * (b - c) + _SIXTH * (d - a))))


@inlined
def read_between(line, mask, newest, delay):
    """The line's value `delay` samples (>= 1) before index `newest`."""
    whole = np.int64(delay)
    at = newest - whole
    return lagrange(line[(at + 1) & mask], line[at & mask], line[(at - 1) & mask], line[(at - 2) & mask], np.float32(delay - whole))
