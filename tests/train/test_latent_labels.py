"""What each latent mostly does: found where there is something to find, and what cards say of it holds at points that were not measured."""
from typing import Any, ClassVar

import numpy as np
import pytest

from hummingface.instrument.patches import library
from hummingface.models.playing.frame import FRAME_SIZE, LEVEL, LOWEST, NOISE, VIBRATO
from hummingface.models.playing.playable import read_latent_labels
from hummingface.models.playing.shape import ModelError
from hummingface.train.data.characteristics import CHARACTERISTICS
from hummingface.train.exporting import latent_labels
from hummingface.train.exporting.latent_labels import changes

SAME_ELSEWHERE = 0.65                   # of other points, over all labels: half would be chance
POINTS = 10


class Invented:
    """Latent 1 takes vibrato away, 2 makes notes noisier, 3 gives them vibrato here and takes it there, 4 does nothing."""
    presets: ClassVar = {str(i): list(z) for i, z in enumerate(np.random.default_rng(0).uniform(-1, 1, (20, 4)))}
    latents = free_latents = 4

    def note(self, z, pitch, velocity):
        return z

    def frames_at(self, note, times):
        rows = np.zeros((len(note), FRAME_SIZE))
        rows[:, LEVEL] = LOWEST[LEVEL]
        rows[:, LEVEL.start:LEVEL.start + 20] = -20
        rows[:, NOISE] = -70 + 6 * note[:, 1:2]
        rows[:, VIBRATO.start] = 20 - 3 * note[:, 0] + 3 * np.sign(np.sin(9 * note[:, 1])) * note[:, 2]
        return rows


def test_a_latent_is_called_what_it_does_everywhere():
    model: Any = Invented()
    less, noisy, either, nothing = latent_labels.latent_labels(model, count=30)
    assert (less["label"], less["characteristic"]) == ("still", "vibrato") and less["change"] < -1 and less["same"] > 0.9
    assert (noisy["label"], noisy["characteristic"]) == ("breathy", "noisiness")
    assert either is None and nothing is None


def test_latents_that_do_the_same_are_told_apart(monkeypatch):
    """By what they do most besides, the strongest first, unless another one is called by it; what is weak or by chance is no word."""
    names, signs = list(CHARACTERISTICS), np.where(np.arange(20) < 15, 1, -1)
    found = np.zeros((5, 20, len(names)))
    by_chance = 0.9 * signs * (np.arange(20) % 2 * 2 - 1)
    every: list[dict[str, Any]] = [{"attack": 0.9, "fuzz": 0.8}, {"attack": 0.6, "fuzz": 0.5, "brightness": -0.4},
                                   {"attack": 0.7, "fuzz": 0.1}, {"decay": 1.0, "fuzz": 0.9}, {"attack": 0.5, "vibrato": by_chance}]
    for latent, does in enumerate(every):
        for name, change in does.items():
            found[latent, :, names.index(name)] = change
    monkeypatch.setattr(latent_labels, "changes", lambda *_: found)
    model: Any = Invented()
    labels = latent_labels.latent_labels(model)
    assert [label["label"] for label in labels] == ["slow, rough", "slow, dark", "slow", "short", "slow"]
    assert labels[1]["besides"] == {"characteristic": "brightness", "change": -0.4, "same": 1.0} and "besides" not in labels[3]


@pytest.mark.parametrize("name", ["FluidR3 Atlas", "FluidR3 Dream"])
def test_labels_of_the_factorys_models_hold_at_other_points(name):
    """`hummingface train labels MODEL` after its weights have changed."""
    model: Any = library.load_model(name)
    stored = model.card["latent_labels"]
    assert len(stored) == model.free_latents and sum(about is not None for about in stored) >= 1
    labelled = [latent for latent, about in enumerate(stored) if about is not None]
    words = [stored[latent]["label"] for latent in labelled]
    assert len(set(words)) == len(words), "no two are called alike"
    moved, besides = [], []
    for latent, change in zip(labelled, changes(model, labelled, seed=11, count=POINTS), strict=True):
        for about, into in ((stored[latent], moved), (stored[latent].get("besides"), besides)):
            if about is not None:
                into.append(change[:, list(CHARACTERISTICS).index(about["characteristic"])] * np.sign(about["change"]))
    assert np.mean(moved) > 0.3
    assert np.mean([(change > 0).mean() for change in moved]) >= SAME_ELSEWHERE
    assert not besides or np.mean(besides) > 0.15


def test_models_of_whole_notes_have_numbers_alone():
    with pytest.raises(ModelError, match="numbers alone"):
        latent_labels.latent_labels(library.load_model("Seed GAN"))
    assert library.latent_labels_of("Seed GAN") == []


@pytest.mark.parametrize("stored", ["bright", [1], [{"label": 3}], [{"label": "x" * 21}], [{"label": "a\nb"}], [None] * 17, {"1": ""}])
def test_what_a_card_says_of_latents_is_checked(stored):
    with pytest.raises(ModelError, match="latent_labels"):
        read_latent_labels({"latent_labels": stored}, 16)


def test_labels_are_read():
    assert read_latent_labels({"latent_labels": [{"label": "bright", "change": 1}, None]}, 16) == ["bright", ""]
    assert read_latent_labels({}, 16) == []
