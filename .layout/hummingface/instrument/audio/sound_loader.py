"""Patches and models for the audio process: opened, checked, kept warm."""
from typing import Any, cast

from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import midi
from hummingface.instrument.performance.frame_source import Timbre
from hummingface.instrument.performance.performer import Load, Performer

MOST_KEPT = 4                       # models in memory


class Sounds:
    """`model`: a model by name or file that plays in place of the first patch's own."""

    def __init__(self, model: str | None = None):
        self._model = model
        self._replaced: str | None = None               # the name of the model in whose place it plays
        self._timbres: dict[str, Timbre] = {}           # by name, the one used last at the end
        self._remarked: set[str] = set()
        self._programs = [entry.path for entry in library.patches() if entry.factory]

    def first(self, values: dict | None) -> tuple[Patch, Timbre, str]:
        """(patch, timbre, what went wrong): the factory's first where this patch or model cannot be used. Raises ValueError
        where there is none."""
        try:
            patch = patch_file.from_json(values) if values is not None else None
            sound = library.open_sound(patch, self._model)
            problem = ""
        except ValueError as error:
            sound, problem = library.open_sound(), f"{error} The first patch is used instead."
        else:
            if self._model is not None:
                self._replaced = sound.patch.model
        timbre = cast(Timbre, sound.timbre)
        self._timbres[self._replaced or timbre.name] = timbre
        return sound.patch, timbre, problem

    def remark(self, patch: Patch, timbre: Timbre) -> str:
        """What the player should know of this patch on this model, once for each patch; else empty."""
        text = library.remark(library.Sound(patch, timbre))
        if text in self._remarked:
            return ""
        self._remarked.add(text)
        return text

    def load(self, values: dict) -> tuple[Patch, Timbre]:
        """A patch and the timbre that plays it. Raises ValueError, and then nothing has changed."""
        patch = patch_file.from_json(values)
        timbre = self._timbres.pop(patch.model, None) or cast(Timbre, library.open_sound(patch).timbre)
        self._timbres[patch.model] = timbre
        for name in list(self._timbres)[:-MOST_KEPT]:
            del self._timbres[name]
        return patch, timbre

    def forget(self, model: str) -> None:
        """A model was made anew: whoever loads a patch of it next gets it as it is now. What sounds keeps what it has."""
        self._timbres.pop(model, None)

    def program(self, number: int) -> Patch | None:
        """The patch of a program change: number n is the factory's patch n."""
        return patch_file.load(self._programs[number]) if number < len(self._programs) else None


def controls_of(performer: Performer) -> dict[str, float]:
    """Where every control stands, `{id: value}`."""
    return dict(zip(PARAMETERS, performer.controls.goal[:len(PARAMETERS)].tolist(), strict=True))


def event_as_json(event: Any) -> dict:
    """An event for the log, as `midi.to_json` writes it; a patch as its JSON."""
    return {"event": "Load", "patch": event.patch.to_json()} if isinstance(event, Load) else midi.to_json(event)
