"""What retunes keys while they are played: MIDI's messages, other tunings, and which of them holds."""
import mido
import numpy as np
import pytest

from hummingface.instrument.offline.parts import _divided
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.scale_tuning import ScaleTuning
from hummingface.instrument.performance.messages import score
from hummingface.instrument.performance.messages.midi import Controller, NoteOn, decode
from hummingface.instrument.performance.messages.tuning_events import HostTuning, TuneKeys, TuneOctave, UseTuning
from tests.performance.hearing import RATE, cents, pitch_hz
from tests.performance.tuned_player import hz, octave, player_of, single, sounding_hz


def test_midi_tuning_messages():
    assert decode(single(60, 60.5)) == TuneKeys((60,), (60.5,), True)
    assert decode(single(60, 60.5, 7)) == TuneKeys((60,), (60.5,), True)
    assert decode(octave([0] * 11 + [-50])) == TuneOctave(tuple(range(16)), (0.0,) * 11 + (-50.0,), True)
    assert decode(octave([0] * 12, False, (0, 0, 5))) == TuneOctave((0, 2), (0.0,) * 12, False)
    one_byte = bytes([0xF0, 0x7E, 1, 8, 8, 1, 0, 0, *[64] * 11, 0x7F, 0xF7])
    assert decode(one_byte) == TuneOctave((14,), (0.0,) * 11 + (63.0,), False)
    keys = [byte for key in range(128) for byte in ((key, 0x40, 0) if key != 5 else (0x7F, 0x7F, 0x7F))]
    dump = bytes([0xF0, 0x7E, 0, 8, 1, 0, *b"A name of sixteen"[:16], *keys, 0, 0xF7])
    found = decode(dump)
    assert isinstance(found, TuneKeys)
    assert len(dump) == 408
    assert found.keys == tuple(key for key in range(128) if key != 5)
    assert set(np.array(found.pitches) - np.array(found.keys)) == {0.5}
    assert not found.sounding
    for message, spare in ((dump, 1), (single(60, 60.5), 0), (octave([1] * 12), 0)):       # a dump's checksum is not looked at
        for cut in range(len(message) - 1 - spare):
            assert decode(message[:cut]) is None
            assert decode(message[:cut] + b"\xf7") is None
    assert decode(b"\xf0\x7e\x7f\x09\x01\xf7") is None


def test_messages_retune_notes_that_sound_without_a_click(plain):
    player = player_of(plain)
    player.performer.receive(NoteOn(0, 69, 100), 0)
    before = player.render(RATE // 2)
    player.performer.receive(decode(single(69, 70.25)), player.position)
    after = player.render(RATE // 2)
    assert abs(cents(pitch_hz(after[RATE // 4:, 0]), hz(70.25))) < 0.1
    steps = np.abs(np.diff(np.concatenate([before, after])[:, 0], 2))
    assert steps.max() < 1.6 * steps[:RATE // 4].max(), "faster as it is higher, and no jump"
    player.performer.receive(TuneKeys((69,), (69.0,), False), player.position)
    player.render(RATE // 10)
    assert abs(cents(sounding_hz(player)[0, 69], hz(70.25))) < 0.1, "not in real time: from the next note on"
    player.performer.receive(decode(octave([25] * 12)), player.position)
    player.render(RATE // 10)
    assert abs(cents(sounding_hz(player)[0, 69], hz(69.25))) < 0.1


def test_coarse_and_fine_tuning_of_a_channel(plain):
    player = player_of(plain)
    for number, value in ((101, 0), (100, 2), (6, 64 + 7), (101, 0), (100, 1), (6, 96), (38, 0)):
        player.performer.receive(Controller(3, number, value), 0)
    for channel in (0, 3):
        player.performer.receive(NoteOn(channel, 60, 100), 0)
    player.render(RATE // 10)
    heard = sounding_hz(player)
    assert abs(cents(heard[0, 60], hz(60))) < 0.01
    assert abs(cents(heard[3, 60], hz(67.5))) < 0.01
    player.performer.receive(Controller(3, 121, 0), player.position)
    player.render(RATE // 10)
    assert abs(cents(sounding_hz(player)[3, 60], hz(67.5))) < 0.01, "Reset All Controllers leaves tuning alone"


def test_which_tuning_holds(plain):
    told = []
    third, fifth = ScaleTuning("third", ("", "1", "300.")), ScaleTuning("fifth", ("", "1", "500."))
    player = player_of(plain, tuned=lambda *now: told.append(now))
    performer = player.performer

    def at(event=None, key=61):
        if event is not None:
            performer.receive(event, player.position)
        player.render(RATE // 50)
        return performer.key_pitches.table[0, key]
    assert at() == 61
    assert at(UseTuning(third)) == pytest.approx(63)
    assert at(decode(single(61, 61.5))) == 61.5
    performer.load_patch(Patch("Own", "Plain", (0.0,) * 16, tuning=fifth))
    assert at() == pytest.approx(65)
    assert at(HostTuning((tuple(np.arange(128.0) + 0.1),))) == pytest.approx(61.1)
    assert at(HostTuning(())) == pytest.approx(65)
    performer.load_patch(Patch("None", "Plain", (0.0,) * 16))
    assert at() == pytest.approx(63)
    assert at(UseTuning(None)) == 61
    assert told == [("player", "third"), ("midi", ""), ("patch", "fifth"), ("host", ""), ("patch", "fifth"), ("player", "third"), ("", "")]


def test_tuning_messages_in_a_midi_file_reach_every_part(tmp_path):

    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("sysex", data=single(60, 60.5)[1:-1]), mido.Message("sysex", data=(0x7D, 1, 2)),
                                       mido.Message("note_on", note=60, velocity=100, channel=1),
                                       mido.Message("note_on", note=60, velocity=100, channel=4, time=10)]))
    file.save(tmp_path / "tuned.mid")
    parts = _divided(score.read(tmp_path / "tuned.mid"), "channel", {})
    assert {number: [type(event).__name__ for _, event in events] for number, events in parts.items()} == {
        2: ["TuneKeys", "NoteOn"], 5: ["TuneKeys", "NoteOn"]}
