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
from instrument.export.forms import FORMS, place
from instrument.export.mapping import Instrument, Sample
from instrument.export.multisample import Options, export
from instrument.export.zones import Layer, Zone

SCHEMAS = Path(__file__).parent / "schemas"
FEW = Options(every=1, velocities=2, seconds=1.0, low=60, high=61)


def valid(text: str, schema: str) -> xml.Element:
    xmlschema.XMLSchema(SCHEMAS / schema).validate(text)
    return xml.fromstring(text.encode())


@pytest.fixture
def instrument():
    """One of each: looped, not looped, with a decay; of names that XML must escape."""
    zone, soft, hard = Zone(60, 59, 61), Layer(32, 1, 63), Layer(96, 64, 127)
    return Instrument('Reed & "Brass" <1>', "", ("lead", "organ", "a&b"), "Told --- so.", [
        Sample("060 C4 v096 x.wav", zone, hard, 1000, 0.5, 1.5, (100, 899), None, ((64, 0.5), (96, 0.8), (127, 1.0))),
        Sample("060 C4 v032 x.wav", zone, soft, 1000, 0.25, 0.0, None, None, ((1, 0.9), (63, 1.0))),
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
    assert written.count("<region>") == 3 == written.count("ampeg_release=")


def test_force_does_in_decentsampler_what_it_does_in_the_patch(instrument):
    preset = valid(decentsampler.text(instrument, "Samples"), "dspreset.xsd")
    for group in preset.iter("group"):
        track = float(group.get("ampVelTrack"))
        for sample in group:
            volume = 10 ** (float(sample.get("volume")[:-2]) / 20)
            gain = [volume * (1 - track + track * int(sample.get(name)) / 127) for name in ("loVel", "hiVel")]
            if "v096 x" in sample.get("path") and sample.get("rootNote") == "60":
                assert gain[1] == pytest.approx(10 ** (1.5 / 20), rel=1e-3)
                assert 0.4 < gain[0] / gain[1] < 0.85, "between the 0.5 of the one sample and the 1 of the other"


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
