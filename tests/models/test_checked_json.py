"""The one reader of JSON: what JSON says comes back, and what nobody should believe is refused in little time and room."""
import json
import math
import os
import tracemalloc

import pytest

from hummingface.models.playing.atomic_file import replace_file, set_aside
from hummingface.models.playing.checked_json import DEEPEST, LARGEST_INTEGER, JsonError, parse_json, read_json
from tests.hostile import TEXTS, not_files, sparse

GOOD = {"a": [1, -2.5, 1e-300, True, None, "x\"[{\\", {"b": {}}], "ü": "\U0001f3b9", "big": LARGEST_INTEGER, "small": -LARGEST_INTEGER}


@pytest.mark.parametrize("text", [json.dumps(GOOD), json.dumps(GOOD, indent=3, ensure_ascii=False), "\ufeff" + json.dumps(GOOD)])
def test_what_is_json_comes_back(text):
    assert parse_json(text) == GOOD == parse_json(text.encode())


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in ("no object", "null", "a number")])
def test_what_is_none_is_refused(name, tmp_path):
    with pytest.raises(JsonError):
        parse_json(TEXTS[name], 4 << 20)
    (tmp_path / "bad.json").write_bytes(TEXTS[name])
    with pytest.raises(JsonError, match=r"bad\.json"):
        read_json(tmp_path / "bad.json")


def test_brackets_within_texts_are_no_depth():
    values = ["[" * 1000, "\\\"" + "{" * 1000, "]" * 100, "\\"]
    assert parse_json(json.dumps(values * 40)) == values * 40


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}"), ('[{"a":[1,', "]}]")])
def test_the_depth_that_is_allowed_is_read_and_one_more_is_not(opened, closed):
    layers = sum(opened.count(bracket) for bracket in "[{")
    for depth, good in ((DEEPEST // layers, True), (DEEPEST // layers + 1, False)):
        text = opened * depth + "1" + closed * depth
        if good:
            parse_json(text)
        else:
            with pytest.raises(JsonError, match="deep"):
                parse_json(text)


def test_many_lists_side_by_side_are_not_deep():
    rows = [[i, [i]] for i in range(5000)]
    assert parse_json(json.dumps(rows)) == rows


def test_whole_numbers_have_a_range():
    assert parse_json(str(-LARGEST_INTEGER)) == -LARGEST_INTEGER
    for number in (LARGEST_INTEGER + 1, -LARGEST_INTEGER - 1):
        with pytest.raises(JsonError, match="too large"):
            parse_json(str(number))


def test_measurements_may_say_nan_where_that_is_asked_for():
    assert math.isnan(parse_json("[NaN, Infinity]", finite=False)[0])
    with pytest.raises(JsonError, match="1e999"):
        parse_json("1e999", finite=False)


def test_each_object_can_be_made_something_else_and_is_checked_first():
    assert parse_json('{"a": {"b": 1}, "c": {}}', made_of=len) == 2
    with pytest.raises(JsonError, match="same name"):
        parse_json('{"a": 1, "a": 2}', made_of=len)


def test_a_file_that_is_too_large_is_hardly_read(tmp_path):
    path = sparse(tmp_path / "large.json", 300 << 20)
    tracemalloc.start()
    with pytest.raises(JsonError, match="larger than"):
        read_json(path, 1 << 20)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes with names in folders")
def test_what_is_not_a_file_is_refused_without_waiting(tmp_path):
    for name, path in not_files(tmp_path, ".json").items():
        with pytest.raises(OSError, match=name):
            read_json(path)
    with pytest.raises(OSError, match="name"):
        read_json("a\0b.json")


def test_a_file_takes_the_place_of_another_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "a.json"
    replace_file(file, b"first")

    def full(_handle):
        raise OSError(28, "No space left on device")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            replace_file(file, b"second")
    assert file.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["a.json"]


def test_what_is_put_aside_takes_the_place_of_nothing(tmp_path):
    found = []
    for content in (b"one", b"two", b"three"):
        (tmp_path / "s.json").write_bytes(content)
        found.append(set_aside(tmp_path / "s.json"))
    assert [path.read_bytes() for path in found] == [b"one", b"two", b"three"]
    assert all(path.name.startswith("s.json.bad-") for path in found)
    assert set_aside(tmp_path / "s.json") is None
