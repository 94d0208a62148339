"""A model's card credits every source that it learnt, and keeps the loudness that was taken out of each instrument."""
import json
from pathlib import Path

import numpy as np
import pytest

from hummingface.models.playing import key_trend
from hummingface.models.playing.checkpoint import load_model
from hummingface.train.app.commands import main
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.store import write_data, write_part
from hummingface.train.notes.draws import draws
from hummingface.train.notes.licences import about_source
from tests.train.test_loudness_normalisation import note_of


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[Path, Path]:
    """(folder of notes, model of a few steps)"""
    data = tmp_path_factory.mktemp("credits")
    write_part(data, [note_of(d.pitch, d.velocity) for d in draws(40, "Saw", True, 36, 84)])
    sources = [about_source(Path("/fonts/FluidR3_GM.sf2"), "SoundFont") | {"draws": 40}, {"kind": "recordings", "name": "my saw"}]
    write_data(data, {"sources": sources})
    run, model = data / "run", data / "model"
    assert main(["autoencoder", str(data), "--run", str(run), "--steps", "3", "--notes", "8", "--width", "16", "--note-width", "16",
                 "--threads", "1", "--mixed", "0.3"]) == 0
    assert main(["export", str(data), str(run), str(model), "--name", "Credits"]) == 0
    return data, model


def test_sources_and_licences(exported):
    _, model = exported
    card = json.loads(model.with_suffix(".json").read_text())
    assert "Frank Wen" in card["source"] and "my saw" in card["source"]
    assert card["licence"] == "FluidR3_GM.sf2: MIT; my saw: that of its recordings"
    assert "Permission is hereby granted" in card["licence_text"]
    assert "--of FluidR3_GM.sf2 my saw --draws 40" in card["reproduce"] and card["about"].startswith("1 instrument of")


def test_the_loudness_over_the_keys_is_that_of_the_notes(exported):
    data, path = exported
    bank, model = NoteBank(data), load_model(path)
    trend = key_trend.read(model.card, model.latents)
    assert trend is not None and bank.levelled is not None
    assert np.allclose(trend.lufs[0], bank.levelled.instruments[0].lufs, atol=0.01)
    preset = model.card["presets"]["Saw"]
    assert preset["dynamics_db"] == pytest.approx(36, abs=1.5)
    assert preset["gain_db"] == key_trend.levelling_gain_db(trend.keys, trend.lufs[0])
