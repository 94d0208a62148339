"""Names in NSynth's data are names: none of them ever leads into another folder, in any of its three forms."""
import json

import pytest
import soundfile as sf

from hummingface.train.notes.nsynth import NSynth, labels_of
from tests.tfrecords import entry, example_of, framed
from tests.train.notes.test_nsynth import archive_of, orders_of

LEADING = ["../outside", "a/b", "/tmp/absolute", "audio/../../outside", ".", "", "a/", "./a"]


@pytest.mark.parametrize("name", LEADING)
def test_a_name_with_a_folder_in_it_is_no_name(name):
    with pytest.raises(ValueError, match="not the name of a note"):
        labels_of(name, entry(name))


def test_a_name_is(tone):
    assert labels_of("organ_electronic_007-060-025", entry("organ_electronic_007-060-025")).name == "organ_electronic_007-060-025"


@pytest.fixture
def data(tmp_path, tone):
    """A folder whose examples.json names what lies outside of its `audio`, where there is something to be found."""
    place = tmp_path / "in" / "nsynth"
    (place / "audio" / "a").mkdir(parents=True)
    good = "organ_electronic_007-060-100"
    sound = tone(60, 16_000, 4.0, off_s=3.0)
    for path in (place / "audio" / f"{good}.wav", tmp_path / "in" / "outside.wav", place / "outside.wav", place / "audio" / "a" / "b.wav"):
        sf.write(path, sound, 16_000)
    names = [good, "../outside", "../../outside", "a/b", str(tmp_path / "in" / "outside")]
    (place / "examples.json").write_text(json.dumps({name: entry(name) for name in names}))
    return place, good, sound


def test_nothing_outside_of_the_folder_of_sounds_is_read(data):
    place, good, _ = data
    orders, skipped = orders_of(NSynth(place))
    assert set(orders) == {good}
    assert len(skipped) == 4 and all("cannot be used" in reason for reason in skipped.values())


def test_nor_from_an_archive(data, tmp_path):
    place, good, _ = data
    orders, skipped = orders_of(NSynth(archive_of(place, tmp_path / "all.tar.gz")))
    assert set(orders) == {good} and len(skipped) == 4


def test_nor_by_a_record(data, tmp_path):
    place, good, sound = data
    examples = json.loads((place / "examples.json").read_text())
    path = tmp_path / "all.tfrecord"
    path.write_bytes(b"".join(framed(example_of(about, sound)) for about in examples.values()))
    skipped = []
    assert [order.labels.name for order in NSynth(path).orders(skipped)] == [good]
    assert len(skipped) == 4 and all("not the name of a note" in each.reason for each in skipped)
