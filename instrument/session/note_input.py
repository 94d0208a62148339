"""The notes that the player holds in the window, with any input. No Qt.

The mouse, the computer keys and focus changes all come through here, so that a note that two of them hold ends when both
have released it, and none can hang.
"""
from collections.abc import Callable

BEND_CENTRE = 8192


class NoteInput:
    """Turns key presses into commands for the engine. `who` names the input that a key press comes from."""

    def __init__(self, send: Callable[[dict], None]):
        self._send = send
        self._held: dict[int, set[str]] = {}
        self.on_change: list[Callable[[], None]] = []

    @property
    def held(self) -> set[int]:
        """The MIDI notes that are held."""
        return set(self._held)

    def press(self, note: int, velocity: int, who: str) -> None:
        """Presses a key; velocity 1..127."""
        if not 0 <= note <= 127 or who in self._held.get(note, ()):
            return
        self._held.setdefault(note, set()).add(who)
        self._send({"do": "note_on", "note": note, "velocity": min(max(int(velocity), 1), 127)})
        self._changed()

    def release(self, note: int, who: str) -> None:
        """Releases a key."""
        holders = self._held.get(note)
        if holders and who in holders:
            holders.discard(who)
            if not holders:
                del self._held[note]
                self._send({"do": "note_off", "note": note})
            self._changed()

    def release_all(self, who: str | None = None) -> None:
        """Releases all keys of one input, or of all inputs."""
        for note, holders in list(self._held.items()):
            for holder in list(holders):
                if who is None or holder == who or holder.startswith(f"{who}:"):
                    self.release(note, holder)

    def panic(self) -> None:
        """Silence, at once."""
        self._held.clear()
        self._send({"do": "panic"})
        self._changed()

    def bend(self, amount: float) -> None:
        """Pitch bend, -1..1."""
        value = min(max(round(BEND_CENTRE + amount * BEND_CENTRE), 0), 16383)
        self._send({"do": "midi", "bytes": [0xE0, value & 0x7F, value >> 7]})

    def wheel(self, amount: float) -> None:
        """Modulation wheel, 0..1."""
        self._send({"do": "midi", "bytes": [0xB0, 1, round(min(max(amount, 0), 1) * 127)]})

    def pedal(self, down: bool) -> None:
        """Sustain pedal."""
        self._send({"do": "midi", "bytes": [0xB0, 64, 127 if down else 0]})

    def _changed(self) -> None:
        for listener in self.on_change:
            listener()
