"""Finds the latent points of recordings, and their frames, as a helper process that answers line by line: `hummingface train points`.

The window keeps one ready while the player may drop a recording, since starting it and opening a model take a second or two. One path
may be a folder: a few of its recordings, spread over keys and dynamics, are found.

    {"do": "warm", "model": M}                       -> {"tell": "warm", "model": M}
    {"do": "find", "id": N, "paths": [P], "model": M} -> {"tell": "found", "id": N, "z", "notes", "by_frequency", "keys", "skipped",
                                                         "seconds", "gain_db", "model"}, then, of one recording,
                                                         {"tell": "distance", "id": N, "mel", "act60"}
    a request that fails                             -> {"tell": "refused", "id": N, "text"}

"notes" are recorded notes as a patch keeps them, "by_frequency" how far their levels stay at their frequencies between the keys, "keys"
their names, lowest first; "z" is the point of the one in the middle. Of several recordings those that hold no note are told in "skipped".
"""
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from hummingface.models.playing import key_trend
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import ModelError
from hummingface.train.app.recorded_sound import recorded_sound
from hummingface.train.app.resynthesise import VELOCITY
from hummingface.train.evaluation.reconstruct import QUICKLY, find_point
from hummingface.train.notes.names import note_name
from hummingface.train.notes.note import Labels, Note, SourceError
from hummingface.train.notes.onset_pitch import hear


class Points:
    """`open_model(text)` as on the command line. Opened models are kept."""

    def __init__(self, open_model: Callable[[str], Model], tell: Callable[..., None]):
        self._open, self._tell = open_model, tell
        self._models: dict[str, Model] = {}

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
        find_point(self._model(text, afresh=True), rehearsal(), effort=QUICKLY)

    def _model(self, text: str, afresh: bool = False) -> Model:
        """By its name or file. `afresh`: the file may have changed since."""
        if afresh or text not in self._models:
            model = self._open(text)
            known = self._models.get(text)
            if known is None or known.card.get("sha256") != model.card.get("sha256"):
                self._models = {text: model}                             # one at a time: they are large
                self._trend = key_trend.of_model(model)                  # by which the instrument plays its sounds
        return self._models[text]

    def _find(self, number: Any, paths: list[Path], name: str) -> None:
        model = self._model(name)
        found = recorded_sound(model, paths)
        self._tell("found", id=number, z=list(found.latents), notes=[note.to_json() for note in found.packed],
                   by_frequency=found.by_frequency, keys=[note_name(note.labels.pitch) for note in found.notes], skipped=found.skipped,
                   seconds=round(sum(len(note.audio) / note.rate_hz for note in found.notes), 2), model=model.name,
                   gain_db=self._trend.levelling_gain_db(np.array(found.latents)))
        if len(found.notes) == 1:
            figures = found.distances(model)
            self._tell("distance", id=number, **{name: round(figures[name] or 0.0, 2) for name in ("mel", "act60")})


def rehearsal() -> Note:
    """Half a second of a buzz, for the warm-up."""
    rate_hz = 48_000
    audio = (np.arange(rate_hz // 2) % 200 / 400 - 0.25).astype(np.float32)
    heard = hear(audio, rate_hz)
    return Note(Labels("", "", "", "", round(heard.pitch), VELOCITY, 0.5), audio, rate_hz, heard.pitch)
