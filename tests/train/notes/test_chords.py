"""Chords are refused, not taken for a note two octaves below that is not there; and no note for a chord."""
import numpy as np
import pytest

from hummingface.models.playing.frame import pitch_to_hz
from hummingface.train.notes.onset_pitch import hear
from hummingface.train.notes.soundfont import NoteSpec, render
from tests.train.test_prepare import SOUNDFONT, real

CHORDS = {"C-E-G": (60, 64, 67), "fifth": (60, 67), "fourth": (60, 65), "third": (60, 64), "A minor": (57, 60, 64)}
PROGRAMS = (4, 24, 40, 48, 73, 81)           # an electric piano, a guitar, a violin, strings, a flute, a saw
RATE_HZ = 48_000


def tone(key, harmonics=range(1, 12)):
    t = np.arange(RATE_HZ) / RATE_HZ
    return sum(np.cos(2 * np.pi * pitch_to_hz(key) * k * t + k * k) / k for k in harmonics) * np.minimum(1, t * 200) * np.exp(-t)


def heard(sound):
    return hear((0.4 * sound / np.abs(sound).max()).astype(np.float32), RATE_HZ)


@pytest.mark.parametrize("chord", CHORDS)
def test_chords_of_a_buzz_are_refused(chord):
    assert "note" in heard(sum(tone(key) for key in CHORDS[chord])).problem


@pytest.mark.parametrize("harmonics", [range(1, 12), range(2, 14), range(1, 12, 2), (1, 2, 3, 4, 6, 8, 12), range(3, 20)],
                         ids=["all", "without its first", "odd", "an organ", "far without its first"])
def test_notes_are_notes_whatever_partials_they_lack(harmonics):
    for key in (40, 57, 64):
        found = heard(tone(key, harmonics))
        assert not found.problem and found.pitch == pytest.approx(key, abs=0.1)


@real
def test_chords_of_instruments_are_refused_and_their_notes_are_not():
    keys = sorted({key for chord in CHORDS.values() for key in chord} | {33, 45, 84})
    notes = {(spec.program, spec.pitch): audio for spec, audio in
             render([NoteSpec(program, key, 100, 1.5, 0.5) for program in PROGRAMS for key in keys], SOUNDFONT)}
    taken = [(program, name) for program in PROGRAMS for name, chord in CHORDS.items()
             if not heard(sum(notes[program, key] for key in chord)).problem]
    assert len(taken) <= 2, taken               # of 30: before, every fifth and fourth, and more
    assert not [where for where, audio in notes.items() if "several notes at once" in heard(audio).problem]
