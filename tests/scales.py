"""Twenty scales as .scl files have them, and where each of their notes lies, computed apart from the instrument's own reading.

`NOTES`: what stands in the file for each note, as a fraction, or as cents where it is a float; the last is the period.
"""
import math
from fractions import Fraction
from pathlib import Path


def equal(parts, of=2.0):
    """Cents of so many equal parts of a ratio."""
    return tuple(1200 * math.log2(of) * (step + 1) / parts for step in range(parts))


def ratios(text):
    return tuple(Fraction(word) for word in text.split())


KBM = ("7", "0", "71", "60", "67", "442.0", "7", "0", "1", "x", "3", "4", "5", "6")          # the lines of a map of seven keys
NOTES = {
    "12-edo": equal(12),
    "19-edo": equal(19),
    "22-edo": equal(22),
    "31-edo": equal(31),
    "53-edo": equal(53),
    "7-edo": equal(7),
    "5-edo": equal(5),
    "bohlen-pierce-equal": equal(13, 3.0),
    "bohlen-pierce-just": ratios("27/25 25/21 9/7 7/5 75/49 5/3 9/5 49/25 15/7 7/3 63/25 25/9 3/1"),
    "carlos-alpha": tuple(78.0 * step for step in range(1, 19)),
    "carlos-beta": tuple(63.8 * step for step in range(1, 23)),
    "carlos-gamma": tuple(35.1 * step for step in range(1, 36)),
    "stretched-octave": tuple(100.4 * step for step in range(1, 13)),
    "just-ptolemy": ratios("16/15 9/8 6/5 5/4 4/3 45/32 3/2 8/5 5/3 9/5 15/8 2/1"),
    "pythagorean": ratios("256/243 9/8 32/27 81/64 4/3 729/512 3/2 128/81 27/16 16/9 243/128 2/1"),
    "quarter-comma-meantone": (76.04900, 193.15686, 310.26471, 5 / 4, 503.42157, 579.47057, 696.57843, 25 / 16, 889.73529, 1006.84314,
                               1082.89214, 2 / 1),
    "werckmeister-3": (90.225, 192.180, 294.135, 390.225, 498.045, 588.270, 696.090, 792.180, 888.270, 996.090, 1092.180, 1200.0),
    "pelog": (120.0, 258.0, 539.0, 675.0, 785.0, 943.0, 1206.0),
    "slendro": (231.0, 474.0, 717.0, 955.0, 1208.0),
    "harmonics-8-to-16": ratios("9/8 10/8 11/8 12/8 13/8 14/8 15/8 16/8"),
}
NOTES["quarter-comma-meantone"] = tuple(1200 * math.log2(note) if note < 3 else note for note in NOTES["quarter-comma-meantone"])
assert len(NOTES) == 20


def line(note):
    """A note as it stands in a file."""
    return f" {note:.7f}" if isinstance(note, float) else f" {note.numerator}/{note.denominator}"


def write(folder, name):
    """A .scl file of the scale; returns its path."""
    path = Path(folder) / f"{name}.scl"
    path.write_text("\n".join([f"! {name}.scl", "!", f"{name}, for tests", f" {len(NOTES[name])}", "!", *map(line, NOTES[name])]) + "\n")
    return path


def pitch(name, key):
    """The MIDI pitch of a key: the scale begins at C4, which is in equal temperament with A4 = 440 Hz."""
    in_octaves = [0.0, *(note / 1200 if isinstance(note, float) else math.log2(note) for note in NOTES[name])]
    turns, step = divmod(key - 60, len(NOTES[name]))
    return 60 + 12 * (turns * in_octaves[-1] + in_octaves[step])
