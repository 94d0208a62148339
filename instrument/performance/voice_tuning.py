"""What retunes keys takes effect on the voices that sound, and whoever asks is told whose tuning is in force."""
from collections.abc import Callable

from hummingface.instrument.patches.scale_tuning import ScaleTuning
from hummingface.instrument.performance.messages.key_pitches import KeyPitches, TunedKeys
from hummingface.instrument.performance.messages.tuning_events import TuneKeys, TuneOctave, TuningEvent
from hummingface.instrument.performance.voices.voice_allocation import Voices


class VoiceTuning:
    """`key_pitches` is what keys sound at; `told(by, name)` is called when another tuning is in force, as `KeyPitches` says it."""

    def __init__(self, key_pitches: KeyPitches, voices: Voices, told: Callable[[str, str], None] | None) -> None:
        self.key_pitches, self._voices, self._tell = key_pitches, voices, told
        self._told = "", ""

    def hear(self, event: TuningEvent) -> None:
        """An event retunes keys."""
        self.key_pitches.hear(event)
        self.follow(sounding=not isinstance(event, (TuneKeys, TuneOctave)) or event.sounding)

    def load(self, tuning: ScaleTuning | None) -> None:
        """A patch has this tuning of its own, or none."""
        if self.key_pitches.load(tuning):
            self.follow()

    def set_a4(self, a4_hz: float) -> None:
        if self.key_pitches.set_a4(a4_hz):
            self.follow()

    def restore(self, values: TunedKeys) -> None:
        """Tune the keys as `KeyPitches.capture` of another performer says."""
        self.key_pitches.restore(values)
        self.follow()

    def follow(self, sounding: bool = True) -> None:
        """Keys may have other pitches; `sounding`: also those that sound."""
        if sounding:
            self._voices.retune()
        now = self.key_pitches.by, self.key_pitches.name
        if now != self._told and self._tell is not None:
            self._tell(*now)
        self._told = now
