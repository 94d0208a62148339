"""Opens patches together with their models, each model once, ready to play."""
from dataclasses import dataclass
from pathlib import Path

from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patches_file
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.sample_source import SampleSource
from hummingface.instrument.performance.source import Source
from hummingface.models.playing.likeness import LikenessModel
from hummingface.models.playing.model import Model
from hummingface.models.playing.playable import trained_velocities
from hummingface.models.playing.recorded_note import Recording
from hummingface.models.playing.stft_model import StftModel

Recordings = tuple[Recording, ...]
PROGRAMS = 128                      # of a bank
MOST_KEPT = 4                       # models that a bank keeps in memory


@dataclass
class Sound:
    """A patch, and the source (a warmed-up model) that plays it."""
    patch: Patch
    source: Source


class SoundBank:
    """The sources of models by name, and by the recordings that they carry, opened on demand. The `most` recently used ones are kept."""

    def __init__(self, *sources: Source, most: int = MOST_KEPT) -> None:
        self._sources: dict[tuple[str, Recordings], Source] = {                 # the one used last at the end
            (source.name, source.model.recordings): source for source in sources}
        self._most = most
        self._programs: dict[bool, list[Path]] = {}         # of the factory and of the player: listed when one is asked for

    def source(self, model: str, recordings: Recordings = ()) -> Source:
        """Raises LibraryError where there is no such model."""
        wanted = model, recordings
        source = self._sources.pop(wanted) if wanted in self._sources else self._opened(model, recordings)
        self.keep(model, source)
        return source

    def _opened(self, name: str, recordings: Recordings) -> Source:
        """On the model of a source that is kept, else on that of its file: a model is in memory once, whatever recordings it carries."""
        kept = next((source for (model, _), source in self._sources.items() if model == name), None)
        if isinstance(kept, FrameSource) and recordings:
            return FrameSource(LikenessModel(kept.model.network, recordings), kept.of_card)
        return source_of(library.load_model(name) if kept is None else kept.model.network, recordings)

    def sound(self, patch: Patch) -> Sound:
        """Raises LibraryError where the patch's model is not there."""
        return Sound(patch, self.source(patch.model, patch.recordings))

    def keep(self, model: str, source: Source) -> None:
        """Use `source` for the patches of `model` with the same recordings from now on."""
        self._sources[model, source.model.recordings] = source
        for name in list(self._sources)[:-self._most]:
            del self._sources[name]

    def forget(self, model: str) -> None:
        """A model's file has changed: patches loaded from now on use the new one. Sounding voices keep the old one."""
        for wanted in [wanted for wanted in self._sources if wanted[0] == model]:
            del self._sources[wanted]

    def program(self, number: int, bank: int = 0) -> Patch | None:
        """The patch of a program change: number n of bank 0 is the factory's patch n, of bank 1 the player's own (of bank 2 from the 129th
        on, and so on). A bank that does not exist is bank 0. None where there is no such patch. Raises PatchError.
        """
        own = self._of(factory=False) if bank else []
        first = (bank - 1) * PROGRAMS
        programs = own[first:first + PROGRAMS] if first < len(own) and bank else self._of(factory=True)
        return patches_file.load(programs[number]) if 0 <= number < len(programs) else None

    def _of(self, *, factory: bool) -> list[Path]:
        """The factory's patches are listed once; the player's own each time, as new ones come."""
        if not factory or factory not in self._programs:
            self._programs[factory] = [entry.path for entry in library.patches() if entry.factory == factory]
        return self._programs[factory]


def open_sound(patch: str | Path | Patch | None = None, model: str | Path | Model | StftModel | None = None,
               playing: Sound | None = None) -> Sound:
    """A patch with its model, ready to play. Raises LibraryError or PatchError.

    `patch`: a Patch, a name, a file, None for the first. `model`: a loaded model, a name, a file, None for the patch's own.
    A source that plays already is used again.
    """
    if isinstance(model, (str, Path)):
        model = library.load_model(model)
    if not isinstance(patch, Patch):
        if patch is None and model is not None and not library.patches():
            patch = Patch(model.name, model.name, (0.0,) * model.latents)
        else:
            patch = library.load_patch(patch)
    if model is None:
        if playing is not None and (playing.source.name, playing.source.model.recordings) == (patch.model, patch.recordings):
            return Sound(patch, playing.source)
        model = library.load_model(patch.model)
    return Sound(patch, source_of(model, patch.recordings))


def notice(sound: Sound) -> str:
    """A notice for the player about a patch on the model that is installed; empty if it is the model it was made with."""
    patch, model = sound.patch, sound.source.model
    if isinstance(model, StftModel) and model.shape.keys == 1:
        return f'The model {model.name} knows one key alone, MIDI {model.shape.lowest}: all others are that note, resampled.'
    if not isinstance(model, StftModel) and trained_velocities(model.card) is None:
        return (f"The model {model.name} does not say which velocities it was trained on: it is used for all velocities, "
                "and very soft or hard notes may sound wrong.")
    if patch.notice:
        return patch.notice
    if patch.model != model.name or patch.model_sha256 in ("", model.card.get("sha256")):
        return ""
    return f'"{patch.name}" was made with another version of the model {patch.model}; it may sound different.'


def source_of(model: Model | LikenessModel | StftModel, recordings: Recordings = ()) -> Source:
    """The source for a model, as `hummingface.models.playing.checkpoint.load_model` gives it, with the recordings of a patch. A model of
    whole notes plays without them."""
    if isinstance(model, StftModel):
        return SampleSource(model)
    return FrameSource(LikenessModel(model.network, recordings) if recordings else model.network)
