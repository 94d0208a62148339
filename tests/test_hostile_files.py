"""Files that somebody made to do harm, or a disk spoilt: each reader refuses them in words, within bounds, and goes on with the rest."""
import contextlib
import json
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
import soundfile

from hummingface.instrument.patches import library
from hummingface.instrument.performance.messages import score
from hummingface.instrument.performance.messages.midi import MidiError, NoteOn
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording.performance_log import TakeError
from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.checked_json import JsonError, open_file, parse_json
from hummingface.train.data.fetch import FetchError, PublishedDataset
from hummingface.train.notes import sfz_text
from hummingface.train.notes.note import MOST_SAMPLES, SourceError, read_sound
from hummingface.train.notes.nsynth import NSynth
from hummingface.train.notes.recorded_notes import RecordedNotes
from hummingface.train.notes.sfz_reader import MOST_REGIONS, read_sfz
from tests.fuzzing import READERS, archive, midi_file, mutated, sound
from tests.hostile import refusal

if TYPE_CHECKING:
    from hummingface.instrument.performance.snapshot_values import Snapshot

CASES = 60


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_end_in_the_readers_own_errors(name, tmp_path):
    """A short round of what `tests/bench/fuzz.py` does for an hour."""
    reader, rng = READERS[name], random.Random(5)
    path = tmp_path / f"case{reader.suffix}"
    for _ in range(CASES):
        path.write_bytes(mutated(reader, rng))
        with contextlib.suppress(*reader.errors):
            reader.read(path)


# Only regular files

def _special(folder: Path) -> list[Path]:
    os.mkfifo(folder / "pipe")
    (folder / "device").symlink_to("/dev/zero")
    return [folder / "pipe", folder / "device", folder]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes with names in folders")
def test_neither_pipes_nor_devices_are_opened(tmp_path):
    for path in _special(tmp_path):
        with pytest.raises(OSError, match="not a file"):
            open_file(path)
        (tmp_path / "a.sfz").write_text(f'#include "{path}"\n<region> sample=a.wav key=60')
        with pytest.raises(SourceError, match="not a file"):
            read_sfz(tmp_path / "a.sfz")
    for suffix in (".wav", ".flac", ".mid"):
        os.mkfifo(tmp_path / f"a{suffix}")
    for take in ("a.wav", "a.flac"):
        with pytest.raises(TakeError, match="not a file"):
            played.of_file(tmp_path / take)
    with pytest.raises(MidiError, match="not a file"):
        score.read(tmp_path / "a.mid")


# Takes

def log(*lines: bytes) -> list[bytes]:
    return [line + b"\n" for line in lines]


def test_a_line_without_end_is_not_gathered():
    """150 kB that unpack to 120 MB in one line: what is read stays within a line's length, which is that of a patch with recordings."""
    taken = []

    def pieces():
        while True:
            taken.append(1)
            yield b"{}," * 5000
    with pytest.raises(TakeError, match=r"take\.wav: a line .* longer than 2176 KB"):
        played.read(pieces(), "take.wav")
    assert len(taken) < 160


@pytest.mark.parametrize("value", [b"[]", b"{}", b'""', b"1"])
def test_a_line_of_very_many_values_is_refused_unread(value):
    """Two megabytes of them take the interpreter for a tenth of a second; of texts as long, none."""
    line = b"[" + b",".join([value] * 70_000) + b"]\n"
    with pytest.raises(TakeError, match=r"take\.wav: a line .* more than 65,536 values"):
        played.read([line], "take.wav")


def test_packed_logs_are_unpacked_piece_by_piece(tmp_path):
    packed = zlib.compress(b"{}\n" * (10 << 20))
    pieces = played._unpacked(packed, tmp_path)
    assert all(len(next(pieces)) <= 1 << 14 for _ in range(50))


def performance(monkeypatch, lines, limits=played.REPLAY, pause=lambda: None, begin=0):
    monkeypatch.setattr(played.snapshot_check, "check", lambda moment: moment)
    head = {"format": played.FORMAT, "version": played.VERSION, "begin": begin, "exact": True,
            "moment": {"rate_hz": 48_000, "sample": 0, "law": 1}}
    return played.read(log(json.dumps(head).encode(), *lines), "take.wav", limits, pause)


NOTE = b'{"sample":1,"event":"NoteOn","channel":0,"note":60,"velocity":9}'


