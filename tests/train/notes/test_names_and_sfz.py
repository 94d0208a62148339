"""What names and mappings tell."""
import pytest

from hummingface.train.notes.names import Told, note_name, read_name
from hummingface.train.notes.note import SourceError
from hummingface.train.notes.sfz_reader import read_sfz


@pytest.mark.parametrize(("name", "pitch", "velocity"), [
    ("A1_mf_g", 33, 80), ("Eb1_p_g", 27, 49), ("Gb4_p_g", 66, 49), ("MF A#2", 46, 80), ("MF C#1", 25, 80),
    ("bass_synthetic_009-060-100", 60, 100), ("piano C-1", 0, None), ("Cello 072", 72, None), ("note_60_v100", 60, 100),
    ("vel 45 F#3", 54, 45), ("Bass 2 C3", 48, None), ("ff-D4", 62, 112), ("Kick", None, None), ("take 7", None, None),
    ("recording", None, None), ("B2", 47, None), ("Bb2 f", 46, 96),
])
def test_names(name, pitch, velocity):
    assert read_name(name) == Told(pitch, velocity)


def test_names_of_keys():
    assert [note_name(p) for p in (21, 60, 61, 108)] == ["A0", "C4", "C#4", "C8"]


def test_an_sfz_mapping(tmp_path):
    (tmp_path / "more.txt").write_text("<group> lovel=1 hivel=60\n<region> sample=soft.wav pitch_keycenter=c4\n")
    (tmp_path / "a.sfz").write_text("""// a comment <region> sample=never.wav
#define $ROOT 48
<control> default_path=my sounds\\
<global> lovel=0 hivel=127
<group> lovel=61 hivel=127
<region> sample=loud one.wav pitch_keycenter=$ROOT tune=5
<region> sample=by key.wav key=50 offset=100
<region>
sample=range.wav
lokey=51 hikey=53
<region> sample=rel.wav key=50 trigger=release
<region> sample=*sine key=60
#include "more.txt"
<group>
<region> sample=all.wav key=72
""")
    regions = read_sfz(tmp_path / "a.sfz")
    assert [(r.sample.name, r.pitch, r.velocity, r.offset) for r in regions] == [
        ("loud one.wav", 48, 94, 0), ("by key.wav", 50, 94, 100), ("range.wav", 52, 94, 0),
        ("soft.wav", 60, 31, 0), ("all.wav", 72, None, 0)]
    assert regions[0].sample.parent == tmp_path / "my sounds"


def test_a_mapping_that_includes_itself(tmp_path):
    (tmp_path / "a.sfz").write_text('#include "a.sfz"\n<region> sample=a.wav')
    with pytest.raises(SourceError, match="included recursively"):
        read_sfz(tmp_path / "a.sfz")
