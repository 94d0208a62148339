"""MIDI bytes and files into events; nothing malformed gets through, nothing raises."""
import mido
import numpy as np
import pytest

from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.messages import midi, score
from hummingface.instrument.performance.messages.midi import (
    Bend,
    Controller,
    KeyPressure,
    MidiError,
    NoteOff,
    NoteOn,
    Panic,
    Pressure,
    Program,
)


@pytest.mark.parametrize(("data", "event"), [
    ([0x90, 60, 100], NoteOn(0, 60, 100)), ([0x9F, 0, 1], NoteOn(15, 0, 1)), ([0x93, 60, 0], NoteOff(3, 60)),
    ([0x81, 60, 64], NoteOff(1, 60)),
    ([0x81, 60, 0], NoteOff(1, 60, velocity=0)), ([0x8F, 60, 127], NoteOff(15, 60, velocity=127)),
    ([0xA0, 60, 127], KeyPressure(0, 60, 1.0)), ([0xD2, 127], Pressure(2, 1.0)),
    ([0xB0, 64, 127], Controller(0, 64, 127)), ([0xC4, 12], Program(4, 12)), ([0xE0, 0, 64], Bend(0, 0.0)),
    ([0xE0, 0, 0], Bend(0, -1.0)), ([0xE0, 127, 127], Bend(0, 1.0)), ([0xFF], Panic()),
    ([], None), ([60, 100], None), ([0x90], None), ([0x90, 60], None), ([0x90, 200, 100], None), ([0x90, -1, 100], None),
    ([0xF8], None), ([0xF0, 1, 2, 0xF7], None), (None, None), (["a"], None),
])
def test_decode(data, event):
    assert midi.decode(data) == event


def test_every_event_survives_the_log():
    for event in (NoteOn(1, 2, 3), NoteOff(1, 2), NoteOff(1, 2, 3, 127), NoteOff(1, 2, velocity=0),
                  KeyPressure(0, 1, 0.5), Pressure(3, 0.25), Bend(0, -0.5), Controller(0, 7, 9),
                  Program(0, 3), midi.Set("filter.cutoff_hz", 300.0), Panic()):
        assert midi.from_json(midi.to_json(event)) == event
    for wrong in ({}, {"event": "Nope"}, {"event": "NoteOn"}, {"event": "Panic", "x": 1}):
        with pytest.raises(MidiError):
            midi.from_json(wrong)


def test_a_release_keeps_its_velocity_in_bytes_and_files(tmp_path):
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60, velocity=90),
                                       mido.Message("note_off", note=60, velocity=110, time=99),
                                       mido.Message("note_on", note=60, velocity=90),
                                       mido.Message("note_on", note=60, velocity=0, time=9)]))
    file.save(tmp_path / "a.mid")
    off = [event for _, event in score.read_file(tmp_path / "a.mid") if isinstance(event, NoteOff)]
    assert [event.velocity for event in off] == [110, 64], "of a note-on of velocity 0: the usual one"
    assert [midi.encode(event) for event in off] == [bytes((0x80, 60, 110)), bytes((0x80, 60, 64))]


def test_a_log_without_release_velocities_is_one_of_usual_ones():
    """Takes of before have none, and neither have takes whose keyboard does not sense them."""
    assert midi.from_json({"event": "NoteOff", "channel": 0, "note": 60}) == NoteOff(0, 60, velocity=64)
    assert midi.to_json(NoteOff(0, 60)) == {"event": "NoteOff", "channel": 0, "note": 60}


def test_controllers_of_the_table_collide_with_nothing():
    assert not midi.RESERVED & set(midi.CONTROLS)
    assert len(midi.CONTROLS) == sum(p.cc is not None for p in PARAMETERS.values())


def test_random_bytes_never_raise():
    rng = np.random.default_rng(0)
    for size in rng.integers(0, 6, 5000):
        midi.decode(rng.integers(0, 256, size).tolist())


def test_a_file_comes_with_times_in_seconds_through_tempo_changes(tmp_path):
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    track += [mido.MetaMessage("set_tempo", tempo=500_000), mido.Message("note_on", note=60, velocity=90, time=480),
              mido.MetaMessage("set_tempo", tempo=250_000, time=0), mido.Message("note_off", note=60, time=480)]
    file.tracks.append(track)
    file.save(tmp_path / "a.mid")
    events = score.read_file(tmp_path / "a.mid")
    assert events == [(pytest.approx(0.5), NoteOn(0, 60, 90)), (pytest.approx(0.75), NoteOff(0, 60))]


@pytest.mark.parametrize("content", [
    b"", b"MThd", b"RIFFxxxx", b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\xff\xff\x00"])
def test_a_malformed_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "bad.mid"
    path.write_bytes(content)
    with pytest.raises(MidiError, match=r"bad\.mid"):
        score.read_file(path)


def test_a_truncated_file_and_a_folder_are_said_to_be_so(tmp_path):
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60, time=9)] * 50))
    file.save(tmp_path / "whole.mid")
    (tmp_path / "half.mid").write_bytes((tmp_path / "whole.mid").read_bytes()[:100])
    with pytest.raises(MidiError, match=r"half\.mid.*truncated"):
        score.read_file(tmp_path / "half.mid")
    with pytest.raises(MidiError, match="is a folder"):
        score.read_file(tmp_path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(MidiError, match=r"none\.mid"):
        score.read_file(tmp_path / "none.mid")
