"""Every model of whole notes that ships, through the engine, by a tracker that knows none of it: patches and presets are in tune within 5
cents, where they have a pitch (recorded drums are among them, and notes that die away while they are judged). Every third key of a patch
and some of each preset are tried here, all of them by `tests/bench/seed_tuning.py`."""
import numpy as np
import pytest

from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.performance import sound_bank
from hummingface.instrument.performance.sound_bank import source_of
from hummingface.models.playing.checkpoint import load_model
from tests.bench.seed_tuning import ASSETS, MOST_CENTS, off_keys

KEYS = range(21, 109, 3)
PATCHES = [entry for entry in library.patches() if entry.factory and "seed" in entry.tags]
MODELS = sorted(ASSETS.glob("seed_*.safetensors"))
NOTES = 40                        # of each model's presets, each at other keys, most keys in three models; the bench tries more
NOISES_SHARE = 0.1                # some recorded instruments have no pitch at some keys, or have died away


@pytest.mark.parametrize("entry", PATCHES, ids=lambda entry: entry.path.stem)
def test_every_key_of_a_patch(entry):
    sound = sound_bank.open_sound(patch_file.load(entry.path))
    off = dict(off_keys(sound.source, sound.patch.latents, KEYS))
    assert len(off) == len(KEYS) and not {key: cents for key, cents in off.items() if cents is None or abs(cents) > MOST_CENTS}


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_keys_of_every_preset(path):
    model = load_model(path)
    source, noises, wrong = source_of(model), [], []
    each = max(1, NOTES // len(model.presets))
    for number, (name, z) in enumerate(model.presets.items()):
        keys = (np.linspace(0, 88, each, endpoint=False).astype(int) + 5 * number) % 88 + 21
        for key, cents in off_keys(source, z, keys.tolist()):
            if cents is None:
                noises.append((name, key))
            elif abs(cents) > MOST_CENTS:
                wrong.append((name, key, round(cents, 1)))
    notes = each * len(model.presets)
    assert not wrong
    assert len(noises) <= NOISES_SHARE * notes, noises
