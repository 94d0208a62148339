"""The performer: turns events into control frames in one fixed order, so that live and offline playing give the same sound
(docs/architecture.md).

    performer = Performer(state, FrameSource(model), patch)
    performer.receive(NoteOn(0, 60, 100), stamp=position)
    performer.advance(position + performer.delay_samples)      # when an event arrived, and whenever `next_due` is reached

One thread only; another thread may call `receive` as long as none calls `advance` meanwhile. No event makes it raise.
"""
import heapq
import time
from collections.abc import Callable
from typing import TypedDict

import numpy as np

from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.controls import GLIDE, Controls
from hummingface.instrument.performance.events import Blend, Load, PlayerEvent, Reroute
from hummingface.instrument.performance.hops import HopMaker
from hummingface.instrument.performance.keys_to_voices import KeysToVoices
from hummingface.instrument.performance.messages.arpeggiator import Arpeggiator
from hummingface.instrument.performance.messages.channel_messages import ChannelMessages, MessageTargets
from hummingface.instrument.performance.messages.channel_state import ChannelState
from hummingface.instrument.performance.messages.key_pitches import KeyPitches
from hummingface.instrument.performance.messages.midi import (
    Bend,
    Controller,
    KeyPressure,
    Mpe,
    NoteOff,
    NoteOn,
    Panic,
    Pressure,
    Program,
    Set,
    Tempo,
)
from hummingface.instrument.performance.messages.tuning_events import HostTuning, TuneKeys, TuneOctave, UseTuning
from hummingface.instrument.performance.playing_sound import PlayingSound
from hummingface.instrument.performance.shown_channels import ShownChannels
from hummingface.instrument.performance.source import Source
from hummingface.instrument.performance.voice_tuning import VoiceTuning
from hummingface.instrument.performance.voices.voice_allocation import Voices
from hummingface.instrument.synthesis.state import boundary
from hummingface.models.playing.frame import FRAMES_PER_SECOND

_Passed = KeyPressure | Pressure | Bend | Controller | Program | Panic      # on to who is told of what is played, besides notes


class PerformerOptions(TypedDict, total=False):
    """What a performer may be told besides; see `Performer`."""
    delay_samples: int
    log: Callable[[int, PlayerEvent], None] | None
    on_program: Callable[[int, int, list[int]], None] | None
    changed: Callable[[str, float], None] | None
    tuned: Callable[[str, str], None] | None
    shown: bool


