"""No model with NaN or Inf in it is opened, wherever in its weights they stand: each network of it, of both kinds of models."""
import hashlib
import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from hummingface.models.playing.checkpoint import ModelError, load_model, save_model
from hummingface.models.playing.shape import Shape, tensor_shapes
from hummingface.models.playing.stft_shape import StftShape, stft_tensor_shapes
from hummingface.models.playing.untrained import untrained, untrained_notes

FRAMES = sorted(tensor_shapes(Shape(latents=4, width=24), 16))
NOTES = sorted(stft_tensor_shapes(StftShape(4, 8, 60, 60, encoder=False)))


def save_small(kind, folder):
    model = untrained(latents=4, width=24, encoder_width=16) if kind == "frames" else untrained_notes(latents=4)
    save_model(model, folder / "small", np.float32)
    return folder / "small"


@pytest.fixture(scope="module")
def stems(tmp_path_factory):
    return {kind: save_small(kind, tmp_path_factory.mktemp(kind)) for kind in ("frames", "notes")}


@pytest.mark.parametrize("value", [np.nan, np.inf], ids=str)
@pytest.mark.parametrize(("kind", "tensor"), [("frames", name) for name in FRAMES] + [("notes", name) for name in NOTES])
def test_one_weight_that_is_not_finite_is_enough(stems, tmp_path, kind, tensor, value):
    stem = stems[kind]
    tensors = load_file(stem.with_suffix(".safetensors"))
    tensors[tensor].flat[-1] = value
    data, card = save(tensors), json.loads(stem.with_suffix(".json").read_text())
    (tmp_path / "bad.safetensors").write_bytes(data)
    (tmp_path / "bad.json").write_text(json.dumps(card | {"sha256": hashlib.sha256(data).hexdigest()}))
    with pytest.raises(ModelError, match=f"{tensor.replace('.', '[.]')} holds NaN or Inf"):
        load_model(tmp_path / "bad")


def test_all_networks_of_a_model_are_meant(stems):
    """The tests above look at each: what plays, and what listens."""
    assert {name.split(".")[0] for name in FRAMES} == {"decoder", "encoder"}
    for kind, names in (("frames", FRAMES), ("notes", NOTES)):
        assert sorted(load_file(stems[kind].with_suffix(".safetensors"))) == names
        load_model(stems[kind])
