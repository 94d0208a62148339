"""What there is to play and to move: patches, models with their presets, controls."""
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hummingface.instrument.api.errors import SoundError, raised_as
from hummingface.instrument.patches import library
from hummingface.instrument.patches.find_by_words import find_by_words
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.parameters import PARAMETERS, Parameter
from hummingface.instrument.patches.sound_candidates import candidates, unmeasured
from hummingface.instrument.patches.sources import SOURCES, ModulationSource
from hummingface.models.playing.card_file import card_of
from hummingface.suggestions import did_you_mean

if TYPE_CHECKING:
    from hummingface.instrument.api.instrument import Instrument


@dataclass(frozen=True)
class ModelInfo:
    """A model of the library. `presets` are named points of its latent space."""
    name: str
    path: Path
    factory: bool
    presets: tuple[str, ...]


@dataclass(frozen=True)
class ControlInfo:
    """A control: it goes from `lowest` to `highest`, in `unit` ("" for fractions and plain numbers), and rests at `default`.
    Switches have `choices`, the names of their whole values from `lowest` on."""
    id: str
    label: str
    group: str
    lowest: float
    highest: float
    default: float
    unit: str
    help: str
    choices: tuple[str, ...]


def list_patches() -> list[LibraryEntry]:
    """All patches that can be read: the factory's in the order of their programs, then the player's by name."""
    return library.patches()


@dataclass(frozen=True)
class FoundSound:
    """A sound that answers words: the patch of this `name`, or `preset` (else "") of `model`. `score` is from 0 to 1; `reasons` are the
    words that it answers well. `open()` gives its Instrument."""
    name: str
    model: str
    preset: str
    tags: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]
    path: Path

    def open(self) -> "Instrument":
        """Ready to play. Raises SoundError."""
        from hummingface.instrument.api.instrument import Instrument
        return Instrument(model=self.model, preset=self.preset) if self.preset else Instrument(self.path)


def find_sounds(words: str) -> list[FoundSound]:
    """The patches and presets that sound as these words say ("dark bowed metal"), the best first. The player's own patches are measured
    when they are new. Raises SoundError for words that are not known, with those that may have been meant."""
    entries = library.patches()
    if unmeasured(entries):
        from hummingface.instrument.offline.measuring import measure_own
        measure_own()
    answer = find_by_words(words, candidates([*entries, *library.presets()]))
    if answer.notice:
        raise SoundError(answer.notice)
    return [FoundSound(one.entry.name, one.entry.model, one.entry.preset, one.entry.tags, one.score, one.reasons, one.entry.path)
            for one in answer.matches]


def list_models() -> list[ModelInfo]:
    """All models with a readable card: the factory's, then the player's."""
    found = []
    for entry in library.models():
        with raised_as(SoundError):
            presets = card_of(entry.path).get("presets")
        found.append(ModelInfo(entry.name, entry.path, entry.factory, tuple(presets) if isinstance(presets, dict) else ()))
    return found


def list_controls() -> list[ControlInfo]:
    """All controls, group by group."""
    return [ControlInfo(p.id, p.label, p.group, p.lowest, p.highest, p.default, p.value_unit, p.help, p.choices)
            for p in PARAMETERS.values()]


def list_sources() -> list[ModulationSource]:
    """All that can move controls by routes: LFOs, envelopes, the hand's gestures, macros."""
    return list(SOURCES.values())


def control_of(name: str) -> Parameter:
    """The control of this id. Raises SoundError."""
    if name not in PARAMETERS:
        raise SoundError(f"No control is called {name!r}.{did_you_mean(name, PARAMETERS)} `hummingface.list_controls()` lists them.")
    return PARAMETERS[name]


def checked(name: str, value: object) -> float:
    """A value for a control, within its range. Raises SoundError for any other."""
    control = control_of(name)
    if isinstance(value, str) and value in control.choices:
        return control.lowest + control.choices.index(value)
    try:
        number = float(value)       # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise SoundError(f"{name} cannot be {value!r}: it is a number from {control.lowest:g} to {control.highest:g}"
                         + (f", or one of {', '.join(control.choices[:20])}." if control.choices else ".")) from None
    if not control.lowest <= number <= control.highest:
        unit = control.value_unit
        raise SoundError(f"{name} cannot be {number:g}: it goes from {control.lowest:g} to {control.highest:g}{unit and ' ' + unit}.")
    return control.clamp(number)
