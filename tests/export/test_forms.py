"""The XML of the packed forms: valid by their documented form, and true to the samples beside it."""
import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree as xml

import numpy as np
import pytest
import soundfile
import xmlschema

from instrument.export import bitwig, decentsampler, sfz
from instrument.export import velocity as velocity_module
from instrument.export.forms import FORMS, place
from instrument.export.mapping import Instrument, Sample
from instrument.export.multisample import Options, export
from instrument.export.velocity import law_of
from instrument.export.zones import Layer, Zone
from tests.export.maps import points, regions

SCHEMAS = Path(__file__).parent / "schemas"
FEW = Options(every=1, velocities=2, seconds=1.0, low=60, high=61)


def general_midi(range_db: float) -> np.ndarray:
    """A law of so many dB from velocity 16 to 127."""
    velocities = np.array([1, 127])
    return law_of(velocities, range_db * np.log10(velocities / 127) / np.log10(127 / 16))


def valid(text: str, schema: str) -> xml.Element:
    xmlschema.XMLSchema(SCHEMAS / schema).validate(text)
    return xml.fromstring(text.encode())


@pytest.fixture
def instrument():
    """One of each: looped, not looped, with a decay; of names that XML must escape."""
    zone, soft, hard = Zone(60, 59, 61), Layer(32, 1, 63), Layer(96, 64, 127)
    return Instrument('Reed & "Brass" <1>', "", ("lead", "organ", "a&b"), "Told --- so.", general_midi(36), [
        Sample("060 C4 v096 x.wav", zone, hard, 1000, 0.5, 1.5, (100, 899), None),
        Sample("060 C4 v032 x.wav", zone, soft, 1000, 0.25, 0.0, None, None),
        Sample("063 Eb4 v096 x.wav", Zone(63, 62, 64), hard, 1000, 0.5, 0.0, (100, 899), (0.5, 8.0))])


def test_all_forms_are_valid_and_say_the_same(instrument):
    preset = valid(decentsampler.text(instrument, "Samples"), "dspreset.xsd")
    samples = {place.get("path"): place for place in preset.iter("sample")}
    looped = samples["Samples/060 C4 v096 x.wav"]
    assert (looped.get("loopStart"), looped.get("loopEnd"), looped.get("loopEnabled")) == ("100", "899", "true")
    assert samples["Samples/060 C4 v032 x.wav"].get("loopEnabled") == "false"
    assert (samples["Samples/063 Eb4 v096 x.wav"].get("decay"), samples["Samples/063 Eb4 v096 x.wav"].get("sustain")) == ("8.000", "0")

    multisample = valid(bitwig.text(instrument), "multisample.xsd")
    assert multisample.get("name") == 'Reed & "Brass" <1>'
    assert multisample.findtext("category") == "Lead"
    assert "decay of 8.0 s" in multisample.findtext("description") and "0.50 s" in multisample.findtext("description")
    modes = {place.get("file"): place.find("loop").attrib for place in multisample.iter("sample")}
    assert modes["060 C4 v096 x.wav"] == {"mode": "loop", "start": "100", "stop": "900", "fade": "0"}, "the frame after its last"
    assert modes["060 C4 v032 x.wav"]["mode"] == "off"

    written = sfz.text(instrument, "Samples")
    assert "loop_end=899\n" in written and "ampeg_decay=8.000" in written
    assert written.count("<region>") == 3 == written.count("ampeg_release="), "this law is the players' own: a region for each sample"


def in_sfz(written: str, key: int, velocity: int) -> float:
    """dB that a player by the standard gives a sample: volume, and straight lines between points of the curve."""
    found = [region for region in regions(written) if int(region["lokey"]) <= key <= int(region["hikey"])
             and int(region["lovel"]) <= velocity <= int(region["hivel"])]
    assert len(found) == 1
    curve = {0: 0.0, 127: 1.0, **points(found[0])}
    assert all(0 <= gain <= 1 for gain in curve.values()) and -144 <= float(found[0]["volume"]) <= 6
    return float(found[0]["volume"]) + 20 * np.log10(np.interp(velocity, sorted(curve), [curve[v] for v in sorted(curve)]))


def through_polyphone(written: str, key: int, velocity: int) -> float:
    """dB that Polyphone and an SF2 player give it (measured by `test_round_trip.py`): amplitude by the square of velocity, which is one and
    the same where `amp_velcurve_1` and `_127` are."""
    region, = [region for region in regions(written) if int(region["lokey"]) <= key <= int(region["hikey"])
               and int(region["lovel"]) <= velocity <= int(region["hivel"])]
    ends = [round(127 * points(region).get(v, -v)) for v in (1, 127)]
    return float(region["volume"]) + 40 * np.log10((ends[0] if ends[0] == ends[1] else velocity) / 127)


def in_decentsampler(preset: xml.Element, key: int, velocity: int) -> float:
    (group, sample), = [(group, sample) for group in preset.iter("group") for sample in group if int(sample.get("loNote")) <= key
                        <= int(sample.get("hiNote")) and int(sample.get("loVel")) <= velocity <= int(sample.get("hiVel"))]
    track = float(group.get("ampVelTrack"))
    return float(sample.get("volume")[:-2]) + 20 * np.log10(1 - track + track * velocity / 127)


