"""The XML of the packed forms: valid by their documented form, and true to the samples beside it."""
import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree as xml

import numpy as np
import pytest
import soundfile
import xmlschema

from hummingface.instrument.export import bitwig, decentsampler, sfz_writer
from hummingface.instrument.export import velocity as velocity_module
from hummingface.instrument.export.form_table import FORMS
from hummingface.instrument.export.forms import place, write_map
from hummingface.instrument.export.mapping import Sample, SampledInstrument
from hummingface.instrument.export.multisample import MultisampleOptions, export
from hummingface.instrument.export.velocity import law_of
from hummingface.instrument.export.zones import Layer, Zone
from tests.export.maps import points, regions

SCHEMAS = Path(__file__).parent / "schemas"
FEW = MultisampleOptions(every=1, velocities=2, seconds=1.0, low=60, high=61)


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
    return SampledInstrument('Reed & "Brass" <1>', "", ("lead", "organ", "a&b"), "Told --- so.", general_midi(36), [
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

    written = sfz_writer.text(instrument, "Samples")
    assert "loop_end=899\n" in written and "ampeg_decay=8.000" in written
    assert written.count("<region>") == 3 == written.count("ampeg_release="), "this law is the players' own: a region for each sample"


Gains = dict[int, float]                # dB by velocity


def once(places: list[tuple[int, int, Gains]]) -> Gains:
    """The gains of places that share the velocities among them: each velocity has one."""
    found: Gains = {}
    for low, high, gains in places:
        assert not found.keys() & set(range(low, high + 1))
        found |= {velocity: gains[velocity] for velocity in range(low, high + 1)}
    assert sorted(found) == list(range(1, 128))
    return found


def in_sfz(written: str, key: int) -> tuple[Gains, Gains]:
    """dB that a player by the standard gives a sample: volume, and straight lines between points of the curve. And what Polyphone and an
    SF2 player give it (as `test_round_trip.py` has it): amplitude by the square of velocity, of one and the same where `amp_velcurve_1`
    and `_127` are equal."""
    standard, converted = [], []
    for region in regions(written):
        if int(region["lokey"]) <= key <= int(region["hikey"]):
            span, volume_db, told = (int(region["lovel"]), int(region["hivel"])), float(region["volume"]), points(region)
            assert all(0 <= gain <= 1 for gain in told.values()) and -144 <= volume_db <= 6
            curve = {0: 0.0, 127: 1.0, **told}
            standard.append((*span, {v: volume_db + 20 * np.log10(np.interp(v, sorted(curve), [curve[at] for at in sorted(curve)]))
                                     for v in range(span[0], span[1] + 1)}))
            ends = [round(127 * told.get(v, -v)) for v in (1, 127)]
            converted.append((*span, {v: volume_db + 40 * np.log10((ends[0] if ends[0] == ends[1] else v) / 127) for v in range(1, 128)}))
    return once(standard), once(converted)


def in_decentsampler(preset: xml.Element, key: int) -> Gains:
    found = []
    for group in preset.iter("group"):
        track = float(group.get("ampVelTrack"))
        found += [(int(sample.get("loVel")), int(sample.get("hiVel")), {
            v: float(sample.get("volume")[:-2]) + 20 * np.log10(1 - track + track * v / 127) for v in range(1, 128)})
            for sample in group if int(sample.get("loNote")) <= key <= int(sample.get("hiNote"))]
    return once(found)


def in_bitwig(multisample: xml.Element, key: int) -> Gains:
    found = []
    for sample in multisample.iter("sample"):
        keys, velocities = (sample.find(what) for what in ("key", "velocity"))
        if int(keys.get("low")) <= key <= int(keys.get("high")):
            span = int(velocities.get("low")), int(velocities.get("high"))
            found.append((*span, dict.fromkeys(range(span[0], span[1] + 1), float(sample.get("gain")))))
    return once(found)


@pytest.mark.parametrize("range_db", [0, 6, 18, 24, 30, 36, 45, 72])
def test_velocity_does_in_every_form_what_it_does_in_the_patch(instrument, range_db):
    law_db = instrument.law_db = general_midi(range_db)
    standard, converted = in_sfz(sfz_writer.text(instrument, "Samples"), 60)
    decent = in_decentsampler(valid(decentsampler.text(instrument, "Samples"), "dspreset.xsd"), 60)
    multisample = valid(bitwig.text(instrument), "multisample.xsd")
    zones = in_bitwig(multisample, 60)
    assert f"{range_db} dB from velocity 16 to 127" in multisample.findtext("description")
    for velocity in range(8, 128):
        wanted = pytest.approx(law_db[velocity] + (1.5 if velocity >= 64 else 0.0), abs=0.5)         # which the hard sample could not take
        assert standard[velocity] == wanted
        wanted = pytest.approx(wanted.expected, abs=1.01)
        assert converted[velocity] == wanted
        if velocity >= 16:
            assert decent[velocity] == wanted and zones[velocity] == wanted


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
    ("decentsampler", ".dslibrary", "dspreset.xsd", "Steady.dspreset"), ("bitwig", ".multisample", "multisample.xsd", bitwig.MAP)])
