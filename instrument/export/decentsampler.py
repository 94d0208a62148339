"""The DecentSampler form: a `.dspreset`, an XML file that maps samples; a `.dslibrary` is a ZIP file of it with its samples.

As its developers' guide defines it (DecentSampler Developers Guide, "The groups element"). `loopEnd` is the last sample of the loop. Force
is linear there: at velocity v a gain of 1 - t + t v/127, with a `t` for each group, so each layer is a group.
"""
import math
import re
from xml.etree import ElementTree as xml

from instrument.export.mapping import Instrument, Sample
from instrument.export.zones import Layer

SUFFIX, LIBRARY_SUFFIX = ".dspreset", ".dslibrary"


def text(instrument: Instrument, folder: str) -> str:
    """All of the file; `folder` is where the samples lie, seen from it."""
    root = xml.Element("DecentSampler", minVersion="1.0.0")
    root.append(xml.Comment(re.sub("-+", "-", f" {instrument.name}, from HummingFace. {instrument.told} ")))
    groups = xml.Element("groups")
    for layer, samples in instrument.by_layer().items():
        track = _track(layer, samples)
        group = xml.SubElement(groups, "group", name=f"velocity {layer.low} to {layer.high}", ampVelTrack=f"{track:.4f}",
                               loopCrossfade="0")
        for sample in samples:
            xml.SubElement(group, "sample", _attributes(sample, track, folder))
    root.append(groups)
    xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _track(layer: Layer, samples: list[Sample]) -> float:
    """How much force must matter so that the softest key of the layer is as soft as it should be, on the whole."""
    softest = sum(sample.touch[0][1] if sample.touch else 1.0 for sample in samples) / len(samples)
    low, high = layer.low / 127, layer.high / 127
    return min(max((1 - softest) / max((1 - low) - softest * (1 - high), 1e-6), 0.0), 1.0) if high > low else 0.0


def _attributes(sample: Sample, track: float, folder: str) -> dict[str, str]:
    at_top = 1 - track + track * sample.layer.high / 127
    values: dict[str, object] = {
        "path": f"{folder}/{sample.file}", "rootNote": sample.zone.key, "loNote": sample.zone.low, "hiNote": sample.zone.high,
        "loVel": sample.layer.low, "hiVel": sample.layer.high, "volume": f"{sample.gain_db - 20 * math.log10(at_top):.2f}dB",
        "attack": "0", "decay": "0", "sustain": "1", "release": f"{sample.release_s:.3f}", "loopEnabled": "false"}
    if sample.loop is not None:
        values |= {"loopEnabled": "true", "loopStart": sample.loop[0], "loopEnd": sample.loop[1]}
    if sample.decay is not None:        # it sets in at once: there is no hold
        values |= {"decay": f"{sample.decay[1]:.3f}", "sustain": "0"}
    return {name: str(value) for name, value in values.items()}
