"""Names of notes as the window writes them."""
import numpy as np

from hummingface.instrument.offline.tuner import EQUAL, read

NOTES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def key_name(key: int) -> str:
    """Of a MIDI key: 69 is A4."""
    return f"{NOTES[key % 12]}{key // 12 - 1}"


def note_name(hz: float, pitches: np.ndarray = EQUAL.pitches) -> str:
    """The name of the nearest of the keys that sound at `pitches` [128], and the distance from it: "A4 +3 ct"."""
    tuned = read(hz, pitches)
    return f"{key_name(tuned.key)} {tuned.cents:+.0f} ct"
