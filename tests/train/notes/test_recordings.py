"""A folder of recordings as notes: pitch, dynamics, mapping, and what is left out with which reason."""
import numpy as np
import pytest
import soundfile as sf

from hummingface.train.notes.note import SourceError
from hummingface.train.notes.nsynth import Filters
from hummingface.train.notes.recorded_notes import RecordedNotes


def notes_of(folder, **options):
    source, skipped = RecordedNotes(folder, **options), []
    orders = list(source.orders(skipped))
    return source, {o.labels.name: (o, n) for o, n in zip(orders, source.read(orders), strict=True)}, {s.name: s.reason for s in skipped}


def test_names_an_octave_off_are_found_out(tmp_path, tone):
    for name, pitch in (("C2 p", 48), ("D#2 p", 51), ("F#2 p", 54), ("x A2 p", 57)):
        sf.write(tmp_path / f"{name}.wav", tone(pitch), 44_100)
    source, notes, skipped = notes_of(tmp_path)
    assert not skipped
    assert sorted(o.labels.pitch for o, _ in notes.values()) == [48, 51, 54, 57]
    assert {o.labels.velocity for o, _ in notes.values()} == {49}
    assert len(source.notices) == 1 and "an octave below what sounds" in source.notices[0]


def test_one_name_that_is_wrong(tmp_path, tone):
    for name, pitch in (("C3", 48), ("D3", 50), ("E3", 55), ("F3", 53)):
        sf.write(tmp_path / f"{name}.wav", tone(pitch), 44_100)
    source, notes, _ = notes_of(tmp_path)
    assert notes["E3"][0].labels.pitch == 55
    assert "E3.wav: its name says E3, it sounds like G3" in source.notices[0]
    _, notes, _ = notes_of(tmp_path, trust="name")
    assert notes["E3"][0].labels.pitch == 52


def test_any_format_and_rate_and_unnamed(tmp_path, tone):
    for i, (rate_hz, suffix, subtype) in enumerate(((8000, "wav", "PCM_U8"), (16_000, "flac", "PCM_16"), (44_100, "ogg", "VORBIS"),
                                                    (48_000, "aiff", "PCM_24"), (192_000, "wav", "FLOAT"))):
        audio = tone(50 + i + 0.2, rate_hz)
        sf.write(tmp_path / f"take {chr(97 + i)}.{suffix}", np.stack([audio, audio], 1), rate_hz, subtype=subtype)
    _, notes, skipped = notes_of(tmp_path)
    assert not skipped
    assert [notes[f"take {c}"][0].labels.pitch for c in "abcde"] == [50, 51, 52, 53, 54]
    assert notes["take a"][1].pitch == pytest.approx(50.2, abs=0.05)
    assert [n.rate_hz for _, n in notes.values()] == [8000, 16_000, 44_100, 48_000, 192_000]


def test_what_cannot_be_used_is_told(tmp_path, tone):
    good = tone(60)
    sf.write(tmp_path / "good.wav", good, 44_100)
    sf.write(tmp_path / "silent.wav", 0 * good, 44_100)
    sf.write(tmp_path / "clipped.wav", np.clip(20 * good, -1, 1), 44_100)
    sf.write(tmp_path / "chord.wav", good / 2 + tone(64) / 2 + tone(67) / 2, 44_100)
    sf.write(tmp_path / "nan.wav", np.where(np.arange(len(good)) > 9000, np.nan, good), 44_100, subtype="FLOAT")
    sf.write(tmp_path / "none.wav", good[:0], 44_100)
    (tmp_path / "zero.wav").touch()
    (tmp_path / "notes.txt").write_text("not asked")
    whole = (tmp_path / "good.wav").read_bytes()
    (tmp_path / "broken.wav").write_bytes(whole[:30])
    sf.write(tmp_path / "cut.flac", good, 44_100)
    (tmp_path / "cut.flac").write_bytes((tmp_path / "cut.flac").read_bytes()[:9000])
    _, notes, skipped = notes_of(tmp_path)
    assert list(notes) == ["good"]
    for name, reason in (("silent", "silent"), ("clipped", "clipped"), ("chord", "several notes|pitch"), ("nan", "NaN"),
                         ("none", "no samples"), ("zero", "cannot be read"), ("broken", "cannot be read"),
                         ("cut", "cannot be read|truncated")):
        assert any(part in skipped[name] for part in reason.split("|")), (name, skipped[name])
    assert "notes" not in skipped


def test_onset_is_cut_to_and_dynamics_stay(tmp_path, tone):
    for i, level in enumerate((0.5, 0.05)):
        for pitch in (48, 55, 62, 69):
            sf.write(tmp_path / f"{'quiet' if i else 'loud'}-{pitch:03d}.wav", tone(pitch, level=level, lead_s=0.4), 44_100)
    _, notes, _ = notes_of(tmp_path)
    loud, quiet = notes["loud-055"], notes["quiet-055"]
    assert abs(loud[1].lead_s - 0.4) < 0.005
    assert np.flatnonzero(np.abs(loud[1].audio) > 0.01)[0] < 300
    ratio = np.sqrt((loud[1].audio ** 2).sum() / (quiet[1].audio ** 2).sum())
    assert ratio == pytest.approx(10, rel=0.02)                       # one gain for the folder
    assert quiet[0].labels.velocity < loud[0].labels.velocity == 100  # 20 dB by the law of 40 dB a decade: a third
    assert 20 <= quiet[0].labels.velocity <= 40


