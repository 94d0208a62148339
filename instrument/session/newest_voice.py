"""Which voice is the newest, and how old it is, from what the engine's memory shows anyway: the velocities of the sounding keys. No Qt.

The engine is asked for nothing. So a key that is struck again as hard as before is not seen as new, and of a key that goes up only those
of the window are known: another one is shown as held until it is silent.
"""
from collections.abc import Callable

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.session.sound_curves import ShownVoice
from hummingface.models.playing.frame import hz_to_pitch


class NewestVoice:
    """`held` gives the keys that are held in the window."""

    def __init__(self, held: Callable[[], set[int]]) -> None:
        self._held = held
        self._notes: tuple[int, ...] = (0,) * 128
        self._key: int | None = None
        self._was_held = False
        self._began_s = self._released_s = 0.0              # released: 0 while it is not

    def see(self, telemetry: Telemetry, now_s: float) -> ShownVoice | None:
        """The newest voice now; None while nothing sounds."""
        notes = telemetry.notes
        if notes is not self._notes and notes != self._notes:
            new = [key for key, (before, velocity) in enumerate(zip(self._notes, notes, strict=True)) if velocity and velocity != before]
            self._notes = notes
            if new:
                self._key, self._began_s, self._was_held, self._released_s = new[-1], now_s, False, 0.0
        if self._key is None or not notes[self._key]:
            self._key = None
            return None
        held = self._key in self._held()
        if self._was_held and not held and not self._released_s:
            self._released_s = now_s
        self._was_held = self._was_held or held
        pitch = float(hz_to_pitch(telemetry.f0_hz)) if telemetry.f0_hz > 0 else float(self._key)
        up_s = now_s - self._released_s if self._released_s else None
        return ShownVoice(self._key, pitch, notes[self._key], now_s - self._began_s, up_s)
