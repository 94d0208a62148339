"""What counts as a number, a text or a list of them in files and messages."""
import math

import pytest

from hummingface.models.playing.checks import (
    LARGEST_EXACT,
    is_key_range,
    is_number,
    is_numbers,
    is_text,
    is_whole,
    list_of,
    or_none,
    whole,
)

NO_NUMBERS = (None, True, False, "1", [1], {}, math.nan, math.inf, -math.inf, LARGEST_EXACT + 1, 10 ** 400)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: f"{value!r:.20}")
def test_what_is_no_number(value):
    assert not is_number(value) and not is_numbers([value], 1) and not is_whole(value)


def test_bounds_are_part_of_a_range_and_nothing_beyond_them():
    assert is_number(-1.5, -1.5, 2) and is_number(2, -1.5, 2) and not is_number(2.0001, -1.5, 2) and not is_number(-2, -1.5, 2)
    assert is_whole(3, 3, 5) and is_whole(5, 3, 5) and not is_whole(2, 3, 5) and not is_whole(6, 3, 5) and not is_whole(4.0, 3, 5)
    assert is_number(LARGEST_EXACT) and is_number(-LARGEST_EXACT) and not is_number(-LARGEST_EXACT - 1)


def test_lists_have_their_length_and_take_what_their_check_takes():
    assert is_numbers([0, 1.5], 2, 0, 2) and not is_numbers([0], 2) and not is_numbers((0, 1), 2) and not is_numbers([0, 3], 2, 0, 2)
    check = list_of(whole(0, 9), longest=3)
    assert check([]) and check([0, 9, 1]) and not check([0, 0, 0, 0]) and not check([10]) and not check("012")
    assert or_none(check)(None) and or_none(check)([1]) and not or_none(check)([-1]) and not check(None)


def test_texts_and_ranges_of_keys():
    assert is_text("abc", 3) and is_text("", 0) and not is_text("abcd", 3) and not is_text(b"abc", 3)
    assert is_key_range([0, 127]) and is_key_range([60, 60])
    for wrong in ([61, 60], [0, 128], [-1, 5], [0], [0, 1, 2], [0.0, 1], (0, 1), None, [True, 5]):
        assert not is_key_range(wrong), wrong
