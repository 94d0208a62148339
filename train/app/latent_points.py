"""Finds the latent points of recordings, and their frames, as a helper process that answers line by line: `hummingface train points`.

The window keeps one ready while the player may drop a recording: importing torch and opening a model take seconds, finding
a point then takes under two.

    {"do": "warm", "model": M}                       -> {"tell": "warm", "model": M}
    {"do": "find", "id": N, "paths": [P], "model": M} -> {"tell": "found", "id": N, "z", "notes", "keys", "skipped", "seconds", "gain_db",
                                                         "model"}, then, of one recording, {"tell": "distance", "id": N, "mel", "act60"}
    a request that fails                             -> {"tell": "refused", "id": N, "text"}

"notes" are recorded notes as a patch keeps them, "keys" their names, lowest first; "z" is the point of the one in the middle. Of several
recordings those that hold no note are told in "skipped".
"""
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hummingface.models.playing import key_trend
from hummingface.models.playing.likeness import LikenessModel
from hummingface.models.playing.model import Model
from hummingface.models.playing.recorded_note import Recording
from hummingface.models.playing.shape import ModelError
from hummingface.train.app.resynthesise import VELOCITY, note_in
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.prepare import prepared
from hummingface.train.evaluation.metrics import distance
from hummingface.train.evaluation.reconstruct import QUICKLY, Refiner, find_point, sound_at
from hummingface.train.exporting.pack_note import packed_note
from hummingface.train.notes.names import note_name, read_name
from hummingface.train.notes.note import Labels, Note, SourceError
from hummingface.train.notes.onset_pitch import hear

LONGEST_S = 60.0                # of a file: one note is not longer


class Points:
    """`open_model(text)` as on the command line. Opened models are kept."""

    def __init__(self, open_model: Callable[[str], Model], tell: Callable[..., None]):
        self._open, self._tell = open_model, tell
        self._refiners: dict[str, Refiner] = {}

    def serve(self, messages: Iterable[dict]) -> None:
        """Answer all of them, in order. A request that fails is answered with the reason, and the next one is served."""
        for message in messages:
            number = message.get("id")
            try:
                if message.get("do") == "warm":
                    self.warm(str(message["model"]))
                    self._tell("warm", model=message["model"])
                elif message.get("do") == "find":
                    self._find(number, [Path(path) for path in message["paths"]], str(message["model"]))
            except (SourceError, ModelError, ValueError, OSError) as error:
                self._tell("refused", id=number, text=str(error))
            except (KeyError, TypeError) as error:
                self._tell("refused", id=number, text=f"not understood: {error!r}")

    def warm(self, text: str) -> None:
        """Open a model and find a point once, since everything takes longer the first time."""
        find_point(self.refiner(text, afresh=True), rehearsal(), how=replace(QUICKLY, steps=2))

    def refiner(self, text: str, afresh: bool = False) -> Refiner:
        """Of a model by its name or file. `afresh`: the file may have changed since."""
        if afresh or text not in self._refiners:
            model = self._open(text)
            known = self._refiners.get(text)
            if known is None or known.model.card.get("sha256") != model.card.get("sha256"):
                self._refiners = {text: Refiner(model)}                  # one at a time: they are large
                self._trend = key_trend.of_model(model)                  # by which the instrument plays its sounds
        return self._refiners[text]

    def _find(self, number: Any, paths: list[Path], model: str) -> None:
        refiner = self.refiner(model)
        notes, skipped = _notes_of(paths)
        middle = notes[len(notes) // 2]
        z, bank = find_point(refiner, middle, how=QUICKLY)
        if not np.isfinite(z).all():
            raise ModelError(f"The model {refiner.model.name} found no point for {middle.labels.name}. Try another model.")
        packed = [packed_note(bank if note is middle else NoteBank.of([prepared("", note)]), note.pitch) for note in notes]
        self._tell("found", id=number, z=[round(float(x), 4) for x in z], notes=[note.to_json() for note in packed],
                   keys=[note_name(note.labels.pitch) for note in notes], skipped=skipped,
                   seconds=round(sum(len(note.audio) / note.rate_hz for note in notes), 2), model=refiner.model.name,
                   gain_db=key_trend.levelling_gain_db(self._trend.keys, self._trend.at(z)[0]))
        if len(notes) == 1:
            self._tell_distance(number, refiner.model, Recording(middle.labels.name, tuple(z.tolist()), (packed[0],)), bank, middle)

    def _tell_distance(self, number: Any, model: Model, recording: Recording, bank: NoteBank, note: Note) -> None:
        """How near the model comes to a note that it carries."""
        made = sound_at(LikenessModel(model, [recording]), np.append(recording.latents, 1.0).astype(np.float32), bank, note, "refined")
        figures = distance(made.original, made.audio, made.rate_hz)
        self._tell("distance", id=number, **{name: round(figures[name] or 0.0, 2) for name in ("mel", "act60")})


def _notes_of(paths: list[Path]) -> tuple[list[Note], list[str]]:
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


def rehearsal() -> Note:
    """Half a second of a buzz, for the warm-up."""
    rate_hz = 48_000
    audio = (np.arange(rate_hz // 2) % 200 / 400 - 0.25).astype(np.float32)
    heard = hear(audio, rate_hz)
    return Note(Labels("", "", "", "", round(heard.pitch), VELOCITY, 0.5), audio, rate_hz, heard.pitch)


def note_of(path: Path) -> Note:
    """The one note of a file that a player dropped. Raises SourceError, which names the file."""
    import soundfile as sf
    if not path.is_file():
        raise SourceError(f"{path}: {'a folder, not a recording' if path.is_dir() else 'no such file'}.")
    try:
        info = sf.info(path)
    except (sf.SoundFileError, OSError) as error:
        raise SourceError(f"{path}: cannot be read as sound ({str(error).rsplit(': ', 1)[-1].strip()}).") from error
    if info.duration > LONGEST_S:
        raise SourceError(f"{path}: {info.duration:.0f} s long. It must be one note of an instrument, at most {LONGEST_S:.0f} s long.")
    return note_in(path)
