"""A disk that stands still, is full, or a process that is killed: what was played is kept. The engine is driven by hand."""
import resource
import signal
import threading
import zlib
from pathlib import Path

import numpy as np
import soundfile

from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording import take
from hummingface.instrument.recording.history import KEPT_S, SLACK_S
from tests.recording.engine_by_hand import RATE_HZ, note, wait, wait_until


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
