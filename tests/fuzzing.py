"""Every reader of files from outside as `READERS[name] = (read(path), errors that it may raise, suffix, files to begin from)`.

`tests/test_hostile_files.py` runs a short seeded round of mutations over them, `tests/bench/fuzz.py` as long as is asked for.
"""
import contextlib
import gzip
import io
import json
import random
import struct
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.performance.messages import score
from hummingface.instrument.performance.messages.midi import MidiError
from hummingface.instrument.recording import flac, performance_log, riff
from hummingface.models.playing.checked_json import JsonError, parse_json
from hummingface.models.playing.recorded_note import RecordedNoteError, unpack
from hummingface.train.notes import zyn_plugin
from hummingface.train.notes.note import QUALITIES, SourceError, read_sound
from hummingface.train.notes.nsynth import NSynth
from hummingface.train.notes.sfz_reader import read_sfz
from hummingface.train.notes.soundfont_source import presets_in
from hummingface.train.notes.soundfont_zones import key_ranges
from hummingface.train.notes.tfrecord import parse_example
from tests.recorded import recorded_note
from tests.tfrecords import entry, example_of, framed


@dataclass(frozen=True)
class Reader:
    """`seeds`: good files, from which mutations begin; `words`: what they are made of."""
    read: Callable[[Path], object]
    errors: tuple[type[Exception], ...]
    suffix: str
    seeds: list[bytes]
    words: tuple[bytes, ...] = ()


def sound(kind: str, frames: int = 200) -> bytes:
    made = io.BytesIO()
    soundfile.write(made, np.sin(np.arange(frames) / 5) * 0.3, 16_000, format=kind)
    return made.getvalue()


