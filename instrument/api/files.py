"""Notes from MIDI files, and sounds into files."""
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hummingface.instrument.api.errors import NotesError, raised_as
from hummingface.instrument.api.note_events import NoteEvent
from hummingface.instrument.files import sound_file
from hummingface.instrument.offline.parts import with_releases
from hummingface.instrument.performance.messages import score
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn


def notes_of_midi(path: str | Path) -> list[NoteEvent]:
    """The notes of a MIDI file in order of time, as `Instrument.render` takes them: to be changed, say. What else is in it (pedals,
    controllers, programs) is left out; `Instrument.render_midi` plays that, too. Raises NotesError."""
    with raised_as(NotesError):
        read = score.read(path)
    held: dict[tuple[int, int], list[tuple[float, int]]] = {}
    notes = []
    for at_s, event in with_releases([(at_s, event) for at_s, _, event in read.events], read.end_s):
        match event:
            case NoteOn(channel, key, velocity):
                held.setdefault((channel, key), []).append((at_s, velocity))
            case NoteOff(channel, key, ends):                       # of the notes that began first
                begun = held.get((channel, key), [])
                notes += [NoteEvent(start_s, at_s - start_s, key, velocity, channel + 1)
                          for start_s, velocity in begun[:ends] if at_s > start_s]
                del begun[:ends]
    return sorted(notes, key=lambda note: (note.start_s, note.channel, note.key))


def save(path: str | Path, sound: npt.ArrayLike, rate_hz: int = 48000) -> Path:
    """Write a sound, [samples] or [samples, channels] of floats within -1..1 (what is beyond is clipped), into a .wav or .flac file of 24
    bits, by its name; returns the file. An older file of that name is replaced once the new one is whole. Raises FileError, NotesError."""
    path = Path(path).expanduser()
    samples = np.asarray(sound, np.float32)
    if samples.ndim not in (1, 2) or not samples.size or not np.isfinite(samples).all():
        raise NotesError(f"This is no sound that can be written to {path}: an array of shape {samples.shape}; it must be [samples] or "
                         "[samples, channels], and hold neither NaN nor Inf.")
    with raised_as(NotesError):
        sound_file.write(path, samples, rate_hz)
    return path
