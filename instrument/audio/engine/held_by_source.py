"""Who holds what: the keys and pedals that each source of MIDI holds (a port, an input of JACK's, the window), so that no hand ends what
another holds, and what a source that goes has held is released, and nothing else.

A key that two sources hold is held until both have released it; so is a pedal. Within one source the first note-off of a key ends all of
its strikes, as in FluidSynth, Surge and most hardware: where a note-off was lost, the next press heals it. (In a file each note has an
end of its own: `performance/voices/voice_allocation.py`.)
"""
from collections.abc import Hashable
from dataclasses import replace

from hummingface.instrument.performance.events import PlayerEvent
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.held_notes import PEDALS, HeldNotes
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, Panic


class HeldBySource:
    """Outlives engines: each engine that plays is given the same one, and calls it under its lock."""

    def __init__(self) -> None:
        self._held: dict[Hashable, HeldNotes] = {}

    def hear(self, source: Hashable, event: PlayerEvent) -> PlayerEvent | None:
        """What is to be played of an event of a source. None: another source still holds the pedal that this one releases."""
        match event:
            case NoteOff(channel, note):
                mine = self._of(source).strikes(channel, note)
                if mine or any(held.strikes(channel, note) for held in self._held.values()):
                    event = replace(event, ends=mine)
            case Panic():
                self._held.clear()
            case Controller(_, number, _) if number in (midi.ALL_SOUND_OFF, midi.RESET_CONTROLLERS) or number >= midi.ALL_NOTES_OFF:
                for held in self._held.values():
                    held.hear(event)
        self._of(source).hear(event)
        return None if self._pedal_stays(event) else event

    def leave(self, source: Hashable) -> list[NoteOff | Controller]:
        """A source is gone: what ends with it."""
        held = self._held.pop(source, None)
        return [event for event in held.release_all() if not self._pedal_stays(event)] if held is not None else []

    def _of(self, source: Hashable) -> HeldNotes:
        if source not in self._held:
            self._held[source] = HeldNotes()
        return self._held[source]

    def _pedal_stays(self, event: PlayerEvent) -> bool:
        """Whether it releases a pedal that a source still holds."""
        match event:
            case Controller(channel, number, value) if number in PEDALS and value < PEDALS[number]:
                return any(held.pedal(channel, number) for held in self._held.values())
        return False
