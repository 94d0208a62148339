"""Spectra by time in mel bands: what distances between sounds, and the map of sounds, are made of."""
import numpy as np


def magnitudes(x: np.ndarray, n: int, hop: int) -> np.ndarray:
    """Of a sound [S, channels], the root of the channels' mean power. [frames, n // 2 + 1]"""
    window, power = np.hanning(n + 1)[:-1], np.zeros(1)
    for channel in np.pad(x, ((n // 2, n // 2 + hop), (0, 0))).T:
        power = power + np.abs(np.fft.rfft(np.lib.stride_tricks.sliding_window_view(channel, n)[::hop] * window, axis=1)) ** 2
    return np.sqrt(power / x.shape[1])


def mel_filters(rate_hz: int, n: int, bands: int) -> np.ndarray:
    """Triangles of unit sum; a band narrower than a bin takes the nearest one. [bands, n // 2 + 1]"""
    top = 2595 * np.log10(1 + rate_hz / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(n, 1 / rate_hz)
    up = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.clip(np.minimum(up, down), 0, None)
    empty = weights.sum(1) == 0
    weights[empty, np.abs(hz[None] - edges[1:-1][empty][:, None]).argmin(1)] = 1
    return weights / weights.sum(1, keepdims=True)
