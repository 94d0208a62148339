"""The last minute: what is in it, from where it is kept, how a stalled disk and a stalled reader are borne. No device: the engine is driven
by hand."""
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hummingface.instrument.performance import snapshot
from hummingface.instrument.performance.messages import midi, score
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn
from hummingface.instrument.recording import history as history_file
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording import recorder
from hummingface.instrument.recording.history import KEPT_S, SLACK_S
from hummingface.instrument.synthesis.state import OUTPUT_SAMPLES
from tests.recording.engine_by_hand import RATE_HZ, note, wait


def test_its_memory_is_taken_once(running):
    engine, _, _ = running
    block = engine.history._sound
    engine.play([], 200)
    for _ in range(220_000):
        engine.history.note(engine.player.position, NoteOn(0, 60, 1))
    assert engine.history._sound is block and block.nbytes == (KEPT_S + SLACK_S) * RATE_HZ * 8
    assert len(engine.history._events) <= 200_000
    engine.play([], 100)
    assert not engine.history._events, "events older than the sound are dropped"
    assert len(engine.history.moments) == 1


def test_the_last_minute_is_the_sound_that_was_played(running):
    engine, _, _ = running
    whole = engine.play([pair for k in range(20) for pair in note(5.0 * k, 50 + k)], 100)
    end = engine.history.end
    begin, sound = engine.history.sound(end - round(KEPT_S * RATE_HZ), end)
    assert begin == end - KEPT_S * RATE_HZ and np.array_equal(sound, whole[-len(sound):])
    assert len(sound) == KEPT_S * RATE_HZ
    begin, sound = engine.history.sound(0, end)
    assert begin == end - (KEPT_S + SLACK_S) * RATE_HZ, "no more than there is"
    assert {noted.sample >= begin - RATE_HZ for noted in engine.history.events_from(0)} == {True}


def test_a_captured_minute_begins_with_the_first_note(running, tmp_path):
    engine, made, told = running
    engine.play([], 70)
    whole = engine.play(note(12.0, 57) + note(14.0, 60), 30)
    made.capture(str(tmp_path), "wav32")
    kept = wait(told, tell="take")
    assert not kept["problem"]
    sound, rate_hz = soundfile.read(kept["path"], dtype="float32")
    begin = 12 * RATE_HZ
    assert rate_hz == RATE_HZ and np.array_equal(sound, whole[begin:begin + len(sound)])
    assert np.abs(whole[begin + len(sound):]).max() <= recorder.SILENT, "only silence is left out"
    events = score.read_file(kept["path"].replace(".wav", ".mid"))
    assert [(round(at_s * RATE_HZ), type(event)) for at_s, event in events] == [
        (0, NoteOn), (round(0.3 * RATE_HZ), NoteOff), (2 * RATE_HZ, NoteOn), (round(2.3 * RATE_HZ), NoteOff)]
    assert "Glass Reed 2 A3.wav" in kept["path"], "a name that every file system takes"
    assert played.of_file(kept["path"]).begin == engine.player.position - 30 * RATE_HZ + begin


def test_what_began_before_the_minute_is_kept_from_its_begin(running, tmp_path):
    engine, made, told = running
    whole = engine.play([(1.0, NoteOn(0, 60, 100))], 70)
    made.capture(str(tmp_path), "wav32")
    sound, _ = soundfile.read(wait(told, tell="take")["path"], dtype="float32")
    assert len(sound) == KEPT_S * RATE_HZ and np.array_equal(sound, whole[-len(sound):])


def test_nothing_played_is_said(running, tmp_path):
    engine, made, told = running
    engine.play([], 5)
    made.capture(str(tmp_path), "wav24")
    assert "Nothing was played" in wait(told, tell="error")["text"]
    assert not list(tmp_path.iterdir())