def test_a_packed_instrument_has_all_in_it(steady, tmp_path, form, suffix, schema, name):
    report = export(form, steady, tmp_path / f"steady{suffix}", FEW)
    assert [path.name for path in tmp_path.iterdir()] == [f"steady{suffix}"] == [report.out.name]
    with zipfile.ZipFile(report.out) as packed:
        assert packed.testzip() is None
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in packed.infolist()), "samples are streamed from it"
        places = list(valid(packed.read(name).decode(), schema).iter("sample"))
        files = [place.get("path") or place.get("file") for place in places]
        assert sorted(packed.namelist()) == sorted({name, *files}) and len(set(files)) == 4, "velocities share samples"
        for place, file in zip(places, files, strict=True):
            sound, rate_hz = soundfile.read(io.BytesIO(packed.read(file)))
            stop = float(place.get("loopEnd", 0)) + 1 if form == "decentsampler" else float(place.find("loop").get("stop"))
            assert rate_hz == 48000 and 0.5 * len(sound) < stop < len(sound)
            assert np.abs(sound).max() > 0.02


def test_a_folder_holds_a_map_and_its_samples(steady, tmp_path):
    few = MultisampleOptions(every=12, velocities=1, seconds=1.0, low=60, high=60)
    report = export("decentsampler", steady, tmp_path / "steady", few)
    assert report.out == tmp_path / "steady"
    preset = tmp_path / "steady" / "Steady.dspreset"
    path, = {sample.get("path") for sample in valid(preset.read_text(), "dspreset.xsd").iter("sample")}
    assert (preset.parent / path).is_file()


@pytest.mark.parametrize(("form", "out", "made"), [
    ("sfz", "a", ["a"]), ("sfz", "a.sfz", ["a Samples", "a.sfz"]), ("sfz", "a.v2", ["a.v2"]), ("decentsampler", "a", ["a"]),
    ("decentsampler", "a.dspreset", ["a Samples", "a.dspreset"]), ("decentsampler", "a.dslibrary", ["a.dslibrary"]),
    ("bitwig", "a", ["a.multisample"]), ("bitwig", "a.multisample", ["a.multisample"])])
def test_what_a_name_means(tmp_path, form, out, made):
    where = place(FORMS[form], tmp_path / out, "Name")
    assert [target.name for target in where.targets] == made
    assert where.folder == tmp_path and where.packs == made[0].endswith(("library", "multisample"))


@pytest.mark.parametrize("name", ["Solo key=72 volume=-40", "a <region> b", "$x #define", "Caf\u00e9 \u591c"])
def test_whatever_an_export_is_called_no_player_takes_its_folder_for_something_else(instrument, tmp_path, name):
    where = place(FORMS["sfz"], tmp_path / f"{name}.sfz", name)
    (tmp_path / where.samples).mkdir()
    for sample in instrument.samples:
        soundfile.write(tmp_path / where.samples / sample.file, np.zeros(10), 48000)
    write_map(where, tmp_path, instrument)
    for region in regions((tmp_path / where.map).read_text(encoding="utf-8")):
        assert (tmp_path / region["sample"]).is_file()
        assert {*region["sample"]}.isdisjoint("=<$#"), "an opcode, a header, a definition, a directive"
