"""Knob units: latent space rotated so that knob 1 changes most, and scaled so that +-3 is the range.

Points of trained instruments are whitened (mean 0, deviation 1 along every axis), then rotated to the principal axes of the
audible change: the directions in which a step changes the decoded frames most come first. Any rotation keeps the whitening. The
map is folded into the first layers of the decoder and the last of the encoder, so players never see other units.
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import torch
from torch import nn

KNOB_RANGE = 3.0


@dataclass(frozen=True)
class LatentAxes:
    """`raw = middle + knobs @ axes`. middle [L], axes [L, L] (a row per knob)."""
    middle: np.ndarray
    axes: np.ndarray

    def to_raw(self, knobs: np.ndarray) -> np.ndarray:
        return self.middle + np.asarray(knobs) @ self.axes

    def to_knobs(self, raw: np.ndarray) -> np.ndarray:
        return np.linalg.solve(self.axes.T, (np.asarray(raw) - self.middle).T).T


def find_axes(points: np.ndarray, heard: Callable[[np.ndarray], np.ndarray], probes: int = 64, seed: int = 0) -> LatentAxes:
    """Axes for `points` [N, L]. `heard(raw [M, L]) -> [M, D]` gives the audible result of raw points, in units of equal weight.

    Each direction's effect is measured by central differences of half a deviation about every point.
    """
    points = np.asarray(points, np.float64)
    middle, latents = points.mean(0), points.shape[1]
    # a lone point has no spread: it gets about what training shook it by
    spread = np.cov(points.T).reshape(latents, latents) if len(points) > 1 else 0.01 * np.eye(latents)
    values, vectors = np.linalg.eigh(spread + 1e-6 * np.eye(latents))
    values = np.maximum(values, 0.02 * values.max())      # a direction that no instrument uses stays a gentle knob
    white = (vectors * np.sqrt(values)).T                                            # raw = middle + w @ white
    rng = np.random.default_rng(seed)
    chosen = points[rng.permutation(len(points))[:probes]]
    effect = np.zeros((latents, latents))
    for point in chosen:
        steps = np.concatenate([point + 0.5 * white, point - 0.5 * white])
        outputs = np.asarray(heard(steps), np.float64)
        slope = outputs[:latents] - outputs[latents:]                                      # [L, D]
        effect += slope @ slope.T / len(chosen)
    does, directions = np.linalg.eigh(effect)
    axes = directions.T @ white
    axes *= np.sign(axes[np.arange(latents), np.abs(axes).argmax(1)])[:, None]
    knobs = np.linalg.solve(axes.T, (points - middle).T).T
    stretch = np.maximum(1.0, np.abs(knobs).max(0) / KNOB_RANGE)                     # every instrument within reach
    order = np.argsort(-does * stretch ** 2)
    return LatentAxes(middle, (axes * stretch[:, None])[order])


def rotation_alone(axes: LatentAxes) -> LatentAxes:
    """The rotation nearest to these axes, about 0: points that are standard normal stay so."""
    return LatentAxes(np.zeros(len(axes.middle)), scipy.linalg.polar(axes.axes)[0])


@torch.no_grad()
def fold_input(linear: nn.Linear, axes: LatentAxes) -> None:
    """Let a layer that reads raw latents in its first columns read knobs instead."""
    latents = len(axes.middle)
    weight = linear.weight[:, :latents].double()
    linear.bias.add_((weight @ torch.from_numpy(axes.middle)).to(linear.bias))
    linear.weight[:, :latents] = (weight @ torch.from_numpy(axes.axes.T.copy())).to(linear.weight)


@torch.no_grad()
def fold_output(linear: nn.Linear, axes: LatentAxes) -> None:
    """Let a layer that gives raw latents give knobs instead."""
    inverse = torch.from_numpy(np.linalg.inv(axes.axes.T).copy())                      # knobs = inverse @ (raw - middle)
    linear.bias.copy_((inverse @ (linear.bias.double() - torch.from_numpy(axes.middle))).to(linear.bias))
    linear.weight.copy_((inverse @ linear.weight.double()).to(linear.weight))
