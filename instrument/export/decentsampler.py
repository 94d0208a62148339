"""Writer of the DecentSampler format: a `.dspreset`, an XML file that maps samples; a `.dslibrary` is a ZIP file of it with its samples.

The format follows the DecentSampler Developers Guide, "The groups element". `loopEnd` is the last sample of the loop.
Velocity is linear there: a gain of 1 - t + t v/127, with one `t` per group. So a layer becomes as many groups as its velocity law needs;
they share the layer's samples.
"""
import re
from xml.etree import ElementTree as xml

from hummingface.instrument.export.mapping import Sample, SampledInstrument
from hummingface.instrument.export.velocity import Span, linear, spans

SPREAD_DB = 1.5                     # allowed error of the linear curve within a group, from end to end: 0.75 dB either way


def text(instrument: SampledInstrument, folder: str) -> str:
    """All of the file; `folder` is where the samples lie, seen from it."""
    root = xml.Element("DecentSampler", minVersion="1.0.0")
    root.append(xml.Comment(re.sub("-+", "-", f" {instrument.name}, from HummingFace. {instrument.description} ")))
    groups = xml.Element("groups")
    for layer, samples in instrument.by_layer().items():
        for span in spans(layer.low, layer.high, instrument.law_db, linear, SPREAD_DB):
            group = xml.SubElement(groups, "group", name=f"velocity {span.low} to {span.high}", ampVelTrack=f"{span.track:.4f}",
                                   loopCrossfade="0")
            for sample in samples:
                xml.SubElement(group, "sample", _attributes(sample, span, folder))
    root.append(groups)
    xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _attributes(sample: Sample, span: Span, folder: str) -> dict[str, str]:
    values: dict[str, object] = {
        "path": f"{folder}/{sample.file}", "rootNote": sample.zone.key, "loNote": sample.zone.low, "hiNote": sample.zone.high,
        "loVel": span.low, "hiVel": span.high, "volume": f"{sample.gain_db + span.gain_db:.2f}dB",
        "attack": "0", "decay": "0", "sustain": "1", "release": f"{sample.release_s:.3f}", "loopEnabled": "false"}
    if sample.tune_cents:
        values["tuning"] = f"{sample.tune_cents / 100:.5f}"
    if sample.loop is not None:
        values |= {"loopEnabled": "true", "loopStart": sample.loop[0], "loopEnd": sample.loop[1]}
    if sample.decay is not None:        # it sets in at once: there is no hold
        values |= {"decay": f"{sample.decay[1]:.3f}", "sustain": "0"}
    return {name: str(value) for name, value in values.items()}
