"""Model files: what is saved is what plays, and nothing broken gets in."""
import hashlib
import json
import os
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from hummingface.models.playing.checkpoint import LARGEST_HEADER_BYTES, ModelError, load_model, save_model
from hummingface.models.playing.encoder_numpy import encode
from hummingface.models.playing.frame import FRAME_SIZE, HIGHEST, LOWEST
from hummingface.models.playing.model import Model
from hummingface.models.playing.untrained import untrained


@pytest.fixture
def stem(tmp_path):
    save_model(untrained(latents=4, width=24, encoder_width=16), tmp_path / "small", np.float32)
    return tmp_path / "small"


def ask(model, rows=7):
    z = np.random.default_rng(3).standard_normal((rows, model.latents))
    return model.frames(z, np.linspace(21, 108, rows), np.linspace(1, 127, rows), np.linspace(0, 4, rows))


def rewrite(stem, change):
    """Change the tensors, and the hash in the card with them: the file is whole, and wrong all the same."""
    tensors = load_file(stem.with_suffix(".safetensors"))
    change(tensors)
    rehash(stem, save(tensors))


def rehash(stem, data):
    stem.with_suffix(".safetensors").write_bytes(data)
    card = json.loads(stem.with_suffix(".json").read_text())
    card["sha256"] = hashlib.sha256(data).hexdigest()
    stem.with_suffix(".json").write_text(json.dumps(card))


def edit_card(stem, **entries):
    card = json.loads(stem.with_suffix(".json").read_text())
    stem.with_suffix(".json").write_text(json.dumps(card | entries))


@pytest.mark.parametrize("name", ["small", "small.safetensors", "small.json", "."])
def test_what_is_saved_is_what_plays(stem, name):
    original = untrained(latents=4, width=24, encoder_width=16)
    model = load_model(stem.parent / name)
    assert isinstance(model, Model) and model.latents == 4
    assert len(model.presets) == 6
    assert all(len(z) == 4 for z in model.presets.values())
    assert np.array_equal(ask(model), ask(original))
    assert encode(model, np.zeros((128, FRAME_SIZE)), 60, 100).shape == (4,)


def test_half_precision_is_close_and_half_the_size(stem):
    model = load_model(stem)
    save_model(model, stem.parent / "half")
    half = load_model(stem.parent / "half")
    assert np.abs(ask(half) - ask(model)).max() < 0.5
    sizes = [(stem.parent / f"{n}.safetensors").stat().st_size for n in ("half", "small")]
    assert sizes[0] < 0.6 * sizes[1]


@pytest.mark.parametrize("renames", range(4))
def test_a_save_that_is_cut_short_leaves_the_old_model_or_the_new_one(stem, monkeypatch, renames):
    """As where the process is killed after so many of its renames; `tests/bench/kills.py` kills processes."""
    done, rename = [], os.replace

    def replace(old, new):
        if len(done) == renames:
            raise KeyboardInterrupt
        done.append(new)
        rename(old, new)
    old, new = load_model(stem), untrained(seed=9, latents=4, width=24, encoder_width=16)
    monkeypatch.setattr(os, "replace", replace)
    if renames < 3:
        with pytest.raises(KeyboardInterrupt):
            save_model(new, stem, np.float32)
    else:
        save_model(new, stem, np.float32)
    monkeypatch.undo()
    left = load_model(stem)
    assert np.array_equal(ask(left), ask(old if renames < 2 else new))
    save_model(new, stem, np.float32)
    assert np.array_equal(ask(load_model(stem)), ask(new))
    assert len(list(stem.parent.iterdir())) == 2


def test_a_first_save_that_is_cut_short_is_completed_by_who_reads(stem):
    stem.with_suffix(".safetensors").rename(stem.with_name("small.safetensors.next"))
    assert load_model(stem).latents == 4
    assert len(list(stem.parent.iterdir())) == 2


def refused(path, words):
    with pytest.raises(ModelError, match=words) as caught:
        load_model(path)
    assert str(path.parent) in str(caught.value)


def test_absent(tmp_path):
    refused(tmp_path / "nothing", "no such file")
    with pytest.raises(ModelError, match="exactly one"):
        load_model(tmp_path)


@pytest.mark.parametrize("size", [0, 4, 100, 5000])
def test_truncated(stem, size):
    data = stem.with_suffix(".safetensors").read_bytes()[:size]
    stem.with_suffix(".safetensors").write_bytes(data)
    refused(stem, "SHA-256")
    rehash(stem, data)
    refused(stem, "truncated|not readable|not a readable")


def test_one_flipped_bit(stem):
    data = bytearray(stem.with_suffix(".safetensors").read_bytes())
    data[-3] ^= 1
    stem.with_suffix(".safetensors").write_bytes(bytes(data))
    refused(stem, "SHA-256")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_not_finite(stem, value):
    rewrite(stem, lambda t: t["decoder.out.weight"][0, 0:1].fill(value))
    refused(stem, "NaN or Inf")


