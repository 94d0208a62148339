"""NSynth in its published forms: folder, archive, TFRecords; real notes, and archives that mean harm."""
import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from hummingface.train.notes.note import QUALITIES, Note, SourceError
from hummingface.train.notes.nsynth import Filters, NSynth
from hummingface.train.notes.tfrecord import masked_crc, parse_example, records
from tests.tfrecords import entry, example_of, framed

REAL = Path(__file__).parents[3] / "../shared/data/nsynth-test-c4"


@pytest.fixture
def folder(tmp_path, tone):
    """Six notes, two of them beyond the piano's keys, one of them bright."""
    place = tmp_path / "nsynth-tiny"
    (place / "audio").mkdir(parents=True)
    examples = {}
    for i, (pitch, velocity, family, source) in enumerate(((9, 100, "bass", "synthetic"), (60, 25, "organ", "electronic"),
                                                           (60, 127, "organ", "electronic"), (119, 100, "keyboard", "electronic"),
                                                           (48, 75, "string", "acoustic"), (72, 100, "reed", "acoustic"))):
        name = f"{family}_{source}_007-{pitch:03d}-{velocity:03d}"
        examples[name] = entry(name, pitch, velocity, family, source, [int(i == 5)] + [0] * 9)
        sf.write(place / "audio" / f"{name}.wav", tone(pitch, 16_000, 4.0, off_s=3.0), 16_000)
    (place / "examples.json").write_text(json.dumps(examples, indent=1))
    return place


def archive_of(folder, path, extra=()):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in extra:
            info = tarfile.TarInfo(name)
            if isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        archive.add(folder / "audio", f"{folder.name}/audio")
        archive.add(folder / "examples.json", f"{folder.name}/examples.json")
    return path


def orders_of(source):
    skipped = []
    return {o.labels.name: o for o in source.orders(skipped)}, {s.name: s.reason for s in skipped}


def test_folder_and_archive_are_the_same_notes(folder, tmp_path):
    from_folder, skipped = orders_of(NSynth(folder))
    from_archive, _ = orders_of(NSynth(archive_of(folder, tmp_path / "tiny.jsonwav.tar.gz")))
    assert not skipped
    assert len(from_folder) == len(NSynth(folder)) == 6
    assert {n: o.key for n, o in from_folder.items()} == {n: o.key for n, o in from_archive.items()}
    assert sorted(o.labels.pitch for o in from_folder.values())[::5] == [9, 119]
    notes = list(NSynth(folder).read(list(from_folder.values())))
    assert all(isinstance(n, Note) and len(n.audio) == 64_000 and n.rate_hz == 16_000 for n in notes)


@pytest.mark.parametrize(("filters", "count"), [
    (Filters(families=("organ",)), 2), (Filters(sources=("acoustic",)), 2), (Filters(pitches=tuple(range(21, 109))), 4),
    (Filters(velocities=(100, 127)), 4), (Filters(qualities=("bright",)), 1), (Filters(without=("bright",)), 5),
    (Filters(families=("organ",), velocities=(25,)), 1),
])
def test_filters(folder, filters, count):
    source = NSynth(folder, filters)
    assert len(source) == count == len(orders_of(source)[0])


def test_an_unknown_quality_says_which_there_are():
    with pytest.raises(SourceError, match="tempo-synced"):
        Filters(qualities=("warm",))


def test_broken_entries_and_sounds_are_skipped(folder):
    examples = json.loads((folder / "examples.json").read_text())
    names = list(examples)
    examples[names[0]]["pitch"] = 400
    del examples[names[1]]["velocity"]
    examples["../../etc/passwd"] = entry("../../etc/passwd")
    examples["gone-060-100"] = entry("gone-060-100")
    examples["odd"] = 7
    (folder / "examples.json").write_text(json.dumps(examples))
    (folder / "audio" / f"{names[2]}.wav").write_bytes(b"RIFF no")
    data = (folder / "audio" / f"{names[3]}.wav").read_bytes()
    (folder / "audio" / f"{names[3]}.wav").write_bytes(data[:30_000])
    source = NSynth(folder)
    orders, skipped = orders_of(source)
    assert set(orders) == set(names[2:])
    assert {"odd", "gone-060-100", "../../etc/passwd", *names[:2]} == set(skipped)
    said = {o: getattr(n, "reason", "") for o, n in zip(orders, source.read(list(orders.values())), strict=True)}
    assert "cannot be read" in said[names[2]] and "truncated" in said[names[3]]
    assert not said[names[4]]


