"""From a folder to a model in the library that plays, in one command; and notes through it and back."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from models.checkpoint import load_model
from models.frame import LEVEL
from models.shape import Shape
from train import learn as learning
from train.cli import main
from train.dataset import NoteBank
from train.export import export
from train.learn import BRIDGED_SEMITONES, Lesson, NothingToLearn, learn
from train.spread import spread

ROOT = Path(__file__).parents[2]
PITCHES = (48, 52, 57, 60)


def plucked(pitch, level, seconds=1.2, rate_hz=16_000):
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    x = sum(np.cos(2 * np.pi * f0 * k * t) * np.exp(-t * (2 + k)) / k for k in range(1, 7))
    return level * x * np.minimum(1, t * 500)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("sounds") / "box"
    place.mkdir()
    for dynamic, level in (("p", 0.05), ("f", 0.4)):
        for pitch in PITCHES:
            sf.write(place / f"box {dynamic} {pitch:03d}.wav", np.pad(plucked(pitch, level), (1600, 0)), 16_000)
    (place / "broken.wav").write_text("nothing")
    return place


@pytest.fixture(scope="module")
def learnt(folder, tmp_path_factory):
    """A very short lesson with a very small network, to the end."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("learnt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "SMALL", Shape(width=64, note_width=96, phase_width=32))
        model = learn([folder], "My Box", home / "my-box", home / "work", Lesson(0.4, latents=4, workers=1), progress=False)
    return model, home


def test_the_model_is_whole(learnt):
    model, home = learnt
    again = load_model(home / "my-box")
    assert again.name == "My Box" and list(again.presets) == ["My Box"]
    card = again.card
    assert card["pitches"] == [48, 60] and card["training"]["steps"] > 0
    assert card["presets"]["My Box"]["sustained"] is False
    assert "reproduce" in card and "My Box" in card["reproduce"]
    assert model.latents == 4


def test_all_notes_are_learnt_and_dynamics_follow_the_hand(learnt):
    _, home = learnt
    bank = NoteBank(home / "work" / "data", hold_out=False, farthest_key=BRIDGED_SEMITONES, late=True)
    assert len(bank) == 8 and not bank.left_out.any()
    assert (bank.louder >= 0).sum() == 4 and bank.softest.sum() == 4
    assert bank.longest_s > 11                                            # struck and not let go: it goes on falling
    assert bank.rows[0, -1, LEVEL].amax() < bank.rows[0, 100, LEVEL].amax()
    steps = bank.pitch[bank.next_key[bank.next_key >= 0]] - bank.pitch[bank.next_key >= 0]
    assert set(steps) == {3, 4, 5}


def test_what_lies_beyond_the_recordings_follows_rules(learnt):
    _, home = learnt
    bank = NoteBank(home / "work" / "data", hold_out=False, farthest_key=BRIDGED_SEMITONES, late=True)
    bank.between_velocities = True
    rng = np.random.default_rng(0)
    batch = bank.batch(rng, 500, 4, 0.5)
    before = batch.velocity.clone(), batch.pitch.clone(), batch.target.clone()
    own = spread(batch, rng, 0.5)
    between = (before[0] % 1 > 0.01) & (before[0] > 49) & (before[0] < 96)
    assert between.sum() > 30                                             # between two dynamics
    carried = batch.pitch != before[1]
    assert 0.03 < carried.float().mean() < 0.4 and (own[carried.numpy()] == 1).all()
    assert (batch.phase_level[carried].amax(1) <= -100).all()
    moved = (batch.velocity != before[0]).numpy().nonzero()[0]
    assert len(moved) > 30
    for n in moved[:40]:
        gain = 40 * np.log10(float(batch.velocity[n]) / float(before[0][n]))
        gain = np.clip(gain, -24, 24)
        old, new = before[2][4 * n, LEVEL.start], batch.target[4 * n, LEVEL.start]
        assert float(new - old) == pytest.approx(gain, abs=0.01) or float(new) in (-120.0, 6.0)


def test_evaluate_writes_each_note_under_its_name(learnt, folder, tmp_path, capsys):
    _, home = learnt
    code = main(["evaluate", str(home / "my-box"), "--notes", str(folder), "--write", str(tmp_path / "out"), "--targets",
                 "--json", str(tmp_path / "f.json")])
    assert code == 0
    said = capsys.readouterr().out
    assert "ALL" in said and "targets alone" in said and "broken" in said
    told = json.loads((tmp_path / "f.json").read_text())
    names = {f"box {d} {p:03d}" for d in "pf" for p in PITCHES}
    assert set(told["notes"]) == names == {f.stem for f in (tmp_path / "out").iterdir()}
    assert told["families"]["ALL"]["n"] == 8
    assert told["targets"]["ALL"]["mel"] < 2.5
    for name in names:
        original, rate_hz = sf.read(folder / f"{name}.wav")
        made, made_hz = sf.read(tmp_path / "out" / f"{name}.wav")
        assert made_hz == rate_hz and len(made) == len(original)
        assert np.abs(made[:1500]).max() < 1e-4                           # the silence before the note is kept
        if np.abs(made).max() < 0.99:                                     # else it was kept under full scale
            assert np.square(made).sum() == pytest.approx(np.square(original).sum(), rel=0.02)


