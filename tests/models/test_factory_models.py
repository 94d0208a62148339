"""Every model that ships: it loads, its card is whole, and its presets are in tune."""
from pathlib import Path

import numpy as np
import pytest

from hummingface.models.playing import stft
from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.encoder_numpy import encode
from hummingface.models.playing.frame import LEVEL
from hummingface.models.playing.model import Model
from hummingface.models.playing.stft_model import StftModel
from tests.tracker import cents_off

ALL = sorted(Path(__file__).parents[2].joinpath("assets", "models").glob("**/*.safetensors"))
SEED = [path for path in ALL if path.stem.startswith("seed_")]
MODELS = [path for path in ALL if path not in SEED]


@pytest.mark.parametrize("path", SEED, ids=lambda p: p.stem)
def test_a_model_of_whole_notes(path):
    model = load_model(path)
    assert isinstance(model, StftModel)
    assert path.stat().st_size + path.with_suffix(".json").stat().st_size < 4e6
    for entry in ("about", "source", "licence", "licence_text", "reproduce", "trained_on", "training", "representation"):
        assert model.card[entry], entry
    assert ("one key alone" in model.card["about"]) == (model.shape.keys == 1)
    assert len(model.presets) >= 20
    for name in list(model.presets)[::9]:
        note = model.note(np.array(model.presets[name]), model.nearest_key(60))
        assert np.isfinite(note.sound).all() and 0.01 < np.abs(note.sound).max() < 0.71, name
        assert abs(1200 * np.log2(note.root_hz / 261.6256)) <= 80, name


def test_there_is_one_of_each_kind_and_they_are_small():
    kinds = {load_model(path).card["kind"] for path in SEED}
    assert kinds == {"autoencoder", "gan", "cgan"}
    assert sum(path.stat().st_size for path in SEED) < 8e6


def test_the_conditional_gan_is_asked_for_a_key_and_makes_it():
    """Before anything is tuned: a model whose condition was a mixture of qualities could be asked for no key."""
    model = next(m for m in map(load_model, SEED) if m.card["kind"] == "cgan")
    assert isinstance(model, StftModel) and model.shape.keys >= 36
    assert {c["kind"] for c in model.card["conditions"]} == {"family", "quality"}
    points = [np.array(z, np.float32) for z in list(model.presets.values())[::6]]
    off = [cents_off(stft.sound(model.spectrum(z, key))[4000:20_000].astype(np.float64), 440 * 2 ** ((key - 69) / 12), stft.RATE_HZ)
           for key in range(model.shape.lowest, model.shape.highest + 1) for z in points]
    heard = np.abs([cents for cents in off if cents is not None])
    assert len(heard) > 0.95 * len(off) and np.quantile(heard, 0.95) < 15


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_model(path):
    model = load_model(path)
    assert isinstance(model, Model)
    card = model.card
    assert path.stat().st_size + path.with_suffix(".json").stat().st_size < 12e6
    for entry in ("about", "source", "licence_text", "reproduce", "trained_on", "training"):
        assert card[entry], entry
    assert len(model.presets) >= (60 if card["kind"] == "autoencoder" else 24)
    assert len({p["family"] for p in card["presets"].values()}) >= 10
    for name, preset in card["presets"].items():
        assert np.abs(preset["z"]).max() <= 3.01, name
        assert isinstance(preset["sustained"], bool)
        assert abs(preset["gain_db"]) <= 24
        z = np.tile(preset["z"], (8, 1))
        time_s = np.full((8,), 0.5 if preset["sustained"] else 0.05)                 # a pad takes its time
        frames = model.frames(z, np.linspace(36, 80, 8), np.full(8, 100.0), time_s)
        assert np.all(frames[:, LEVEL].max(1) > -70), name
        assert np.all(frames[:, LEVEL].max(1) < 0), name
    if card["kind"] == "autoencoder":
        assert encode(model, np.zeros((128, 507)), 60, 100).shape == (model.latents,)