def test_events_are_counted_and_others_get_a_turn(monkeypatch):
    limits, pauses = played.Limits(1 << 20, 1000, 60, " Do this."), []
    assert len(performance(monkeypatch, [NOTE] * 1000, limits, lambda: pauses.append(1)).events) == 1000
    assert len(pauses) >= 10
    with pytest.raises(TakeError, match=r"take\.wav: more than 1,000 events\. Do this\."):
        performance(monkeypatch, [NOTE] * 1001, limits)
    with pytest.raises(TakeError, match=r"longer than 1 MB\. Do this"):
        performance(monkeypatch, [NOTE] * 100_000, played.Limits(1 << 20, 1_000_000, 60, " Do this."))


def test_a_take_cannot_ask_for_hours_of_silence(monkeypatch):
    assert performance(monkeypatch, [], begin=59 * 48_000, limits=played.Limits(1 << 20, 9, 60)).begin == 59 * 48_000
    with pytest.raises(TakeError, match="82,800 s after it"):
        performance(monkeypatch, [], begin=23 * 3600 * 48_000)


@pytest.mark.parametrize("line", [b"[]", b"3", b"null", b'{"sample":1}', b'{"sample":1,"event":[]}', b'{"sample":1,"event":"Load"}',
                                  b'{"sample":1,"event":"Set","id":[],"value":{}}', b'{"sample":1,"event":"Bend","value":"x"}'])
def test_absurd_events_are_refused_in_words(monkeypatch, line):
    with pytest.raises(TakeError, match=r"take\.wav"):
        performance(monkeypatch, [line])


def test_a_take_whose_sound_claims_more_than_it_can_hold(tmp_path):
    from hummingface.instrument.recording import replay
    path = tmp_path / "take.flac"
    path.write_bytes(_claiming(sound("FLAC"), (1 << 36) - 1))
    with pytest.raises(TakeError, match=r"take\.flac: claims .* damaged"):
        replay._frames_of(path, played.Performance(48_000, 0, True, cast("Snapshot", {})))
    path.write_bytes(b"fLaC")
    with pytest.raises(TakeError, match=r"take\.flac: its sound cannot be read"):
        replay._frames_of(path, played.Performance(48_000, 0, True, cast("Snapshot", {})))


# JSON

def test_a_text_that_never_ends_is_looked_at_once():
    """Each escaped quote began another look at all that follows: 2 MB took hours."""
    with pytest.raises(JsonError):
        parse_json(b"[" * 70 + b'"' + b'\\"' * (1 << 20))


# Recordings

def _claiming(flac: bytes, frames: int) -> bytes:
    """A FLAC file whose head claims so many frames."""
    data = bytearray(flac)
    at = 4 + 4 + 13
    data[at] = data[at] & 0xF0 | frames >> 32
    data[at + 1:at + 5] = struct.pack(">I", frames & 0xFFFFFFFF)
    return bytes(data)


def test_sounds_that_claim_the_impossible(tmp_path):
    huge, slow = tmp_path / "huge.flac", tmp_path / "slow.wav"
    huge.write_bytes(_claiming(sound("FLAC"), (1 << 36) - 1))
    with pytest.raises(SourceError, match="claims to last"):
        read_sound(huge)
    soundfile.write(slow, np.zeros(100), 1)
    with pytest.raises(SourceError, match="1 samples a second"):
        read_sound(slow)
    with pytest.raises(SourceError, match="claims to last"):
        read_sound(_claiming(sound("FLAC"), MOST_SAMPLES + 1))


def test_one_bad_file_leaves_the_folder_usable(tmp_path):
    (tmp_path / "huge c4.flac").write_bytes(_claiming(sound("FLAC"), (1 << 36) - 1))
    (tmp_path / "bad.sfz").write_text('#include "/dev/zero"')
    time_s = np.arange(32_000) / 16_000
    soundfile.write(tmp_path / "good a4.wav", 0.3 * np.sin(2 * np.pi * 440 * time_s) * np.exp(-2 * time_s), 16_000)
    notes, skipped = RecordedNotes(tmp_path), []
    assert [order.labels.name for order in notes.orders(skipped)] == ["good a4"]
    assert [one.name for one in skipped] == ["huge c4"] and "claims to last" in skipped[0].reason
    assert any("/dev/zero" in notice for notice in notes.notices)


# SFZ

def test_definitions_do_not_grow_without_end(tmp_path):
    path = tmp_path / "bomb.sfz"
    lines = ["#define $A0 xxxxxxxxxx"] + [f"#define $A{n} " + f"$A{n - 1}" * 10 for n in range(1, 12)]
    path.write_text("\n".join(lines) + "\n<region> sample=$A11 key=60")
    with pytest.raises(SourceError, match="stands for more than 4096"):
        read_sfz(path)
    path.write_text("#define $A " + "x" * 4000 + "\n<region> sample=" + "$A " * 10_000)
    with pytest.raises(SourceError, match="with includes and definitions"):
        read_sfz(path)


