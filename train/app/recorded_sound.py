"""A sound of recordings: the notes in them, the point of a model that is nearest, and their frames for a patch to carry."""
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hummingface.models.playing.formants import share_by_frequency
from hummingface.models.playing.likeness import LikenessModel
from hummingface.models.playing.model import Model
from hummingface.models.playing.recorded_note import RecordedNote, Recording
from hummingface.models.playing.shape import ModelError
from hummingface.train.app.resynthesise import at_usual_level, note_in
from hummingface.train.data.long_notes import brief_targets
from hummingface.train.data.note_targets import NoteTargets
from hummingface.train.evaluation.metrics import distance
from hummingface.train.evaluation.reconstruct import QUICKLY, find_point, sound_at
from hummingface.train.exporting.pack_note import packed_note
from hummingface.train.notes.names import read_name
from hummingface.train.notes.note import Note, Skipped, SourceError, unreadable
from hummingface.train.notes.recorded_notes import RecordedNotes

LONGEST_S = 60.0                # of a file: one note is not longer
MOST_OF_FOLDER = 12             # of its recordings: the sound plays while a model of all of them is learnt


@dataclass(frozen=True)
class RecordedSound:
    """`notes`: those of the recordings, lowest first, and `packed`: the same for a patch; `latents`: the point of the one in the middle,
    whose analysis is `middle`; `skipped`: why there is no note in others."""
    notes: list[Note]
    packed: tuple[RecordedNote, ...]
    latents: tuple[float, ...]
    middle: NoteTargets
    skipped: list[str]

    def recording(self, name: str) -> Recording:
        return Recording(name, self.latents, self.packed, by_frequency=self.by_frequency)

    @property
    def by_frequency(self) -> float:
        """How far levels stay at their frequencies between the keys of the recordings."""
        return round(share_by_frequency(self.packed), 3)

    def distances(self, model: Model) -> dict[str, float | None]:
        """How near the model comes to the note in the middle, which it carries."""
        note = self.notes[len(self.notes) // 2]
        z = np.append(self.latents, 1.0).astype(np.float32)
        made = sound_at(LikenessModel(model, [self.recording("")]), z, self.middle, note, "refined")
        return distance(made.original, made.audio, made.rate_hz)


def recorded_sound(model: Model, paths: Sequence[Path]) -> RecordedSound:
    """The sound of recordings, or of a few in a folder, on a model. Raises SourceError where there is no note in any of them, ModelError
    where the model finds no point."""
    folder = len(paths) == 1 and paths[0].is_dir()
    notes, skipped = (notes_of_folder(paths[0]), []) if folder else notes_of(paths)
    middle = notes[len(notes) // 2]
    z, targets = find_point(model, middle, effort=QUICKLY, analyse=brief_targets)
    if not np.isfinite(z).all():
        raise ModelError(f"The model {model.name} found no point for {middle.labels.name}. Try another model.")
    packed = tuple(packed_note(targets if note is middle else brief_targets(note)) for note in notes)
    return RecordedSound(notes, packed, tuple(round(float(x), 4) for x in z), targets, skipped)


def notes_of(paths: Sequence[Path]) -> tuple[list[Note], list[str]]:
    """(the notes in files, lowest first, the reasons why there is none in others). Raises SourceError where there is none at all."""
    notes, skipped = [], []
    for path in paths:
        try:
            note = note_of(path)
        except SourceError as error:
            skipped.append(str(error))
            continue
        told = read_name(path.stem).velocity
        notes.append(note if told is None else replace(note, labels=replace(note.labels, velocity=told)))
    if not notes:
        raise SourceError(skipped[0] + (f" Nor is there a note in the other {len(skipped) - 1}." if len(skipped) > 1 else ""))
    return sorted(notes, key=lambda note: note.pitch), skipped


def notes_of_folder(folder: Path) -> list[Note]:
    """A few notes of a folder of recordings, or of the mapping in it, spread over its keys and dynamics, lowest first. Raises SourceError
    where there is none."""
    source, skipped = RecordedNotes(folder, most=MOST_OF_FOLDER), list[Skipped]()
    notes = [note for note in source.read(list(source.orders(skipped))) if isinstance(note, Note)]
    if not notes:
        why = "".join(f" {skip.name}: {skip.reason}." for skip in skipped[:3])
        raise SourceError(f"{folder}: no note could be made of its recordings.{why}")
    return sorted(map(at_usual_level, notes), key=lambda note: note.pitch)


def note_of(path: Path) -> Note:
    """The one note of a file that a player dropped. Raises SourceError, which names the file."""
    import soundfile as sf
    if not path.is_file():
        raise SourceError(f"{path}: {'a folder, not a recording' if path.is_dir() else 'no such file'}.")
    try:
        info = sf.info(path)
    except (sf.SoundFileError, OSError) as error:
        raise SourceError(f"{path}: {unreadable(error)}.") from error
    if info.duration > LONGEST_S:
        raise SourceError(f"{path}: {info.duration:.0f} s long. It must be one note of an instrument, at most {LONGEST_S:.0f} s long.")
    return note_in(path)
