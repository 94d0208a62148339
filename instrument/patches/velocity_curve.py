"""The player's velocity curve: it maps the velocity that a MIDI keyboard sends to the velocity that is played. It belongs to the player,
not to a patch: it is kept in the settings, and takes hold its output.

A curve goes through up to `MOST_POINTS` points (incoming velocity, velocity played) and rises or stays level from one to the next
(monotone cubic). No Qt, no audio.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hummingface.models.playing.checks import is_whole

LOWEST, HIGHEST = 1, 127        # velocities; 0 is a note-off, and stays one
MOST_POINTS = 8
FEWEST_NOTES = 12               # to learn a curve from
LEAST_SPREAD = 8                # of their velocities, from the 5th to the 95th percentile
LEARNT_AT = (5, 50, 95)         # percentiles of played velocities,
LEARNT_TO = (20, 78, 120)       # and the velocities that they are played with

Point = tuple[int, int]


class CurveError(ValueError):
    """Not a valid curve, or none can be learnt; the text says why."""


@dataclass(frozen=True)
class VelocityCurve:
    """`points`: (incoming, velocity) each, 1..127, from incoming 1 to incoming 127. Raises CurveError for anything else."""

    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.points) <= MOST_POINTS:
            raise CurveError(f"a velocity curve has 2 to {MOST_POINTS} points, not {len(self.points)}")
        if any(not LOWEST <= number <= HIGHEST for point in self.points for number in point):
            raise CurveError(f"the points of a velocity curve lie within {LOWEST}..{HIGHEST}")
        incoming, velocity = np.array(self.points).T
        if incoming[0] != LOWEST or incoming[-1] != HIGHEST:
            raise CurveError(f"a velocity curve goes from an incoming velocity of {LOWEST} to one of {HIGHEST}")
        if (np.diff(incoming) <= 0).any():
            raise CurveError("each point of a velocity curve has a higher incoming velocity than the one before it")
        if (np.diff(velocity) < 0).any():
            raise CurveError("a velocity curve never falls")

    def at(self, incoming: np.ndarray) -> np.ndarray:
        """The velocities, not rounded, that are played for incoming velocities, [N] each."""
        return np.clip(_monotone_cubic(np.array(self.points, float), np.asarray(incoming, float)), LOWEST, HIGHEST)

    @cached_property
    def table(self) -> tuple[int, ...]:
        """What is played for each incoming velocity, 128 of them; 0 stays 0."""
        played = np.maximum.accumulate(np.round(self.at(np.arange(LOWEST, HIGHEST + 1)))).astype(int)
        return (0, *played.tolist())

    @property
    def name(self) -> str:
        """The preset's name, or empty."""
        return next((name for name, preset in PRESETS.items() if preset == self), "")

    def moved(self, index: int, incoming: int, velocity: int) -> "VelocityCurve":
        """A curve with one point moved: it stays between its neighbours, pushes them up or down, and end points move only up and down."""
        points, last = list(self.points), len(self.points) - 1
        low = points[index - 1][0] + 1 if index else LOWEST
        high = points[index + 1][0] - 1 if index < last else HIGHEST
        incoming = points[index][0] if index in (0, last) else min(max(incoming, low), high)
        velocity = min(max(velocity, LOWEST), HIGHEST)
        points[index] = incoming, velocity
        points[:index] = [(x, min(y, velocity)) for x, y in points[:index]]
        points[index + 1:] = [(x, max(y, velocity)) for x, y in points[index + 1:]]
        return VelocityCurve(tuple(points))

    def added(self, incoming: int, velocity: int) -> tuple["VelocityCurve", int]:
        """(the curve with another point, its index), as high as its neighbours allow. Raises CurveError where there is no room."""
        if len(self.points) >= MOST_POINTS:
            raise CurveError(f"A velocity curve has {MOST_POINTS} points at most; remove one first.")
        index = sum(x < incoming for x, _ in self.points)
        if index in (0, len(self.points)) or self.points[index][0] == incoming:
            raise CurveError(f"There is a point at {min(max(incoming, LOWEST), HIGHEST)} already.")
        low, high = self.points[index - 1][1], self.points[index][1]
        point = incoming, min(max(velocity, low), high)
        return VelocityCurve((*self.points[:index], point, *self.points[index:])), index

    def removed(self, index: int) -> "VelocityCurve":
        """Without one of its points. Raises CurveError for its ends."""
        if index in (0, len(self.points) - 1):
            raise CurveError("The ends of a velocity curve stay.")
        return VelocityCurve(self.points[:index] + self.points[index + 1:])


