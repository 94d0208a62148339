"""STFT models in training: labels stay with their sounds, losses begin where they should, runs go on, exports play."""
import csv
import json
import math
import os
import shutil

import numpy as np
import pytest
import torch

from hummingface.models.playing import stft
from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.stft import Layout
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.app.commands import main
from hummingface.train.data.note_sounds import NoteSounds
from hummingface.train.data.store import DataError
from hummingface.train.exporting import export_stft
from hummingface.train.learning.train_stft import StftAutoencoderTrainer, StftGanTrainer, StftOptions, shape_for
from hummingface.train.report.page import write_report
from tests.train.notes_that_tell import FAMILIES
from tests.train.runs import stopped_after


def test_labels_stay_with_their_images(told_sounds):
    """Shuffled and drawn at random, each image still shows the key, the family and the qualities that its labels tell."""
    bank = NoteSounds(told_sounds[1], Layout())
    told, values = bank.conditions()
    places = {(c["kind"], c["name"]): i for i, c in enumerate(told)}
    one = StftGanTrainer(bank, shape_for(bank, 4, 4, Layout()), StftOptions(notes=9), conditional=True)
    seen = set()
    for _ in range(6):
        images, keys, notes = one.draw()
        pitch = keys.numpy() + bank.lowest
        power = (np.abs(stft.spectrum_of(images.numpy(), pitch, Layout())) ** 2).sum(-1)
        for i, note in enumerate(notes):
            f0 = 440 * 2 ** ((pitch[i] - 69) / 12) / stft.BIN_HZ
            assert bank.notes[note]["pitch"] == pitch[i] and abs(power[i].argmax() / f0 - round(power[i].argmax() / f0)) < 0.1
            family = next(name for name in FAMILIES if values[note, places["family", name]] == 1)
            heard = max(k for k in range(1, 8) if power[i, round(k * f0)] > 0.05 * power[i].max())
            assert heard == FAMILIES[family] and bank.notes[note]["family"] == family
            assert values[note, places["quality", "bright"]] == (1 if family == "organ" else -1)
            seen.add((family, int(pitch[i])))
    assert len(seen) > 6


def test_frames_and_sounds_are_kept_apart(told_sounds, tiny_data, capsys):
    (tiny_data / "data.json").write_text(json.dumps({"format": 3}))
    try:
        with pytest.raises(DataError, match="holds frames"):
            NoteSounds(tiny_data, Layout())
    finally:
        (tiny_data / "data.json").unlink()
    assert main(["prepare", str(told_sounds[0]), "--out", str(told_sounds[1]), "--workers", "1"]) == 1
    assert "another representation" in capsys.readouterr().err


def test_an_autoencoder_learns_and_goes_on_where_it_was_stopped(told_sounds, tmp_path):
    def learner(steps):
        bank = NoteSounds(told_sounds[1], Layout(), pitches=(60,))
        return StftAutoencoderTrainer(bank, shape_for(bank, 4, 4, Layout()), StftOptions(steps=steps, notes=3, rate=5e-3, decay_from=1.0))
    whole = learner(120)
    lost = [float(whole.train_step()["mse"]) for _ in range(120)]
    assert np.mean(lost[-20:]) < 0.6 * np.mean(lost[:20])
    straight, first = learner(8), learner(8)
    straight.run(tmp_path / "straight", progress=False)
    stopped_after(first, 4, tmp_path / "again")
    second = learner(8)
    second.resume(tmp_path / "again" / "state.pt")
    second.run(tmp_path / "again", progress=False)
    for one, other in zip(straight.model.parameters(), second.model.parameters(), strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-5)             # convolutions round as their memory happens to lie
    assert straight.state()["random"]["numpy"] == second.state()["random"]["numpy"] and second.step == 8
    assert {p.name for p in (tmp_path / "straight").iterdir()} >= {"config.json", "state.pt", "log.csv", "pictures", "metrics.json"}


@pytest.mark.parametrize("conditional", [True, False])
def test_gans_begin_undecided_and_are_not_squashed(told_sounds, conditional):
    bank = NoteSounds(told_sounds[1], Layout())
    one = StftGanTrainer(bank, shape_for(bank, 4, 8, Layout()), StftOptions(notes=8, rate=1e-4, critic_rate=2e-3, slope_penalty=0.0),
                         conditional)
    parts = one.train_step()
    assert float(parts["critic"]) == pytest.approx(math.log(2), rel=0.05)
    assert float(parts["generator"]) == pytest.approx(math.log(2), rel=0.05)
    for _ in range(25):
        parts = one.train_step()
    assert float(parts["critic"]) < 0.3 and float(parts["generator"]) > 1.3133     # ln(1 + e), where one that ends in tanh would stand


