"""The decoder: a row's frame depends on that row alone, and stays within what a frame may say."""
import numpy as np
import pytest
import torch

from models.conditioning import ROWS, row_times_s
from models.frame import DEVIATION, FRAME_SIZE, HIGHEST, LEVEL, LOWEST, PARTIALS
from models.model import untrained

torch.set_num_threads(1)


def inputs(rows, seed=0):
    g = torch.Generator().manual_seed(seed)
    return (torch.randn(rows, 16, generator=g), 21 + 87 * torch.rand(rows, generator=g),
            127 * torch.rand(rows, generator=g), 4 * torch.rand(rows, generator=g))


@pytest.mark.parametrize("rows", [1, 2, 7, 64])
def test_batch_size_does_not_change_a_row(rows):
    model, x = untrained(), inputs(256)
    whole = model.frames(*x)
    for start in range(0, 256 - rows, 61):
        part = model.frames(*(v[start:start + rows] for v in x))
        assert (part - whole[start:start + rows]).abs().max() < 1e-3       # dB; float32 sums in another order


def test_within_limits_for_any_latents():
    model = untrained()
    z, pitch, velocity, time_s = inputs(256)
    for scale in (1, 3, 100):
        frames = model.frames(z * scale, pitch, velocity, time_s).numpy()
        assert frames.shape == (256, FRAME_SIZE)
        assert frames.dtype == np.float32
        assert np.all(frames >= LOWEST)
        assert np.all(frames <= HIGHEST)


def test_time_and_pitch_are_continuous():
    model, (z, pitch, velocity, time_s) = untrained(), inputs(64)
    here = model.frames(z, pitch, velocity, time_s)
    assert (model.frames(z, pitch, velocity, time_s + 1e-4) - here)[:, LEVEL].abs().max() < 1
    assert (model.frames(z, pitch + 0.01, velocity, time_s) - here)[:, LEVEL].abs().max() < 1


def test_the_same_seed_gives_the_same_model():
    x = inputs(8)
    assert torch.equal(untrained(seed=1).frames(*x), untrained(seed=1).frames(*x))
    assert not torch.equal(untrained(seed=1).frames(*x), untrained(seed=2).frames(*x))


def test_start_phases_are_angles():
    z, pitch, velocity, _ = inputs(9)
    phase = untrained().start_phase(z, pitch, velocity)
    assert phase.shape == (9, PARTIALS)
    assert phase.abs().max() <= np.pi + 1e-6
    assert phase.std() > 0.1


def test_untrained_is_in_tune():
    assert untrained().frames(*inputs(64))[:, DEVIATION].abs().max() == 0


def test_rows_of_the_note_image_rise_and_stand_on_hops():
    t = row_times_s()
    assert len(t) == ROWS
    assert np.all(np.diff(t) > 1e-3)
    assert t[0] == 0
    assert t[-1] == 4
    assert np.allclose(t[:54] * 750, np.arange(54))
    assert np.allclose(t[54:] * 187.5, np.round(t[54:] * 187.5))
