"""A prepared note as what a patch carries of a recording (`models/playing/recorded_note.py`)."""
from hummingface.models.playing.frame import hz_to_pitch
from hummingface.models.playing.recorded_note import RecordedFrames, RecordedNote, pack
from hummingface.train.data.note_targets import NoteTargets


def packed_note(targets: NoteTargets) -> RecordedNote:
    """The note at its frames' pitch: what has died away in it is silent, and what was struck goes on decaying."""
    return RecordedNote(float(hz_to_pitch(targets.f0_hz)), targets.velocity,
                        pack(RecordedFrames(targets.image, targets.phase, targets.stereo)))
