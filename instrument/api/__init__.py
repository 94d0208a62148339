"""Playing from Python: open a sound, render notes into arrays, learn, resynthesise, export. docs/api.md shows all of it.

    import hummingface
    instrument = hummingface.Instrument("Evening Grand")
    sound = instrument.render([(0.0, 1.5, 60), (0.0, 1.5, 64), (0.0, 1.5, 67)])        # float32 [samples, 2] at 48 kHz
    hummingface.save("chord.wav", sound)

Sounds are float32 arrays [samples, 2], left and right, times are seconds, keys MIDI keys (60 is C4), levels dB. Everything that cannot be
done raises a HummingFaceError, whose text says what is wrong, with which name or file, and what to do.
"""
from hummingface.instrument.api.catalogue import (
    ControlInfo,
    FoundSound,
    ModelInfo,
    find_sounds,
    list_controls,
    list_models,
    list_patches,
    list_sources,
)
from hummingface.instrument.api.errors import FileError, HummingFaceError, LearningError, NotesError, SoundError
from hummingface.instrument.api.files import notes_of_midi, save
from hummingface.instrument.api.from_recordings import Resynthesis, from_recordings, learn, resynthesise
from hummingface.instrument.api.instrument import Exported, Instrument
from hummingface.instrument.api.note_events import NoteEvent, ramp
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.patches.sources import ModulationSource

__all__ = [
    "ControlInfo", "Exported", "FileError", "FoundSound", "HummingFaceError", "Instrument", "LearningError", "LibraryEntry", "ModelInfo",
    "ModulationSource", "NoteEvent", "NotesError", "Resynthesis", "Route", "SoundError", "find_sounds", "from_recordings", "learn",
    "list_controls", "list_models", "list_patches", "list_sources", "notes_of_midi", "ramp", "resynthesise", "save",
]
