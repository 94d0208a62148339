"""The helper that makes sounds of recordings: the real process, where none of `hummingface[train]` can be imported, asked and answered in
lines of JSON."""
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from hummingface.instrument.offline import levelling
from hummingface.instrument.patches.library import load_model
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.sound_bank import source_of
from hummingface.instrument.session import extras
from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import BAND_CENTRES_HZ, LEVEL, LEVEL_FLOOR_DB, NOISE, NOISE_FLOOR_DB, RELEASE, SLOT_RATIO
from hummingface.models.playing.model import Model
from hummingface.train.app.recorded_sound import note_of
from hummingface.train.data.long_notes import brief_targets
from hummingface.train.data.note_targets import note_targets
from hummingface.train.evaluation.latent_fitting import Misfit
from hummingface.train.evaluation.reconstruct import QUICKLY, THOROUGHLY, encoded, find_point, sound_at, sounded
from hummingface.train.notes.note import Labels, Note, SourceError

ROOT = Path(__file__).parents[2]
RATE_HZ = 48_000


class Helper:
    """`hummingface train points`."""

    def __init__(self, small: Path):
        """`small`: a folder with modules in the place of those that a small installation lacks."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(small), str(ROOT)]), "OMP_NUM_THREADS": "1"}
        self.count = 0
        self.process = subprocess.Popen([sys.executable, "-m", "hummingface", "train", "points"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def write(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def ask(self, **message):
        self.write(json.dumps(message))

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def find(self, path, model="FluidR3 Atlas"):
        """What it says of a file, and, where it found a point, how near it came."""
        self.count += 1
        self.ask(do="find", id=self.count, paths=[str(path)], model=model)
        first = self.answer()
        assert first["id"] == self.count
        if first["tell"] == "refused":
            return first
        second = self.answer()
        assert first["tell"] == "found" and second["tell"] == "distance" and second["id"] == self.count
        return first | {"mel": second["mel"]}


@pytest.fixture(scope="module")
def helper(tmp_path_factory):
    small = tmp_path_factory.mktemp("small")
    for name in extras.TRAINING:
        (small / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name!r}', name={name!r})\n")
    helper = Helper(small)
    helper.ask(do="warm", model="FluidR3 Atlas")
    assert helper.answer() == {"tell": "warm", "model": "FluidR3 Atlas"}
    yield helper
    out, err = helper.process.communicate(timeout=120)             # closes its standard input: it is left
    assert helper.process.returncode == 0 and not out and not err


def factory_model() -> Model:
    model = load_model(None)
    assert isinstance(model, Model)
    return model


@pytest.fixture(scope="module")
def own_note(tmp_path_factory):
    """(a file with a note that the factory model itself makes, tuned 12 cents high; the point it was made at)."""
    model = factory_model()
    z = np.array(list(model.presets.values())[20], np.float32)
    blank = Note(Labels("", "", "", "", 57, 100, 1.2), np.sin(np.arange(RATE_HZ * 3 // 2) * 0.0288).astype(np.float32), RATE_HZ, 57.0)
    targets = note_targets(blank)
    targets.f0_hz = 220 * 2 ** (12 / 1200)
    sound = sound_at(model, z, targets, blank, "preset").audio
    path = tmp_path_factory.mktemp("own") / "A note.wav"
    sf.write(path, 0.3 * sound / np.abs(sound).max(), RATE_HZ)
    return path, z


def test_a_note_of_the_model_is_found_again(helper, own_note):
    path, _ = own_note
    found = helper.find(path)
    assert found["keys"] == ["A3"] and found["notes"][0]["pitch"] == pytest.approx(57.12, abs=0.06)
    assert len(found["z"]) == 16 and np.isfinite(found["z"]).all() and np.abs(found["z"]).max() <= 4
    assert 0.8 < found["seconds"] < 1.6 and -24 <= found["gain_db"] <= 24
    assert found["mel"] < 1.6, "it carries the note"


def test_quick_is_nearly_as_near_as_thorough(own_note):
    """In what both minimise; and far nearer than the encoder's point. How far it is can be watched."""
    model, note = factory_model(), note_of(own_note[0])
    parts: dict[int, list[float]] = {QUICKLY.starts: [], THOROUGHLY.starts: []}
    (quick, targets), (thorough, _) = (find_point(model, note, effort=effort, progress=parts[effort.starts].append)
                                       for effort in (QUICKLY, THOROUGHLY))
    for starts, told in parts.items():
        assert len(told) == starts + 1 and told == sorted(told) and told[0] > 0 and told[-1] == pytest.approx(1.0)
    away = Misfit(model, targets).of(np.stack([quick, thorough, encoded(model, targets)]))
    assert away[0] < 1.1 * away[1] and away[0] < 0.7 * away[2]
    made = sound_at(model, quick, targets, note, "refined")
    assert len(made.audio) == len(made.original) == sf.info(own_note[0]).frames


