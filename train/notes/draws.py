"""Draws of notes for training: keys, velocities and lengths spread evenly, so that any beginning covers all of an instrument.

Keys and velocities are points of the R2 sequence, a low-discrepancy sequence: Roberts (2018), "The Unreasonable Effectiveness of
Quasirandom Sequences". Each instrument begins it somewhere else, so that not all have the same keys.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

import numpy as np

from hummingface.models.playing.conditioning import LONGEST_S

BLOCK = 12                             # notes of an instrument that are made one after the other: starting one takes time
SOFTEST, LOUDEST = 10, 127             # velocities
SUSTAINED_S = ((0.8, 2.0), (1.0, 1.2))             # (up to which share of the draws, seconds held)
STRUCK_S = ((0.75, LONGEST_S), (1.0, 1.2))
T = TypeVar("T")
_PLASTIC = 1.3247179572447460          # the real root of x^3 = x + 1
_STEPS = np.array([1 / _PLASTIC, 1 / _PLASTIC ** 2, (5 ** 0.5 - 1) / 2])           # of key, velocity, length


@dataclass(frozen=True)
class Draw:
    pitch: int
    velocity: int
    hold_s: float


def draws(count: int, name: str, sustained: bool | None, lowest: int, highest: int) -> list[Draw]:
    """`count` different notes of the instrument called `name`, keys from `lowest` to `highest`; fewer where it has no more.

    Lengths are at least 1.2 s: how loud a note is does not depend on when it is released (`train/data/loudness_normalisation.py`)."""
    lengths = SUSTAINED_S if sustained else STRUCK_S
    found: dict[tuple[int, int], Draw] = {}
    for key, velocity, length in _points(name):
        pitch = lowest + int(key * (highest - lowest + 1))
        strength = SOFTEST + int(velocity * (LOUDEST - SOFTEST + 1))
        hold_s = next(seconds for share, seconds in lengths if length < share)
        found.setdefault((pitch, strength), Draw(pitch, strength, hold_s))
        if len(found) >= min(count, (highest - lowest + 1) * (LOUDEST - SOFTEST + 1) // 2):
            return list(found.values())
    raise AssertionError("the sequence does not end")


def _points(name: str) -> Iterator[tuple[float, float, float]]:
    """Within 0..1, for ever."""
    begin = np.frombuffer(sha256(name.encode()).digest()[:12], np.uint32) / 2 ** 32
    number = 0
    while True:
        number += 1
        key, velocity, length = (begin + number * _STEPS) % 1
        yield float(key), float(velocity), float(length)


def in_blocks(notes: Sequence[Sequence[T]]) -> Iterator[T]:
    """The first BLOCK notes of each instrument, then the next of each, and so on."""
    for begin in range(0, max(map(len, notes), default=0), BLOCK):
        for one in notes:
            yield from one[begin:begin + BLOCK]