LONG = {"comments": "/*" * 300_000, "a word": "<region> " + "a" * 600_000, "spaces": "<region> " + " " * 600_000,
        "spaces behind": "<region> key=1" + " \t" * 300_000, "a name": "#define $K 1\n$" + "K" * 600_000, "headers": "<" * 600_000,
        "a key": "<region> key=c" + "9" * 600_000}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limits of a process's time")
def test_texts_are_read_in_a_time_that_grows_with_their_length(tmp_path):
    """In a process that may use 60 s of the processor: by the square of the length, each would take many minutes."""
    for name, text in LONG.items():
        (tmp_path / f"{name}.sfz").write_text(text)
    code = ("import resource, sys; from pathlib import Path; from hummingface.train.notes.sfz_reader import read_sfz; "
            "most = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2])) + 60; resource.setrlimit(resource.RLIMIT_CPU, (most, most)); "
            "[read_sfz(path) for path in sorted(Path(sys.argv[1]).iterdir())]")
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=Path(__file__).parents[1])


def test_names_that_no_file_can_have_and_too_many_regions(tmp_path):
    path = tmp_path / "a.sfz"
    path.write_bytes(b"<region> sample=\0x key=60\n<region> sample=" + b"y" * 300 + b" key=61\n<region> sample=z.wav key=62")
    mapping = read_sfz(path)
    assert [region.pitch for region in mapping.regions] == [62]
    assert mapping.left_out == {"its sample's name cannot be a file's": 2}
    path.write_bytes(b'#include "a\0b.sfz"')
    with pytest.raises(SourceError, match="not a valid file name"):
        read_sfz(path)
    path.write_bytes(b"<region> sample=a key=c99999999999999999999999 " * (MOST_REGIONS + 1))
    with pytest.raises(SourceError, match=f"more than {MOST_REGIONS:,} regions"):
        read_sfz(path)
    assert sfz_text.LARGEST_BYTES <= 8 << 20


# MIDI

def test_dense_midi_files_are_read_once_and_counted(tmp_path, monkeypatch):
    track = b"\x00\x90\x3c\x64" + b"\x00\x3c\x64" * 200_000 + b"\x00\xff\x2f\x00"
    path = tmp_path / "dense.mid"
    path.write_bytes(midi_file()[:14] + b"MTrk" + struct.pack(">L", len(track)) + track)
    of = score.read(path)
    assert len(of.events) == 200_001 and of.events[-1][2] == NoteOn(0, 60, 100)
    assert len({id(event) for _, _, event in of.events}) == 1, "equal messages are one object"
    monkeypatch.setattr(score, "MOST_EVENTS", 1000)
    with pytest.raises(MidiError, match=r"dense\.mid.*more events"):
        score.read(path)


# Archives

@pytest.mark.parametrize("mode", ["w:", "w:gz"])
def test_archives_cut_anywhere_say_so(tmp_path, mode):
    whole, path = archive(mode), tmp_path / "nsynth.tar.gz"
    path.write_bytes(whole)
    assert len(list(NSynth(path).orders([]))) == 1
    for end in (*range(24), *range(24, len(whole), max(1, len(whole) // 40))):
        path.write_bytes(whole[:end])
        said = refusal(SourceError, lambda: list(NSynth(path).orders([])))
        assert not said or str(path) in said


# Downloads

@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b.tar", "data:,x", "/etc/passwd", "http:///x", "http://a/..", "http://a/.",
                                 "http://a/", "http://a", "http://a/b?x=/..", "http://a/%2e%2e", "http://a/b%2fc", "http://a/" + "n" * 300])
def test_only_files_of_the_web_are_fetched(url):
    published = PublishedDataset(url)
    if url == "http://a/b?x=/..":
        assert published.name == "b"
        return
    with pytest.raises(FetchError, match=r"only http and https|name of a file"):
        _ = published.name


# Names and links

def test_a_linked_file_is_replaced_behind_its_link(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    replace_file(tmp_path / "link.json", "new")
    assert (tmp_path / "link.json").is_symlink() and (tmp_path / "real.json").read_text() == "new"


def test_names_are_compared_as_they_look_and_counted_in_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    patch = library.load_patch()
    path = library.save_patch(patch.with_values(name="Caf\u00e9"))
    assert library.load_patch("Cafe\u0301").name == "Caf\u00e9"
    assert library.save_patch(patch.with_values(name="Cafe\u0301")) == path, "not a second one that looks alike"
    library.save_patch(patch.with_values(name="\U0001d53b" * 80))
    (tmp_path / "patches" / "._a.json").write_bytes(b"\0\5\x16\7")
    assert library.read_patches()[1] == []
