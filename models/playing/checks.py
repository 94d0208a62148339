"""Checks of values that came from a file or in a message; the reader of each format combines them.

True and False are no numbers here, although Python counts them among its integers.
"""
import math
from collections.abc import Callable
from typing import TypeGuard

Check = Callable[[object], bool]
LARGEST_EXACT = 2 ** 53                 # floats hold every whole number up to it


def is_whole(value: object, lowest: int = -LARGEST_EXACT, highest: int = LARGEST_EXACT) -> TypeGuard[int]:
    """Whether it is an integer within this range."""
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def is_number(value: object, lowest: float = -math.inf, highest: float = math.inf) -> TypeGuard[float]:
    """Whether it is a finite number within this range; integers that no float holds are none."""
    return (is_whole(value) or (isinstance(value, float) and math.isfinite(value))) and lowest <= value <= highest


def is_numbers(values: object, count: int, lowest: float = -math.inf, highest: float = math.inf) -> TypeGuard[list[float]]:
    """Whether it is a list of so many finite numbers within this range."""
    return isinstance(values, list) and len(values) == count and all(is_number(value, lowest, highest) for value in values)


def is_key_range(pitches: object) -> TypeGuard[list[int]]:
    """Whether it is [lowest MIDI key, highest]."""
    return isinstance(pitches, list) and len(pitches) == 2 and all(is_whole(key, 0, 127) for key in pitches) and pitches[0] <= pitches[1]


def is_text(value: object, longest: int) -> TypeGuard[str]:
    """Whether it is a text of at most so many characters."""
    return isinstance(value, str) and len(value) <= longest


def whole(lowest: int, highest: int) -> Check:
    """The check for an integer within this range."""
    return lambda value: is_whole(value, lowest, highest)


def or_none(check: Check) -> Check:
    """The check for null, or what `check` takes."""
    return lambda value: value is None or check(value)


def list_of(check: Check, longest: int = 1000) -> Check:
    """The check for a list of at most so many values that `check` takes."""
    return lambda value: isinstance(value, list) and len(value) <= longest and all(map(check, value))
