"""Knob units: order, scale and reach of the axes, and folding them into layers."""
import numpy as np
import torch
from torch import nn

from hummingface.models.learning.latent_space import find_axes, fold_input, fold_output

rng = np.random.default_rng(0)
POINTS = rng.standard_normal((60, 5)) @ rng.standard_normal((5, 5)) + 3
EFFECT = rng.standard_normal((5, 40)) * np.array([[10], [1], [0.1], [3], [0.3]])


def heard(raw):
    return np.tanh(raw @ EFFECT / 50) * 50


def test_round_trip():
    axes = find_axes(POINTS, heard)
    assert np.allclose(axes.to_raw(axes.to_knobs(POINTS)), POINTS)
    assert np.allclose(axes.to_knobs(axes.to_raw(np.eye(5))), np.eye(5))


def test_knobs_are_centred_standard_and_within_reach():
    knobs = find_axes(POINTS, heard).to_knobs(POINTS)
    assert np.allclose(knobs.mean(0), 0, atol=1e-9)
    assert np.all(knobs.std(0) < 1.05)
    assert np.all(knobs.std(0) > 0.5)
    assert np.abs(knobs).max() <= 3 + 1e-6


def test_knob_1_does_the_most():
    axes = find_axes(POINTS, heard)
    does = [np.mean(np.linalg.norm(heard(axes.to_raw(np.eye(5)[i] * 0.5 + k)) - heard(axes.to_raw(k - np.eye(5)[i] * 0.5))))
            for i in range(5) for k in [np.zeros(5)]]
    assert np.all(np.diff(does) < 0.05 * does[0])
    assert does[0] > 3 * does[-1]


def test_folding_keeps_the_sound():
    axes = find_axes(POINTS, heard)
    first, last = nn.Linear(9, 7), nn.Linear(6, 5)
    knobs = torch.from_numpy(axes.to_knobs(POINTS)).float()
    rest, hidden = torch.randn(60, 4), torch.randn(60, 6)
    with torch.no_grad():
        before = first(torch.cat([torch.from_numpy(POINTS).float(), rest], 1))
        raw = last(hidden).numpy()
        fold_input(first, axes)
        fold_output(last, axes)
        assert torch.allclose(first(torch.cat([knobs, rest], 1)), before, atol=1e-4)
        assert np.allclose(last(hidden).numpy(), axes.to_knobs(raw), atol=1e-4)