@pytest.mark.parametrize("system", ["autoencoder", "cgan"])
def test_from_data_to_a_model_that_plays(told_sounds, tmp_path, system, capsys, monkeypatch):
    monkeypatch.setattr(export_stft, "PRESETS", 6)                          # a network of six steps is seldom in tune: points are searched
    run, out = tmp_path / "run", tmp_path / "model"
    assert main([system, str(told_sounds[1]), "--run", str(run), "--representation", "stft", "--latents", "4", "--width", "4",
                 "--steps", "6", "--notes", "4", "--threads", "1"]) == 0
    assert json.loads((run / "config.json").read_text())["kind"] == f"stft-{system}"
    assert next(csv.reader((run / "log.csv").open()))[:2] == ["step", "seconds"]
    assert main(["export", str(told_sounds[1]), str(run), str(out), "--name", "Tiny"]) == 0
    model = load_model(out)
    assert isinstance(model, StftModel) and model.card["pitches"] == [48, 60]
    z = model.presets[next(iter(model.presets))]
    note = model.note(np.array(z), 55)
    assert np.abs(note.sound).max() > 0.01 and abs(1200 * np.log2(note.root_hz / 195.9977)) <= 80
    if system == "cgan":
        assert {"family.bass", "quality.bright", "characteristic.brightness"} <= set(model.knobs)
        assert model.free_latents == 4 and len(model.presets) == 6
    else:
        assert set(model.presets) == {f"{family}_synthetic_{i:03d}" for i, family in enumerate(FAMILIES)}
        capsys.readouterr()
        assert main(["evaluate", str(out), "--notes", str(told_sounds[0]), "--json", str(tmp_path / "figures.json")]) == 0
        told = json.loads((tmp_path / "figures.json").read_text())
        assert len(told["notes"]) == 9 and set(told["mean"]) >= {"snr", "sc", "lsd60", "lsd80", "mel"}


def test_the_figures_of_a_sound_against_itself_and_against_nothing():
    from hummingface.train.evaluation.stft_figures import distance
    sound = np.random.default_rng(0).standard_normal(stft.SAMPLES)
    same_one = distance(sound, 0.5 * sound)
    assert same_one["snr"] > 100 and max(same_one["sc"], same_one["lsd60"], same_one["lsd80"]) < 1e-6
    halved = sound + np.roll(sound, 20_000)                                # as strong as itself, and something else
    assert abs(distance(sound, halved)["snr"] - 10 * np.log10(2)) < 0.1
    silent = distance(sound, 0 * sound)
    assert silent["snr"] == pytest.approx(0) and silent["sc"] == pytest.approx(1)


SMALL = ["--representation", "stft", "--latents", "4", "--width", "4", "--steps", "2", "--notes", "4", "--threads", "1"]


@pytest.mark.parametrize(("asked", "told"), [
    (["--steps", "0"], "--steps: 0 is no whole number from 1 on"), (["--steps", "-5"], "--steps: -5 is no"),
    (["--epochs", "-1"], "--epochs: -1 is no number above 0"), (["--minutes", "nan"], "--minutes: nan is no"),
    (["--latents", "0"], "--latents: 0 is no"), (["--latents", "129"], "latents (conditions count) must be a whole number from 1 to 128"),
    (["--width", "65"], "width must be a whole number from 4 to 64"), (["--power", "0"], "a power from 0.1 to 1"),
    (["--power", "nan"], "a power from 0.1 to 1"), (["--notes", "0"], "--notes: 0 is no"), (["--seed", "-1"], "--seed: -1 is no"),
    (["--threads", "-1"], "--threads: -1 is no"), (["--device", "nonsense"], "--device nonsense: torch cannot use it here"),
    (["--only", "zither"], "no notes of zither. It has those of")])
