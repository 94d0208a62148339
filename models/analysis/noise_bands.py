"""Levels of a note's residual noise in ERB bands.

The residual is a comb: almost nothing where partials were, the untouched noise between them. Each bin of a short-time
transform is therefore divided by the comb's response to white noise there, and weighted by that response. Bands are
averaged in the logarithm: for Gaussian noise the mean of the log power lies 0.577 nepers (Euler's constant) under the log
of the mean, and unlike the mean it is hardly affected by remains of a partial. Where the two means lie closer together for longer
(a hum, which no slot carries), the sound is steadier than noise and only what lies between them is added.
"""
from functools import lru_cache

import numpy as np
import scipy.fft

from hummingface.models.analysis.spectrum import Spectrum
from hummingface.models.playing.frame import BAND_CENTRES_HZ, BAND_EDGES_HZ, LEVEL_CEILING_DB, NOISE_FLOOR_DB, erb_rate

NEPERS_TO_DB = 10 / np.log(10)
EULER = 0.5772156649
STEADY_FRAMES = 19                     # odd: 0.2 s of every other hop


def comb_gain(spectrum: Spectrum, taken: np.ndarray, size: int) -> np.ndarray:
    """Share of white noise that the residual of `taken` keeps, seen through a Hann window of `size` [size // 2 + 1]."""
    # the window sees nothing finer than its own bins: a grid 4 times as fine is enough
    fine = 4 * size
    kept = np.concatenate([[0.0], np.cumsum((1 - taken.astype(np.float64)) ** 2)])
    edges = (np.arange(fine // 2 + 2) - 0.5).clip(0) * (spectrum.size / fine)
    edges = edges.clip(0, len(kept) - 1)
    share = np.diff(np.interp(edges, np.arange(len(kept)), kept)) / np.maximum(np.diff(edges), 1e-9)
    window = np.hanning(size + 1)[:-1]
    shape = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * size)) ** 2)[:size]
    lags = np.fft.irfft(share)[:size] * shape
    folded = np.concatenate([lags, [0.0], lags[:0:-1]])
    return np.clip(np.fft.rfft(folded).real[::2] / shape[0], 1e-4, 1).astype(np.float32)


@lru_cache(8)
def band_weights(size: int, rate_hz: int) -> np.ndarray:
    """Which bins tell about which band [BANDS, size // 2 + 1]: those inside, and faintly its surroundings."""
    width = rate_hz / size
    hz = np.arange(size // 2 + 1) * width
    low, high = BAND_EDGES_HZ[:-1, None], BAND_EDGES_HZ[1:, None]
    inside = np.clip(np.minimum(hz + width / 2, high) - np.maximum(hz - width / 2, low), 0, None) / width
    far = (erb_rate(hz) - erb_rate(BAND_CENTRES_HZ)[:, None]) / (erb_rate(BAND_EDGES_HZ[1]) - erb_rate(BAND_EDGES_HZ[0]))
    around = np.exp(-0.5 * (far / 1.5) ** 2)
    weights = inside + 1e-3 * around + 1e-6 * np.exp(-0.5 * (far / 6) ** 2)
    weights[:, 0] = 0                                                        # DC is no noise
    return weights


def band_levels(residual: np.ndarray, rate_hz: int, centres: np.ndarray, size: int, gain: np.ndarray) -> np.ndarray:
    """Level in dB of each band at samples `centres` [T] of `residual` [S]: [T, BANDS]. `gain` [T or 1, size // 2 + 1]."""
    half = size // 2
    padded = np.pad(residual, (half, max(0, int(centres.max()) + size - len(residual))))
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    bins = scipy.fft.rfft(padded[centres[:, None] + np.arange(size)] * window, overwrite_x=True)
    power = (np.square(bins.real) + np.square(bins.imag)) * np.float32(2 / (rate_hz * float((window ** 2).sum())))
    power = power / gain + np.float32(1e-24)
    weights = band_weights(size, rate_hz).astype(np.float32).T
    reliable = np.where(gain > 0.1, gain, np.float32(1e-9) * gain)
    count = np.maximum(reliable @ weights, 1e-12)
    mean = ((np.log(power) * reliable) @ weights) / count
    arithmetic = np.log(((power * reliable) @ weights) / count + np.float32(1e-24))
    added = np.full_like(mean, EULER)
    if len(mean) > STEADY_FRAMES:
        added = (np.log(_moving_mean(np.exp(arithmetic))) - _moving_mean(mean)).clip(0, EULER)
    high = np.minimum(BAND_EDGES_HZ[1:], rate_hz / 2)
    bandwidth = np.clip(high - BAND_EDGES_HZ[:-1], 1e-12, None)
    level = (mean + added) * NEPERS_TO_DB + 10 * np.log10(bandwidth)
    level[:, BAND_EDGES_HZ[:-1] >= rate_hz / 2] = NOISE_FLOOR_DB
    return level.clip(NOISE_FLOOR_DB, LEVEL_CEILING_DB).astype(np.float32)


def _moving_mean(x: np.ndarray) -> np.ndarray:
    """Over STEADY_FRAMES of [T, BANDS] around each; at the ends over those there are."""
    beyond = STEADY_FRAMES // 2
    total = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((beyond, beyond), (0, 0))), STEADY_FRAMES, 0).sum(-1)
    at = np.arange(len(x))
    return total / (np.minimum(at + beyond + 1, len(x)) - np.maximum(at - beyond, 0))[:, None].astype(np.float32)
