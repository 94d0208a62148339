"""Levels of a note's residual noise in ERB bands.

The residual is a comb: almost nothing where partials were, the untouched noise between them. Each bin of a short-time
transform is therefore divided by the comb's response to white noise there, and weighted by that response. Bands are
averaged in the logarithm: for Gaussian noise the mean of the log power lies 0.577 nepers (Euler's constant) under the log
of the mean, and unlike the mean it is hardly affected by remains of a partial. Where the two means lie closer together for longer
(a hum, which no slot carries), the sound is steadier than noise and only what lies between them is added.
"""
from functools import lru_cache

import numpy as np
import torch

from hummingface.models.learning.spectrum import Spectrum
from hummingface.models.playing.frame import BAND_CENTRES_HZ, BAND_EDGES_HZ, LEVEL_CEILING_DB, NOISE_FLOOR_DB, erb_rate

Tensor = torch.Tensor
NEPERS_TO_DB = 10 / np.log(10)
EULER = 0.5772156649
STEADY_FRAMES = 19                     # odd: 0.2 s of every other hop


def comb_gain(spectrum: Spectrum, taken: Tensor, size: int) -> Tensor:
    """Share of white noise that the residual of `taken` keeps, seen through a Hann window of `size` [size // 2 + 1]."""
    # the window sees nothing finer than its own bins: a grid 4 times as fine is enough
    fine = 4 * size
    kept = np.concatenate([[0.0], np.cumsum((1 - taken.cpu().numpy().astype(np.float64)) ** 2)])
    edges = (np.arange(fine // 2 + 2) - 0.5).clip(0) * (spectrum.size / fine)
    edges = edges.clip(0, len(kept) - 1)
    share = np.diff(np.interp(edges, np.arange(len(kept)), kept)) / np.maximum(np.diff(edges), 1e-9)
    window = np.hanning(size + 1)[:-1]
    shape = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * size)) ** 2)[:size]
    lags = np.fft.irfft(share)[:size] * shape
    folded = np.concatenate([lags, [0.0], lags[:0:-1]])
    gain = np.clip(np.fft.rfft(folded).real[::2] / shape[0], 1e-4, 1)
    return torch.as_tensor(gain, dtype=torch.float32, device=taken.device)


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


def band_levels(residual: Tensor, rate_hz: int, centres: np.ndarray, size: int, gain: Tensor) -> Tensor:
    """Level in dB of each band at samples `centres` [T] of `residual` [S]: [T, BANDS]. `gain` [T or 1, size // 2 + 1]."""
    device = residual.device
    half = size // 2
    padded = torch.nn.functional.pad(residual, (half, max(0, int(centres.max()) + size - len(residual))))
    frames = padded[torch.as_tensor(centres, device=device)[:, None] + torch.arange(size, device=device)]
    window = torch.hann_window(size, device=device)
    bins = torch.view_as_real(torch.fft.rfft(frames * window))
    power = (bins * bins).sum(-1) * (2 / (rate_hz * float((window ** 2).sum())))
    log = torch.log(power / gain + 1e-24)
    weights = torch.as_tensor(band_weights(size, rate_hz), dtype=torch.float32, device=device)
    reliable = torch.where(gain > 0.1, gain, 1e-9 * gain)
    count = (reliable @ weights.T).clamp(min=1e-12)
    mean = ((log * reliable) @ weights.T) / count
    arithmetic = torch.log(((torch.exp(log) * reliable) @ weights.T) / count + 1e-24)
    added = torch.full_like(mean, EULER)
    if len(mean) > STEADY_FRAMES:
        average = lambda x: torch.nn.functional.avg_pool1d(x.T[None], STEADY_FRAMES, 1, STEADY_FRAMES // 2, False, False)[0].T  # noqa: E731
        added = (torch.log(average(torch.exp(arithmetic))) - average(mean)).clamp(0, EULER)
    high = np.minimum(BAND_EDGES_HZ[1:], rate_hz / 2)
    bandwidth = np.clip(high - BAND_EDGES_HZ[:-1], 1e-12, None)
    level = (mean + added) * NEPERS_TO_DB + torch.as_tensor(10 * np.log10(bandwidth), dtype=torch.float32, device=device)
    level[:, torch.as_tensor(BAND_EDGES_HZ[:-1] >= rate_hz / 2, device=device)] = NOISE_FLOOR_DB
    return level.clamp(NOISE_FLOOR_DB, LEVEL_CEILING_DB)


