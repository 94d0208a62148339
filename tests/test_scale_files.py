"""Scales and keyboard mappings as Scala's files have them: what they mean, and what is wrong with them."""
import numpy as np
import pytest

from hummingface.instrument.patches import scale_tuning
from hummingface.instrument.patches.scale_tuning import ScaleTuning, of_files
from tests import scales
from tests.scales import KBM


@pytest.mark.parametrize(("kind", "text", "wrong"), [
    ("scl", "", "is empty"), ("scl", "name\n", "ends after line 1"), ("scl", "name\nmany\n", "line 2: “many” is not the number"),
    ("scl", "! c\nname\n2\n3/2\nwhat\n", "line 5: “what”"), ("scl", "name\n3\n3/2\n2/1\n", "line 2 says 3 notes, but there are 2"),
    ("scl", "name\n1\n-3/2\n", "line 3: “-3/2” is a ratio that is not above 0"), ("scl", "name\n1\n3/0\n", "line 3"),
    ("scl", "name\n1\n99999.0\n", "line 3: “99999.0” is more than 20 octaves"), ("scl", "name\n0\n", "line 2: 0 notes"),
    ("scl", "name\n1\n1,5\n", "line 3"), ("kbm", "12\n0\n127\n60\n69\nA\n12\n", "line 6: “A” is not a reference frequency"),
    ("kbm", "12\n0\n127\n60\n", "before the reference key"), ("kbm", "2\n0\n127\n60\n69\n440\n12\n0\ny\n", "line 9: “y” is neither"),
    ("kbm", "2\n0\n127\n60\n60\n440\n12\nx\n1\n", "line 5: the reference key, 60, is one that the map leaves out"),
    ("kbm", "0\n0\n127\n60\n60\n440\n31\n", "line 7: the octave is degree 31, but the scale has 12"),
    ("kbm", "0\n100\n20\n60\n60\n440\n12\n", "line 3: the last key, 20, is below"), ("kbm", "1\n0\n127\n60\n60\n440\n0\n0\n1\n", "line 9")])
def test_malformed_files_are_refused_with_the_line(tmp_path, kind, text, wrong):
    path = tmp_path / f"bad.{kind}"
    path.write_text(text)
    with pytest.raises(scale_tuning.ScaleError) as refused:
        of_files([path])
    assert str(refused.value).startswith(f"{path}: ")
    assert wrong in str(refused.value)


def test_files_are_read_within_limits_in_any_writing(tmp_path):
    large = tmp_path / "large.scl"
    large.write_bytes(b"!" * (1 << 20))
    with pytest.raises(scale_tuning.ScaleError, match="larger than"):
        of_files([large])
    latin = tmp_path / "latin.scl"
    latin.write_bytes("! é\r\nGamme tempérée\r\n 2\r\n\t600.0 ! half\r\n 2\r\n".encode("latin-1"))
    tuning = of_files([latin])
    assert tuning.description == "Gamme tempérée"
    assert tuning.pitches()[61] == pytest.approx(66)
    assert scale_tuning.from_json(tuning.to_json(), "here") == tuning
    with pytest.raises(scale_tuning.ScaleError, match=r"a second \.scl"):
        of_files([latin, latin])


def test_a_mapping_alone_goes_onto_the_scale_there_is(tmp_path):
    scale = of_files([scales.write(tmp_path, "7-edo")])
    (tmp_path / "map.kbm").write_text("\n".join(KBM) + "\n")
    both = of_files([tmp_path / "map.kbm"], scale)
    assert both == of_files([tmp_path / "map.kbm", tmp_path / "7-edo.scl"])
    assert both.name == "7-edo · map"
    assert of_files([tmp_path / "7-edo.scl"], both) == scale
    with pytest.raises(scale_tuning.ScaleError, match=r"map\.kbm: line 7: the octave is degree 7, but the scale has 5"):
        of_files([tmp_path / "map.kbm"], of_files([scales.write(tmp_path, "5-edo")]))


def test_mappings_mean_what_scala_says():
    """Against its definition written down once more; where the library's own reading is right, it says the same."""
    import tuning_library
    rng = np.random.default_rng(5)
    for _ in range(60):
        count = int(rng.integers(1, 20))
        notes = [*np.sort(rng.uniform(10, 1190, count - 1)), 1200.0]
        size, octave = int(rng.choice([0, count, 12, 7])), int(rng.choice([count, 0, max(count // 2, 1)]))
        degrees = [None if rng.random() < 0.2 else int(rng.integers(0, count)) for _ in range(size)]
        middle, reference, at_hz = int(rng.integers(30, 80)), int(rng.integers(30, 80)), float(rng.uniform(100, 500))
        if size and degrees[(reference - middle) % size] is None:
            continue
        keys = ["x" if degree is None else str(degree) for degree in degrees]
        scl = ("", str(count), *(f"{note:.9f}" for note in notes))
        kbm = (str(size), "0", "127", str(middle), str(reference), f"{at_hz:.9f}", str(octave), *keys)

        def interval(degree, notes=(0.0, *notes), count=count):
            return degree // count * 1200.0 + notes[degree % count]

        def place(key, size=size, degrees=degrees, octave=octave, middle=middle):
            if not size:
                return interval(key - middle)
            turn, degree = (key - middle) // size, degrees[(key - middle) % size]
            return np.nan if degree is None else turn * interval(octave or size) + interval(degree)
        wanted = np.array([69 + 12 * np.log2(at_hz / 440) + (place(key) - place(reference)) / 100 for key in range(128)])
        wanted[~((wanted >= -36) & (wanted <= 160))] = np.nan
        pitches = ScaleTuning("t", scl, kbm).pitches()
        np.testing.assert_allclose(pitches, wanted, atol=1e-6)
        if octave == count and max([0, *(degree or 0 for degree in degrees)]) <= count and not (size and reference > middle
                                                                                               and (reference - middle) % size == 0):
            tuned = tuning_library.Tuning(tuning_library.parse_scl_data("\n".join(scl)), tuning_library.parse_kbm_data("\n".join(kbm)))
            table = [12 * tuned.log_scaled_frequency_for_midi_note(key) if tuned.is_midi_note_mapped(key) else np.nan
                     for key in range(128)]
            theirs = np.where((np.array(table) >= -36) & (np.array(table) <= 160), table, np.nan)
            np.testing.assert_allclose(pitches, theirs, atol=1e-6)