@pytest.mark.parametrize("text", ["{broken", "[1, 2]", "[" * 100_000, '"a"'])
def test_a_broken_json_is_refused(folder, text):
    (folder / "examples.json").write_text(text)
    with pytest.raises(SourceError, match=r"examples\.json"):
        NSynth(folder)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.93])
@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_an_archive_that_was_cut_off_anywhere_is_named(folder, tmp_path, share, suffix):
    path = archive_of(folder, tmp_path / "whole.tar.gz")
    data = path.read_bytes() if suffix == ".tar.gz" else gzip.decompress(path.read_bytes())
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(data[:int(share * len(data))])
    with pytest.raises(SourceError, match=r"cut\.tar"):
        orders_of(NSynth(cut))


def test_hostile_paths_lead_nowhere(folder, tmp_path):
    name = "organ_electronic_007-060-025"
    wav = (folder / "audio" / f"{name}.wav").read_bytes()
    extra = [("../../outside/x.wav", wav), ("/tmp/absolute.wav", wav), (f"a/audio/{name}.wav", "/etc/passwd"), ("b/fifo.wav", "../up"),
             (f"../../audio/{name}.wav", wav)]
    before = sorted(tmp_path.rglob("*"))
    path = archive_of(folder, tmp_path / "evil.tar.gz", extra)
    orders, _ = orders_of(NSynth(path))
    assert len(orders) == 6
    assert sorted(tmp_path.rglob("*")) == sorted([*before, path])


def test_an_archive_that_ends_early_says_so(folder, tmp_path):
    path = archive_of(folder, tmp_path / "half.tar.gz")
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    with pytest.raises(SourceError, match="Fetch it again"):
        orders_of(NSynth(path))
    path.write_bytes(b"no archive at all")
    with pytest.raises(SourceError, match="Fetch it again"):
        NSynth(path)


def test_tfrecords_are_the_same_notes(folder, tmp_path):
    examples, path = json.loads((folder / "examples.json").read_text()), tmp_path / "tiny.tfrecord"
    audio = {n: sf.read(folder / "audio" / f"{n}.wav", dtype="float32")[0] for n in examples}
    path.write_bytes(b"".join(framed(example_of(about, audio[n])) for n, about in examples.items()))
    source = NSynth(path)
    orders, skipped = orders_of(source)
    assert not skipped
    wanted, _ = orders_of(NSynth(folder))
    assert {n: o.labels for n, o in orders.items()} == {n: o.labels for n, o in wanted.items()}
    assert all(isinstance(n, Note) and np.array_equal(n.audio, audio[n.labels.name]) for n in source.read(list(orders.values())))
    assert len(orders_of(NSynth(path, Filters(families=("organ",))))[0]) == 2


def test_bad_tfrecords(tmp_path):
    good = framed(b"\x0a\x00")
    path = tmp_path / "bad.tfrecord"
    path.write_bytes(good + framed(b"abc", crc=1) + good)
    assert [isinstance(r, str) for r in records(path.open("rb"), "bad")] == [False, True, False]
    orders, skipped = orders_of(NSynth(path))
    assert not orders and set(skipped) == {"bad.tfrecord"}
    for data in (good[:-3], good + good[:5], b"x" * 40):
        path.write_bytes(data)
        with pytest.raises(SourceError, match="Fetch it again"):
            orders_of(NSynth(path))
    for data in (b"\xff" * 30, b"\x0a\x05ab", b"\x0f"):
        with pytest.raises(ValueError, match=r"Example|field|number"):
            parse_example(data)


def test_the_checksum_is_that_of_the_standard():
    unmasked = (masked_crc(b"123456789") - 0xA282EAD8) & 0xFFFFFFFF
    assert ((unmasked >> 17 | unmasked << 15) & 0xFFFFFFFF) == 0xE3069283        # CRC-32C's check value


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data/nsynth-test-c4")
def test_real_notes_of_the_test_split():
    source = NSynth(REAL)
    orders, skipped = orders_of(source)
    assert len(orders) == 40 and not skipped
    about = orders["bass_synthetic_009-060-100"].labels
    assert (about.family, about.source, about.velocity, about.hold_s) == ("bass", "synthetic", 100, 3.0)
    assert [q for q, on in zip(QUALITIES, about.qualities, strict=True) if on] == ["bright", "distortion", "long_release"]
    assert all(isinstance(n, Note) and len(n.audio) == 64_000 for n in source.read(list(orders.values())[:5]))
