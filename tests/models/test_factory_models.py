"""Every model that ships: it loads, its card is whole, and its presets are in tune."""
from pathlib import Path

import numpy as np
import pytest

from models.checkpoint import load_model
from models.frame import LEVEL

MODELS = sorted(Path(__file__).parents[2].joinpath("assets", "models").glob("**/*.safetensors"))


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_model(path):
    model = load_model(path)
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
        assert model.encode(np.zeros((128, 507)), 60, 100).shape == (model.latents,)