def test_one_dynamic_is_one_velocity(tmp_path, tone):
    for i, pitch in enumerate(range(48, 60, 2)):
        sf.write(tmp_path / f"{pitch:03d}.wav", tone(pitch, level=0.3 * (1 + 0.1 * (-1) ** i)), 44_100)
    _, notes, _ = notes_of(tmp_path)
    assert {o.labels.velocity for o, _ in notes.values()} == {100}


def test_a_mapping_is_followed(tmp_path, tone):
    (tmp_path / "wav").mkdir()
    for name, pitch in (("a", 48), ("b", 48), ("c", 60), ("loose", 50)):
        sf.write(tmp_path / "wav" / f"{name}.wav", tone(pitch), 44_100)
    (tmp_path / "my.sfz").write_text("<group> hivel=63\n<region> sample=wav/a.wav key=48\n<group> lovel=64\n"
                                     "<region> sample=wav/b.wav key=48\n<region> sample=wav/c.wav key=60\n"
                                     "<region> sample=wav/gone.wav key=61\n")
    for place in (tmp_path, tmp_path / "my.sfz"):
        _, notes, skipped = notes_of(place)
        assert {n: (o.labels.pitch, o.labels.velocity) for n, (o, _) in notes.items()} == {"a": (48, 32), "b": (48, 96), "c": (60, 96)}
        assert "but not there" in skipped["gone"]
        assert ("loose" in skipped) == (place == tmp_path)


def test_filters_and_memory(tmp_path, tone):
    folder, memory = tmp_path / "sounds", tmp_path / "heard.json"
    folder.mkdir()
    for pitch in (48, 50):
        sf.write(folder / f"{pitch:03d}.wav", tone(pitch), 44_100)
    _, first, _ = notes_of(folder, memory=memory)
    before = memory.stat().st_mtime_ns
    _, notes, _ = notes_of(folder, memory=memory, filters=Filters(pitches=(50,)))
    assert [o.key for o, _ in notes.values()] == [first["050"][0].key]
    assert memory.stat().st_mtime_ns == before
    (folder / "050.wav").rename(folder / "else-050.wav")
    memory.write_text("{broken")
    _, again, _ = notes_of(folder, memory=memory)
    assert again["048"][0].key == first["048"][0].key
    assert again["else-050"][0].content.sha256 == first["050"][0].content.sha256


def test_a_normalised_set_is_learnt_the_right_way_up(tmp_path, tone):
    """All samples are as loud; the mapping plays the soft layer softer, as `amp_veltrack` is 100 where absent."""
    for name, pitch in (("soft", 60), ("loud", 60.02)):
        sf.write(tmp_path / f"{name}.wav", tone(pitch), 44_100)
    (tmp_path / "set.sfz").write_text("<group> hivel=63\n<region> sample=soft.wav key=60 volume=3\n<group> lovel=64\n"
                                      "<region> sample=loud.wav key=60\n")
    source, notes, _ = notes_of(tmp_path)
    level = {name: 20 * np.log10(np.abs(note.audio).max()) for name, (_, note) in notes.items()}
    assert level["loud"] - level["soft"] == pytest.approx(40 * np.log10(96 / 32) - 3, abs=0.1)
    assert any("2 dynamics: velocity 32 (1 notes), velocity 96 (1 notes)" in notice for notice in source.notices)


def test_programs_of_a_folder_are_told_apart_and_their_parts_are_no_programs(tmp_path, tone):
    for name in ("long", "short"):
        sf.write(tmp_path / f"{name}.wav", tone(60), 44_100)
    (tmp_path / "keys.sfz").write_text("<region> sample=$NAME.wav key=60")
    (tmp_path / "sustained.sfz").write_text('#define $NAME long\n#include "keys.sfz"')
    _, notes, _ = notes_of(tmp_path)
    assert sorted(notes) == ["long"]
    (tmp_path / "staccato.sfz").write_text('#define $NAME short\n#include "keys.sfz"')
    with pytest.raises(SourceError, match=r"holds 2 programs.*staccato\.sfz, sustained\.sfz\)\. Give one of these files"):
        RecordedNotes(tmp_path)
    assert sorted(notes_of(tmp_path / "staccato.sfz")[1]) == ["short"]
    (tmp_path / "again.sfz").write_text('#include "staccato.sfz"')
    (tmp_path / "sustained.sfz").unlink()
    assert sorted(notes_of(tmp_path)[1]) == ["short"], "two names of the same are one"


def test_reasons_name_no_paths_so_that_they_can_be_counted(tmp_path, tone):
    sf.write(tmp_path / "there.wav", tone(60), 44_100)
    (tmp_path / "set.sfz").write_text("".join(f"<region> sample={name}.wav key={key}\n"
                                              for name, key in (("there", 60), ("gone", 61), ("lost", 62))))
    _, _, skipped = notes_of(tmp_path)
    assert skipped == {"gone": "named in the SFZ file, but not there", "lost": "named in the SFZ file, but not there"}


def test_numbered_layers_are_dynamics(tmp_path, tone):
    for pitch in (48, 52, 55, 60):
        for layer, level in ((1, 0.05), (2, 0.15), (3, 0.5)):
            sf.write(tmp_path / f"key {pitch} v{layer}.wav", tone(pitch) * level, 44_100)
    source, notes, _ = notes_of(tmp_path)
    assert {name[-2:]: order.labels.velocity for name, (order, _) in notes.items()} == {"v1": 21, "v2": 64, "v3": 106}
    assert any("3 dynamics" in notice for notice in source.notices)
