"""Loads patches and models for the audio process: opens, checks and warms them up."""
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import sound_bank
from hummingface.instrument.performance.performer import Performer
from hummingface.instrument.performance.sound_bank import SoundBank
from hummingface.instrument.performance.source import Source


class SoundLoader:
    """`model`: a model by name or file that plays in place of the first patch's own."""

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._bank = SoundBank()
        self._noticed: set[str] = set()

    def first(self, values: dict | None) -> tuple[Patch, Source, str]:
        """(patch, source, what went wrong): the factory's first patch where the wanted one or its model cannot be used. Raises ValueError
        where there is none.
        """
        try:
            patch = patch_file.from_json(values) if values is not None else None
            sound = sound_bank.open_sound(patch, self._model)
        except ValueError as error:
            sound = sound_bank.open_sound()
            self._bank.keep(sound.source.name, sound.source)
            return sound.patch, sound.source, f"{error} The first patch is used instead."
        self._bank.keep(sound.patch.model if self._model is not None else sound.source.name, sound.source)
        return sound.patch, sound.source, ""

    def notice(self, patch: Patch, source: Source) -> str:
        """A notice for the player about this patch on this model, once for each patch; else empty."""
        text = sound_bank.notice(sound_bank.Sound(patch, source))
        if text in self._noticed:
            return ""
        self._noticed.add(text)
        return text

    def load(self, values: dict) -> tuple[Patch, Source]:
        """A patch and the source that plays it. Raises ValueError, and then nothing has changed."""
        patch = patch_file.from_json(values)
        return patch, self._bank.sound(patch).source

    def forget(self, model: str) -> None:
        """A model's file has changed: patches loaded from now on use the new one."""
        self._bank.forget(model)

    def program(self, number: int, bank: int) -> Patch | None:
        """The patch of a program change; None where there is none. Raises PatchError."""
        return self._bank.program(number, bank)


def controls_of(performer: Performer) -> dict[str, float]:
    """The values of all controls, `{id: value}`."""
    return dict(zip(PARAMETERS, performer.controls.goal[:len(PARAMETERS)].tolist(), strict=True))
