"""A take of the arpeggiator: the keys make the same notes again, and the MIDI file has those notes in place of the keys."""
import mido
import numpy as np
import soundfile

from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn, Set
from hummingface.instrument.recording import performance_log, replay
from hummingface.instrument.recording.recorder import Recorder
from tests.recording.engine_by_hand import RATE_HZ, Engine, wait

STEP = RATE_HZ // 8


def test_a_take_is_played_again_and_its_midi_has_what_was_heard(tmp_path):
    engine, told = Engine(), []
    recorder = Recorder(told.append)
    recorder.use(engine.history)
    engine.play([(0.0, Set("arpeggiator.on", 1.0)), (0.0, Set("arpeggiator.mode", 4.0)), (0.0, Set("arpeggiator.octaves", 2.0)),
                 (0.0, Set("envelope.release", 0.1))], 3)
    engine.remember()
    recorder.record(str(tmp_path), "wav32")
    wait(told, tell="recording", waits=False)
    engine.play([(0.1, NoteOn(0, 60, 100)), (0.11, NoteOn(0, 64, 90)), (0.2, Controller(0, 64, 127)), (0.3, NoteOff(0, 60)),
                 (0.4, NoteOff(0, 64)), (2.0, Controller(0, 64, 0)), (2.5, Set("arpeggiator.on", 0.0)), (2.6, NoteOn(0, 48, 80)),
                 (2.8, NoteOff(0, 48))], 3)
    recorder.stop()
    take = wait(told, tell="take")
    recorder.close(60)
    assert not take["problem"]

    at, begins, ends, pedals = 0, [], [], 0
    for message in mido.MidiFile(next(tmp_path.glob("*.mid"))).tracks[0]:
        at += message.time
        if message.type == "note_on":
            begins.append((at, message.note))
        elif message.type == "note_off":
            ends.append(message.note)
        pedals += message.type == "control_change" and message.value >= 64
    first = begins[0][0]
    assert [at - first for at, _ in begins[:-1]] == [n * STEP for n in range(len(begins) - 1)] and len(begins) == 16 + 1
    assert {note for _, note in begins[:-1]} == {60, 64, 72, 76} and begins[-1][1] == 48
    assert sorted(ends) == sorted(note for _, note in begins) and pedals == 0

    recorded, _ = soundfile.read(take["path"], dtype="float32")
    performance = performance_log.of_file(take["path"])
    player = replay.Replay(performance, engine.player.performer.source)
    again = np.concatenate(list(player.render(len(recorded))))
    assert np.abs(recorded).max() > 0.02 and np.abs(again - recorded).max() <= 1e-4
