"""Training: it learns, goes on where it stopped, and what is exported plays the same sound in knob units."""
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from hummingface.models.playing import key_trend
from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.frame import DEVIATION, HIGHEST, LEVEL, LOWEST
from hummingface.models.playing.key_trend import LEVELLED_LUFS, MIDDLE, MOST_GAIN_DB
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import Shape
from hummingface.train.data.dataset import NoteBank
from hummingface.train.evaluation.evaluate import choose, neighbours, released, tuning
from hummingface.train.exporting.export_model import export, fold, presets_of
from hummingface.train.learning.train_autoencoder import AutoencoderOptions, AutoencoderTrainer
from hummingface.train.learning.warm_start import start_from

SHAPE = Shape(latents=4, width=48, phase_width=16)
OPTIONS = AutoencoderOptions(steps=240, notes=32, moments=8, encoder_notes=4, encoder_every=4, rate=4e-3, average_steps=20)


def trained(bank, folder, options=OPTIONS, steps=None):
    torch.set_num_threads(1)
    trainer = AutoencoderTrainer(bank, SHAPE, options)
    first = {k: float(v) for k, v in trainer.train_step().items()}
    trainer.run(folder, progress=False)
    return trainer, first


@pytest.fixture(scope="module")
def run(tiny_bank, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return *trained(tiny_bank, folder), folder


def test_the_loss_falls(run):
    trainer, first, _ = run
    last = {k: float(v) for k, v in trainer.train_step().items()}
    assert last["levels"] < 0.35 * first["levels"]
    assert last["phase"] < 0.5 * first["phase"]


def test_a_state_of_other_data_is_refused(run, tiny_data):
    _, _, folder = run
    other = AutoencoderTrainer(NoteBank(tiny_data, ["Saw"]), SHAPE, OPTIONS)
    with pytest.raises(ValueError, match="another data set"):
        other.resume(folder / "state.pt")


def test_export_plays_what_was_trained_in_knob_units(run, tiny_bank, tmp_path):
    trainer, _, folder = run
    export(folder / "state.pt", tiny_bank, tmp_path / "tiny", "Tiny", {"about": "test"})
    model = load_model(tmp_path / "tiny")
    assert isinstance(model, Model) and set(model.presets) == {"Plink", "Saw"}
    batch = tiny_bank.batch(np.random.default_rng(9), 20, 4, between=0.0)
    with torch.no_grad():
        raw = trainer.average.frames(trainer.average.points[batch.instrument], batch).numpy().clip(LOWEST, HIGHEST)
    names = [i["name"] for i in tiny_bank.instruments]
    z = np.repeat([model.presets[names[i]] for i in batch.instrument], 4, 0)
    each = [np.repeat(x.numpy(), 4) for x in (batch.pitch, batch.velocity)]
    said = model.frames(z, each[0], each[1], batch.time_s.numpy())
    assert np.abs(said - raw)[:, LEVEL].max() < 1.0                # float16, and knobs rounded to four digits
    assert np.abs(said - raw)[:, LEVEL].mean() < 0.05
    assert np.abs(said - batch.target.numpy())[:, :8].mean() < 4            # and it is what was to be learnt
    assert np.abs(said - raw)[:, DEVIATION].max() < 1e-2


def test_the_encoder_finds_the_instrument(run, tiny_bank, tmp_path):
    _, _, folder = run
    state = torch.load(folder / "state.pt", weights_only=True)
    _, encoder, points, axes = fold(state)
    right = 0
    for note in tiny_bank.trained[::7]:
        with torch.no_grad():
            z = encoder(tiny_bank.rows[note][None].float(), torch.tensor([float(tiny_bank.pitch[note])]),
                        torch.tensor([float(tiny_bank.velocity[note])]))[0].numpy()
        right += int(np.linalg.norm(points - z, axis=1).argmin() == tiny_bank.instrument[note])
    assert right >= 0.9 * len(tiny_bank.trained[::7])
    assert np.allclose(axes.to_knobs(axes.to_raw(points)), points, atol=1e-6)


def test_presets_tell_what_they_are(tiny_bank):
    presets = presets_of(tiny_bank, np.zeros((2, 4)))
    assert presets["Saw"]["sustained"] is True and presets["Plink"]["sustained"] is False
    assert presets["Saw"]["family"] == "test" and presets["Saw"]["program"] == 40


def test_a_card_tells_what_was_learnt_and_how_loud_it_is(run, tiny_bank, tmp_path):
    export(run[2] / "state.pt", tiny_bank, tmp_path / "t", "T", {})
    model = load_model(tmp_path / "t")
    assert isinstance(model, Model)
    assert model.card["velocities"] == [60, 120] and model.velocities == (60, 120)
    trend = key_trend.read(model.card, model.latents)
    assert set(model.card["loudness"]["lufs"]) == {"Plink", "Saw"}
    middle = [MIDDLE[0] <= key <= MIDDLE[1] for key in trend.keys]
    for name, lufs in model.card["loudness"]["lufs"].items():
        wanted_db = np.clip(LEVELLED_LUFS - np.mean(np.array(lufs)[middle]), -MOST_GAIN_DB, MOST_GAIN_DB)
        assert model.card["presets"][name]["gain_db"] == pytest.approx(wanted_db, abs=0.02)
    z, key = np.array([model.presets["Saw"]], np.float32), np.array([60.0])
    heard = model.loudness_lufs(model.note(z, key.astype(np.float32), np.array([100.0], np.float32)), key, np.zeros(1))[0]
    assert heard == pytest.approx(np.interp(60, trend.keys, model.card["loudness"]["lufs"]["Saw"]), abs=1.5)


def test_one_dynamic_is_a_range_of_one_velocity(tmp_path, write_part):
    """Asked for any velocity, such a model is asked for the one that it knows."""
    write_part(tmp_path, 40, "Saw", 100, 2.0, range(48, 73), True, 4)
    bank = NoteBank(tmp_path)
    one = AutoencoderTrainer(bank, SHAPE, replace(OPTIONS, steps=3))
    one.run(tmp_path / "run", progress=False)
    export(tmp_path / "run" / "state.pt", bank, tmp_path / "t", "T", {})
    model = load_model(tmp_path / "t")
    assert isinstance(model, Model)
    assert model.card["velocities"] == [100, 100] and model.velocities == (100, 100)
    assert key_trend.read(model.card, model.latents) is not None


def test_evaluation_samples_and_tuning(run, tiny_bank, tmp_path):
    _, _, folder = run
    left = choose(tiny_bank, True, 10)
    assert left
    assert all(tiny_bank.left_out[i] and neighbours(tiny_bank, i) for i in left)
    assert not any(tiny_bank.left_out[i] for i in choose(tiny_bank, False, 30))
    model = export(folder / "state.pt", tiny_bank, tmp_path / "t", "T", {})
    figures = tuning(model)
    assert figures["keys"] == 2 * 88
    assert figures["median_cents"] < 5
    json.dumps(figures)


def test_release_falls_as_it_says():
    frame = LOWEST.copy()
    frame[LEVEL] = -20
    frame[-24:] = -1.0                                              # 60 dB in half a second
    frames = released(frame, np.array([0.0, 0.25, 0.5]), 60.0)
    assert np.allclose(frames[:, 0], [-20, -50, -80])


def test_a_training_may_begin_where_a_model_stands(run, tiny_bank, tmp_path):
    _, first, folder = run
    model = export(folder / "state.pt", tiny_bank, tmp_path / "model", "Model", {})
    again = AutoencoderTrainer(tiny_bank, SHAPE, OPTIONS)
    assert start_from(again, model) == len(tiny_bank.instruments)
    begin = {k: float(v) for k, v in again.train_step().items()}
    assert begin["levels"] < 0.4 * first["levels"]
    bigger = AutoencoderTrainer(tiny_bank, Shape(latents=4, width=64, phase_width=16), OPTIONS)
    with pytest.raises(ValueError, match="another shape"):
        start_from(bigger, model)


def test_a_larger_space_in_stereo_begins_with_what_a_small_mono_model_says(run, tiny_bank, tmp_path):
    _, first, folder = run
    model = export(folder / "state.pt", tiny_bank, tmp_path / "model", "Model", {})
    again = AutoencoderTrainer(tiny_bank, replace(SHAPE, latents=SHAPE.latents + 5, stereo=True), OPTIONS)
    assert start_from(again, model) == len(tiny_bank.instruments)
    known = np.stack([model.presets[i["name"]] for i in tiny_bank.instruments])
    assert np.allclose(again.model.points.detach().numpy()[:, :SHAPE.latents], known, atol=1e-6)
    begin = {k: float(v) for k, v in again.train_step().items()}
    assert begin["levels"] < 0.4 * first["levels"]
    smaller = AutoencoderTrainer(tiny_bank, replace(SHAPE, latents=SHAPE.latents - 1), OPTIONS)
    with pytest.raises(ValueError, match="another shape"):
        start_from(smaller, model)


def test_an_instrument_that_a_model_does_not_name_is_put_where_its_encoder_hears_it(run, tiny_bank, tmp_path):
    _, _, folder = run
    model = export(folder / "state.pt", tiny_bank, tmp_path / "model", "Model", {})
    name = tiny_bank.instruments[0]["name"]
    del model.presets[name]
    again = AutoencoderTrainer(tiny_bank, SHAPE, OPTIONS)
    assert start_from(again, model) == len(tiny_bank.instruments) - 1
    heard = again.model.points[0].detach().numpy()
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() > 0
