"""What a take's MIDI file has of its events: where the arpeggiator plays, the notes that it makes in place of the keys."""
from collections import Counter

from hummingface.instrument.performance.events import Load, PlayerEvent
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.snapshot_values import Snapshot

_ON = "arpeggiator.on"


class HeardEvents:
    """Follows the events of a take from its `snapshot` on."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._arpeggiates = bool(snapshot["controls"].get(_ON, 0))
        self._keys: Counter[tuple[int, int]] = Counter()        # that the arpeggiator has taken

    def hear(self, event: PlayerEvent) -> PlayerEvent | None:
        """What another instrument is to hear of an event; None for nothing."""
        match event:
            case midi.ArpeggiatorNote():
                return event.heard
            case midi.NoteOn(channel, note, _) if self._arpeggiates:
                self._keys[channel, note] += 1
                return None
            case midi.NoteOff(channel, note, ends) if self._keys[channel, note] > 0:
                self._keys[channel, note] -= ends
                return None
            case midi.Controller(_, midi.SUSTAIN, value) if self._arpeggiates and value >= 64:
                return None                                     # it holds keys, not what is made of them
            case midi.Set(id=name, value=value) if name == _ON:
                self._arpeggiates = value >= 0.5
            case Load(patch=patch):
                self._arpeggiates = bool(patch.parameters[_ON])
        return event
