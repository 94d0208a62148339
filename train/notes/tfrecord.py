"""NSynth's TFRecord files without TensorFlow: the framing of records, their checksums, and the few protobuf fields of an Example.

A record is its length (uint64), the masked CRC-32C of that, the data, and the masked CRC-32C of the data, all little-endian. See
TensorFlow's "TFRecord and tf.train.Example" and protobuf's "Encoding".
"""
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from hummingface.compiled import EXACT, compiled
from hummingface.train.notes.note import SourceError

MASK = 0xA282EAD8
LARGEST_RECORD_BYTES = 4 << 20                    # a note of NSynth has 260,000 bytes
Value = list[bytes] | np.ndarray


def _table() -> np.ndarray:
    value = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        value = np.where(value & 1, (value >> 1) ^ np.uint32(0x82F63B78), value >> 1)
    return value


TABLE = _table()


@compiled(fastmath=EXACT)
def _crc(data, table):
    crc = np.uint32(0xFFFFFFFF)
    for byte in data:
        crc = table[(crc ^ byte) & np.uint32(0xFF)] ^ (crc >> np.uint32(8))
    return crc ^ np.uint32(0xFFFFFFFF)


def masked_crc(data: bytes) -> int:
    """CRC-32C (Castagnoli) of `data`, as TFRecords store it."""
    crc = int(_crc(np.frombuffer(data, np.uint8), TABLE))
    return ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF


def records(stream: BinaryIO, name: str) -> Iterator[bytes | str]:
    """The data of each record, or the reason (a text) why it cannot be used. Raises SourceError where the framing is lost."""
    number = 0
    while header := stream.read(12):
        number += 1
        if len(header) < 12:
            raise SourceError(f"{name}: ends in the middle of record {number}: incomplete. Fetch it again.")
        size, crc = struct.unpack("<QI", header)
        if masked_crc(header[:8]) != crc:
            raise SourceError(f"{name}: record {number} has a length that does not match its checksum: no TFRecord file, or "
                              "damaged. Fetch it again.")
        if size > LARGEST_RECORD_BYTES:
            raise SourceError(f"{name}: record {number} has {size:,} bytes; a note has at most {LARGEST_RECORD_BYTES:,}.")
        data, end = stream.read(size), stream.read(4)
        if len(data) < size or len(end) < 4:
            raise SourceError(f"{name}: ends in the middle of record {number}: incomplete. Fetch it again.")
        yield data if masked_crc(data) == struct.unpack("<I", end)[0] else f"record {number}: its checksum is wrong"


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of a protobuf message."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("a number of more than 64 bits")
    while at < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, varint()
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"a field of kind {kind}")
        size = varint() if kind == 2 else {1: 8, 5: 4}[kind]
        if at + size > len(data):
            raise ValueError("a field that ends after its message")
        yield tag >> 3, data[at:at + size]
        at += size


def parse_example(data: bytes) -> dict[str, Value]:
    """A tf.train.Example as {name: bytes values, or numbers as an array}. Raises ValueError where it is none.

    Example { Features { map<string, Feature { BytesList = 1 | FloatList = 2 | Int64List = 3 }> = 1 } = 1 }, each list's field 1.
    """
    found: dict[str, Value] = {}
    try:
        for _, features in _fields(memoryview(data)):
            for _, entry in _fields(features):                             # type: ignore[arg-type]
                pair = dict(_fields(entry))                                # type: ignore[arg-type]
                name = bytes(pair[1]).decode()
                for kind, values in _fields(pair[2]):                      # type: ignore[arg-type]
                    found[name] = _list(kind, values)                      # type: ignore[arg-type]
    except (IndexError, KeyError, TypeError, UnicodeDecodeError, struct.error) as error:
        raise ValueError(f"no tf.train.Example ({error})") from error
    return found


def _list(kind: int, data: memoryview) -> Value:
    if kind == 1:
        return [bytes(value) for _, value in _fields(data)]
    if kind == 2:                                                          # packed, or one by one
        return np.frombuffer(b"".join(bytes(value) for _, value in _fields(data)), "<f4")
    numbers: list[int] = []
    for _, value in _fields(data):
        numbers += [value] if isinstance(value, int) else _varints(value)
    return np.array(numbers, np.uint64).astype(np.int64)


def _varints(data: memoryview) -> list[int]:
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value & 0xFFFFFFFFFFFFFFFF)
            value = shift = 0
    return numbers
