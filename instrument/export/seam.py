"""Measures how much a sound changes from one moment to the next, and so whether a loop is heard to repeat.

A moment is a window of 43 ms; windows are 5 ms apart, at 48 kHz. `level`: decibels from one to the next. `spectrum`: the change of all
magnitudes, as a fraction of their sum. `phase`: how far partials are from the phase that their last two predict, in radians, weighted by
power. Channels are added as powers, so nothing cancels between them.
"""
import numpy as np
from scipy import fft

WINDOW, HOP = 2048, 256
LEAST = 1e-6                        # of change: less is none


def changes(sound: np.ndarray) -> dict[str, np.ndarray]:
    """Each measure at each moment of `sound` [S, channels] but the first two: moment i is centred at sample (i + 2) HOP + WINDOW / 2."""
    window = np.hanning(WINDOW + 1)[:-1]
    frames = fft.rfft(window * np.lib.stride_tricks.sliding_window_view(np.asarray(sound, np.float64), WINDOW, axis=0)[::HOP])
    size = np.abs(frames)                                                   # [moments, channels, bins]
    power = (size ** 2).sum((1, 2))
    level = np.abs(np.diff(10 * np.log10(power + 1e-20)))[1:]
    spectrum = np.sqrt((np.diff(size, axis=0)[1:] ** 2).sum((1, 2)) / (power[2:] + 1e-20))
    turn = np.abs(np.angle(frames[2:] * frames[:-2] * np.conj(frames[1:-1]) ** 2))
    phase = (turn * size[1:-1] ** 2).sum((1, 2)) / (power[1:-1] + 1e-20)
    return {"level": level, "spectrum": spectrum, "phase": phase}


def most(sound: np.ndarray) -> dict[str, float]:
    """The maximum of each measure in `sound` [S, channels], which has three moments or more."""
    return {name: float(values.max()) for name, values in changes(sound).items()}


def over(seam: dict[str, float], own: dict[str, float]) -> float:
    """The worst of a seam's measures, relative to the sound's own maximum; below 1 the seam is less noticeable."""
    return max(seam[name] / max(own[name], LEAST) for name in own)
