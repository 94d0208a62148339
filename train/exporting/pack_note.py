"""A prepared note as what a patch carries of a recording (`models/playing/recorded_note.py`)."""
from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.recorded_note import RecordedFrames, RecordedNote, pack
from hummingface.train.data.dataset import NoteBank


def packed_note(bank: NoteBank, pitch: float) -> RecordedNote:
    """The bank's only note, whose own pitch is `pitch`: what has died away in it is silent, and what was struck goes on decaying."""
    stereo = bank.stereo[0].numpy() if bank.is_stereo else None
    return RecordedNote(pitch, float(bank.velocity[0]),
                        pack(RecordedFrames(bank.rows[0, :ROWS].float().numpy(), bank.phase[0].numpy(), stereo)))
