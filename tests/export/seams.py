"""How a loop is heard to go round, if it is: what changes from one moment to the next at its seam, and in the sound that was never looped.

Moments are windows of 43 ms, 5 ms apart. `level`: decibels from one to the next. `spectrum`: the change of all magnitudes, as a share of
the whole. `phase`: how far partials are from where their last two phases lead them, in radians, weighted by their power.
"""
import numpy as np

WINDOW, HOP = 2048, 256


def changes(sound: np.ndarray) -> dict[str, np.ndarray]:
    """Each measure at each moment of `sound` [S, channels] but the first two: moment i is centred at sample (i + 2) HOP + WINDOW / 2."""
    mono = np.asarray(sound, np.float64).mean(1)
    window = np.hanning(WINDOW + 1)[:-1]
    frames = np.stack([np.fft.rfft(window * mono[at:at + WINDOW]) for at in range(0, len(mono) - WINDOW + 1, HOP)])
    size = np.abs(frames)
    power = (size ** 2).sum(1)
    level = np.abs(np.diff(10 * np.log10(power + 1e-20)))[1:]
    spectrum = np.sqrt((np.diff(size, axis=0)[1:] ** 2).sum(1) / (power[2:] + 1e-20))
    turn = np.abs(np.angle(frames[2:] * frames[:-2] * np.conj(frames[1:-1]) ** 2))
    phase = (turn * size[1:-1] ** 2).sum(1) / (power[1:-1] + 1e-20)
    return {"level": level, "spectrum": spectrum, "phase": phase}


def unrolled(sample: np.ndarray, start: int, end: int, rounds: int = 3) -> np.ndarray:
    """What a sampler plays: up to sample `end` (in it), then from `start` again."""
    return np.concatenate([sample[:end + 1]] + [sample[start:end + 1]] * (rounds - 1))


def at_seams(sample: np.ndarray, start: int, end: int, before: int) -> dict[str, float]:
    """The most of each measure from `before` samples before the seam on, where the fade lies, up to a window after it."""
    sound = unrolled(sample, start, end)
    found = changes(sound)
    at = (np.arange(len(found["level"])) + 2) * HOP + WINDOW / 2
    near = np.zeros(len(at), bool)
    for seam in (end + 1, end + 1 + (end + 1 - start)):
        near |= (at > seam - before) & (at < seam + WINDOW)
    return {name: float(values[near].max()) for name, values in found.items()}


def in_itself(sound: np.ndarray, begin: int) -> dict[str, float]:
    """The most of each measure in a sound that is not looped, from sample `begin` on."""
    return {name: float(values.max()) for name, values in changes(sound[begin:]).items()}
