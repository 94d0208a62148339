"""What changes from one moment of a sound to the next: how a loop is heard to go round, if it is.

Moments are windows of 43 ms, 5 ms apart, at 48 kHz. `level`: decibels from one to the next. `spectrum`: the change of all magnitudes, as
a share of the whole. `phase`: how far partials are from where their last two phases lead them, in radians, weighted by their power.
All channels count by their power, so that nothing cancels between them.
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
    """The most of each measure in `sound` [S, channels], which has three moments or more."""
    return {name: float(values.max()) for name, values in changes(sound).items()}


def over(seam: dict[str, float], own: dict[str, float]) -> float:
    """The worst of a seam's measures against what the sound has in itself; below 1 it is quieter than that."""
    return max(seam[name] / max(own[name], LEAST) for name in own)
