"""Writes NSynth's notes as TensorFlow's TFRecords do, for the tests of what reads them."""
import struct

import numpy as np

from hummingface.train.notes.tfrecord import masked_crc


def entry(name, pitch=60, velocity=100, family="organ", source="electronic", qualities=(0,) * 10):
    return {"note": 1, "note_str": name, "instrument": 7, "instrument_str": f"{family}_{source}_007", "pitch": pitch, "velocity": velocity,
            "sample_rate": 16_000, "qualities": list(qualities), "qualities_str": [], "instrument_family": 1,
            "instrument_family_str": family, "instrument_source": 1, "instrument_source_str": source}


def feature(value) -> bytes:
    """A protobuf Feature of bytes, floats or whole numbers."""
    def sized(tag, data):
        return bytes([tag << 3 | 2]) + varint(len(data)) + data
    if isinstance(value, bytes):
        return sized(1, sized(1, value))
    if isinstance(value, np.ndarray):
        return sized(2, sized(1, value.astype("<f4").tobytes()))
    return sized(3, sized(1, b"".join(varint(v) for v in value)))


def varint(value) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def example_of(about: dict, audio) -> bytes:
    def sized(tag, data):
        return bytes([tag << 3 | 2]) + varint(len(data)) + data
    values = {"audio": audio}
    for key, value in about.items():
        values[key] = value.encode() if isinstance(value, str) else value if isinstance(value, list) else [value]
    values.pop("qualities_str")
    return sized(1, b"".join(sized(1, sized(1, k.encode()) + sized(2, feature(v))) for k, v in values.items()))


def framed(data: bytes, crc=None) -> bytes:
    size = struct.pack("<Q", len(data))
    return size + struct.pack("<I", masked_crc(size)) + data + struct.pack("<I", masked_crc(data) if crc is None else crc)
