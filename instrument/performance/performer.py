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
from typing import Any, TypedDict

import numpy as np

from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.controls import (
    A4,
    GLIDE,
    GLIDE_LAW,
    GLIDE_WHEN,
    HALF_PEDAL,
    HARDEST,
    HIGHEST_KEY,
    INDEX,
    LOWEST_KEY,
    MODE,
    PRIORITY,
    SOFTEST,
    SOUND_KNOBS,
    STEALING,
    UNISON,
    VOICES,
    Controls,
)
from hummingface.instrument.performance.dynamics import LAW
from hummingface.instrument.performance.events import Blend, Load, PlayerEvent, Reroute
from hummingface.instrument.performance.hops import HopMaker
from hummingface.instrument.performance.latent_target import LatentTarget
from hummingface.instrument.performance.messages.arpeggiator import Arpeggiator
from hummingface.instrument.performance.messages.channel_messages import ChannelMessages, MessageTargets
from hummingface.instrument.performance.messages.channel_state import ChannelShown, ChannelState
from hummingface.instrument.performance.messages.key_pitches import KeyPitches
from hummingface.instrument.performance.messages.midi import (
    ArpeggiatorNote,
    Bend,
    Controller,
    Event,
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
from hummingface.instrument.performance.messages.tuning_events import HostTuning, TuneKeys, TuneOctave, TuningEvent, UseTuning
from hummingface.instrument.performance.source import Source
from hummingface.instrument.performance.voices.glide import Glide
from hummingface.instrument.performance.voices.voice_allocation import FIRST_OFF_ENDS, POLY, Voices
from hummingface.instrument.synthesis.state import boundary
from hummingface.models.playing.frame import FRAMES_PER_SECOND

_NAMES = list(INDEX)
_Passed = KeyPressure | Pressure | Bend | Controller | Program | Panic      # on to who is told of what is played, besides notes
NO_TEMPO_BPM = 120.0                # for the arpeggiator, where a take of before has no tempo


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
        self.log, self.on_program, self.changed, self._tuned, self._shown = log, on_program, changed, tuned, shown
        self.hop = -1                               # the newest computed hop
        self.late_hops = 0
        self.events = 0                             # received so far
        self.lost_notes = 0                         # for which there was no slot
        self.law = LAW                              # the law of loudness over velocity; an old take has its own
        self.key_pitches = KeyPitches()
        self._told_tuning = "", ""
        self.voices = Voices(self.key_pitches.table)
        self.controls = Controls(1 / FRAMES_PER_SECOND)
        self.arpeggiator = Arpeggiator(self.rate_hz, seed)
        self.messages = ChannelMessages(MessageTargets(self.controls, self.voices, self.arpeggiator, self.key_pitches), self._moved,
                                        self._retuned, self._show)
        self.maker = HopMaker(state, self.voices, self.controls, self.channels.bend, seed)
        self._queue: list[tuple[int, int, PlayerEvent]] = []
        self.played: Callable[[Event], None] | None = None  # is told of what is played when it is: notes, and what channels say
        self._floor = boundary(-8, self.rate_hz) + 1        # earliest effect of a new event: after the
        self._applied = self._floor                         # newest hop's controls, and after all applied events
        self._starts: list[tuple[int, int]] = []    # (slot, sample) of notes that begin, not yet decoded
        self._flush = False
        self._since_program: dict[str, float] = {}  # controls moved since the newest program change
        self._aim_at(source)
        self._patch = patch
        self.maker.play(source)
        self.maker.warm_up()
        self._apply_settings()
        if patch is not None:
            self._load(Load(patch))
        self.controls.snap()
        source.snap()
        self.show_channels()

    @property
    def source(self) -> Source:
        return self.maker.source

    @property
    def channels(self) -> ChannelState:
        """What each of MIDI's channels has said."""
        return self.messages.channels

    @property
    def patch(self) -> Patch | None:
        """The patch that was loaded last, as it was then but for its routes and what a blend has moved."""
        return self._patch

    @property
    def next_due(self) -> int:
        """The sample at which there is something to do: the next hop can be computed, or a note of the arpeggiator begins or ends."""
        return min(self._hop_due, self.arpeggiator.due)

    @property
    def _hop_due(self) -> int:
        return boundary(4 * self.hop, self.rate_hz)

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

    def begin_with(self, controls: dict[str, float]) -> None:
        """Where these controls, by their ids, stand before anything sounds; nothing glides there. Raises KeyError, ValueError for NaN."""
        for name, value in controls.items():
            self.controls.set(name, value)
        self._apply_settings()
        self.controls.snap()

    def advance(self, now: int) -> None:
        """Apply and publish everything that can be known at sample `now` (the audio thread's position, plus the delay)."""
        while True:
            edge = self._hop_due
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

    def restore_tuning(self, values: dict[str, Any]) -> None:
        """Tune the keys as `KeyPitches.capture` of another performer says."""
        self.key_pitches.restore(values)
        self._retuned()

    def show_channels(self) -> None:
        """Show where all channels stand."""
        for channel in reversed(range(16)):
            self._show(channel)

    def _show(self, channel: int) -> None:
        """Show where a channel stands, which was just moved; of a zone of MPE its master, which stands for all of it."""
        if self._shown:
            status, channels = self.state["status"][0], self.channels
            status["channels"][channel] = ChannelShown(
                channels.bend[channel], channels.wheel[channel], channels.volume[channel], channels.expression[channel],
                self.voices.down[channel])
            master = self.messages.zones.master_of(channel)
            status["channel"] = channel if master is None else master

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
            for slot in self.voices.begin_owed():
                self._begin(slot, self._floor)
            self._begin_notes()
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
                continue
            for made in arpeggiator.play(self.controls.goal, self.controls.tempo_bpm or NO_TEMPO_BPM):
                self._play_made(made, first)
        self._applied = max(self._applied, sample)
        self._begin_notes()

    def _apply(self, event: PlayerEvent, effect: int) -> None:
        self._applied = max(self._applied, effect)         # events caused by an event come right after it
        if isinstance(event, NoteOn):
            self._note_on(event, effect)
            return
        self._begin_notes()                         # with the controls as they were then
        if (handle := _HANDLERS.get(type(event))) is not None:
            handle(self, event, effect)
        elif (hear := _MESSAGES.get(type(event))) is not None:
            hear(self.messages, event)
        if isinstance(event, _Passed):
            self._pass_on(event)

    def _pass_on(self, event: Event) -> None:
        if self.played is not None:
            self.played(event)

    def _play_made(self, event: NoteOn | NoteOff, sample: int) -> None:
        """Plays what the arpeggiator has made of the keys, and logs it beside them."""
        if self.log is not None:
            self.log(sample, ArpeggiatorNote(event.channel, event.note, event.velocity if isinstance(event, NoteOn) else 0))
        if isinstance(event, NoteOn):
            self._strike(event, sample)
        else:
            self._release(event, sample)

    def _begin_notes(self) -> None:
        if self._starts:
            self.maker.start(self._starts, self.hop)
            self._starts = []

    def _begin(self, slot: int | None, sample: int) -> None:
        if slot is not None:
            softness = self.messages.softness(int(self.voices.table["line"][slot]))
            for each in [slot, *self.voices.begin_unison(slot)]:
                self.maker.ready(each, self.law, softness)
                self._starts.append((each, sample))

    def _note_on(self, event: NoteOn, sample: int) -> None:
        if not self._sounds(event):
            return
        if not self.arpeggiator.on:
            self._strike(event, sample)
            return
        for made in self.arpeggiator.press(event, sample, self.controls.goal):
            self._play_made(made, sample)

    def _strike(self, event: NoteOn, sample: int) -> None:
        self._pass_on(event)
        voices = self.voices
        if voices.starts_left <= 0 and voices.rules == FIRST_OFF_ENDS:
            self.lost_notes += 1
            return
        self.messages.note_begins(event.channel)
        slot = voices.note_on(event.channel, event.note, event.velocity)
        self.messages.note_ended(event.channel)         # of a voice whose key was struck again
        if slot is None and voices.mode == POLY and not voices.owed and voices.sounds(event.channel, event.note):
            self.lost_notes += 1
        self._begin(slot, sample)

    def _sounds(self, event: NoteOn) -> bool:
        """Whether its key and its velocity are within the player's ranges."""
        now = self.controls.goal
        return bool(now[LOWEST_KEY] <= event.note <= now[HIGHEST_KEY] and now[SOFTEST] <= event.velocity <= now[HARDEST])

    def _note_off(self, event: NoteOff, sample: int) -> None:
        if not self.arpeggiator.lift(event):
            self._release(event, sample)

    def _release(self, event: NoteOff, sample: int) -> None:
        self._pass_on(event)
        if self.voices.starts_left <= 0 and self.voices.rules == FIRST_OFF_ENDS:
            self.voices.all_notes_off(event.channel)
        else:
            self._begin(self.voices.note_off(event.channel, event.note, event.ends, event.velocity / 127), sample)
        self.messages.note_ended(event.channel)

    def _moved(self, id_: str, value: float) -> None:
        """MIDI moves a control."""
        self._set(Set(id_, value), self._applied)
        if self.changed is not None:
            self.changed(id_, value)

    def _set(self, event: Set, sample: int) -> None:
        try:
            value = self.controls.set(event.id, event.value)
        except (KeyError, TypeError, ValueError):
            return
        self._since_program[event.id] = value
        parameter = PARAMETERS[event.id]
        if parameter.group == "latent":
            self.latents.move(int(event.id.partition(".")[2]), value)
        self._apply_settings(sample)

    def _program(self, event: Program, sample: int) -> None:
        self._since_program = {}
        if self.on_program is not None:
            self.on_program(event.channel, event.number, self.channels.bank[event.channel])

    def _tempo(self, event: Tempo, sample: int) -> None:
        self.controls.set_tempo(event.bpm)
        if self.changed is not None:
            self.changed("master.tempo_bpm", self.controls.tempo_bpm)

    def _tune(self, event: TuningEvent, sample: int) -> None:
        self.key_pitches.hear(event)
        self._retuned(sounding=not isinstance(event, (TuneKeys, TuneOctave)) or event.sounding)

    def _retuned(self, sounding: bool = True) -> None:
        """Keys may have other pitches; `sounding`: also those that sound."""
        if sounding:
            self.voices.retune()
        now = self.key_pitches.by, self.key_pitches.name
        if now != self._told_tuning and self._tuned is not None:
            self._tuned(*now)
        self._told_tuning = now

    def _panic(self, event: Panic | None, sample: int) -> None:
        self.voices.silence()
        self.arpeggiator.silence()
        self.voices.down[:] = False
        self._flush = True
        newest = int(self.state["status"][0]["channel"])
        for channel in range(16):
            self.messages.reset(channel)
            self._show(channel)
        self._show(newest)

    def _load(self, event: Load, sample: int = 0) -> None:
        patch = self._patch = event.patch
        self.law, self.voices.rules = event.law, event.rules
        if event.source is not None and event.source is not self.maker.source:
            self.maker.play(event.source)
            self._aim_at(event.source)
        for name, value in patch.parameters.items():
            self.controls.set(name, value)
        self.controls.set_gain(patch.gain_db)
        self.latents.load(patch)
        if self.key_pitches.load(patch.tuning):
            self._retuned()
        for i, value in enumerate(self.latents.knobs):
            self.controls.set(f"latent.{i + 1}", float(value))
        self.maker.route(patch.routes)
        self._apply_settings(sample)
        playing = self.voices.playing()
        if not playing.any():
            self.controls.snap()
        if not (playing & (self.voices.table["source"] == self.maker.current)).any():
            self.source.snap()
        if event.answers:
            self._move_again(sample)

    def _aim_at(self, source: Source) -> None:
        self.latents = self.maker.latents = LatentTarget(source.latents, source.recordings)

    def _reroute(self, event: Reroute, sample: int) -> None:
        if self._patch is not None:
            self._patch = self._patch.with_values(routes=event.routes)
        self.maker.route(event.routes)
        self._apply_settings(sample)

    def _blend(self, event: Blend, sample: int) -> None:
        if self._patch is not None:
            self._patch = event.of(self._patch)
        self.latents.blend(event.latents)
        self.controls.set_gain(event.gain_db)
        self._apply_settings(sample)

    def _move_again(self, sample: int) -> None:
        """Live, a patch takes a while to load: what was moved after the program change that asked for it holds."""
        for name, value in self._since_program.items():
            self.receive(Set(name, value), sample - self.delay_samples)
            if self.changed is not None:
                self.changed(name, value)

    def _apply_settings(self, sample: int = 0) -> None:
        self.arpeggiator.set(self.controls.goal, sample)
        now = self.controls.now
        voices = self.voices
        voices.limit, voices.unison, voices.stealing = int(now[VOICES]), int(now[UNISON]), int(now[STEALING])
        voices.glide = Glide(float(now[GLIDE]), int(now[GLIDE_WHEN]), bool(now[GLIDE_LAW]))
        voices.priority = int(now[PRIORITY])
        voices.set_mode(int(now[MODE]))
        self.messages.use_half_pedal(bool(now[HALF_PEDAL]))
        if self.key_pitches.set_a4(float(now[A4])):
            self._retuned()
        goal = self.controls.goal
        knob_offsets = {_NAMES[i]: float(goal[i]) for i in SOUND_KNOBS if goal[i]}
        self.source.set_target(self.latents.at(goal), knob_offsets)


_HANDLERS: dict[type, Callable[[Performer, Any, int], None]] = {
    NoteOff: Performer._note_off, Program: Performer._program, Set: Performer._set, Tempo: Performer._tempo, Panic: Performer._panic,
    Load: Performer._load, Reroute: Performer._reroute, Blend: Performer._blend, UseTuning: Performer._tune,
    TuneKeys: Performer._tune, TuneOctave: Performer._tune, HostTuning: Performer._tune}
_MESSAGES: dict[type, Callable[[ChannelMessages, Any], None]] = {
    KeyPressure: ChannelMessages.key_pressure, Pressure: ChannelMessages.pressure, Bend: ChannelMessages.bend,
    Controller: ChannelMessages.controller, Mpe: ChannelMessages.configure}
