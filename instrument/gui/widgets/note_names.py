"""Names of notes as the window writes them."""
from hummingface.models.playing.frame import hz_to_pitch

NOTES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def key_name(key: int) -> str:
    """Of a MIDI key: 69 is A4."""
    return f"{NOTES[key % 12]}{key // 12 - 1}"


def note_name(hz: float) -> str:
    """The nearest key's name and the distance from it, "A4 +3 ct"."""
    pitch = float(hz_to_pitch(hz))
    key = round(pitch)
    return f"{key_name(key)} {(pitch - key) * 100:+.0f} ct"