def test_what_cannot_be_trained_or_played_is_refused_before_it_is_trained(told_sounds, tmp_path, capsys, asked, told):
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main(["autoencoder", str(told_sounds[1]), "--run", str(tmp_path / "run"), *SMALL, *asked]))
    assert ended.value.code and told in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_a_part_of_an_epoch_is_a_step(told_sounds, tmp_path):
    assert main(["autoencoder", str(told_sounds[1]), "--run", str(tmp_path / "run"), *SMALL, "--epochs", "0.001"]) == 0
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["step"] == 1


def test_conditions_count_as_latents(told_sounds, tmp_path, capsys):
    assert main(["cgan", str(told_sounds[1]), "--run", str(tmp_path / "run"), *SMALL, "--latents", "128"]) == 1
    assert "latents (conditions count) must be a whole number from 1 to 128" in capsys.readouterr().err


def test_a_run_is_exported_with_the_notes_that_it_learnt_alone(told_sounds, tmp_path, capsys):
    """Not with others of the same folder, nor of another one; and not before it has any weights."""
    data, run, only = str(told_sounds[1]), str(tmp_path / "run"), f"{next(iter(FAMILIES))}_synthetic_000"
    assert main(["export", data, run, str(tmp_path / "model")]) == 1
    assert "stopped before it saved anything" in capsys.readouterr().err
    assert main(["autoencoder", data, "--run", run, *SMALL, "--only", only]) == 0
    assert main(["export", data, run, str(tmp_path / "model")]) == 0
    assert set(load_model(tmp_path / "model").presets) == {only}
    copied = tmp_path / "others"
    shutil.copytree(data, copied)
    for part in copied.glob("part-*.json"):
        part.write_text(part.read_text().replace(only, "another_synthetic_000"))
    assert main(["export", str(copied), run, str(tmp_path / "other")]) == 1
    assert "no notes of" in capsys.readouterr().err and not (tmp_path / "other.json").exists()


def test_sounds_asked_for_as_frames_say_so(told_sounds, tmp_path, capsys):
    assert main(["autoencoder", str(told_sounds[1]), "--run", str(tmp_path / "run"), "--steps", "2"]) == 1
    assert "holds sounds, not frames: learn from it with --representation" in capsys.readouterr().err


@pytest.mark.parametrize(("hurt", "told"), [
    (lambda part: part.with_name(part.stem + ".sound.npy").unlink(), "sound.npy: cannot be read"),
    (lambda part: part.with_name(part.stem + ".sound.npy").write_bytes(b""), "sound.npy: cannot be read"),
    (lambda part: os.truncate(part.with_name(part.stem + ".sound.npy"), 1000), "sound.npy: cannot be read"),
    (lambda part: np.save(part.with_name(part.stem + ".sound.npy"), np.zeros((1, 5))), "not int16"),
    (lambda part: part.write_text('{"format": 3, "notes": [{"pitch": 60}]}'), "a note has no instrument, velocity"),
    (lambda part: part.write_text('{"format": 3, "notes": [7]}'), "cannot be read")])
def test_damaged_data_is_named_and_what_to_do(told_sounds, tmp_path, capsys, hurt, told):
    data = tmp_path / "data"
    shutil.copytree(told_sounds[1], data)
    hurt(min(data.glob("part-*.json")))
    assert main(["autoencoder", str(data), "--run", str(tmp_path / "run"), *SMALL]) == 1
    said = capsys.readouterr().err
    assert told in said and "prepare again" in said


def test_a_run_of_one_note_has_a_report(told_sounds, tmp_path):
    bank = NoteSounds(told_sounds[1], Layout(), [f"{next(iter(FAMILIES))}_synthetic_000"], (60,))
    assert len(bank) == 1
    StftAutoencoderTrainer(bank, shape_for(bank, 4, 4, Layout()), StftOptions(steps=2, notes=2)).run(tmp_path / "run", progress=False)
    write_report([tmp_path / "run"], tmp_path / "report.html", progress=False)
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_a_state_that_was_cut_is_told(told_sounds, tmp_path, capsys):
    data, run = str(told_sounds[1]), tmp_path / "run"
    assert main(["autoencoder", data, "--run", str(run), *SMALL]) == 0
    os.truncate(run / "state.pt", 5000)
    for command in (["autoencoder", data, "--run", str(run), *SMALL, "--resume"], ["export", data, str(run), str(tmp_path / "model")],
                    ["report", str(run), "--out", str(tmp_path / "report.html")]):
        assert main(command) == 1
        assert "state.pt: not the state of a run, or damaged" in capsys.readouterr().err
