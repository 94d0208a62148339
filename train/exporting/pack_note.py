"""A prepared note as what a patch carries of a recording (`models/playing/recorded_note.py`)."""
from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import hz_to_pitch
from hummingface.models.playing.recorded_note import RecordedFrames, RecordedNote, pack
from hummingface.train.data.dataset import NoteBank


def packed_note(bank: NoteBank) -> RecordedNote:
    """The bank's only note, at its frames' pitch: what has died away in it is silent, and what was struck goes on decaying."""
    stereo = bank.stereo[0].numpy() if bank.is_stereo else None
    return RecordedNote(float(hz_to_pitch(float(bank.f0_hz[0]))), float(bank.velocity[0]),
                        pack(RecordedFrames(bank.rows[0, :ROWS].float().numpy(), bank.phase[0].numpy(), stereo)))