class Performer:
    """Plays `source` into the rings of `state`. `delay_samples` is added to every stamp.

    `log(sample, event)` is called for every event with the sample at which it takes effect: feeding these to another performer (delay 0)
    gives the same hops. `on_program(channel, number, bank)`, the bank as its MSB and LSB, is called when a program change takes effect and
    may call `load_patch`. `changed(id, value)` is called for controls that MIDI moved, `tuned(by, name)` when another tuning is in force,
    as `KeyPitches` says it. `seed` seeds everything random. `shown`: whether a window displays the values in `state`.
    """

    def __init__(self, state: np.ndarray, source: Source, patch: Patch | None = None, *, delay_samples: int = 0,
                 seed: int = 0, log: Callable[[int, PlayerEvent], None] | None = None,
                 on_program: Callable[[int, int, list[int]], None] | None = None,
                 changed: Callable[[str, float], None] | None = None, tuned: Callable[[str, str], None] | None = None,
                 shown: bool = True) -> None:
        self.state = state
        self.rate_hz = int(state["rate_hz"][0])
        self.delay_samples = delay_samples
        self.log, self.on_program, self.changed, self._shown = log, on_program, changed, shown
        self.hop = -1                               # the newest computed hop
        self.late_hops = 0
        self.events = 0                             # received so far
        self._queue: list[tuple[int, int, PlayerEvent]] = []
        self._floor = boundary(-8, self.rate_hz) + 1        # earliest effect of a new event: after the
        self._applied = self._floor                         # newest hop's controls, and after all applied events
        self._flush = False
        self.key_pitches = KeyPitches()
        self.voices = Voices(self.key_pitches.table)
        self.controls = Controls(1 / FRAMES_PER_SECOND)
        self.arpeggiator = Arpeggiator(self.rate_hz, seed)
        self.tuning = VoiceTuning(self.key_pitches, self.voices, tuned)
        self.shown = ShownChannels(state, self.voices, shown)
        self.messages = ChannelMessages(MessageTargets(self.controls, self.voices, self.arpeggiator, self.key_pitches), self._moved,
                                        self.tuning.follow, self.shown.show)
        self.shown.follow(self.messages.channels, self.messages.zones)
        self.maker = HopMaker(state, self.voices, self.controls, self.channels.bend, seed)
        self.notes = KeysToVoices(self.maker, self.messages, self.arpeggiator, log)
        self.sound = PlayingSound(self.maker, self.messages, self.arpeggiator, self.tuning)
        self.sound.begin(source, patch)
        self.shown.show_all()

    @property
    def source(self) -> Source:
        return self.maker.source

    @property
    def channels(self) -> ChannelState:
        """What each of MIDI's channels has said."""
        return self.messages.channels

    @property
    def patch(self) -> Patch | None:
        """The patch that was loaded last, as it was then but for its routes."""
        return self.sound.patch

    @property
    def next_due(self) -> int:
        """The sample at which there is something to do: the next hop can be computed, or a note of the arpeggiator begins or ends."""
        return min(boundary(4 * self.hop, self.rate_hz), self.arpeggiator.due)

    def receive(self, event: PlayerEvent, stamp: int) -> int:
        """Takes an event that arrived at sample `stamp`. Returns the sample at which it takes effect."""
        effect = max(int(stamp) + self.delay_samples, self._floor, self._applied)
        heapq.heappush(self._queue, (effect, self.events, event))
        self.events += 1
        if self.log is not None:
            self.log(effect, event)
        return effect

    def load_patch(self, patch: Patch, source: Source | None = None, stamp: int | None = None) -> None:
        """Change the sound at `stamp` (None: as soon as possible). Sounding notes glide to it; if its source is another one, they end on
        the old one, and new notes use the new one.
        """
        if stamp is None:
            stamp = self._floor - self.delay_samples
        self.receive(Load(patch, source), stamp)

    def advance(self, now: int) -> None:
        """Apply and publish everything that can be known at sample `now` (the audio thread's position, plus the delay)."""
        while True:
            edge = boundary(4 * self.hop, self.rate_hz)
            self._apply_until(min(now, edge))
            if now < edge or not self._compute_hop():
                break
        self.maker.publish_until(min(now, edge))

    def idle(self) -> bool:
        """Do a little work ahead while nothing is due. Returns whether there was anything to do."""
        return self.maker.idle()

    def waiting(self) -> list[tuple[int, PlayerEvent]]:
        """(sample at which it takes effect, event) of all received events that are not applied yet, in order."""
        return [(sample, event) for sample, _, event in sorted(self._queue, key=lambda entry: entry[:2])]

    def forget_waiting(self) -> None:
        """Drop all events that are not applied yet."""
        self._queue.clear()

    def sounding(self) -> int:
        """The number of sounding voices."""
        return int(self.voices.playing().sum())

    def _compute_hop(self) -> bool:
        began = time.perf_counter()
        self.controls.step()
        if not self.maker.make(self.hop + 1, self._flush):
            return False
        self.hop += 1
        self.voices.hop = self.hop
        if self.maker.modulation.active:
            self.voices.glide = self.voices.glide._replace(seconds=float(self.maker.modulation.shared[GLIDE]))
        self._floor = boundary(4 * (self.hop - 1), self.rate_hz) + 1
        self._flush = False
        if self.voices.owed:
            self.notes.begin_owed(self._floor)
        if int(self.state["position"][0]) > boundary(4 * self.hop, self.rate_hz):
            self.late_hops += 1
        if self._shown:
            self.maker.tell(time.perf_counter() - began, self.late_hops)
        return True

    def _apply_until(self, sample: int) -> None:
        queue, arpeggiator = self._queue, self.arpeggiator
        while (first := min(queue[0][0] if queue else sample + 1, arpeggiator.due)) <= sample:
            if queue and queue[0][0] == first:      # before what the arpeggiator makes then
                effect, _, event = heapq.heappop(queue)
                self._apply(event, effect)
            else:
                self.notes.play_arpeggio(first)
        self._applied = max(self._applied, sample)
        self.notes.begin()

    def _apply(self, event: PlayerEvent, effect: int) -> None:
        """What each event means, and to whom."""
        self._applied = max(self._applied, effect)         # events caused by an event come right after it
        if isinstance(event, NoteOn):
            self.notes.press(event, effect)
            return
        self.notes.begin()                          # with the controls as they were then
        match event:
            case NoteOff():
                self.notes.lift(event, effect)
            case Set():
                self.sound.set(event, effect)
            case Controller():
                self.messages.controller(event)
            case Bend():
                self.messages.bend(event)
            case Pressure():
                self.messages.pressure(event)
            case KeyPressure():
                self.messages.key_pressure(event)
            case Mpe():
                self.messages.configure(event)
            case Program():
                self._program(event)
            case Tempo():
                self._tempo(event)
            case UseTuning() | TuneKeys() | TuneOctave() | HostTuning():
                self.tuning.hear(event)
            case Load():
                self._load(event, effect)
            case Reroute():
                self.sound.reroute(event, effect)
            case Blend():
                self.sound.blend(event, effect)
            case Panic():
                self._panic()
        if isinstance(event, _Passed):
            self.notes.pass_on(event)

    def _moved(self, id_: str, value: float) -> None:
        """MIDI moves a control."""
        self.sound.set(Set(id_, value), self._applied)
        if self.changed is not None:
            self.changed(id_, value)

    def _program(self, event: Program) -> None:
        self.sound.moved = {}
        if self.on_program is not None:
            self.on_program(event.channel, event.number, self.channels.bank[event.channel])

    def _tempo(self, event: Tempo) -> None:
        self.controls.set_tempo(event.bpm)
        if self.changed is not None:
            self.changed("master.tempo_bpm", self.controls.tempo_bpm)

    def _load(self, event: Load, sample: int) -> None:
        self.sound.load(event, sample)
        if event.answers:                           # live, a patch takes a while to load: what was moved since it was asked for holds
            for name, value in self.sound.moved.items():
                self.receive(Set(name, value), sample - self.delay_samples)
                if self.changed is not None:
                    self.changed(name, value)

    def _panic(self) -> None:
        self.voices.silence()
        self.arpeggiator.silence()
        self.voices.down[:] = False
        self._flush = True
        for channel in range(16):
            self.messages.reset(channel)
        self.shown.show_again()
