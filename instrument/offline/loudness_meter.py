"""Integrated loudness of a sound of any length and rate, a block at a time: ITU-R BS.1770-5, gated, in LUFS."""
import math

import numpy as np
from scipy.signal import sosfilt

from hummingface.models.playing.loudness import OFFSET_LUFS, SILENT_LUFS

STEP_S, STEPS = 0.1, 4              # windows of 0.4 s, each a step after the one before
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
# What the standard's coefficients for 48 kHz are the bilinear transforms of: the head's shelf, then the high-pass.
SHELF_HZ, SHELF_Q, SHELF_DB, SHELF_SLOPE = 1681.974450955533, 0.7071752369554196, 3.999843853973347, 0.4996667741545416
HIGH_PASS_HZ, HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773


def k_weighting(rate_hz: int) -> np.ndarray:
    """The K-weighting's two sections at a sample rate, float64 [2, 6], as scipy's `sosfilt` takes them."""
    k = math.tan(math.pi * SHELF_HZ / rate_hz)
    high = 10 ** (SHELF_DB / 20)
    middle, whole = high ** SHELF_SLOPE * k / SHELF_Q, 1 + k / SHELF_Q + k * k
    shelf = [(high + middle + k * k) / whole, 2 * (k * k - high) / whole, (high - middle + k * k) / whole,
             1.0, 2 * (k * k - 1) / whole, (1 - k / SHELF_Q + k * k) / whole]
    k = math.tan(math.pi * HIGH_PASS_HZ / rate_hz)
    whole = 1 + k / HIGH_PASS_Q + k * k
    return np.array([shelf, [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / whole, (1 - k / HIGH_PASS_Q + k * k) / whole]])


class LoudnessMeter:
    """Feed it a sound in blocks of any size, then ask."""

    def __init__(self, rate_hz: int) -> None:
        self._sections = k_weighting(rate_hz)
        self._filter_state = np.zeros((len(self._sections), 2, 2))
        self._step = round(STEP_S * rate_hz)
        self._rest = np.zeros(0)                    # power of samples that fill no step yet
        self._steps: list[np.ndarray] = []          # mean power of each step, both channels together

    def feed(self, block: np.ndarray) -> None:
        """The next samples, float32 [n, 2]."""
        weighted, self._filter_state = sosfilt(self._sections, block, axis=0, zi=self._filter_state)
        power = np.concatenate([self._rest, (weighted ** 2).sum(1)])
        whole = len(power) // self._step * self._step
        self._steps.append(power[:whole].reshape(-1, self._step).mean(1))
        self._rest = power[whole:]

    def integrated_lufs(self) -> float:
        """Loudness of all of it, in LUFS; -120 for what is silent or shorter than 0.4 s."""
        steps = np.concatenate([np.zeros(0), *self._steps])
        if len(steps) < STEPS:
            return SILENT_LUFS
        power = np.convolve(steps, np.full(STEPS, 1 / STEPS), "valid")
        heard = power[power > _power(ABSOLUTE_GATE_LUFS)]
        if not len(heard):
            return SILENT_LUFS
        heard = heard[heard > heard.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
        return float(OFFSET_LUFS + 10 * np.log10(heard.mean()))


def _power(lufs: float) -> float:
    return 10 ** ((lufs - OFFSET_LUFS) / 10)
