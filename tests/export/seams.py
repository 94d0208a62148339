"""The seams of a whole loop, as a sampler plays it, and the sound that was never looped, by `instrument/export/seam.py`."""
import numpy as np

from hummingface.instrument.export.seam import HOP, WINDOW, changes, most


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
    return most(sound[begin:])
