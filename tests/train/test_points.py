"""The helper that turns recordings into points of latent space: the real process, asked and answered in lines of JSON."""
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
import torch

from hummingface.instrument.offline import levelling
from hummingface.instrument.patches.library import load_model
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.sound_bank import source_of
from hummingface.models.playing.frame import BAND_CENTRES_HZ, LEVEL, LEVEL_FLOOR_DB, NOISE, NOISE_FLOOR_DB, SLOT_RATIO
from hummingface.models.playing.model import Model
from hummingface.train.app.recorded_sound import note_of
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.prepared_note import prepared
from hummingface.train.evaluation.reconstruct import QUICKLY, THOROUGHLY, Refiner, find_point, sound_at
from hummingface.train.notes.note import Labels, Note

ROOT = Path(__file__).parents[2]
RATE_HZ = 48_000


class Helper:
    """`hummingface train points`."""

    def __init__(self):
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
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
def helper():
    helper = Helper()
    helper.ask(do="warm", model="FluidR3 Atlas")
    assert helper.answer() == {"tell": "warm", "model": "FluidR3 Atlas"}
    yield helper
    out, err = helper.process.communicate(timeout=120)             # closes its standard input: it is left
    assert helper.process.returncode == 0 and not out and not err


def refiner_of_factory() -> Refiner:
    model = load_model(None)
    assert isinstance(model, Model)
    return Refiner(model)


@pytest.fixture(scope="module")
def own_note(tmp_path_factory):
    """(a file with a note that the factory model itself makes, tuned 12 cents high; the point it was made at)."""
    torch.set_num_threads(1)
    model = load_model(None)
    assert isinstance(model, Model)
    z = np.array(list(model.presets.values())[20], np.float32)
    blank = Note(Labels("", "", "", "", 57, 100, 1.2), np.sin(np.arange(RATE_HZ * 3 // 2) * 0.0288).astype(np.float32), RATE_HZ, 57.0)
    bank = NoteBank.of([prepared("", blank)])
    bank.f0_hz[:] = 220 * 2 ** (12 / 1200)
    sound = sound_at(model, z, bank, blank, "preset").audio
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
    """In the loss that both go down, which begins at the encoder's point."""
    refiner, note = refiner_of_factory(), note_of(own_note[0])
    (quick, bank), (thorough, _) = (find_point(refiner, note, how=how) for how in (QUICKLY, THOROUGHLY))
    assert refiner.away(bank, quick) < 1.1 * refiner.away(bank, thorough)
    assert refiner.away(bank, quick) < refiner.away(bank, refiner.encoded(bank))
    made = sound_at(refiner.model, quick, bank, note, "refined")
    assert len(made.audio) == len(made.original) == sf.info(own_note[0]).frames


def test_neither_the_level_of_a_recording_matters_nor_what_its_rate_leaves_out(own_note):
    """The same note 30 dB softer is as far from the point that it was made at; one without anything above 800 Hz is, up to there."""
    path, z = own_note
    refiner, note = refiner_of_factory(), note_of(path)
    soft = replace(note, audio=note.audio * np.float32(0.03))
    whole, softer, dull = (find_point(refiner, n, "encoder")[1] for n in (note, soft, note))
    away = refiner.away(whole, z)
    assert refiner.away(softer, z) == pytest.approx(away, rel=0.01)
    dull.rows[0][:, LEVEL][:, SLOT_RATIO * 220 > 800] = LEVEL_FLOOR_DB
    dull.rows[0][:, NOISE][:, BAND_CENTRES_HZ > 800] = NOISE_FLOOR_DB
    assert refiner.away(dull, z, below_hz=800) < 1.3 * away < 0.7 * refiner.away(dull, z)


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


def test_what_is_no_sound_and_what_is_not_there(helper, tmp_path):
    (tmp_path / "text.wav").write_text("words")
    assert "cannot be read as sound" in helper.find(tmp_path / "text.wav")["text"]
    assert "gone.wav" in helper.find(tmp_path / "gone.wav")["text"]
    assert "a folder" in helper.find(tmp_path)["text"]
    assert "no model is called 'Nobody'" in helper.find(tmp_path, model="Nobody")["text"]


def test_nonsense_does_not_end_it(helper, own_note):
    helper.write("no json")
    helper.write("[1, 2]")
    helper.ask(do="find", id=1)
    assert helper.answer()["tell"] == "refused"
    assert helper.find(own_note[0])["tell"] == "found"