def test_of_a_long_note_its_first_seconds_and_its_end_are_heard():
    """As in a whole analysis; what lies between them does not matter, and a short note is analysed as ever."""
    model = factory_model()
    z, hold_s = np.array(list(model.presets.values())[20], np.float32), 9.0
    sound = sounded(model, z, 57, 100, hold_s, 11.0, RATE_HZ)
    note = Note(Labels("", "", "", "", 57, 100, hold_s), 0.3 * sound / np.abs(sound).max(), RATE_HZ, 57.0)
    brief, whole = brief_targets(note), note_targets(note)
    assert brief.hold_s == hold_s and brief.valid_rows >= ROWS
    heard = whole.image[:, LEVEL] > whole.peak_db - 60
    assert np.abs(brief.image[:, LEVEL] - whole.image[:, LEVEL])[heard].mean() < 0.3
    assert np.median(np.abs(brief.image[0, RELEASE] - whole.image[0, RELEASE])) < 0.3
    audio = note.audio.copy()
    audio[round(5.1 * RATE_HZ):round(7.9 * RATE_HZ)] = 0
    assert np.array_equal(brief_targets(replace(note, audio=audio)).rows, brief.rows)
    short = replace(note, audio=note.audio[:2 * RATE_HZ], labels=replace(note.labels, hold_s=2.0))
    assert np.array_equal(brief_targets(short).rows, note_targets(short).rows)


def test_neither_the_level_of_a_recording_matters_nor_what_its_rate_leaves_out(own_note):
    """The same note 30 dB softer is as far from the point that it was made at; one without anything above 800 Hz is, up to there."""
    path, z = own_note
    model, note = factory_model(), note_of(path)
    soft = replace(note, audio=note.audio * np.float32(0.03))
    whole, softer, dull = (find_point(model, n, "encoder")[1] for n in (note, soft, note))
    dull.rows[:, LEVEL][:, SLOT_RATIO * 220 > 800] = LEVEL_FLOOR_DB
    dull.rows[:, NOISE][:, BAND_CENTRES_HZ > 800] = NOISE_FLOOR_DB
    away, as_soft, as_dull, known = (float(misfit.of(z[None])[0]) for misfit in (
        Misfit(model, whole), Misfit(model, softer), Misfit(model, dull), Misfit(model, dull, below_hz=800)))
    assert as_soft == pytest.approx(away, rel=0.01)
    assert known < 1.3 * away < 0.7 * as_dull


def test_sounds_are_levelled(helper, own_note, tmp_path):
    """As loud as the presets are, however loud the recording is."""
    audio, _ = sf.read(own_note[0])
    sf.write(tmp_path / "soft.wav", audio * 0.05, RATE_HZ)
    loud, soft = helper.find(own_note[0]), helper.find(tmp_path / "soft.wav")
    assert soft["gain_db"] == pytest.approx(loud["gain_db"], abs=2.5)
    model = load_model(None)
    sound = Patch("A", model.name, tuple(loud["z"]), gain_db=loud["gain_db"])
    lufs, _ = levelling.measure(sound.dry(), source_of(model))
    assert lufs == pytest.approx(levelling.TARGET_LUFS, abs=0.6)


def tone(hz, seconds=1.0):
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 8)) * 0.2 * np.exp(-t)


BAD = {
    "silent": (np.zeros(RATE_HZ), "silent"), "short": (tone(220, 0.05), "too short"),
    "chord": (tone(261.63) + tone(329.63) + tone(392.0), "pitch|several notes"),
    "noise": (0.1 * np.random.default_rng(0).standard_normal(RATE_HZ), "single pitch"),
    "nan": (np.full(RATE_HZ, np.nan), "NaN"), "long": (np.tile(tone(220), 61), "61 s long"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_note_is_refused_with_the_reason(helper, tmp_path, name):
    audio, why = BAD[name]
    sf.write(tmp_path / f"{name}.wav", audio, RATE_HZ, subtype="FLOAT")
    answer = helper.find(tmp_path / f"{name}.wav")
    assert answer["tell"] == "refused"
    assert f"{name}.wav" in answer["text"] and re.search(why, answer["text"])


def test_where_no_pitch_is_heard_the_name_may_tell_it(tmp_path):
    """A drum is a note if its name spells one; a number in a name is none, and a name that is wrong does not count where one is heard."""
    drum = 0.2 * np.random.default_rng(3).standard_normal(RATE_HZ) * np.exp(-3 * np.arange(RATE_HZ) / RATE_HZ)
    for name, audio in (("drum 48", drum), ("drum C3", drum), ("buzz C3", tone(220))):
        sf.write(tmp_path / f"{name}.wav", audio, RATE_HZ)
    with pytest.raises(SourceError, match="put the note into its name"):
        note_of(tmp_path / "drum 48.wav")
    drummed = note_of(tmp_path / "drum C3.wav")
    assert drummed.labels.pitch == 48 and np.isfinite(brief_targets(drummed).rows).all()
    assert note_of(tmp_path / "buzz C3.wav").labels.pitch == 57


def test_what_is_no_sound_and_what_is_not_there(helper, tmp_path):
    (tmp_path / "text.wav").write_text("words")
    assert "cannot be read as sound" in helper.find(tmp_path / "text.wav")["text"]
    assert "gone.wav" in helper.find(tmp_path / "gone.wav")["text"]
    (tmp_path / "song.m4a").write_bytes(b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom" + bytes(3000))
    assert "save it as WAV" in helper.find(tmp_path / "song.m4a")["text"]
    assert "no note could be made" in helper.find(tmp_path)["text"]
    assert "no model is called 'Nobody'" in helper.find(tmp_path, model="Nobody")["text"]


def test_nonsense_does_not_end_it(helper, own_note):
    helper.write("no json")
    helper.write("[1, 2]")
    helper.ask(do="find", id=1)
    assert helper.answer()["tell"] == "refused"
    assert helper.find(own_note[0])["tell"] == "found"
