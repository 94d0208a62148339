"""The tables of a SoundFont: the chunks of its list `pdta` (SoundFont Technical Specification 2.04, chapter 7). Samples are passed over."""
import struct
from collections.abc import Iterator
from pathlib import Path

LARGEST_BYTES = 1 << 22                 # of a table: its records are counted in 16 bits, and the longest of them have 46 bytes


class SoundFontTableError(ValueError):
    """A file is no SoundFont, or its tables cannot be read; the text says why, without the file's name."""


def tables(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each table, in the file's order. Raises SoundFontTableError, OSError."""
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise SoundFontTableError("not a SoundFont (its first bytes are not RIFF ... sfbk)")
        inside = False
        while len(chunk := stream.read(8)) == 8:
            name, size = chunk[:4].decode("latin1"), struct.unpack("<I", chunk[4:])[0]
            if name == "LIST" and stream.read(4) == b"pdta":
                inside = True                                       # its chunks follow
                continue
            if inside and name != "LIST" and size <= LARGEST_BYTES:
                yield name, stream.read(size)
                stream.seek(size % 2, 1)
            else:
                stream.seek(size - (4 if name == "LIST" else 0) + size % 2, 1)
