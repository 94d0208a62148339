"""One recorded note through a model and back: what `hummingface resynthesise` does."""
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hummingface.models.playing import key_trend
from hummingface.models.playing.encoder_numpy import frame_model
from hummingface.models.playing.model import Model
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.prepared_note import loudness_db
from hummingface.train.evaluation.metrics import distance
from hummingface.train.evaluation.reconstruct import USUAL_DB, Progress, Reconstruction, reconstruct, unheard
from hummingface.train.notes.names import note_name, spelt_note
from hummingface.train.notes.note import Labels, Note, SourceError, read_sound
from hummingface.train.notes.onset_pitch import UNCLEAR, hear

VELOCITY = 100
COMPARED = 0.9                          # of the time, when what is made has only to be compared with the recording


class NoPitchError(SourceError):
    """No single pitch is heard in a recording; the text says why."""


def note_in(path: Path, pitch: float | None = None) -> Note:
    """The note of a sound file, cut out, at a usual level. `pitch`: its key, if it is known; where none is heard, the one that the file's
    name spells is taken. Raises SourceError if there is none."""
    audio, rate_hz = _read(path)
    heard = hear(audio, rate_hz)
    if heard.problem == UNCLEAR and pitch is None:
        pitch = spelt_note(path.stem)
    if heard.end_s == 0:
        raise SourceError(f"{path}: {heard.problem}.")
    if heard.problem and pitch is None:
        raise NoPitchError(f"{path}: {heard.problem}.")
    fine = heard.pitch if pitch is None else pitch
    if pitch is not None and abs(heard.pitch - pitch) < 0.7:
        fine = heard.pitch                                             # the key is given, its exact tuning is measured
    stop_s = heard.end_s if heard.released else heard.off_s
    labels = Labels(path.stem, path.stem, "recorded", "recorded", round(fine), VELOCITY, round(heard.off_s - heard.onset_s, 3))
    piece = audio[round(heard.onset_s * rate_hz):round(stop_s * rate_hz)]
    return at_usual_level(Note(labels, piece, rate_hz, fine, path, heard.onset_s))


def at_usual_level(note: Note) -> Note:
    """As loud as models know notes; a recording has any level."""
    gain_db = USUAL_DB - loudness_db(note.audio, note.labels.hold_s, note.rate_hz)
    return replace(note, audio=note.audio * np.float32(10 ** (gain_db / 20)))


def _read(path: Path) -> tuple[np.ndarray, int]:
    try:
        return read_sound(path)
    except SourceError as error:
        raise SourceError(f"{path}: {error}.") from error


@dataclass(frozen=True)
class ResynthesisedNote:
    """What a model makes of a recording. `mel_db`, `act60_db`: how far it is from it (`train/evaluation/metrics.py`); None where that
    cannot be said.
    `levelling_db`: the gain of a patch at these latents, so that it is as loud as others."""
    model: str
    note: Note
    made: Reconstruction
    mel_db: float | None
    act60_db: float | None
    levelling_db: float

    @property
    def sound(self) -> np.ndarray:
        """As long and as loud as the recording, but not louder than full scale. float32 [samples], of a stereo model [samples, 2]"""
        peak = float(np.abs(self.made.audio).max(initial=0.0))
        return self.made.audio / np.float32(peak / 0.999) if peak > 0.999 else self.made.audio

    def __str__(self) -> str:
        key = self.note.labels.pitch
        told = ", ".join(f"{name} {figure:.2f}" for name, figure in (("mel", self.mel_db), ("act60", self.act60_db)) if figure is not None)
        return (f"{self.note.file.name if self.note.file else 'it'} is {note_name(key)} ({100 * (self.note.pitch - key):+.0f} cents), "
                f"from {self.note.lead_s:.2f} s on, through {self.model}: {told} dB\nlatents: {' '.join(f'{z:.2f}' for z in self.made.z)}")


def resynthesise(model: Model | StftModel, source: Path, pitch: float | None = None, progress: Progress = unheard) -> ResynthesisedNote:
    """One recorded note through `model` and back. `pitch`: its key, if it is known. `progress` hears the part that is done, 0..1. Raises
    SourceError where there is no note in the file."""
    note = note_in(source, pitch)
    opened = frame_model(model)
    made = reconstruct(opened, note, "refined", progress=lambda part: progress(COMPARED * part))
    figures = distance(made.original, made.audio, made.rate_hz)
    progress(1.0)
    trend = key_trend.of_model(opened)                   # by which the instrument plays the model's sounds
    return ResynthesisedNote(model.name, note, made, figures["mel"], figures["act60"],
                       trend.levelling_gain_db(made.z))
