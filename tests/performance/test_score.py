"""MIDI files of every format and clock, also such as mido does not know, and such as are broken."""
import glob
import struct
from contextlib import suppress

import mido
import numpy as np
import pytest

from hummingface.instrument.performance.messages import score
from hummingface.instrument.performance.messages.midi import Controller, MidiError, NoteOff, NoteOn

REAL = sorted(name for folder in ("/usr/share/games/dink", "/usr/share/games/openttd", "/usr/share/solfege")
              for name in glob.glob(f"{folder}/**/*.mid", recursive=True))
ON, OFF = bytes((0x90, 60, 100)), bytes((0x80, 60, 64))


def file(*tracks: bytes, kind: int = 1, division: int = 480, count: int | None = None, between: bytes = b"") -> bytes:
    head = b"MThd" + struct.pack(">LHHh", 6, kind, len(tracks) if count is None else count, division)
    return head + b"".join(between + b"MTrk" + struct.pack(">L", len(track)) + track for track in tracks)


def tempo(delta: bytes, us: int) -> bytes:
    return delta + b"\xff\x51\x03" + us.to_bytes(3, "big")


END = b"\x00\xff\x2f\x00"


@pytest.fixture
def read(tmp_path):
    def of(data: bytes) -> score.Score:
        (tmp_path / "song.mid").write_bytes(data)
        return score.read(tmp_path / "song.mid")
    return of


def times(of: score.Score) -> list:
    return [(round(at_s, 6), event) for at_s, _, event in of.events]


def test_the_tempo_of_one_track_is_that_of_all(read):
    of = read(file(tempo(b"\x00", 1_000_000) + tempo(b"\x83\x60", 250_000) + END, b"\x83\x60" + ON + b"\x83\x60" + OFF + END))
    assert times(of) == [(1.0, NoteOn(0, 60, 100)), (1.25, NoteOff(0, 60))]
    assert of.end_s == 1.25
    assert of.tempos == [(0.0, 60.0), (1.0, 240.0)]


@pytest.mark.parametrize(("frames", "ticks", "second_a_frame"), [
    (25, 40, 1 / 25), (24, 80, 1 / 24), (30, 4, 1 / 30), (29, 80, 1001 / 30000)])
def test_a_time_code_knows_no_tempo(read, frames, ticks, second_a_frame):
    """SMPTE division: the high byte is minus the frames a second, the low one the ticks of a frame."""
    division = struct.unpack(">h", bytes((256 - frames, ticks)))[0]
    of = read(file(tempo(b"\x00", 100_000) + b"\x50" + ON + b"\x50" + OFF + END, kind=0, division=division))
    assert times(of) == [(pytest.approx(80 * n / ticks * second_a_frame, abs=1e-6), event)
                         for n, event in ((1, NoteOn(0, 60, 100)), (2, NoteOff(0, 60)))]
    assert not of.tempos


def test_sequences_of_format_2_come_one_after_another_each_at_its_own_tempo(read):
    of = read(file(tempo(b"\x00", 500_000) + b"\x83\x60" + ON + b"\x83\x60" + OFF + END,
                   tempo(b"\x00", 1_000_000) + b"\x00" + ON + b"\x83\x60" + OFF + END, kind=2))
    assert times(of) == [(0.5, NoteOn(0, 60, 100)), (1.0, NoteOff(0, 60)), (1.0, NoteOn(0, 60, 100)), (2.0, NoteOff(0, 60))]
    assert [track for _, track, _ in of.events] == [0, 0, 1, 1]


def test_running_status_goes_on_after_meta_events(read):
    of = read(file(b"\x00\x90\x3c\x64\x00\x3e\x64\x00\xff\x01\x01x\x60\x3c\x00\x00\x3e\x00" + END, kind=0, division=96))
    assert [event for _, event in times(of)] == [NoteOn(0, 60, 100), NoteOn(0, 62, 100), NoteOff(0, 60), NoteOff(0, 62)]


@pytest.mark.parametrize("meta", [b"\xff\x01\x02hi", b"\xff\x08\x02hi", b"\xff\x4b\x00", b"\xff\x59\x02\x08\x00",
                                  b"\xff\x59\x02\x00\xff", b"\xff\x58\x01\x04"], ids=bytes.hex)
def test_meta_events_without_meaning_take_their_time_and_no_more(read, meta):
    """Such as nobody knows, keys with eight sharps, damaged ones; also between running status."""
    at = b"\x83\x60"                                            # a beat
    assert times(read(file(at + meta + b"\x00" + ON + at + meta + at + b"\x3e\x64" + at + b"\xf0\x02\x01\xf7" + b"\x00" + OFF + END))) == [
        (0.5, NoteOn(0, 60, 100)), (1.5, NoteOn(0, 62, 100)), (2.0, NoteOff(0, 60))]


