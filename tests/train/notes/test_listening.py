"""What is heard in a recording, against what was put there and against real notes whose pitch is known."""
import re
from pathlib import Path

import numpy as np
import pytest

from hummingface.train.notes.note import SourceError, read_sound
from hummingface.train.notes.onset_pitch import find_pitch, hear

SHARED = Path(__file__).parents[3] / "../shared/data"
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@pytest.mark.parametrize("pitch", [24, 33, 45.3, 60, 71.8, 84, 96, 105])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 192_000])
def test_pitch_within_ten_cents(tone, pitch, rate_hz):
    heard = hear(tone(pitch, rate_hz), rate_hz)
    assert not heard.problem
    assert heard.pitch == pytest.approx(pitch, abs=0.1 if pitch < 100 or rate_hz > 16_000 else 0.3)


def test_a_note_of_8_khz_is_heard(tone):
    assert hear(tone(57, 8000), 8000).pitch == pytest.approx(57, abs=0.1)


def test_onset_note_off_and_end(tone):
    heard = hear(tone(57, seconds=2.0, lead_s=0.7, off_s=1.5, tail_s=0.5), 44_100)
    assert heard.onset_s == pytest.approx(0.7, abs=0.004)
    assert heard.off_s == pytest.approx(2.2, abs=0.06)
    assert heard.end_s == pytest.approx(2.5, abs=0.06)
    assert heard.released


def test_a_struck_note_is_not_taken_to_be_released(tone):
    heard = hear(tone(48, seconds=4.0, fall_db_s=12), 44_100)
    assert not heard.released
    assert heard.off_s == pytest.approx(4.0, abs=0.02)


@pytest.mark.parametrize("pitch", [45, 60, 83])
def test_a_note_that_dies_at_once_has_its_pitch_before_the_silence(tone, pitch):
    rng = np.random.default_rng(0)
    sound = tone(pitch, seconds=3.0, fall_db_s=300) + 1e-4 * rng.standard_normal(3 * 44_100).astype(np.float32)
    heard, why = find_pitch(sound, 44_100)
    assert not why
    assert heard == pytest.approx(pitch, abs=0.3)


def test_the_onset_stands_out_of_the_hiss_before_it(tone):
    x = tone(60, lead_s=0.5)
    x += (10 ** (-55 / 20) * np.random.default_rng(0).standard_normal(len(x))).astype(np.float32)
    assert hear(x, 44_100).onset_s == pytest.approx(0.5, abs=0.012)


@pytest.mark.parametrize(("make", "reason"), [
    (lambda tone: np.zeros(44_100, np.float32), "silent"),
    (lambda tone: tone(60)[:2000], "too short"),
    (lambda tone: np.full(44_100, np.nan, np.float32), "NaN"),
    (lambda tone: np.clip(tone(60, level=3.0), -1, 1), "clipped"),
    (lambda tone: (0.1 * np.random.default_rng(1).standard_normal(44_100)).astype(np.float32), "no clear single pitch"),
    (lambda tone: tone(60, level=0.2) + tone(64, level=0.2) + tone(67, level=0.2), "pitch|several notes"),
    (lambda tone: tone(48, level=0.2) + tone(54, level=0.2), "pitch|several notes"),
    (lambda tone: np.concatenate([tone(60), tone(63), tone(67)]), "its pitch changes|no clear"),
])
def test_what_is_no_note_is_told(tone, make, reason):
    assert re.search(reason, hear(make(tone), 44_100).problem)


def test_a_square_wave_is_not_clipped():
    t = np.arange(44_100) / 44_100
    assert not hear((0.4 * np.sign(np.sin(2 * np.pi * 220 * t))).astype(np.float32), 44_100).problem


def _named(stem: str) -> int:
    found = re.search(r"([A-G])([#b]?)(\d)", stem)
    return STEPS[found[1]] + {"#": 1, "b": -1, "": 0}[found[2]] + 12 * (int(found[3]) + 2)      # their names are an octave low


@pytest.mark.parametrize("folder", ["cello-sustained", "piano-struck", "nsynth-test-c4/audio"])
def test_real_notes(folder):
    files = sorted((SHARED / folder).glob("*.*")) if SHARED.is_dir() else []
    if not files:
        pytest.skip(f"needs ../shared/data/{folder}")
    wrong = []
    for file in files:
        audio, rate_hz = read_sound(file)
        heard = hear(audio, rate_hz)
        if abs(heard.pitch - (60 if "nsynth" in folder else _named(file.stem))) > 0.5 or heard.problem:
            wrong.append(file.stem)
    assert len(wrong) <= ("nsynth" in folder), wrong                 # one synthetic flute has an octave below itself


def test_files_that_are_no_sound(tmp_path):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.flac").write_text("not music")
    for name, told in (("empty.wav", "cannot be read as sound"), ("text.flac", "cannot be read as sound"), ("gone.wav", "no such file")):
        with pytest.raises(SourceError, match=told):
            read_sound(tmp_path / name)
