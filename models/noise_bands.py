"""Levels of noise in ERB bands, from what the partials leave of a note.

The residual is a comb: next to nothing where partials were, the untouched noise between them. Each bin of a short-time
transform is therefore divided by what the comb leaves of white noise there, and counts by how much that is. Bands are
averaged in the logarithm: for Gaussian noise the mean of the log power lies 0.577 nepers (Euler's constant) under the log
of the mean, and unlike the mean it hardly sees the rest of a partial.
"""
import numpy as np
import torch

from models.filterbank import Spectrum
from models.frame import BAND_CENTRES_HZ, BAND_EDGES_HZ, LEVEL_CEILING_DB, NOISE_FLOOR_DB, erb_rate

Tensor = torch.Tensor
NEPERS_TO_DB = 10 / np.log(10)
EULER = 0.5772156649


def comb_gain(spectrum: Spectrum, taken: Tensor, size: int) -> Tensor:
    """Share of white noise that the residual of `taken` keeps, seen through a Hann window of `size` [size // 2 + 1]."""
    lags = torch.fft.irfft((1 - taken) ** 2, n=spectrum.size)
    window = torch.hann_window(size, device=taken.device)
    shape = torch.fft.irfft(torch.fft.rfft(window, n=2 * size).abs() ** 2)[:size]
    reach = min(size, len(lags) // 2)
    folded = torch.zeros(2 * size, device=taken.device)
    folded[:reach] = lags[:reach] * shape[:reach]
    folded[2 * size - reach + 1:] = (lags[1:reach] * shape[1:reach]).flip(0)
    return (torch.fft.rfft(folded).real[::2] / shape[0]).clamp(1e-4, 1)


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
    power = torch.fft.rfft(frames * window).abs() ** 2 * (2 / (rate_hz * float((window ** 2).sum())))
    log = torch.log(power / gain + 1e-24)
    weights = torch.as_tensor(band_weights(size, rate_hz), dtype=torch.float32, device=device)
    reliable = torch.where(gain > 0.1, gain, 1e-9 * gain)
    mean = ((log * reliable) @ weights.T) / (reliable @ weights.T).clamp(min=1e-12)
    high = np.minimum(BAND_EDGES_HZ[1:], rate_hz / 2)
    bandwidth = np.clip(high - BAND_EDGES_HZ[:-1], 1e-12, None)
    level = (mean + EULER) * NEPERS_TO_DB + torch.as_tensor(10 * np.log10(bandwidth), dtype=torch.float32, device=device)
    level[:, torch.as_tensor(BAND_EDGES_HZ[:-1] >= rate_hz / 2, device=device)] = NOISE_FLOOR_DB
    return level.clamp(NOISE_FLOOR_DB, LEVEL_CEILING_DB)


