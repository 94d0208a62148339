"""RIFF and RF64 files by their chunks: what our takes and sampled instruments need and no installed library writes.

Sources: EBU Tech 3285 (Broadcast Wave, `bext`), EBU Tech 3306 (RF64, `ds64`), Microsoft's RIFF MCI of 1991. All numbers are little-endian.
"""
import datetime
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hummingface.models.playing.checked_json import open_file

ELSEWHERE = 0xFFFFFFFF              # in place of a length: it stands in `ds64`
LONGEST_RIFF = 0xFFFFFFFF           # what 32 bits count; files beyond it are RF64
MOST_CHUNKS = 1000
TAKE_CHUNK = b"hmfc"                # of ours: how a take was played
PCM, FLOAT = 1, 3                   # format tags
_DS64_BYTES = 28


class RiffError(ValueError):
    """A file that is not a valid RIFF file; the text names it and says why."""


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk: its name of four letters, its length, its data, padded to an even length."""
    return struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2)


def format_chunk(tag: int, channels: int, rate_hz: int, bits: int) -> bytes:
    """`fmt `. Plain tags, not WAVE_FORMAT_EXTENSIBLE, which Python's `wave` refuses before version 3.12."""
    frame_bytes = channels * bits // 8
    fields = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame_bytes, frame_bytes, bits)
    return chunk(b"fmt ", fields if tag == PCM else fields + b"\0\0")


def broadcast_chunk(description: str, at: datetime.datetime, samples_since_midnight: int, reference: str = "") -> bytes:
    """`bext`, version 1: a description, when it was recorded, and where that lies on a timeline in samples since midnight."""
    def text(value: str, size: int) -> bytes:
        return value.encode("ascii", "replace")[:size].ljust(size, b"\0")
    return chunk(b"bext", b"".join((
        text(description, 256), text("HummingFace", 32), text(reference, 32), text(at.strftime("%Y-%m-%d"), 10),
        text(at.strftime("%H:%M:%S"), 8), struct.pack("<QH", samples_since_midnight, 1), bytes(64 + 190))))


def sampler_data(rate_hz: int, key: int, loop: tuple[int, int] | None) -> bytes:
    """What stands in a `smpl` chunk: the key that it was sampled at, and a loop for ever from its first to its last sample, both in it."""
    period_ns = round(1e9 / rate_hz)
    fields = struct.pack("<9I", 0, 0, period_ns, key, 0, 0, 0, 1 if loop else 0, 0)
    return fields + (struct.pack("<6I", 0, 0, loop[0], loop[1], 0, 0) if loop else b"")


def head(chunks: bytes, data_bytes: int, tail_bytes: int, frames: int) -> bytes:
    """All of a wave file before its samples: `chunks` are those between the head and `data`; `tail_bytes` follow the samples.

    Room for RF64's long lengths is always kept (as `JUNK`), so the head has one size whatever the file grows to.
    """
    riff_bytes = 4 + 8 + _DS64_BYTES + len(chunks) + 8 + data_bytes + data_bytes % 2 + tail_bytes
    if riff_bytes <= LONGEST_RIFF:
        return (struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE") + chunk(b"JUNK", bytes(_DS64_BYTES)) + chunks
                + struct.pack("<4sI", b"data", data_bytes))
    lengths = struct.pack("<QQQI", riff_bytes, data_bytes, frames, 0)
    return (struct.pack("<4sI4s", b"RF64", ELSEWHERE, b"WAVE") + chunk(b"ds64", lengths) + chunks
            + struct.pack("<4sI", b"data", ELSEWHERE))


def chunks_of(path: str | Path) -> list[tuple[bytes, int, int]]:
    """(name, where its data begins, how long that is) of every chunk of a WAVE file. Raises RiffError, or OSError.

    A length that goes beyond the end of the file is cut there: that is how a file looks whose writer was killed.
    """
    path = Path(path)
    with open_file(path) as file:
        return list(_walk(file, os.fstat(file.fileno()).st_size, str(path)))


def _walk(file: BinaryIO, size: int, where: str) -> Iterator[tuple[bytes, int, int]]:
    start = file.read(12)
    if len(start) < 12 or start[:4] not in (b"RIFF", b"RF64") or start[8:] != b"WAVE":
        raise RiffError(f"{where}: not a WAV file")
    at, long_data = 12, 0
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return
        name, length = struct.unpack("<4sI", header)
        if name == b"ds64" and (fields := file.read(16)) and len(fields) == 16:
            long_data = struct.unpack("<QQ", fields)[1]
        if name == b"data" and length == ELSEWHERE and long_data:
            length = long_data
        length = min(length, size - at - 8)
        yield name, at + 8, length
        at += 8 + length + length % 2


def read_chunk(path: str | Path, name: bytes, longest_bytes: int) -> bytes | None:
    """The data of the first chunk of this name, None where there is none. Raises RiffError where it is longer than allowed."""
    for found, begin, length in chunks_of(path):
        if found == name:
            if length > longest_bytes:
                raise RiffError(f"{path}: its chunk {name.decode()!r} is {length} bytes long, more than the {longest_bytes} allowed")
            with open_file(path) as file:
                file.seek(begin)
                return file.read(length)
    return None


def append_chunk(path: str | Path, name: bytes, data: bytes) -> None:
    """Add a chunk behind all others of a WAVE file that nobody writes any more, and set its lengths right. A last chunk of this name, which
    may have been cut off, gives way to it. Raises RiffError, or OSError, and then leaves nothing behind the others."""
    chunks = chunks_of(path)
    end = max(begin + length + length % 2 for found, begin, length in (chunks[:-1] if chunks[-1][0] == name else chunks))
    with Path(path).open("r+b", buffering=0) as file:
        made, written = memoryview(chunk(name, data)), 0
        file.truncate(end)
        file.seek(end)
        try:
            while written < len(made):
                written += file.write(made[written:])
        except OSError:
            file.truncate(end)
            raise
        riff_bytes = file.tell() - 8
        file.seek(0)
        if file.read(4) == b"RF64":
            file.seek(20)                           # of `ds64`, the first chunk
            file.write(struct.pack("<Q", riff_bytes))
        else:
            file.seek(4)
            file.write(struct.pack("<I", min(riff_bytes, ELSEWHERE)))