def test_a_reader_that_came_too_late_says_so(running):
    engine, _, _ = running
    engine.history.follow()
    begin = engine.history.end
    engine.player.render(OUTPUT_SAMPLES + 1000)
    engine.history.follow()
    (first, last), = engine.history.lost
    assert first == begin and 0 < last - first < OUTPUT_SAMPLES
    at, sound = engine.history.sound(first, last)
    assert at == first and not sound.any(), "silence, in its place"


def test_a_reader_that_is_held_up_while_it_copies_keeps_nothing_torn(running, monkeypatch):
    engine, _, _ = running
    engine.history.follow()
    begin = engine.history.end
    engine.player.render(50_000)
    later = iter([begin + 50_000, begin + OUTPUT_SAMPLES + 20_000])             # before it copies, and after
    monkeypatch.setattr(history_file, "position", lambda state: next(later))
    assert engine.history.follow() == begin + 50_000
    assert list(engine.history.lost) == [(begin, begin + 20_000)]
    _, torn = engine.history.sound(begin, begin + 20_000)
    assert not torn.any(), "what was written over meanwhile is silent"
    assert np.array_equal(engine.history.sound(begin + 20_000, begin + 50_000)[1],
                          engine.player.state["output"][0, np.arange(begin + 20_000, begin + 50_000) % OUTPUT_SAMPLES])


def test_no_snapshot_is_taken_of_values_that_may_be_torn(running, monkeypatch):
    engine, _, _ = running
    state = engine.player.state
    monkeypatch.setattr(snapshot, "READING_TRIES", 3)
    state["clock_version"] += 1                                 # as while a callback is at work
    with pytest.raises(snapshot.SnapshotError, match="at work whenever"):
        snapshot.capture(engine.player.performer)
    state["clock_version"] -= 1
    assert snapshot.capture(engine.player.performer)["turning"]["position"] == int(state["position"][0])


def test_the_midi_has_what_sounds_in_the_take_and_nothing_hangs(running, tmp_path):
    engine, made, told = running
    pedal = Controller(0, midi.SUSTAIN, 127), Controller(0, midi.SUSTAIN, 0)
    engine.play([(0.0, NoteOn(0, 40, 100)), *note(0.1, 60), (0.5, Controller(0, 1, 70)), *note(0.6, 64),        # 60 and 64 are over,
                 (1.0, pedal[0]), *note(1.1, 67)], 2)                                                           # 67 sounds by the pedal
    made.record(str(tmp_path), "wav24")
    wait(told, tell="recording")
    engine.play([(0.5, pedal[1]), *note(1, 72), (1.5, pedal[0]), (1.6, NoteOn(0, 76, 100))], 2)
    made.stop()
    kept = wait(told, tell="take")
    events = score.read_file(Path(kept["path"]).with_suffix(".mid"))
    assert [event for at_s, event in events if at_s == 0] == [
        NoteOn(0, 40, 100), Controller(0, 1, 70), pedal[0], NoteOn(0, 67, 100), NoteOff(0, 67)]
    assert [event for at_s, event in events if 0 < at_s < kept["seconds"]] == [
        pedal[1], NoteOn(0, 72, 100), NoteOff(0, 72), pedal[0], NoteOn(0, 76, 100)]
    assert [event for at_s, event in events if at_s == kept["seconds"]] == [NoteOff(0, 40), NoteOff(0, 76), pedal[1]]


# What a killed process leaves

def test_flac_is_the_same_sound_and_the_same_take(running, tmp_path):
    from hummingface.instrument.recording import flac
    engine, made, told = running
    engine.play(note(0.5, 60), 3)
    made.capture(str(tmp_path), "wav24")
    wav = next(iter(tmp_path.glob("*.wav"))) if wait(told, tell="take") else None
    before, performance = soundfile.read(wav, dtype="int32")[0], played.of_file(wav)
    packed = flac.pack(wav)
    assert not wav.exists() and packed.suffix == ".flac"
    assert np.array_equal(soundfile.read(packed, dtype="int32")[0], before)
    assert played.of_file(packed) == performance
    from tests.recording.readers import by_ffmpeg, by_sox
    assert by_sox(packed) == by_ffmpeg(packed)[0] == len(before)


# Names