def archive(mode: Literal["w:", "w:gz"]) -> bytes:
    entry = {"note_str": "a-060-100", "pitch": 60, "velocity": 100, "qualities": [0] * len(QUALITIES), "instrument_str": "a",
             "instrument_family_str": "bass", "instrument_source_str": "acoustic"}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as tar:
        for name, data in (("examples.json", json.dumps({"a-060-100": entry}).encode()), ("audio/a-060-100.wav", sound("WAV"))):
            info = tarfile.TarInfo(f"nsynth/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return made.getvalue()


def font_heads(bags: list[int]) -> bytes:
    """A SoundFont's list of presets, by where each one's zones begin; the last ends the list."""
    return b"".join(struct.pack("<20sHHHIII", b"One", n, 0, bag, 0, 0, 0) for n, bag in enumerate(bags))


def soundfont(**other: bytes) -> bytes:
    """A SoundFont of one preset, with `other` tables in place of its own."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data
    tables = {"phdr": font_heads([0, 1]), "pbag": struct.pack("<HHHH", 0, 0, 1, 0), "pgen": struct.pack("<HhHh", 41, 0, 0, 0),
              "inst": struct.pack("<20sH20sH", b"One", 0, b"EOI", 1), "ibag": struct.pack("<HHHH", 0, 0, 2, 0),
              "igen": struct.pack("<HhHhHh", 43, 0x7F00, 53, 0, 0, 0)} | other
    body = b"sfbk" + chunk(b"LIST", b"pdta" + b"".join(chunk(name.encode(), data) for name, data in tables.items()))
    return chunk(b"RIFF", body)


def midi_file() -> bytes:
    track = b"\x00\xff\x03\x04Lead\x00\xff\x51\x03\x07\xa1\x20\x00\x90\x3c\x64\x60\x3c\x00\x00\xf0\x05\x7e\x7f\x09\x01\xf7\x00\xff\x2f\x00"
    return b"MThd" + struct.pack(">LHHh", 6, 1, 1, 480) + b"MTrk" + struct.pack(">L", len(track)) + track


def take() -> bytes:
    log = zlib.compress(b'{"format":"hummingface-take","version":1,"begin":0,"moment":{"rate_hz":48000,"sample":0}}\n')
    return sound("WAV") + riff.chunk(riff.TAKE_CHUNK, log)


def _archive(path: Path) -> None:
    list(NSynth(path).orders([]))


def _records(path: Path) -> None:
    """As damage leaves no checksum right, what is in a record is read as well."""
    list(NSynth(path).orders([]))
    with contextlib.suppress(ValueError):
        parse_example(path.read_bytes()[12:-4])


def _chunks(path: Path) -> None:
    riff.read_chunk(path, riff.TAKE_CHUNK, 1 << 20)


def tfrecord() -> bytes:
    return framed(example_of(entry("a-060-100"), np.sin(np.arange(8))))


def _font(path: Path) -> None:
    presets_in(path)
    key_ranges(path)


SFZ = (b'<control> default_path=a/\n<global> amp_veltrack=50\n#define $K 60\n<group> lovel=1 hivel=60 /* soft */\n'
       b'<region> sample=a b$K.wav key=$K pitch_keycenter=c#4 // x\n#include "b.sfz"\n')
PATCH = (b'{"format":"hummingface-patch","version":3,"name":"A","author":"","tags":["x"],"model":{"name":"M"},"latents":[0.5,1],'
         b'"parameters":{"reverb.mix":0.5},"morph":[],"gain_db":0.0}')
RECORDED = PATCH[:-1] + b',"recordings":[' + json.dumps({
    "name": "A", "latents": [0.5], "places": ["knobs"], "notes": [recorded_note().to_json()]}).encode() + b"]}"
ZYN = b'<?xml version="1.0"?><ZynAddSubFX-data><INSTRUMENT><INFO></INFO></INSTRUMENT></ZynAddSubFX-data>'
READERS = {
    "json": Reader(lambda path: parse_json(path.read_bytes()), (JsonError,), ".json", [PATCH], (b"[", b"{", b'"', b"\\", b"NaN", b"1e999")),
    "patch": Reader(patch_file._patch_in, (patch_file.PatchError,), ".json", [PATCH, RECORDED],
                    (b"null", b"[]", b"1e308", b'"\\u0000"', b'"places":["top left"]')),
    "recording": Reader(lambda path: unpack(path.read_text("latin-1")), (RecordedNoteError,), ".txt", [recorded_note().packed.encode()],
                        (b"=", b"eNr", b"AAAA")),
    "midi": Reader(score.read, (MidiError,), ".mid", [midi_file()], (b"\xff\xff\xff\x7f", b"MTrk", b"\xf0", b"\xff\x51")),
    "sfz": Reader(read_sfz, (SourceError,), ".sfz", [SFZ], (b"#include ", b"#define $A ", b"$A", b"/*", b"<region>", b"key=", b"\0", b"=")),
    "sound": Reader(read_sound, (SourceError,), ".wav", [sound("WAV"), sound("FLAC"), sound("OGG"), sound("AIFF"), sound("CAF")],
                    (b"\xff\xff\xff\xff", b"data", b"fmt ")),
    "tar": Reader(_archive, (SourceError,), ".tar", [archive("w:")], (b"\0" * 512, b"99999999999")),
    "tar.gz": Reader(_archive, (SourceError,), ".tar.gz", [archive("w:gz")]),
    "soundfont": Reader(_font, (SourceError, ValueError), ".sf2", [soundfont()], (b"phdr", b"LIST", b"\xff\xff")),
    "tfrecord": Reader(_records, (SourceError,), ".tfrecord", [tfrecord()], (b"\x0a\xff\xff\x7f", b"\x12\x00", b"audio")),
    "zyn": Reader(zyn_plugin.read_patch, (SourceError,), ".xiz", [gzip.compress(ZYN), ZYN], (b"<INSTRUMENT>", b"\x1f\x8b")),
    "take": Reader(performance_log.of_file, (performance_log.TakeError,), ".wav", [take()], (b"hmfc", b"\xff\xff\xff\xff")),
    "riff": Reader(_chunks, (riff.RiffError,), ".wav", [take()], (b"hmfc", b"data", b"\xff\xff\xff\xff", b"RF64", b"ds64")),
    "flac": Reader(flac.played, (flac.FlacError,), ".flac", [sound("FLAC")], (b"HmFc", b"fLaC", b"\x82")),
}


def mutated(reader: Reader, rng: random.Random) -> bytes:
    """A file with a few places damaged: bytes changed, cut, doubled, or words of its format put in."""
    data = bytearray(rng.choice(reader.seeds))
    for _ in range(rng.randint(1, 6)):
        at, size = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 16, 200))
        kind = rng.randrange(6)
        if kind == 0:
            data[at:at + 1] = bytes((rng.randrange(256),))
        elif kind == 1:
            del data[at:at + size]
        elif kind == 2:
            data[at:at] = data[at:at + size] * rng.choice((1, 2, 50))
        elif kind == 3 and reader.words:
            data[at:at] = rng.choice(reader.words) * rng.choice((1, 1, 2, 100))
        elif kind == 4:
            data[at:at + size] = rng.choice((b"\0", b"\xff", b"\x7f")) * size
        else:
            del data[at + rng.randrange(2000):]
    return bytes(data)