def test_at_one_time_keys_come_up_first_and_go_down_last_but_a_track_keeps_its_order(read):
    again = b"\x00" + ON + b"\x60" + OFF + END
    begins = b"\x60" + ON + b"\x00\xb0\x07\x50\x60" + OFF + END
    of = read(file(begins, b"\x60\xb0\x40\x7f" + END, again, division=96))
    assert [(track, event) for at_s, track, event in of.events if at_s == 0.5] == [
        (2, NoteOff(0, 60)), (1, Controller(0, 64, 127)), (0, NoteOn(0, 60, 100)), (0, Controller(0, 7, 80))]


def test_other_chunks_a_riff_around_it_wrong_counts_and_rubbish_behind_are_no_hindrance(read):
    track = b"\x00" + ON + b"\x60" + OFF + END
    plain = times(read(file(track, kind=0)))
    assert times(read(file(track, between=b"XFIH\x00\x00\x00\x03abc"))) == plain
    assert times(read(file(track, count=0))) == times(read(file(track, count=9))) == plain
    assert times(read(file(track) + b"\x1a" * 11)) == plain
    inner = file(track)
    assert times(read(b"RIFF" + struct.pack("<L", 12 + len(inner)) + b"RMIDdata" + struct.pack("<L", len(inner)) + inner)) == plain


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_names_are_read_in_either_charset(read, charset):
    name = "Flöte é".encode(charset)
    assert read(file(b"\x00\xff\x03" + bytes((len(name),)) + name + b"\x00" + ON + END)).names == ["Flöte é"]


def test_names_ends_and_general_midi_are_known(read):
    of = read(file(b"\x00\xff\x03\x05Lead "
                   b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7\x00" + ON + b"\x60" + OFF + b"\x87\x40\xff\x2f\x00", END, division=96))
    assert of.names == ["Lead", ""]
    assert of.general_midi
    assert of.end_s == pytest.approx(0.5 + 0x3C0 / 96 * 0.5)
    assert not read(file(END)).general_midi


@pytest.mark.parametrize(("data", "told"), [
    (file(END, division=0), "0 ticks"), (file(END, division=-256 * 12 + 4), "12 frames"), (file(END, kind=7), "format 7"),
    (file(b"\x00\x40\x40"), "running status"), (file(b"\x00\xf4"), "undefined status"), (file(b"\x00\x90\x40"), "too early"),
    (file(END)[:-2], "too early"), (b"ID3 not midi at all", "MThd"), (file(b"\x00\xff\x51\x01\x05" + END), "not a MIDI file"),
    (b"RIFF\x04\x00\x00\x00RMID", "too early"), (file(END, count=2)[:-1], "too early")])
def test_what_is_broken_is_said(read, data, told):
    with pytest.raises(MidiError, match=rf"song\.mid.*{told}"):
        read(data)


def test_hours_of_nothing_are_refused(read):
    with pytest.raises(MidiError, match="longer than 6 hours"):
        read(file(b"\xff\xff\xff\x7f" + ON + END, division=24))


def test_random_damage_never_raises_anything_else(read):
    whole = file(b"\x00\xff\x03\x04Lead\x00\xf0\x05\x7e\x7f\x09\x01\xf7" + tempo(b"\x10", 400_000) + b"\x00" + ON + b"\x60" + OFF + END)
    rng = np.random.default_rng(3)
    for _ in range(400):
        data = bytearray(whole)
        for at in rng.integers(4, len(data), 3):
            data[at] = rng.integers(256)
        with suppress(MidiError):
            read(bytes(data[:rng.integers(10, len(data) + 1)]))


@pytest.mark.skipif(not REAL, reason="none of Debian's MIDI files is here: apt-get install freedink-data openttd-openmsx")
def test_real_files_are_read():
    for name in REAL[::3]:
        assert any(isinstance(event, NoteOn) for _, _, event in score.read(name).events), name


@pytest.mark.skipif(not REAL, reason="none of Debian's MIDI files is here: apt-get install freedink-data openttd-openmsx")
def test_real_files_have_the_notes_and_the_length_that_mido_finds():
    for name in REAL[::6]:
        of = score.read(name)
        theirs = mido.MidiFile(name, clip=True)
        assert of.end_s == pytest.approx(theirs.length, abs=0.02), name
        notes = [m for m in theirs if m.type == "note_on" and m.velocity]
        assert sum(isinstance(event, NoteOn) for _, _, event in of.events) == len(notes) > 0, name
