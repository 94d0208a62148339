"""Named knobs of an autoencoder: measured directions, and that they do what they say, on the factory model."""
from pathlib import Path

import numpy as np

from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.decoder_numpy import NumpyDecoder
from hummingface.models.playing.frame import NOISE
from hummingface.models.playing.knobs import with_offsets
from hummingface.models.playing.model import Model
from hummingface.models.playing.untrained import untrained
from hummingface.train.data.characteristics import CHARACTERISTICS
from hummingface.train.exporting.find_knobs import correlations, directions, family_directions, measured

FACTORY = Path(__file__).parents[2] / "assets" / "models" / "fluidr3_atlas"


class Hissing(NumpyDecoder):
    """Says the same at every point of latent space, but for its noise: 6 dB for each unit of latent 2."""

    def note(self, z, pitch, velocity):
        return np.concatenate([super().note(0 * z, pitch, velocity), z[:, 1:2]], 1)

    def at(self, note, time_s):
        frames = super().at(note, time_s)
        frames[:, NOISE] += 6 * note[:, -2:-1]                          # the model adds the pitch at the end
        return frames


def test_the_direction_of_noise_is_found():
    model = untrained(latents=3, width=24)
    model.decoder = Hissing(model.shape, model.weights)
    noisy = directions(model)["characteristic.noisiness"]["directions"]
    assert list(noisy) == list(model.presets)
    for direction in noisy.values():
        assert np.allclose(direction, [0, 0.5, 0], atol=0.1)            # UNIT long, and along latent 2


def test_families_lead_from_the_middle_to_their_own():
    model = untrained(latents=4, width=24)
    for i, preset in enumerate(model.card["presets"].values()):
        preset["family"] = "brass" if i < 2 else "reed"
    found = family_directions(model)
    points = np.array(list(model.presets.values()))
    assert np.allclose(points.mean(0) + found["family.brass"]["direction"], points[:2].mean(0), atol=1e-3)
    assert list(found) == ["family.brass", "family.reed"]


def test_the_factory_models_knobs_do_what_they_say():
    """By the mean over notes at other random keys: single notes of an autoencoder may go the other way (docs/decisions/knobs.md)."""
    model = load_model(FACTORY)
    assert isinstance(model, Model)
    knobs = model.knobs
    told = [name for name in knobs if name.startswith("characteristic.")]      # an onset's has not been found (docs/decisions/knobs.md)
    assert len(told) >= 6, "`hummingface train knobs` has not been run on it, or found little"
    assert sum(name.startswith("family.") for name in knobs) >= 10
    for name, tried in correlations(model, knobs, seed=11).items():
        assert round(tried["correlation"], 9) >= 0.9, name
    z = np.array(model.presets["Flute"])
    brass = np.mean([model.presets[n] for n, p in model.card["presets"].items() if p["family"] == "brass"], 0)
    far = [np.linalg.norm(with_offsets(knobs, z, {"family.brass": share}) - brass) for share in (0, 0.5)]
    assert far[0] > far[1]
    assert measured(model, z[None], np.array([60.0])).shape == (1, len(CHARACTERISTICS))
