"""The way of a note: from its key, past the player's ranges and through the arpeggiator, to a voice of its own."""
from collections.abc import Callable

from hummingface.instrument.performance.controls import HARDEST, HIGHEST_KEY, LOWEST_KEY, SOFTEST
from hummingface.instrument.performance.events import PlayerEvent
from hummingface.instrument.performance.hops import HopMaker
from hummingface.instrument.performance.messages.arpeggiator import Arpeggiator
from hummingface.instrument.performance.messages.channel_messages import ChannelMessages
from hummingface.instrument.performance.messages.midi import ArpeggiatorNote, Event, NoteOff, NoteOn
from hummingface.instrument.performance.voices.voice_allocation import FIRST_OFF_ENDS, POLY

NO_TEMPO_BPM = 120.0                # for the arpeggiator, where a take of before has no tempo


class KeysToVoices:
    """`maker` makes the voices, `log(sample, event)` is told of what the arpeggiator has made of the keys, beside them.

    Attributes: `lost`, how many notes there was no slot for; `played(event)`, None or who is told of what is played when it is.
    """

    def __init__(self, maker: HopMaker, messages: ChannelMessages, arpeggiator: Arpeggiator,
                 log: Callable[[int, PlayerEvent], None] | None) -> None:
        self._maker, self._messages, self._arpeggiator, self._log = maker, messages, arpeggiator, log
        self._voices, self._controls = maker.voices, maker.controls
        self._starts: list[tuple[int, int]] = []    # (slot, sample) of notes that begin, not yet decoded
        self.lost = 0
        self.played: Callable[[Event], None] | None = None

    def press(self, event: NoteOn, sample: int) -> None:
        """A key is struck."""
        if not self._is_in_range(event):
            return
        if not self._arpeggiator.on:
            self._strike(event, sample)
            return
        for made in self._arpeggiator.press(event, sample, self._controls.goal):
            self._play_made(made, sample)

    def lift(self, event: NoteOff, sample: int) -> None:
        """A key is released."""
        if not self._arpeggiator.lift(event):
            self._release(event, sample)

    def play_arpeggio(self, sample: int) -> None:
        """What the arpeggiator has due at this sample."""
        for made in self._arpeggiator.play(self._controls.goal, self._controls.tempo_bpm or NO_TEMPO_BPM):
            self._play_made(made, sample)

    def begin(self) -> None:
        """Begin the notes that have been struck: with the controls as they are now, up to the end of the newest hop."""
        if self._starts:
            self._maker.start(self._starts, self._voices.hop)
            self._starts = []

    def begin_owed(self, sample: int) -> None:
        """Begin, as early as `sample`, notes for which there was no slot in the hop before."""
        for slot in self._voices.begin_owed():
            self._add(slot, sample)
        self.begin()

    def pass_on(self, event: Event) -> None:
        """Tell who listens that this is played."""
        if self.played is not None:
            self.played(event)

    def _is_in_range(self, event: NoteOn) -> bool:
        """Whether its key and its velocity are within the player's ranges."""
        now = self._controls.goal
        return bool(now[LOWEST_KEY] <= event.note <= now[HIGHEST_KEY] and now[SOFTEST] <= event.velocity <= now[HARDEST])

    def _play_made(self, event: NoteOn | NoteOff, sample: int) -> None:
        """Plays what the arpeggiator has made of the keys, and logs it beside them."""
        if self._log is not None:
            self._log(sample, ArpeggiatorNote(event.channel, event.note, event.velocity if isinstance(event, NoteOn) else 0))
        if isinstance(event, NoteOn):
            self._strike(event, sample)
        else:
            self._release(event, sample)

    def _strike(self, event: NoteOn, sample: int) -> None:
        self.pass_on(event)
        voices = self._voices
        if voices.starts_left <= 0 and voices.rules == FIRST_OFF_ENDS:
            self.lost += 1
            return
        self._messages.note_begins(event.channel)
        slot = voices.note_on(event.channel, event.note, event.velocity)
        self._messages.note_ended(event.channel)        # of a voice whose key was struck again
        if slot is None and voices.mode == POLY and not voices.owed and voices.sounds(event.channel, event.note):
            self.lost += 1
        self._add(slot, sample)

    def _release(self, event: NoteOff, sample: int) -> None:
        self.pass_on(event)
        voices = self._voices
        if voices.starts_left <= 0 and voices.rules == FIRST_OFF_ENDS:
            voices.all_notes_off(event.channel)
        else:
            self._add(voices.note_off(event.channel, event.note, event.ends, event.velocity / 127), sample)
        self._messages.note_ended(event.channel)

    def _add(self, slot: int | None, sample: int) -> None:
        """A voice begins, with those of its unison."""
        if slot is not None:
            softness = self._messages.softness(int(self._voices.table["line"][slot]))
            for each in [slot, *self._voices.begin_unison(slot)]:
                self._maker.ready(each, softness)
                self._starts.append((each, sample))
