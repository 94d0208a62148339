"""Parses file names of recordings: note, dynamic, velocity."""
import re
from dataclasses import dataclass

STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
DYNAMICS = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126}
"""Velocities of written dynamics, as notation programs play them."""

_NOTE = re.compile(r"(?<![a-z])([a-h])(##|bb|#|s|b|♯|♭|is|es)?(-?\d)(?!\d)", re.IGNORECASE)
_NSYNTH = re.compile(r"-(\d{3})-(\d{3})$")
_KEY = re.compile(r"(?<![\w.])(?:key|note|midi|n)?(\d{2,3})(?![\w.])", re.IGNORECASE)
_VELOCITY = re.compile(r"(?<![a-z])(?:velocity|vel|v)[ _-]?(\d{1,3})(?!\d)", re.IGNORECASE)
_LAYER = re.compile(r"(?<![a-z])(?:layer|lay|dynamic|dyn|l)[ _-]?(\d{1,2})(?![\d.])", re.IGNORECASE)
_DYNAMIC = re.compile(r"(?<![a-z#])(p{1,3}|mp|mf|f{1,3})(?![a-z#♯♭\d])", re.IGNORECASE)
ALTERS = {"#": 1, "s": 1, "♯": 1, "is": 1, "b": -1, "♭": -1, "es": -1, "##": 2, "bb": -2}


@dataclass(frozen=True)
class Told:
    """What a name says; None where it says nothing. `pitch` with C4 = 60, which a collection may count otherwise."""
    pitch: int | None = None
    velocity: int | None = None
    layer: int | None = None                              # the number of its dynamic layer, in either order


def read_name(stem: str) -> Told:
    """What the name of a recording, without its suffix, says about its note."""
    text = stem.replace("_", " ")
    nsynth = _NSYNTH.search(stem)
    if nsynth:
        return Told(_midi(int(nsynth[1]), 0), _midi(int(nsynth[2]), 1))
    velocity = _VELOCITY.search(text)
    dynamic = _DYNAMIC.search(text)
    number = int(velocity[1]) if velocity else DYNAMICS[dynamic[1].lower()] if dynamic else None
    found = _LAYER.search(text)
    layer = int(found[1]) if found else None
    rest = _LAYER.sub(" ", _VELOCITY.sub(" ", text))
    if (pitch := _spelt(rest)) is not None:
        return Told(_midi(pitch, 0), _midi(number, 1), layer)
    keys = [int(key) for key in _KEY.findall(rest)]
    return Told(_midi(keys[0], 0) if len(keys) == 1 else None, _midi(number, 1), layer)


def spelt_note(stem: str) -> int | None:
    """The note that a name spells ("Gong C#2"), with C4 = 60; numbers are none."""
    pitch = _spelt(stem.replace("_", " "))
    return None if pitch is None else _midi(pitch, 0)


def _spelt(text: str) -> int | None:
    notes = list(_NOTE.finditer(text))
    if not notes:
        return None
    note = notes[-1]                                  # "Bass 2 C3": usually the note comes last
    return STEPS[note[1].lower()] + ALTERS.get((note[2] or "").lower(), 0) + 12 * (int(note[3]) + 1)


def note_name(pitch: int) -> str:
    """C4 for 60."""
    return ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")[pitch % 12] + str(pitch // 12 - 1)


def _midi(value: int | None, least: int) -> int | None:
    return value if value is not None and least <= value <= 127 else None
