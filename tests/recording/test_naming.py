"""Names of takes: by date, patch and key, never twice."""
import datetime

import pytest

from hummingface.instrument.recording import naming, take


@pytest.mark.parametrize(("notes", "key"), [
    ([], ""), ([(69, 1.0)], "A4"), ([(60, 1.0), (72, 1.0)], "C4"), ([(60, 1), (64, 1), (67, 1)], "C major"),
    ([(57, 1), (60, 1), (64, 1)], "A minor"), ([(62, 2), (66, 1), (69, 2), (64, 0.5), (67, 0.5), (73, 0.5)], "D major"),
    ([(k, 1.0) for k in (64, 66, 67, 69, 71, 72, 74)] + [(64, 3.0), (71, 2.0)], "E minor")], ids=str)
def test_a_take_is_named_after_its_key(notes, key):
    assert naming.key_of(notes) == key


def test_names_are_sound_and_never_taken_twice(tmp_path):
    at = datetime.datetime(2026, 11, 23, 14, 5, 9)
    assert naming.stem(at, '../a\\b:c*?"<>|\n..', "A4") == "2026-11-23 14.05.09 a b c A4"
    assert naming.stem(at, "...") == "2026-11-23 14.05.09 take"
    assert len(naming.stem(at, "x" * 500)) < 100
    (tmp_path / "one.mid").write_text("")
    assert naming.free_stem(tmp_path, "one", take.SUFFIXES) == "one 2"
    (tmp_path / "two.wav").write_text("2")
    (tmp_path / "three.wav").write_text("3")
    with pytest.raises(FileExistsError):
        naming.move(tmp_path / "two.wav", tmp_path / "three.wav")
    assert (tmp_path / "three.wav").read_text() == "3" and (tmp_path / "two.wav").read_text() == "2"
