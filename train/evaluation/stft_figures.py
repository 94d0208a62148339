"""Distances between a note at 16 kHz and its reconstruction: the figures that the student project published.

| figure | definition (x the original, y what came back, X and Y their STFTs of Hann 1000, hop 500, all 501 bins)                  |
|--------|-------------------------------------------------------------------------------------------------------------------------|
| snr    | dB, 10 log10(sum x^2 / sum (x - y)^2) of the waveform; y is scaled to fit x best first                                  |
| sc     | spectral convergence, ||X| - |Y|| / ||X|| (Frobenius); y is scaled to the energy of x, here and below                    |
| lsd60  | dB, log-spectral distance: RMS over bins of the difference of levels, mean over frames; both levels are at least 60 dB  |
|        | under the peak of X                                                                                                     |
| lsd80  | the same with 80 dB                                                                                                     |
"""
import numpy as np

from hummingface.models.playing.stft import BINS, HANN, HOP, SAMPLES, WINDOW

FIGURES = ("snr", "sc", "lsd60", "lsd80")


def distance(original: np.ndarray, back: np.ndarray) -> dict[str, float]:
    """FIGURES of mono sounds [SAMPLES] at 16 kHz. Raises ValueError where the original is silent."""
    x, y = (np.pad(np.asarray(s, np.float64)[:SAMPLES], (0, max(0, SAMPLES - len(s)))) for s in (original, back))
    if not np.abs(x).max() > 1e-6:
        raise ValueError("the original is silent")
    energy = float((y ** 2).sum())
    fit = float((x * y).sum()) / energy if energy > 0 else 0.0
    error = max(float(((x - fit * y) ** 2).sum()), 1e-20)
    gain = np.sqrt((x ** 2).sum() / energy) if energy > 0 else 0.0
    a, b = _magnitudes(x), gain * _magnitudes(y)
    figures = {"snr": 10 * np.log10((x ** 2).sum() / error), "sc": np.linalg.norm(a - b) / np.linalg.norm(a)}
    for range_db in (60, 80):
        floor = a.max() * 10 ** (-range_db / 20)
        off = 20 * np.log10(np.maximum(a, floor) / np.maximum(b, floor))
        figures[f"lsd{range_db}"] = np.sqrt((off ** 2).mean(1)).mean()
    return {name: float(value) for name, value in figures.items()}


def _magnitudes(sound: np.ndarray) -> np.ndarray:
    """[frames, BINS]"""
    padded = np.pad(sound, (WINDOW // 2, WINDOW // 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    return np.abs(np.fft.rfft(windows * HANN, axis=1))[:, :BINS]
