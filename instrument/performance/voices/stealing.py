"""Which note ends where too many would sound."""
import numpy as np

from hummingface.instrument.performance.voices.voice_table import RELEASED

QUIETEST, OLDEST, LOWEST, HIGHEST = range(4)            # of notes whose keys are down, or which a pedal holds


def first_to_go(voices: np.ndarray, order: int) -> int:
    """The place among sounding voices of the one that is stolen: the one that was released first, else by `order`, and the oldest."""
    released = np.flatnonzero(voices["stage"] == RELEASED)
    if len(released):
        return int(released[np.lexsort((voices["born"][released], voices["release_number"][released]))[0]])
    if order == QUIETEST:
        return int(by_loudness(voices)[0])
    keys = {OLDEST: voices["born"], LOWEST: voices["key"], HIGHEST: -voices["key"]}[order]
    return int(np.lexsort((voices["born"], keys))[0])


def by_loudness(voices: np.ndarray) -> np.ndarray:
    """The order of voices from the quietest, in steps of 3 dB, and oldest."""
    loudness = np.round(np.log2(np.maximum(voices["peak"], 1e-6)) * 2)
    return np.lexsort((voices["born"], loudness))
