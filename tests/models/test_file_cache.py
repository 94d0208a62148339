"""Files are read again once they change, and not before."""
import os

import pytest

from hummingface.models.playing.file_cache import FileCache


def test_an_unchanged_file_is_read_once_and_a_changed_one_again(tmp_path):
    file, read = tmp_path / "a.txt", []
    cache = FileCache(lambda path: read.append(path) or path.read_text(), most=10)
    file.write_text("one")
    assert [cache.get(file), cache.get(file)] == ["one", "one"] and len(read) == 1
    file.write_text("three")
    assert cache.get(file) == "three" and len(read) == 2
    other = tmp_path / "b.txt"
    other.write_text("threa")                           # as long, and as old
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    os.replace(other, file)
    assert cache.get(file) == "threa", "another file of the same name"


def test_what_cannot_be_read_is_tried_again(tmp_path):
    file = tmp_path / "a.txt"
    cache = FileCache(lambda path: int(path.read_text()), most=10)
    with pytest.raises(FileNotFoundError):
        cache.get(file)
    file.write_text("x")
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            cache.get(file)
    file.write_text("7")
    assert cache.get(file) == 7


def test_it_keeps_so_many_and_no_more(tmp_path):
    read: list[str] = []
    cache = FileCache(lambda path: read.append(path.name), most=3)
    for number in range(4):
        (tmp_path / str(number)).write_text("")
        cache.get(tmp_path / str(number))
    cache.get(tmp_path / "3")
    cache.get(tmp_path / "0")
    assert read == ["0", "1", "2", "3", "0"]