def test_finite_weights_that_give_no_numbers(stem):
    def change(tensors):
        for tensor in tensors.values():
            tensor.fill(3e38)
    rewrite(stem, change)
    refused(stem, "gives NaN or Inf")


def test_an_encoder_that_gives_no_numbers(stem):
    rewrite(stem, lambda tensors: [tensor.fill(3e38) for name, tensor in tensors.items() if name.startswith("encoder.")])
    model = load_model(stem)
    assert isinstance(model, Model)
    with pytest.raises(ModelError, match="encoder gives NaN or Inf"):
        encode(model, np.zeros((128, FRAME_SIZE)), 60, 100)


def test_wrong_shape_name_and_type(stem):
    good = stem.with_suffix(".safetensors").read_bytes()
    for change, words in (
        (lambda t: t.update({"decoder.out.weight": np.zeros((2, 2), np.float32)}), "not float"),
        (lambda t: t.update({"extra": np.zeros(1, np.float32)}), "unknown"),
        (lambda t: t.pop("decoder.out.weight"), "missing"),
        (lambda t: t.update({"decoder.out.bias": np.zeros(24)}), "not float"),
    ):
        rehash(stem, good)
        rewrite(stem, change)
        refused(stem, words)


def test_huge_headers(stem):
    entries = {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(20_000)}
    header = json.dumps(entries).encode()
    assert len(header) > LARGEST_HEADER_BYTES
    rehash(stem, struct.pack("<Q", len(header)) + header)
    refused(stem, "header is larger")
    rehash(stem, struct.pack("<Q", 2**63) + b"{}")
    refused(stem, "header is larger")


def test_oversized(stem, monkeypatch):
    monkeypatch.setattr("hummingface.models.playing.checkpoint.LARGEST_WEIGHTS_BYTES", 1 << 10)
    refused(stem, "larger than")


@pytest.mark.parametrize(("entries", "words"), [
    ({"format": "other"}, "not a model card"), ({"version": 99}, "version"), ({"longest_s": 0.0}, "longest_s"),
    ({"sha256": None}, "sha256"), ({"presets": {"a": {"z": [1, 2]}}}, "preset 'a'"),
    ({"presets": {"a": {"z": [1e9, 0, 0, 0]}}}, "preset 'a'"), ({"presets": {"a": 3}}, "preset 'a'"),
    ({"presets": {"a": {"z": [0] * 4, "gain_db": "loud"}}}, "'gain_db' of preset 'a'"),
    ({"presets": {"a": {"z": [0] * 4, "gain_db": 1e308}}}, "'gain_db' of preset 'a'"),
    ({"velocities": 60}, "velocities"), ({"velocities": [100, 60]}, "velocities"), ({"velocities": [0, 127]}, "velocities"),
    ({"velocities": [1, 1e9]}, "velocities"), ({"velocities": None, "trained_on": {"layers": [["x", 1]]}}, "velocities"),
    ({"loudness": 3}, "loudness"), ({"loudness": {"keys": [60, 60], "lufs": {}}}, "keys"),
    ({"loudness": {"keys": [21, 108], "lufs": {"nobody": [0, 0]}}}, "lufs"),
    ({"loudness": {"keys": [21, 108], "lufs": {"Untrained 1": [0, 1e9]}}}, "loudness"),
    ({"pitches": 60}, "'pitches'"), ({"pitches": [60, 128]}, "'pitches'"), ({"pitches": ["a", "b"]}, "'pitches'"),
    ({"architecture": {"latents": 4}}, "width"), ({"architecture": None, "presets": {}}, "architecture"),
])
def test_bad_cards(stem, entries, words):
    edit_card(stem, **entries)
    refused(stem, words)


def test_architecture_that_would_eat_all_memory(stem):
    card = json.loads(stem.with_suffix(".json").read_text())
    edit_card(stem, architecture=card["architecture"] | {"width": 10**9})
    refused(stem, "width")
    edit_card(stem, architecture=card["architecture"] | {"pitch_waves": [0.5] * 10**5})
    refused(stem, "pitch_waves")


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"format": NaN}'])
def test_unreadable_card(stem, text):
    stem.with_suffix(".json").write_text(text)
    refused(stem, "card")


def test_untrained_is_a_tone_that_dies_away():
    model = untrained()
    z, ones = np.zeros((4, 16)), np.ones(4)
    frames = model.frames(z, 60 * ones, 100 * ones, np.array([0.0, 0.5, 1.0, 4.0]))
    assert np.all(frames >= LOWEST)
    assert np.all(frames <= HIGHEST)
    assert np.all(np.diff(frames[:, 0]) < -1)
    assert frames[0, 0] > -45
    assert np.mean(frames[0, :8]) > np.mean(frames[0, 40:48]) + 15
    assert not np.array_equal(model.frames(z + 1, 60 * ones, 100 * ones, ones), model.frames(z, 60 * ones, 100 * ones, ones))
