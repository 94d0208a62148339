"""Tracks held keys and pedals, so that they are released when their source disappears (a port, or a take or file at its end)."""
from collections.abc import Sequence

from hummingface.instrument.performance import midi
from hummingface.instrument.performance.midi import Controller, NoteOff, NoteOn, Panic


class HeldNotes:
    """The held notes after the events so far; `pedals` [16] were held before them. A key released under the pedal sounds on."""

    def __init__(self, pedals: Sequence[bool] = ()) -> None:
        self._sounding: dict[tuple[int, int], bool] = {}    # (channel, note): whether the key itself is held
        self._pedals = {channel for channel, down in enumerate(pedals) if down}

    def hear(self, event: object) -> None:
        """Take the next event."""
        match event:
            case NoteOn(channel, note, _):
                self._sounding[channel, note] = True
            case NoteOff(channel, note) if channel in self._pedals and (channel, note) in self._sounding:
                self._sounding[channel, note] = False
            case NoteOff(channel, note):
                self._sounding.pop((channel, note), None)
            case Controller(channel, midi.SUSTAIN, value) if value >= 64:
                self._pedals.add(channel)
            case Controller(channel, midi.SUSTAIN, _):
                self._pedals.discard(channel)
                self._sounding = {key: down for key, down in self._sounding.items() if down or key[0] != channel}
            case Controller(channel, midi.RESET_CONTROLLERS, _):
                self.hear(Controller(channel, midi.SUSTAIN, 0))
            case Controller(channel, midi.ALL_SOUND_OFF, _):
                self._sounding = {key: down for key, down in self._sounding.items() if key[0] != channel}
            case Controller(channel, number, _) if number >= midi.ALL_NOTES_OFF:
                for key in [key for key in self._sounding if key[0] == channel]:
                    self.hear(NoteOff(*key))
            case Panic():
                self._sounding.clear()
                self._pedals.clear()

    def sounds(self, event: NoteOn | NoteOff) -> bool:
        """Whether the note of this event sounds."""
        return (event.channel, event.note) in self._sounding

    def release_all(self) -> list[NoteOff | Controller]:
        """The events that release everything that is held."""
        return [*(NoteOff(*key) for key, down in sorted(self._sounding.items()) if down),
                *(Controller(channel, midi.SUSTAIN, 0) for channel in sorted(self._pedals))]
