"""MIDI files that grow while somebody plays, as mido reads them."""
import mido
import pytest

from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.messages import midi, score
from hummingface.instrument.performance.messages.midi import Bend, Controller, KeyPressure, NoteOff, NoteOn, Panic, Pressure, Program, Set
from hummingface.instrument.recording.midi_file import MidiFile

EVENTS = [NoteOn(0, 60, 100), NoteOff(0, 60), NoteOn(15, 127, 1), KeyPressure(3, 60, 20 / 127), Pressure(2, 1.0), Bend(1, -1.0),
          Bend(1, 0.0), Bend(1, 1.0), Bend(0, 1234 / 8191), Controller(0, 64, 127), Controller(9, 1, 0), Program(4, 17)]


@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_every_event_comes_back_from_its_message(event):
    assert midi.decode(midi.encode(event, {})) == event


def test_what_the_window_moves_is_written_as_its_controller():
    assert midi.encode(Set("filter.cutoff_hz", PARAMETERS["filter.cutoff_hz"].highest), midi.CONTROLS) == bytes((0xB0, 74, 127))
    assert midi.encode(Set("filter.cutoff_hz", 100.0), {}) is None
    assert midi.encode(Panic(), {}) == bytes((0xB0, 120, 0))


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000, 88200, 96000, 192000])
def test_times_are_true_to_the_sample(tmp_path, rate_hz):
    samples = [0, 1, 2, 1000, 1001, 50_000, 12_345_678]
    file = MidiFile(tmp_path / "a.mid", rate_hz, "Glass Reed")
    for sample in samples:
        file.write([(sample, midi.encode(NoteOn(0, 60, 100), {}))])
    file.close(20_000_000)
    assert [round(at_s * rate_hz) for at_s, _ in score.read_file(file.path)] == samples
    read = mido.MidiFile(file.path)
    assert read.length * rate_hz == pytest.approx(20_000_000, abs=0.5)
    assert read.tracks[0].name == "Glass Reed"


def test_it_is_whole_after_every_write(tmp_path):
    file = MidiFile(tmp_path / "a.mid", 48000)
    assert score.read_file(file.path) == []
    for n in range(40):
        file.write([(n * 480, midi.encode(NoteOn(0, 40 + n, 64), {})), (n * 480 + 7, midi.encode(NoteOff(0, 40 + n), {}))])
        assert len(score.read_file(file.path)) == 2 * (n + 1)
        assert mido.MidiFile(file.path).tracks[0][-1].type == "end_of_track"


def test_an_existing_file_is_never_written_over(tmp_path):
    (tmp_path / "a.mid").write_text("mine")
    with pytest.raises(FileExistsError):
        MidiFile(tmp_path / "a.mid", 48000)


def test_a_long_title_is_cut_between_its_letters(tmp_path):
    file = MidiFile(tmp_path / "a.mid", 48000, "a" + "\U0001d53b" * 80)
    file.mark(0, "x" * 199 + "\u00e9")
    file.close(10)
    texts = {message.type: message for message in mido.MidiFile(file.path, charset="utf-8").tracks[0] if message.is_meta}
    assert texts["track_name"].name == "a" + "\U0001d53b" * 49 and texts["marker"].text == "x" * 199
