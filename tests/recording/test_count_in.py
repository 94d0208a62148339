"""A take that begins after a count: to the sample, and not at all if the player changes their mind."""
import soundfile

from hummingface.instrument.performance.messages.midi_clock import MidiClock
from hummingface.instrument.recording.recorder import Recorder
from tests.recording.engine_by_hand import RATE_HZ, Engine, note, wait, wait_until


class Counting:
    """Counts to a sample."""

    def __init__(self, begin):
        self.begin, self.clock, self.ended = begin, MidiClock(RATE_HZ), 0

    def count_in(self):
        return self.begin

    def end_count(self):
        self.ended += 1


def test_a_take_begins_after_the_count(tmp_path):
    engine, told = Engine(), []
    recorder = Recorder(told.append)
    begin = engine.player.position + RATE_HZ
    recorder.use(engine.history, Counting(begin))
    recorder.record(str(tmp_path), "wav24")
    assert wait(told, tell="recording", path=None)["waits"]
    engine.play(note(0.5, 60) + note(1.25, 64), 2)
    assert wait(told, tell="recording", waits=False)["begin"] == begin
    recorder.stop()
    take = wait(told, tell="take")
    recorder.close(60)
    sound, _ = soundfile.read(take["path"], dtype="float32")
    assert len(sound) == RATE_HZ
    assert abs(sound[:RATE_HZ // 5]).max() < 0.01 < abs(sound[RATE_HZ // 4:]).max(), "the note that was played in the count is not in it"


def test_a_count_can_be_ended(tmp_path):
    engine, told = Engine(), []
    recorder, counting = Recorder(told.append), Counting(engine.player.position + RATE_HZ)
    recorder.use(engine.history, counting)
    recorder.record(str(tmp_path), "wav24")
    wait(told, tell="recording", waits=True)
    recorder.stop()
    wait(told, tell="recording", path=None, waits=False)
    engine.play(note(0.5, 60), 2)
    wait_until(lambda: counting.ended == 1)
    recorder.close(60)
    assert not list(tmp_path.iterdir())