def in_bitwig(multisample: xml.Element, key: int, velocity: int) -> float:
    def plays(sample: xml.Element, what: str, at: int) -> bool:
        return int(sample.find(what).get("low")) <= at <= int(sample.find(what).get("high"))
    sample, = [sample for sample in multisample.iter("sample") if plays(sample, "key", key) and plays(sample, "velocity", velocity)]
    return float(sample.get("gain"))


@pytest.mark.parametrize("range_db", [0, 6, 12, 18, 24, 30, 36, 45, 60, 72])
def test_velocity_does_in_every_form_what_it_does_in_the_patch(instrument, range_db):
    law_db = instrument.law_db = general_midi(range_db)
    written = sfz.text(instrument, "Samples")
    preset = valid(decentsampler.text(instrument, "Samples"), "dspreset.xsd")
    multisample = valid(bitwig.text(instrument), "multisample.xsd")
    assert f"{range_db} dB from velocity 16 to 127" in multisample.findtext("description")
    for velocity in range(1, 128):
        wanted = law_db[velocity] + (1.5 if velocity >= 64 else 0.0)         # what the hard sample could not take
        if velocity >= 8:
            assert in_sfz(written, 60, velocity) == pytest.approx(wanted, abs=0.5)
            assert through_polyphone(written, 60, velocity) == pytest.approx(wanted, abs=1.01)
        if velocity >= 16:
            assert in_decentsampler(preset, 60, velocity) == pytest.approx(wanted, abs=1.0)
            assert in_bitwig(multisample, 60, velocity) == pytest.approx(wanted, abs=1.0)


def test_points_of_a_curve_are_as_many_as_straight_lines_need():
    """And no more: a third of them would not do."""
    law_db = general_midi(36)
    found = velocity_module.points(1, 127, law_db, 0.25)
    every, amplitude = np.arange(1, 128), 10 ** (law_db / 20)
    off = [np.abs(20 * np.log10(np.interp(every, some, amplitude[some]) / amplitude[1:])).max() for some in (found, [*found[:-1:3], 127])]
    assert off[0] <= 0.25 and off[1] > 0.5


def test_a_law_goes_on_in_equal_ratios_below_what_was_measured():
    law_db = law_of(np.array([16, 64, 127]), np.array([-50.0, -26.0, -14.0]))
    assert law_db[127] == 0 and law_db[16] == -36 and law_db[64] == -12
    assert law_db[8] == pytest.approx(-48) and law_db[2] == pytest.approx(-72) and law_db[32] == pytest.approx(-24)


@pytest.mark.parametrize(("form", "suffix", "schema", "name"), [
    ("decentsampler", ".dslibrary", "dspreset.xsd", "Halo Choir.dspreset"), ("bitwig", ".multisample", "multisample.xsd", bitwig.MAP)])
def test_a_packed_instrument_has_all_in_it(sound_of, tmp_path, form, suffix, schema, name):
    report = export(form, sound_of("Halo Choir"), tmp_path / f"choir{suffix}", FEW)
    assert [path.name for path in tmp_path.iterdir()] == [f"choir{suffix}"] == [report.out.name]
    with zipfile.ZipFile(report.out) as packed:
        assert packed.testzip() is None
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in packed.infolist()), "samples are streamed from it"
        places = list(valid(packed.read(name).decode(), schema).iter("sample"))
        files = [place.get("path") or place.get("file") for place in places]
        assert sorted(packed.namelist()) == sorted([name, *files]) and len(files) == 4
        for place, file in zip(places, files, strict=True):
            sound, rate_hz = soundfile.read(io.BytesIO(packed.read(file)))
            stop = float(place.get("loopEnd", 0)) + 1 if form == "decentsampler" else float(place.find("loop").get("stop"))
            assert rate_hz == 48000 and 0.5 * len(sound) < stop < len(sound)
            assert np.abs(sound).max() > 0.02


def test_a_folder_holds_a_map_and_its_samples(sound_of, tmp_path):
    few = Options(every=12, velocities=1, seconds=1.0, low=60, high=60)
    report = export("decentsampler", sound_of("Halo Choir"), tmp_path / "choir", few)
    assert report.out == tmp_path / "choir"
    preset = tmp_path / "choir" / "Halo Choir.dspreset"
    sample, = valid(preset.read_text(), "dspreset.xsd").iter("sample")
    assert (preset.parent / sample.get("path")).is_file()


@pytest.mark.parametrize(("form", "out", "made"), [
    ("sfz", "a", ["a"]), ("sfz", "a.sfz", ["a Samples", "a.sfz"]), ("sfz", "a.v2", ["a.v2"]), ("decentsampler", "a", ["a"]),
    ("decentsampler", "a.dspreset", ["a Samples", "a.dspreset"]), ("decentsampler", "a.dslibrary", ["a.dslibrary"]),
    ("bitwig", "a", ["a.multisample"]), ("bitwig", "a.multisample", ["a.multisample"])])
def test_what_a_name_means(tmp_path, form, out, made):
    where = place(FORMS[form], tmp_path / out, "Name")
    assert [target.name for target in where.targets] == made
    assert where.folder == tmp_path and where.packs == made[0].endswith(("library", "multisample"))
