"""What names and mappings tell."""
import numpy as np
import pytest

from hummingface.train.notes.folder_dynamics import dynamics_text, numbered_layers, velocities_of
from hummingface.train.notes.names import Told, note_name, read_name
from hummingface.train.notes.note import SourceError
from hummingface.train.notes.sfz_reader import read_sfz, velocity_db


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
    mapping = read_sfz(tmp_path / "a.sfz")
    regions = mapping.regions
    assert mapping.left_out == {"sounds when a key is released": 1}
    assert [(r.sample.name, r.pitch, r.velocity, r.offset) for r in regions] == [
        ("loud one.wav", 48, 94, 0), ("by key.wav", 50, 94, 100), ("range.wav", 52, 94, 0),
        ("soft.wav", 60, 31, 0), ("all.wav", 72, None, 0)]
    assert regions[0].sample.parent == tmp_path / "my sounds"


def test_a_mapping_that_includes_itself(tmp_path):
    (tmp_path / "a.sfz").write_text('#include "a.sfz"\n<region> sample=a.wav')
    with pytest.raises(SourceError, match="includes itself"):
        read_sfz(tmp_path / "a.sfz")


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".sfz").write_text(text)
    return folder / "main.sfz"


def test_includes_are_named_from_the_opened_file_and_may_come_again(tmp_path):
    """As ARIA has it: one file of keys for each articulation and microphone."""
    main = write(tmp_path, main='#define $LAYER soft\n<group> hivel=60 #include "parts/keys.sfz"\n#define $LAYER loud\n'
                                '<group> lovel=61 #include "parts/keys.sfz"\n' + '#include "parts/nothing.sfz"\n' * 5,
                 parts__keys='#include "parts/more/inner.sfz"\n<region> sample=$LAYER-62.wav key=62', parts__nothing="// nothing\n",
                 parts__more__inner="<region> sample=$LAYER-60.wav key=60")
    mapping = read_sfz(main)
    assert [(r.sample.name, r.pitch, r.velocity) for r in mapping.regions] == [
        ("soft-60.wav", 60, 31), ("soft-62.wav", 62, 31), ("loud-60.wav", 60, 94), ("loud-62.wav", 62, 94)]
    assert {part.name for part in mapping.includes} == {"keys.sfz", "inner.sfz", "nothing.sfz"}


def test_a_definition_holds_until_the_next_one_wherever_it_stands(tmp_path):
    main = write(tmp_path, main="#define $K 60 #define $KEY 61\n<region> sample=a$KEY.wav key=$K #define $K 62\n"
                                "<region> sample=$Kb.wav key=$K\n")
    assert [(r.sample.name, r.pitch) for r in read_sfz(main).regions] == [("a61.wav", 60), ("62b.wav", 62)]


def test_a_circle_of_includes_is_named(tmp_path):
    main = write(tmp_path, main='#include "one.sfz"', one='#include "two.sfz"', two='#include "one.sfz"')
    with pytest.raises(SourceError, match=r"one\.sfz: includes itself, by way of main\.sfz, one\.sfz, two\.sfz"):
        read_sfz(main)


def test_volumes_and_velocity_curves_count(tmp_path):
    main = write(tmp_path, main="<global> volume=-3\n<group> hivel=63 group_volume=1\n<region> sample=a.wav key=60\n"
                                "<group> lovel=64 amp_veltrack=0\n<region> sample=b.wav key=60 volume=2 amplitude=50\n"
                                "<group>\n<region> sample=c.wav key=62\n")
    soft, loud, all_velocities = read_sfz(main).regions
    assert soft.gain_db == pytest.approx(-2 + 40 * np.log10(32 / 127), abs=0.01), "the square of velocity, where nothing else is said"
    assert loud.gain_db == pytest.approx(2 - 6.02, abs=0.01)
    assert all_velocities.gain_db == -3 and all_velocities.velocity is None
    assert velocity_db(64, {"amp_velcurve_64": "1"}) == 0 and velocity_db(127, {}) == 0
    assert velocity_db(32, {"amp_velcurve_64": "1"}) == pytest.approx(-6.02, abs=0.01)
    assert velocity_db(127, {"amp_veltrack": "-50"}) == pytest.approx(-6.02, abs=0.01)


ARTICULATIONS = """<group> sw_last=24
<region> sample=close.wav key=60
<region> sample=far.wav key=60
<group> sw_last=25
<region> sample=short.wav key=60
<group> locc64=64
<region> sample=pedal.wav key=60
<group> seq_length=2
<region> sample=one.wav key=62 seq_position=1
<region> sample=two.wav key=62 seq_position=2
"""


@pytest.mark.parametrize(("switch", "sustained", "other"), [("", "close.wav", "C#1"), ("<global> sw_default=25\n", "short.wav", "C1")])
def test_articulations_pedals_and_second_microphones_are_told_apart(tmp_path, switch, sustained, other):
    mapping = read_sfz(write(tmp_path, main=switch + ARTICULATIONS))
    assert [r.sample.name for r in mapping.regions] == [sustained, "one.wav", "two.wav"]
    assert sum(mapping.left_out.values()) == 3 and any(f"key switch {other}" in reason for reason in mapping.left_out)


@pytest.mark.parametrize(("name", "layer"), [("A1 layer 2", 2), ("C4_L1", 1), ("dyn3 C#2", 3), ("Bell 60", None), ("vl 60", None)])
def test_numbered_layers_in_names(name, layer):
    assert read_name(name).layer == layer


def test_layers_become_velocities_by_how_loud_they_are():
    named = [1, 2, 3] * 4                                           # "v1", "v2", "v3" at four keys
    layers = numbered_layers(named)
    assert layers == named and numbered_layers([16, 64, 100]) == [None] * 3 and numbered_layers([None, 1, 2]) == [None] * 3
    level_db = np.array([-10.0, -20.0, -30.0] * 4)                  # the first is the loudest
    velocities = velocities_of([None] * 12, layers, level_db, [60] * 3 + [62] * 3 + [64] * 3 + [65] * 3)
    assert velocities == [106, 64, 21] * 4
    assert dynamics_text(velocities) == "3 dynamics: velocity 21 (4 notes), velocity 64 (4 notes), velocity 106 (4 notes)"
    assert dynamics_text([100, 100]) == ""
