"""Tracks held keys and pedals, so that they are released when their source disappears (a port, or a take or file at its end)."""
from collections.abc import Sequence

from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn, Panic

PEDALS = {midi.SUSTAIN: 64, midi.SOSTENUTO: 64, midi.SOFT: 1}       # from where on each is down


class HeldNotes:
    """The held notes and pedals after the events so far; the sustain pedals of `pedals` [16] were held before them. A key that was struck
    twice is held until both strikes have ended, and one released under the pedal sounds on: as in `voice_allocation.py`.
    """

    def __init__(self, pedals: Sequence[bool] = ()) -> None:
        self._strikes: dict[tuple[int, int], int] = {}      # (channel, note) that sounds: strikes that hold its key, 0: the pedal does
        self._pedals = {(channel, midi.SUSTAIN) for channel, down in enumerate(pedals) if down}

    def hear(self, event: object) -> None:
        """Take the next event."""
        match event:
            case NoteOn(channel, note, _):
                self._strikes[channel, note] = self._strikes.get((channel, note), 0) + 1
            case NoteOff(channel, note, ends):
                self._end(channel, note, ends)
            case Controller(channel, number, value) if number in PEDALS and value >= PEDALS[number]:
                self._pedals.add((channel, number))
            case Controller(channel, midi.SOSTENUTO | midi.SOFT as number, _):
                self._pedals.discard((channel, number))
            case Controller(channel, midi.SUSTAIN, _):
                self._pedals.discard((channel, midi.SUSTAIN))
                self._strikes = {key: count for key, count in self._strikes.items() if count or key[0] != channel}
            case Controller(channel, midi.RESET_CONTROLLERS, _):
                for number in PEDALS:
                    self.hear(Controller(channel, number, 0))
            case Controller(channel, midi.ALL_SOUND_OFF, _):
                self._strikes = {key: count for key, count in self._strikes.items() if key[0] != channel}
            case Controller(channel, number, _) if number >= midi.ALL_NOTES_OFF:
                for key, count in [item for item in self._strikes.items() if item[0][0] == channel]:
                    self._end(*key, count)
            case Panic():
                self._strikes.clear()
                self._pedals.clear()

    def _end(self, channel: int, note: int, strikes: int) -> None:
        left = max(self.strikes(channel, note) - strikes, 0)
        if left or ((channel, midi.SUSTAIN) in self._pedals and (channel, note) in self._strikes):
            self._strikes[channel, note] = left
        else:
            self._strikes.pop((channel, note), None)

    def strikes(self, channel: int, note: int) -> int:
        """How many strikes hold the key."""
        return self._strikes.get((channel, note), 0)

    def pedal(self, channel: int, number: int) -> bool:
        """Whether a pedal is down."""
        return (channel, number) in self._pedals

    def sounds(self, event: NoteOn | NoteOff) -> bool:
        """Whether the note of this event sounds."""
        return (event.channel, event.note) in self._strikes

    def release_all(self) -> list[NoteOff | Controller]:
        """The events that release everything that is held."""
        return [*(NoteOff(*key, count) for key, count in sorted(self._strikes.items()) if count),
                *(Controller(channel, number, 0) for channel, number in sorted(self._pedals))]