def test_a_run_is_a_model_too_and_ways_differ(learnt, folder, tmp_path, capsys):
    _, home = learnt
    for way in ("preset", "encoder", "refined"):
        assert main(["evaluate", str(home / "work" / "run"), "--notes", str(folder), "--instrument", "My Box", "--points", way,
                     "--count", "2", "--json", str(tmp_path / f"{way}.json")]) == 0
    figures = {way: json.loads((tmp_path / f"{way}.json").read_text())["notes"] for way in ("preset", "encoder", "refined")}
    assert len(figures["preset"]) == 2
    assert len({json.dumps(f) for f in figures.values()}) == 3
    capsys.readouterr()
    assert main(["evaluate", "no such model", "--notes", str(folder)]) == 1
    assert main(["evaluate", str(home / "my-box")]) == 1
    assert "--notes SOURCE" in capsys.readouterr().err


def test_nothing_to_learn_is_told(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.wav").touch()
    with pytest.raises(NothingToLearn, match="no note could be made"):
        learn([tmp_path / "in"], "A", tmp_path / "a", tmp_path / "work", Lesson(workers=1), progress=False)
    assert not list(tmp_path.glob("a.*"))


def test_a_single_note_is_enough(tmp_path):
    sf.write(tmp_path / "C3.wav", plucked(48, 0.3), 16_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "SMALL", Shape(width=32, note_width=32, phase_width=16))
        learn([tmp_path], "One", tmp_path / "one", tmp_path / "w", Lesson(0.05, 3, workers=1), progress=False)
        bank = NoteBank(tmp_path / "w" / "data", hold_out=False, late=True)
        model = export(tmp_path / "w" / "run" / "state.pt", bank, tmp_path / "again", "Again", {})
    assert np.isfinite(model.frames(np.zeros((1, 3)), np.array([48.0]), np.array([100.0]), np.array([0.1]))).all()


def hummingface(home, *words):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HUMMINGFACE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-m", "instrument", *words], capture_output=True, text=True, env=environment)


def test_the_commands_of_the_instrument(folder, tmp_path):
    """learn, into the library that `models` and `patches` list; resynthesise and evaluate by its name; no other model is overwritten."""
    home = tmp_path / "home"
    result = hummingface(home, "train", "learn", str(folder), "--name", "Box Two", "--minutes", "0.1", "--latents", "4", "--workers", "1")
    assert result.returncode == 0, result.stderr
    assert "in the library as 'Box Two'" in result.stdout and "hummingface --patch 'Box Two'" in result.stdout
    assert "Box Two" in hummingface(home, "models").stdout
    assert "Box Two" in hummingface(home, "patches").stdout
    out = tmp_path / "again.wav"
    result = hummingface(home, "resynthesise", str(folder / "box f 057.wav"), str(out), "--model", "box two")
    assert result.returncode == 0, result.stderr
    assert "is A3" in result.stdout and "latents:" in result.stdout
    audio, rate_hz = sf.read(out)
    assert rate_hz == 16_000 and len(audio) == sf.info(folder / "box f 057.wav").frames and np.abs(audio).max() > 0.01
    result = hummingface(home, "train", "evaluate", "Box Two", "--notes", str(folder), "--count", "1")
    assert result.returncode == 0 and "Box Two" in result.stdout, result.stderr
    assert "no model is called" in hummingface(home, "train", "evaluate", "Box Nine", "--notes", str(folder)).stderr
    (home / "models" / "other.safetensors").write_bytes(b"the player's own")
    result = hummingface(home, "train", "learn", str(folder), "--name", "other", "--minutes", "0.1")
    assert result.returncode == 1 and "give another --name, or --replace" in result.stderr
    assert (home / "models" / "other.safetensors").read_bytes() == b"the player's own"


@pytest.mark.parametrize(("content", "words", "told"), [
    (b"no sound", (), "cannot be read as sound"), (None, (), "cannot be read as sound"), ("noise", (), "--pitch"), ("silent", (), "silent"),
    ("silent", ("--pitch", "60"), "silent"),
])
def test_resynthesise_refuses_what_is_no_note(tmp_path, content, words, told):
    path = tmp_path / "in.wav"
    if content == "noise":
        sf.write(path, 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    elif content == "silent":
        sf.write(path, np.zeros(16_000), 16_000)
    elif content:
        path.write_bytes(content)
    result = hummingface(tmp_path / "home", "resynthesise", str(path), str(tmp_path / "out.wav"), *words)
    assert result.returncode == 1 and told in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "out.wav").exists()


def test_keys_held_out_beside_their_neighbours(learnt, tmp_path):
    """Of neighbours that are alike, the mean at the right pitch is nearly the note; and which keys were held out is known."""
    from train.examine import held_out
    from train.notes.opening import Wishes, open_source
    place = tmp_path / "keys"
    place.mkdir()
    for pitch in (58, 59, 60, 61, 62):
        sf.write(place / f"{pitch:03d}.wav", plucked(pitch, 0.3), 16_000)
    model, _ = learnt
    result = held_out(model, open_source(place, Wishes(instrument="My Box")), progress=False)
    assert result["notes"] == ["060"]                                       # 60 is a multiple of 12
    assert result["neighbours"]["ALL"]["mel"] < 2.5
    assert set(result["model"]["ALL"]) == set(result["neighbours"]["ALL"])