PRESETS = {
    "Linear": VelocityCurve(((1, 1), (127, 127))),
    "Soft touch": VelocityCurve(((1, 1), (32, 56), (64, 84), (96, 107), (127, 127))),       # for soft playing
    "Hard touch": VelocityCurve(((1, 1), (32, 14), (64, 42), (96, 81), (127, 127))),        # for hard playing
    "Wide": VelocityCurve(((1, 1), (32, 16), (64, 64), (96, 112), (127, 127))),
    "Compressed": VelocityCurve(((1, 44), (64, 80), (127, 114))),
    "Fixed": VelocityCurve(((1, 100), (127, 100))),
}
LINEAR = PRESETS["Linear"]


def learn(velocities: Sequence[int]) -> VelocityCurve:
    """The curve that spreads a player's velocities over the whole range: `velocities` are played notes, from soft to hard.

    Raises CurveError where they are too few or too alike.
    """
    if len(velocities) < FEWEST_NOTES:
        raise CurveError(f"Notes heard: {len(velocities)}. It takes {FEWEST_NOTES} or more, from as soft to as hard as you play. "
                         "The curve stays as it was.")
    marks = np.percentile(velocities, LEARNT_AT)
    if marks[-1] - marks[0] < LEAST_SPREAD:
        least, most = min(velocities), max(velocities)
        message = f"All notes had the velocity {least}" if least == most else \
            f"Nearly all notes had velocities from {marks[0]:.0f} to {marks[-1]:.0f}"
        raise CurveError(f"{message}: play from as soft to as hard as you can, or the keyboard sends one velocity only. "
                         "The curve stays as it was.")
    points = [(LOWEST, LOWEST)]
    for mark, velocity in zip(np.round(marks).astype(int).tolist(), LEARNT_TO, strict=True):
        if points[-1][0] < mark < HIGHEST:          # where a keyboard gives many strokes its highest velocity, they are played so
            points.append((mark, velocity))
    return VelocityCurve((*points, (HIGHEST, HIGHEST)))


def to_json(curve: VelocityCurve) -> str | list[list[int]]:
    """For the settings: a preset's name, or the points as lists."""
    return curve.name or [list(point) for point in curve.points]


def from_json(value: object) -> VelocityCurve:
    """The curve that `to_json` wrote. Raises CurveError."""
    if isinstance(value, str):
        if value not in PRESETS:
            raise CurveError(f'there is no velocity curve "{value:.40}"; known are {", ".join(PRESETS)}')
        return PRESETS[value]
    if not isinstance(value, list) or len(value) > MOST_POINTS or not all(
            isinstance(point, list) and len(point) == 2 and all(map(is_whole, point)) for point in value):
        raise CurveError(f"a velocity curve is a name or a list of up to {MOST_POINTS} points [incoming, velocity]")
    return VelocityCurve(tuple((incoming, velocity) for incoming, velocity in value))


def problem(value: object) -> str:
    """Why `from_json` refuses it; empty if it does not."""
    try:
        from_json(value)
    except CurveError as error:
        return str(error)
    return ""


def is_table(value: object) -> bool:
    """Whether a list is such as `VelocityCurve.table`: 128 whole numbers, 0 first, then 1..127 that never fall."""
    return (isinstance(value, list) and len(value) == HIGHEST + 1 and all(map(is_whole, value)) and value[0] == 0
            and all(LOWEST <= number <= HIGHEST for number in value[1:]) and value == sorted(value))


def _monotone_cubic(points: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The piecewise cubic through `points` [P, 2] that never leaves the range of two neighbours (Fritsch and Butland's slopes, as of
    SciPy's PchipInterpolator, which takes half a second to import)."""
    x, y = points.T
    width = np.diff(x)
    rise = np.diff(y) / width
    slope = np.full(len(x), rise[0])                # of a single straight piece
    if len(rise) > 1:
        w1, w2 = 2 * width[1:] + width[:-1], width[1:] + 2 * width[:-1]
        level = rise[:-1] * rise[1:] == 0
        slope[1:-1] = np.where(level, 0, (w1 + w2) / (w1 / np.where(level, 1, rise[:-1]) + w2 / np.where(level, 1, rise[1:])))
        slope[0] = max(0, ((2 * width[0] + width[1]) * rise[0] - width[0] * rise[1]) / (width[0] + width[1]))
        slope[-1] = max(0, ((2 * width[-1] + width[-2]) * rise[-1] - width[-1] * rise[-2]) / (width[-1] + width[-2]))
    piece = np.clip(np.searchsorted(x, at, "right") - 1, 0, len(rise) - 1)
    t, h = (at - x[piece]) / width[piece], width[piece]
    left, right = slope[piece] * h, slope[piece + 1] * h
    fall = t * t * (3 - 2 * t)
    return y[piece] * (1 - fall) + y[piece + 1] * fall + left * t * (1 - t) ** 2 - right * t * t * (1 - t)
