"""Writer of the `.multisample` format of Bitwig and PreSonus (github.com/bitwig/multisample): an uncompressed ZIP of samples and a map.

The format maps samples only: envelopes and the velocity curve belong to the sampler, so the description says how long to set the release.
Loudness by velocity is written as gains of zones, split as finely as that needs. It is right where the sampler adds no velocity curve of
its own, and the description says so. `stop` of a loop is the frame after its last.
"""
from xml.etree import ElementTree as xml

from hummingface.instrument.export.mapping import SampledInstrument
from hummingface.instrument.export.velocity import fixed, spans
from hummingface.instrument.performance.dynamics import HARD, SOFT

MAP = "multisample.xml"
SPREAD_DB = 1.8                     # of loudness within a zone: 0.9 dB either way
# The first of a patch's tags that is one of these decides on the category
CATEGORIES = {"piano": "Piano", "organ": "Organ", "bass": "Bass", "guitar": "Guitar", "strings": "Strings", "ensemble": "Strings",
              "mallet": "Mallets", "bell": "Bell", "brass": "Brass", "reed": "Winds", "pipe": "Winds", "voice": "Vocal",
              "plucked": "Plucks", "pad": "Pad", "lead": "Lead", "keys": "Keyboards", "synth": "Synth"}


def text(instrument: SampledInstrument, folder: str = "") -> str:
    """All of the map; `folder` is where the samples lie, seen from it."""
    root = xml.Element("multisample", name=instrument.name)
    releases = sorted(sample.release_s for sample in instrument.samples)
    decays = sorted(sample.decay[1] for sample in instrument.samples if sample.decay)
    range_db = instrument.law_db[HARD] - instrument.law_db[SOFT]
    description = [instrument.description,
            f"Its dynamics, {range_db:.0f} dB from velocity {SOFT} to {HARD}, are in the gains of its zones: set the sampler's "
            "velocity sensitivity to 0.",
            f"Release as played: {releases[len(releases) // 2]:.2f} s." if releases else "",
            f"The loops do not decay: give the envelope a decay of {decays[len(decays) // 2]:.1f} s." if decays else ""]
    category = next((CATEGORIES[tag] for tag in instrument.tags if tag in CATEGORIES), "Unknown")
    for name, value in (("generator", "HummingFace"), ("category", category), ("creator", instrument.author or "HummingFace"),
                        ("description", " ".join(filter(None, description)))):
        xml.SubElement(root, name).text = value
    keywords = xml.SubElement(root, "keywords")
    for tag in instrument.tags:
        xml.SubElement(keywords, "keyword").text = tag
    zones = [(span, samples) for layer, samples in instrument.by_layer().items()
             for span in spans(layer.low, layer.high, instrument.law_db, fixed, SPREAD_DB)]
    for span, _ in zones:
        xml.SubElement(root, "group", name=f"Velocity {span.low} to {span.high}")
    for group, (span, samples) in enumerate(zones):
        for sample in samples:
            place = xml.SubElement(root, "sample", {
                "file": f"{folder}{sample.file}", "gain": f"{sample.gain_db + span.gain_db:.3f}", "group": str(group),
                "sample-start": "0", "sample-stop": str(sample.frames)})
            xml.SubElement(place, "key", root=str(sample.zone.key), low=str(sample.zone.low), high=str(sample.zone.high),
                           track="1", tune=f"{sample.tune_cents / 100:.5f}" if sample.tune_cents else "0")
            xml.SubElement(place, "velocity", low=str(span.low), high=str(span.high))
            xml.SubElement(place, "select")
            start, stop = (sample.loop[0], sample.loop[1] + 1) if sample.loop else (0, sample.frames)
            xml.SubElement(place, "loop", mode="loop" if sample.loop else "off", start=str(start), stop=str(stop), fade="0")
    xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"
