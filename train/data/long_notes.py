"""A note that is held for long, as a patch needs it: its first seconds, which are all that a patch keeps, and how it ends.

Analysis takes a tenth of a note's length and more, and the player waits for it.
"""
from dataclasses import replace

from hummingface.models.playing.frame import RELEASE
from hummingface.train.data.note_targets import NoteTargets, note_targets
from hummingface.train.notes.note import Note

HELD_S = 5.0                  # a patch keeps 4 s; the windows at their end reach a little further
BEFORE_OFF_S, RINGS_S = 1.0, 4.0      # of the note's end: as long as it is held, and as what rings on is listened to
LONGER_S = 1.0                # than that: worth two analyses


def brief_targets(note: Note) -> NoteTargets:
    """As `note_targets`; of a note held for more than 6 s its first 5, with the release that is heard at its end."""
    hold_s = note.labels.hold_s
    if hold_s <= HELD_S + LONGER_S:
        return note_targets(note)
    targets = note_targets(_piece(note, 0.0, HELD_S, HELD_S))
    if len(note.audio) > (hold_s + 0.02) * note.rate_hz:
        end = note_targets(_piece(note, hold_s - BEFORE_OFF_S, hold_s + RINGS_S, BEFORE_OFF_S))
        targets.rows[:, RELEASE] = end.rows[0, RELEASE]
    targets.hold_s = hold_s
    return targets


def _piece(note: Note, begin_s: float, end_s: float, hold_s: float) -> Note:
    audio = note.audio[round(begin_s * note.rate_hz):round(end_s * note.rate_hz)]
    return replace(note, audio=audio, labels=replace(note.labels, hold_s=hold_s))
