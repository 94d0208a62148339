"""A take at its edges: where it lies on the day's clock, what was under way when it began, what is held when it ends."""
import datetime
import struct

import mido
import numpy as np
import pytest
import soundfile

from hummingface.instrument.audio.engine.engine import Engine
from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import snapshot
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording import replay, riff
from hummingface.instrument.recording.history import History, Kept
from hummingface.instrument.recording.recorder import Recorder
from hummingface.instrument.recording.take import Take, TakePlan
from hummingface.models.playing.untrained import untrained

RATE_HZ = 8000
AT = datetime.datetime(2026, 11, 23, 14, 5, 9, 250_000)


@pytest.fixture(scope="module")
def source():
    return FrameSource(untrained(seed=3, width=64))


def player_of(source, **options):
    player = Player(source, Patch("Test", source.name, (0.5,) * source.latents, {"reverb.mix": 0.0}), rate_hz=RATE_HZ, seed=5, **options)
    player.render(2048)
    return player


def time_of(path):
    """(date, time, samples since midnight) as the file's `bext` says, read by the places that EBU Tech 3285 gives."""
    data = riff.read_chunk(path, b"bext", 1 << 20)
    low, high = struct.unpack("<II", data[338:346])
    return data[320:330].decode(), data[330:338].decode(), low + (high << 32)


def new_take(player, folder, at, begin=None):
    values = snapshot.capture(player.performer)
    return Take(TakePlan(folder, "wav24", "Test", RATE_HZ, player.position if begin is None else begin, at, values, True), {})


@pytest.mark.parametrize("at", [AT, AT.replace(hour=0, minute=0, second=0, microsecond=0),
                                AT.replace(hour=23, minute=59, second=59, microsecond=999_500)], ids=str)
def test_the_time_reference_is_the_moment_of_the_first_sample(source, tmp_path, at):
    player = player_of(source)
    take = new_take(player, tmp_path, at)
    take.append(player.position, player.render(100))
    path = take.finish()
    samples = ((at.hour * 60 + at.minute) * 60 + at.second) * RATE_HZ + at.microsecond * RATE_HZ // 1_000_000
    assert time_of(path) == (at.strftime("%Y-%m-%d"), at.strftime("%H:%M:%S"), samples)


