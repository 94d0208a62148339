"""The decoder, as it learns and as it is played: a row's frame depends on that row alone, and stays within what a frame may say."""
import numpy as np
import pytest
import torch

from hummingface.models.learning.autoencoder import Encoder, weights_of
from hummingface.models.learning.decoder import Decoder
from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.decoder_numpy import NumpyDecoder, add_and_silu
from hummingface.models.playing.encoder_numpy import encode
from hummingface.models.playing.frame import DEVIATION, FRAME_SIZE, HIGHEST, LEVEL, LOWEST, PARTIALS
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import Shape, tensor_shapes
from hummingface.models.playing.untrained import untrained


def inputs(rows, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, 16)), 21 + 87 * rng.random(rows), 127 * rng.random(rows), 4 * rng.random(rows)


@pytest.mark.parametrize("rows", [1, 2, 7, 64])
def test_batch_size_does_not_change_a_row(rows):
    model, x = untrained(), inputs(256)
    whole = model.frames(*x)
    for start in range(0, 256 - rows, 61):
        part = model.frames(*(v[start:start + rows] for v in x))
        assert np.abs(part - whole[start:start + rows]).max() < 1e-3       # dB; float32 sums in another order


def test_within_limits_for_any_latents():
    model = untrained()
    z, pitch, velocity, time_s = inputs(256)
    for scale in (1, 3, 100):
        frames = model.frames(z * scale, pitch, velocity, time_s)
        assert frames.shape == (256, FRAME_SIZE)
        assert frames.dtype == np.float32
        assert np.all(frames >= LOWEST)
        assert np.all(frames <= HIGHEST)


def test_time_and_pitch_are_continuous():
    model, (z, pitch, velocity, time_s) = untrained(), inputs(64)
    here = model.frames(z, pitch, velocity, time_s)
    assert np.abs(model.frames(z, pitch, velocity, time_s + 1e-4) - here)[:, LEVEL].max() < 1
    assert np.abs(model.frames(z, pitch + 0.01, velocity, time_s) - here)[:, LEVEL].max() < 1


def test_the_same_seed_gives_the_same_model():
    x = inputs(8)
    assert np.array_equal(untrained(seed=1).frames(*x), untrained(seed=1).frames(*x))
    assert not np.array_equal(untrained(seed=1).frames(*x), untrained(seed=2).frames(*x))


def test_start_phases_are_angles():
    z, pitch, velocity, _ = inputs(9)
    phase = untrained().start_phase(z, pitch, velocity)
    assert phase.shape == (9, PARTIALS)
    assert np.abs(phase).max() <= np.pi + 1e-6
    assert phase.std() > 0.1


def test_untrained_is_in_tune():
    assert np.abs(untrained().frames(*inputs(64))[:, DEVIATION]).max() == 0


def test_rows_of_the_note_image_rise_and_stand_on_hops():
    t = row_times_s()
    assert len(t) == ROWS
    assert np.all(np.diff(t) > 1e-3)
    assert t[0] == 0
    assert t[-1] == 4
    assert np.allclose(t[:54] * 750, np.arange(54))
    assert np.allclose(t[54:] * 187.5, np.round(t[54:] * 187.5))


@pytest.mark.parametrize("shape", [Shape(), Shape(latents=3, width=40, note_depth=1, time_depth=3, phase_width=16, phase_depth=1)])
def test_what_is_played_is_what_has_learnt(shape):
    torch.manual_seed(0)
    decoder, encoder = Decoder(shape), Encoder(shape.latents, 24)
    weights = weights_of(decoder, encoder)
    assert {name: array.shape for name, array in weights.items()} == tensor_shapes(shape, 24)
    z, *others = inputs(33)
    z = z[:, :shape.latents]
    played = NumpyDecoder(shape, weights)
    ask = [torch.from_numpy(x.astype(np.float32)) for x in (z, *others)]
    with torch.no_grad():
        assert np.abs(played.at(played.note(z, *others[:2]), others[2]) - decoder(*ask).numpy()).max() < 1e-3
        assert np.abs(played.phase_vectors(z, *others[:2]) - decoder.phase_vectors(*ask[:3]).numpy()).max() < 1e-4


def test_the_encoder_that_hears_recordings_is_what_has_learnt():
    torch.manual_seed(0)
    shape = Shape(latents=5, width=24, note_width=24, phase_width=16)
    encoder, rng = Encoder(5, 24), np.random.default_rng(0)
    model = Model("A", {}, shape, weights_of(Decoder(shape), encoder))
    rows = (LOWEST + (HIGHEST - LOWEST) * rng.random((ROWS, FRAME_SIZE))).astype(np.float32)
    with torch.no_grad():
        learnt = encoder(torch.from_numpy(rows)[None], torch.tensor([57.0]), torch.tensor([90.0]))[0].numpy()
    assert np.abs(encode(model, rows, 57.0, 90.0) - learnt).max() < 1e-4


def test_the_fast_silu_is_silu():
    x = np.linspace(-30, 30, 20_001, dtype=np.float32)[None]
    said = x.copy()
    add_and_silu(said, np.zeros_like(x))
    x = x.astype(np.float64)
    assert np.abs(said - x / (1 + np.exp(-x))).max() < 4e-6
