"""The last minute: what is in it, from where it is kept, how a stalled disk and a stalled reader are borne. No device: the engine is driven
by hand."""
import datetime
import resource
import signal
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import midi, score, snapshot
from hummingface.instrument.performance.midi import Controller, NoteOff, NoteOn
from hummingface.instrument.recording import history as history_file
from hummingface.instrument.recording import naming, recorder, take
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording.history import KEPT_S, SLACK_S, History, Kept
from hummingface.instrument.recording.recorder import Recorder
from hummingface.instrument.synthesis.state import OUTPUT_SAMPLES
from tests.performance.conftest import PlainModel

RATE_HZ = 8000              # so that minutes are made in seconds


class Engine:
    """A player whose sound and events go into a history."""

    def __init__(self):
        from hummingface.instrument.performance.frame_source import FrameSource
        source = FrameSource(PlainModel())           # its notes last for as long as they are held
        self.player = Player(source, Patch("Glass: Reed/2", source.name, (0.5,) * source.latents, {"reverb.mix": 0.0}), rate_hz=RATE_HZ,
                             log=self._note)
        self.history = History(self.player.state, RATE_HZ)
        self.player.render(2048)
        self.remember()

    def _note(self, sample, event):
        self.history.note(sample, event)

    def remember(self):
        values = snapshot.capture(self.player.performer)
        self.history.moments.append(Kept(values["sample"], self.history.noted, [], snapshot.at_rest(self.player.performer), values))

    def play(self, events, seconds):
        """Events at seconds from now."""
        now = self.player.position
        for at_s, event in events:
            self.player.performer.receive(event, now + round(at_s * RATE_HZ))
        out = []
        for _ in range(round(seconds * 10)):
            out.append(self.player.render(RATE_HZ // 10))
            self.history.follow()
            self.history.forget_old()
        return np.concatenate(out)


def note(at_s, key, seconds=0.3):
    return [(at_s, NoteOn(0, key, 100)), (at_s + seconds, NoteOff(0, key))]


@pytest.fixture
def running(tmp_path):
    """(engine, recorder, what it told)."""
    engine, told = Engine(), []
    made = Recorder(told.append)
    made.use(engine.history)
    yield engine, made, told
    made.close()


def wait(told, **wanted):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for message in told:
            if all(message.get(k) == v for k, v in wanted.items()):
                return message
        time.sleep(0.01)
    raise AssertionError(f"{wanted} never came: {told}")


def test_its_memory_is_taken_once(running):
    engine, _, _ = running
    block = engine.history._sound
    engine.play([], 200)
    for _ in range(300_000):
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


def stall(monkeypatch) -> threading.Event:
    """The disk stands still from now on, until the event is set."""
    going, append = threading.Event(), take.WaveFile.append

    def waits(file, samples):
        going.wait()
        append(file, samples)
    monkeypatch.setattr(take.WaveFile, "append", waits)
    return going


def test_a_disk_that_stands_still_for_ten_seconds_loses_nothing(running, tmp_path, monkeypatch):
    engine, made, told = running
    stalled = stall(monkeypatch)
    made.record(str(tmp_path), "wav32")
    wait(told, tell="recording")
    whole = engine.play([pair for k in range(10) for pair in note(k, 50 + k)], 10)
    stalled.set()
    made.stop()
    kept = wait(told, tell="take")
    assert not kept["problem"]
    sound, _ = soundfile.read(kept["path"], dtype="float32")
    assert len(sound) >= len(whole) and np.array_equal(sound[-len(whole):], whole)


def test_a_disk_that_stands_still_for_too_long_is_told_and_time_stays_true(running, tmp_path, monkeypatch):
    engine, made, told = running
    engine.play([], 1)
    made.record(str(tmp_path), "wav32")
    wait(told, tell="recording")
    stalled = stall(monkeypatch)
    begin = engine.player.position
    whole = engine.play([pair for k in range(100) for pair in note(k, 50 + k % 20)], 100)
    stalled.set()
    made.stop()
    kept = wait(told, tell="take")
    lost_s = 100 - KEPT_S - SLACK_S
    assert "too fast for the disk" in kept["problem"]
    sound, _ = soundfile.read(kept["path"], dtype="float32")
    first = played.of_file(kept["path"]).begin
    assert len(sound) == begin + len(whole) - first, "as long as it lasted"
    assert np.array_equal(sound[-int(70 * RATE_HZ):], whole[-int(70 * RATE_HZ):])
    assert np.abs(sound[RATE_HZ * 5:int((lost_s - 2) * RATE_HZ)]).max() == 0
    assert round(float(kept["problem"].split(" s of sound")[0].split()[-1])) in range(int(lost_s) - 2, int(lost_s) + 1)


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

def test_a_take_that_was_cut_off_is_finished(running, tmp_path, monkeypatch):
    engine, made, told = running
    made.record(str(tmp_path), "wav24")
    on = wait(told, tell="recording")
    engine.play(note(0.5, 60), 2)
    wait_until(lambda: len(soundfile.read(on["path"])[0]) > RATE_HZ)
    part = next(tmp_path.glob("*.part"))
    left = tmp_path / "left"
    left.mkdir()
    for path in (part, part.with_suffix(".wav"), part.with_suffix(".mid")):
        (left / path.name).write_bytes(path.read_bytes())
    assert take.recover(tmp_path) == [], "this one is being written"
    monkeypatch.setattr(take, "is_running", lambda pid: False)
    wav, = take.recover(left)
    assert not list(left.glob("*.part")) and not take.recover(left)
    performance = played.of_file(wav)
    assert [type(event) for _, event in performance.events] == [NoteOn, NoteOff]
    assert len(soundfile.read(wav)[0]) > RATE_HZ


def test_a_take_that_was_cut_off_while_it_was_finished_keeps_all_that_was_played(running, tmp_path, monkeypatch):
    engine, made, told = running
    made.record(str(tmp_path), "wav24")
    wait(told, tell="recording")
    engine.play([pair for k in range(20) for pair in note(k * 0.2, 50 + k, 0.1)], 4)
    kept = {}
    monkeypatch.setattr(take, "embed", lambda wave, part: kept.update(part=part.read_bytes()) or take.riff.append_chunk(
        wave.path, take.CHUNK, take._packed(part)))
    made.stop()
    wav = Path(wait(told, tell="take")["path"])
    begin, length = next((begin, length) for name, begin, length in take.riff.chunks_of(wav) if name == take.CHUNK)
    sound = soundfile.read(wav)[0]
    for cut in (begin - 4, begin, begin + length // 2, begin + length):           # how far it had come
        left = tmp_path / f"left {cut}" / wav.name
        left.parent.mkdir()
        left.write_bytes(wav.read_bytes()[:cut])
        left.with_suffix(".part").write_bytes(kept["part"])
        assert len(played.of_file(left).events) == 40, "also before it is finished"
        monkeypatch.setattr(take, "is_running", lambda pid: False)
        assert take.recover(left.parent) == [left]
        performance = played.of_file(left)
        assert len(performance.events) == 40 and performance.frames == len(sound)
        assert np.array_equal(soundfile.read(left)[0], sound)
        assert [name for name, _, _ in take.riff.chunks_of(left)].count(take.CHUNK) == 1


def test_a_disk_without_room_for_what_was_played_loses_none_of_it(tmp_path, monkeypatch):
    """Nor does the next attempt, when there is room."""
    from hummingface.instrument.recording.wave_file import WaveFile
    wav, part = tmp_path / "take.wav", tmp_path / "take.part"
    WaveFile(wav, RATE_HZ).close()
    before = wav.read_bytes()
    written = b'{"writer": 1}\n' + np.random.default_rng(1).bytes(100_000)
    part.write_bytes(written)
    monkeypatch.setattr(take, "is_running", lambda pid: False)
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, allowed[1]))            # no file may be longer
        assert take.recover(tmp_path) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
        signal.signal(signal.SIGXFSZ, ignored)
    assert wav.read_bytes() == before and part.read_bytes() == written
    assert take.recover(tmp_path) == [wav]
    assert zlib.decompress(take.riff.read_chunk(wav, take.CHUNK, 1 << 20)) == written


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


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

@pytest.mark.parametrize(("notes", "key"), [
    ([], ""), ([(69, 1.0)], "A4"), ([(60, 1.0), (72, 1.0)], "C4"), ([(60, 1), (64, 1), (67, 1)], "C major"),
    ([(57, 1), (60, 1), (64, 1)], "A minor"), ([(62, 2), (66, 1), (69, 2), (64, 0.5), (67, 0.5), (73, 0.5)], "D major"),
    ([(k, 1.0) for k in (64, 66, 67, 69, 71, 72, 74)] + [(64, 3.0), (71, 2.0)], "E minor")], ids=str)
def test_a_take_is_named_after_its_key(notes, key):
    assert naming.key_of(notes) == key


def test_names_are_sound_and_never_taken_twice(tmp_path):
    at = datetime.datetime(2026, 11, 23, 14, 5, 9)
    assert naming.stem(at, '../a\\b:c*?"<>|\n..', "A4") == "2026-11-23 14.05.09 a b c A4"
    assert naming.stem(at, "...") == "2026-11-23 14.05.09 take"
    assert len(naming.stem(at, "x" * 500)) < 100
    (tmp_path / "one.mid").write_text("")
    assert naming.free_stem(tmp_path, "one", take.SUFFIXES) == "one 2"
    (tmp_path / "two.wav").write_text("2")
    (tmp_path / "three.wav").write_text("3")
    with pytest.raises(FileExistsError):
        naming.move(tmp_path / "two.wav", tmp_path / "three.wav")
    assert (tmp_path / "three.wav").read_text() == "3" and (tmp_path / "two.wav").read_text() == "2"