@pytest.mark.parametrize("captured", [False, True])
def test_a_recorder_says_when_the_first_sample_was_made(source, tmp_path, captured):
    """The moment at which the take was asked for; of a minute that is kept afterwards, the moment at which its first note was played."""
    told = []
    history = None
    player = player_of(source, log=lambda sample, event: history and history.note(sample, event))
    history = History(player.state, RATE_HZ)
    history.moments.append(Kept(player.position, 0, [], True, snapshot.capture(player.performer)))
    recorder = Recorder(told.append)
    recorder.use(history)
    begun = player.position + 100
    player.performer.receive(NoteOn(0, 60, 100), begun)
    before = datetime.datetime.now()
    if captured:
        for _ in range(30):                             # three seconds go by, as the engine counts
            player.render(RATE_HZ // 10)
            history.follow()
        recorder.capture(str(tmp_path), "wav24")
    else:
        recorder.record(str(tmp_path), "wav24")
    after = datetime.datetime.now()
    recorder.close(60)
    path = next(tmp_path.glob("*.wav"))
    ago = datetime.timedelta(seconds=(player.position - begun) / RATE_HZ) if captured else datetime.timedelta()
    midnight = (before - ago).replace(hour=0, minute=0, second=0, microsecond=0)
    reference = midnight + datetime.timedelta(seconds=time_of(path)[2] / RATE_HZ)
    margin = datetime.timedelta(seconds=1 / RATE_HZ)    # it is rounded to a sample
    assert before - ago - margin <= reference <= after - ago + margin


def messages_of(path):
    """[(sample, message)] of a take's .mid, in which a tick is a sample, by mido alone."""
    at, found = 0, []
    for message in mido.MidiFile(path).tracks[0]:
        at += message.time
        if not message.is_meta:
            found.append((at, message))
    return found


def test_what_is_held_at_the_end_is_lifted_there_in_the_midi_file(source, tmp_path):
    """Or it hangs for ever in whatever plays the file. Keys by the pedal alone are let go by the pedal."""
    player = player_of(source)
    take = new_take(player, tmp_path, AT)
    begin = player.position
    take.hear([(begin + 10, NoteOn(0, 60, 100)), (begin + 20, NoteOn(2, 64, 90)), (begin + 30, Controller(3, midi.SUSTAIN, 64)),
               (begin + 40, NoteOn(3, 67, 80)), (begin + 50, NoteOff(3, 67)),
               (begin + 60, NoteOn(0, 72, 70)), (begin + 70, NoteOff(0, 72))])
    take.append(begin, player.render(1000))
    path = take.finish()
    assert not take.problem
    messages = messages_of(path.with_suffix(".mid"))
    assert {(at, m.channel, m.note) for at, m in messages if m.type == "note_off" or (m.type == "note_on" and not m.velocity)} == {
        (1000, 0, 60), (1000, 2, 64), (50, 3, 67), (70, 0, 72)}
    assert (1000, mido.Message("control_change", channel=3, control=midi.SUSTAIN, value=0)) in messages


def engine_with_a_note_to_come(source):
    """An engine whose events take effect half a second after they came, with a note on its way when the moment is remembered."""
    engine = Engine(RATE_HZ, source, Patch("Test", source.name, (0.5,) * source.latents, {"reverb.mix": 0.0}), seed=5)
    engine.set_delay(RATE_HZ // 2)
    performer = engine.performer
    performer.advance(4096)
    performer.receive(NoteOn(0, 60, 100), 4000)
    performer.receive(NoteOff(0, 60), 6000)
    engine._moments._remember(0, quiet=True)
    return engine


def test_a_snapshot_keeps_what_is_on_its_way(source):
    engine = engine_with_a_note_to_come(source)
    try:
        kept = engine.history.moments[-1]
        assert kept.pending == [(8000, NoteOn(0, 60, 100)), (10_000, NoteOff(0, 60))]
        assert kept.number == engine.history.noted == 2, "they are counted as in it, so nobody looks for them after it"
    finally:
        engine.close()


def test_a_take_that_begins_between_a_note_and_its_sound_has_the_note(source, tmp_path):
    """Through the recorder and the file, and played again to the sample."""
    told = []
    history = None
    player = player_of(source, log=lambda sample, event: history and history.note(sample, event), delay_samples=RATE_HZ // 2)
    history = History(player.state, RATE_HZ)
    stamp = player.position
    player.performer.receive(NoteOn(0, 60, 100), stamp)
    player.performer.receive(NoteOff(0, 60), stamp + 2000)
    performer = player.performer
    values = snapshot.capture(performer)
    history.moments.append(Kept(values["sample"], history.noted, performer.waiting(), True, values))
    recorder = Recorder(told.append)
    recorder.use(history)
    recorder.record(str(tmp_path), "wav32")
    made = []
    for _ in range(20):
        made.append(player.render(RATE_HZ // 10))
        history.follow()
    recorder.close(60)
    path = next(tmp_path.glob("*.wav"))
    performance = played.of_file(path)
    assert performance.events == [(stamp + RATE_HZ // 2, NoteOn(0, 60, 100)), (stamp + RATE_HZ // 2 + 2000, NoteOff(0, 60))]
    recorded = soundfile.read(path, dtype="float32", always_2d=True)[0]
    assert len(recorded) == 2 * RATE_HZ and np.array_equal(recorded, np.concatenate(made)) and np.abs(recorded).max() > 0.01
    again = np.concatenate(list(replay.Replay(performance, source).render(performance.frames)))
    assert np.abs(again - recorded).max() <= 1e-4
    assert [at for at, message in messages_of(path.with_suffix(".mid")) if message.type == "note_on"] == [RATE_HZ // 2]


def test_a_take_says_what_was_measured_while_it_was_recorded(running, tmp_path):
    """The audio thread goes on without the performer for a while, once before the take, and once in it."""
    from hummingface.instrument.synthesis.render import render
    from tests.recording.engine_by_hand import note, wait

    def overtake():
        render(engine.player.state, np.empty((4096, 2), np.float32))

    def take(folder, late):
        told.clear()
        recorder.record(str(folder), "wav24")
        wait(told, tell="recording")
        engine.play(note(0.1, 60), 0.5)
        if late:
            overtake()
            engine.play(note(0.1, 60), 0.5)
        recorder.stop()
        return played.of_file(wait(told, tell="take")["path"])
    engine, recorder, told = running
    overtake()
    engine.play([], 1.0)
    engine.remember()
    punctual, late = take(tmp_path / "a", late=False), take(tmp_path / "b", late=True)
    assert punctual.exact and punctual.late == 0 and replay.notice(punctual, engine.player.performer.source) == ""
    assert not late.exact and late.late > 0 and "came late" in replay.notice(late, engine.player.performer.source)


def test_of_a_take_that_was_cut_off_nobody_knows_what_came_late(source, tmp_path):
    player = player_of(source)
    take = new_take(player, tmp_path, AT)
    take.append(player.position, player.render(100))
    performance = played.of_file(take.path)
    take.finish()
    assert not performance.exact and "not measured" in replay.notice(performance, source)


def test_what_a_port_that_goes_has_held_is_all_that_is_released_in_the_midi_file(source, tmp_path):
    engine = Engine(RATE_HZ, source, Patch("Test", source.name, (0.5,) * source.latents, {"reverb.mix": 0.0}), seed=5)
    try:
        engine.receive_bytes(b"\x91\x3c\x64", "keys")
        engine.receive_bytes(b"\x90\x40\x64", "pads")
        engine.leave("keys")
        engine.leave("keys")
        assert [event for _, event in engine._events] == [NoteOn(1, 60, 100), NoteOn(0, 64, 100), NoteOff(1, 60)]
    finally:
        engine.close()
