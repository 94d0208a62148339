"""Maps General MIDI's 128 program numbers to a model's presets.

A model's card says which program each preset learnt (`program`). Other programs of the same family of eight are played by the
nearest preset. Sound effects and drums have no pitch and so no harmonic frame: they stay silent here.
"""
from hummingface.instrument.patches import library
from hummingface.instrument.patches.patch import Patch
from hummingface.models.playing.playable import Playable

FAMILY = 8
DRUMS = 9                                           # the channel, counted from 0, on which General MIDI has its drums
VOLUME = 100                                        # of a channel without a program change
STAND_INS = {**dict.fromkeys(range(96, 104), 89), 112: 9, 114: 12}      # effects: warm pad; tinkle bell: glockenspiel; steel drums: marimba
UNPITCHED = frozenset({113, *range(115, 128)})      # agogo, wood block to reverse cymbal, sound effects


def preset_of(presets: dict[str, dict], program: int) -> str | None:
    """The preset, of a model's card, that plays a program; None where none does."""
    if program in UNPITCHED:
        return None
    program = STAND_INS.get(program, program)
    numbers = {name: preset["program"] for name, preset in presets.items() if type(preset.get("program")) is int}
    family = [name for name in numbers if numbers[name] // FAMILY == program // FAMILY]
    return min(family, key=lambda name: abs(numbers[name] - program), default=None)


def knows_programs(model: Playable) -> bool:
    """Whether a model's presets have General MIDI numbers."""
    return any(type(preset.get("program")) is int for preset in model.card.get("presets", {}).values())


def patch_of(model: Playable, program: int) -> Patch | None:
    """A patch for a program: the model's preset, every control at its default. None where no preset plays it."""
    presets = model.card.get("presets", {})
    name = preset_of(presets, program)
    if name is None:
        return None
    return library.preset_patch(model, name)
