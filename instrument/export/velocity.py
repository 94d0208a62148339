"""How loud each velocity is, and how an exported instrument expresses that in its player's own curve.

Samples of all layers are written as loud as velocity 127, which leaves one law for the instrument: `law_db` [128], dB under
velocity 127 at each velocity. Players have curves of their own. Where a player's curve does not follow the law, the velocities of a layer
are split into spans, each with a gain, within which it does; the spans share the layer's samples.
"""
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

LOUDEST = 127


class Span(NamedTuple):
    """Velocities `low`..`high` that share a gain. `track` is how much of the player's own curve applies to them."""
    low: int
    high: int
    gain_db: float                  # over the sample, beside the player's own curve
    track: float
    spread_db: float                # between the most and the least that law and curve differ by


Fit = Callable[[int, int, np.ndarray], Span]


def law_of(velocities: np.ndarray, level_db: np.ndarray) -> np.ndarray:
    """The law [128] through levels [V] at rising velocities [V], the last of them 127: equal dB for equal ratios in between and below."""
    at, octaves = np.log2(np.arange(1, LOUDEST + 1)), np.log2(velocities)
    law_db = np.interp(at, octaves, level_db)
    if len(velocities) > 1:
        below = at < octaves[0]
        law_db[below] = level_db[0] + (level_db[1] - level_db[0]) / (octaves[1] - octaves[0]) * (at[below] - octaves[0])
    law_db -= law_db[-1]
    return np.concatenate([law_db[:1], law_db])


def squared(low: int, high: int, law_db: np.ndarray) -> Span:
    """The default of SFZ and SF2 players: amplitude is the square of velocity."""
    return _span(low, high, 1.0, law_db, 40 * np.log10(np.arange(low, high + 1) / LOUDEST))


def linear(low: int, high: int, law_db: np.ndarray) -> Span:
    """DecentSampler's curve: an amplitude of 1 - t + t v / 127, with the track `t` that fits the span's two ends."""
    ratio, a, b = 10 ** ((law_db[low] - law_db[high]) / 20), low / LOUDEST, high / LOUDEST
    track = float(np.clip((1 - ratio) / ((1 - a) - ratio * (1 - b)), 0, 1)) if high > low else 0.0
    return _span(low, high, track, law_db, 20 * np.log10(1 - track + track * np.arange(low, high + 1) / LOUDEST))


def fixed(low: int, high: int, law_db: np.ndarray) -> Span:
    """The curve of a player that knows only gains."""
    return _span(low, high, 0.0, law_db, np.zeros(high + 1 - low))


def _span(low: int, high: int, track: float, law_db: np.ndarray, own_db: np.ndarray) -> Span:
    left_db = law_db[low:high + 1] - own_db
    return Span(low, high, float(left_db.max() + left_db.min()) / 2, track, float(np.ptp(left_db)))


def spans(low: int, high: int, law_db: np.ndarray, fit: Fit, most_db: float) -> list[Span]:
    """Velocities `low`..`high` in as few spans as keep their deviation within `most_db`, softest first."""
    found = []
    while high >= low:
        span = fit(high, high, law_db)
        while span.low > low:
            wider = fit(span.low - 1, high, law_db)
            if wider.spread_db > most_db:
                break
            span = wider
        found.append(span)
        high = span.low - 1
    return found[::-1]


def points(low: int, high: int, law_db: np.ndarray, most_db: float) -> list[int]:
    """Velocities from `low` to `high` between which straight lines of amplitude stay within `most_db` of the law."""
    amplitude = 10 ** (law_db / 20)
    found = [high]
    while found[-1] > low:
        right = found[-1]

        def off_db(left: int, right: int = right) -> float:
            between = np.arange(left, right + 1)
            line = np.interp(between, [left, right], amplitude[[left, right]])
            return float(np.abs(20 * np.log10(line / amplitude[between])).max())
        left = right - 1
        while left > low and off_db(left - 1) <= most_db:
            left -= 1
        found.append(left)
    return found[::-1]
