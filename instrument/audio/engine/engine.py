"""The engine: the state block, the sample clock, and the performer thread that turns events into hops beside the audio thread.

Threads: any thread may call `receive` and `play_patch`; only the performer thread touches the `Performer`; the audio
thread (compiled, never in this file) touches the state block. An event gets its stamp under the same lock under which the
performer reads its clock, so the performer never sees an event that is older than what it has already computed.
"""
import contextlib
import gc
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hummingface.instrument.audio import shared_state
from hummingface.instrument.audio.devices.output_stream import MidiInput, OutputStream
from hummingface.instrument.audio.engine.engine_listener import EngineListener
from hummingface.instrument.audio.engine.held_by_source import HeldBySource
from hummingface.instrument.audio.engine.metronome_beats import Metronome
from hummingface.instrument.audio.engine.moments import Moments
from hummingface.instrument.audio.engine.replayed_take import ReplayedTake
from hummingface.instrument.audio.engine.velocity_input import Touch
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.events import Load, PlayerEvent, noted
from hummingface.instrument.performance.messages import midi, midi_clock
from hummingface.instrument.performance.performer import Performer
from hummingface.instrument.recording.history import History
from hummingface.instrument.synthesis.producer import position, read_clock
from hummingface.instrument.synthesis.state import new_state, state_dtype

if TYPE_CHECKING:
    from hummingface.instrument.performance.source import Source
    from hummingface.instrument.recording.performance_log import Performance

LONGEST_WAIT_S = 0.05
WAITED_FOR_POLL_S = 0.0001          # an audio server that runs as fast as it can asks often
MOST_WAITING = 20_000               # events; beyond that something floods us
REAL_TIME_PRIORITY = 1              # below JACK's clients (5, of a server at 10) and PortAudio's thread, above everything else
READY_S = 0.0015                    # that a note takes until it can be rendered, before any was timed
LEARNT = 0.2                        # of what each later note took
SPARE_S = 0.003                     # until the next hop, for what can wait
LOOK_S = 0.25                       # between looks whether all is at rest, a moment to remember


@dataclass(frozen=True)
class EngineOptions:
    """What is the same for all engines of a process, and outlives them.

    `listener` hears what each says; `log(sample, event)` is called for every event with the sample at which it takes effect; `touch`
    applies the player's velocity curve to events from MIDI ports, before anything records them; `held` knows what each source holds;
    `played(event)` is called when notes and what channels say are played, also of a take.
    """
    listener: EngineListener = field(default_factory=EngineListener)
    log: Callable[[int, PlayerEvent], None] | None = None
    touch: Touch = field(default_factory=Touch)
    held: HeldBySource = field(default_factory=HeldBySource)
    played: Callable[[midi.Event], None] | None = None


class Engine:
    """A state block and its performer, which begins with `source` and `patch`.

    With `take` the engine is positioned at the take's beginning, and replays it sample for sample. `history` keeps all events of the last
    minute.
    """

    def __init__(self, rate_hz: int, source: "Source", patch: Patch | None, options: EngineOptions | None = None, *, seed: int = 0,
                 take: "Performance | None" = None):
        self.path, self._memory = shared_state.create(state_dtype.itemsize)
        self.state = new_state(rate_hz, seed=seed, buffer=self._memory)
        options = options or EngineOptions()
        self.rate_hz, self._listener, self._played = rate_hz, options.listener, options.played
        self._touch, self._held, self._log = options.touch, options.held, options.log
        self.stream: OutputStream | None = None                     # the stream that advances the position now, for its clock
        self.jack: MidiInput | None = None                       # the stream, if MIDI comes with it
        self._lock = threading.Lock()
        self._events: list[tuple[int, PlayerEvent]] = []    # (stamp, event)
        self._latest = 0                            # stamps never go back
        self._ready_s = READY_S
        self._ending = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self.history = History(self.state, rate_hz)
        self.clock = midi_clock.MidiClock(rate_hz)      # under the lock
        self.metronome = Metronome(self.state, rate_hz, self.clock)
        self._looked_at = 0                         # sample
        self.performer = Performer(self.state, source, patch, seed=seed, log=self._note,
                                   on_program=lambda _channel, number, bank: self._listener.program_came(number, bank),
                                   changed=self._listener.moved, tuned=self._listener.tuned)
        self._thread = threading.Thread(target=self._run, name="performer", daemon=True)
        self._moments = Moments(self.performer, self.history)
        self._replayed = ReplayedTake(self.performer, take) if take is not None else None

    @property
    def wake(self) -> int:
        """File descriptor that compiled code writes a byte to when it has events."""
        return self._wake_writer.fileno()

    def start(self) -> None:
        """Start performing. Call it before the stream starts, so that no hop is late."""
        self.performer.advance(position(self.state) + self.performer.delay_samples)
        self._moments.begin()
        self.performer.notes.played = self._played            # from now on: what came before a take was rendered silently
        self.history.start()
        self._thread.start()

    def begin_after_take(self, event: PlayerEvent) -> None:
        """An event that takes effect when the take is over that is played again. Call it before `start`."""
        self.performer.receive(event, self._replayed.until if self._replayed is not None else 0)

    def set_delay(self, samples: int) -> None:
        """How long after its stamp an event sounds."""
        self.performer.delay_samples = samples

    def receive(self, event: PlayerEvent, source: Hashable = None) -> None:
        """Take an event of a source now."""
        with self._lock:
            played = self._held.hear(source, event)
            if played is not None and len(self._events) < MOST_WAITING:
                self._events.append((self._now(), played))
        self.poke()

    def receive_bytes(self, message: bytes, source: Hashable = None) -> None:
        """Take a MIDI message of a port now; bytes that are no message are ignored."""
        with self._lock:
            if message and len(self._events) < MOST_WAITING:
                stamp = self._now()
                self._events += [(stamp, event) for event in self._read(stamp, message, source)]
        self.poke()

    def leave(self, source: Hashable) -> None:
        """A source is gone: release what it holds."""
        with self._lock:
            stamp = self._now()
            self._events += [(stamp, event) for event in self._held.leave(source)]
        self.poke()

    def play_patch(self, patch: Patch, source: "Source | None" = None, *, answers: bool = False) -> None:
        """Change the sound as soon as possible; `answers`: as a program change asked for."""
        self.receive(Load(patch, source, answers=answers))

    def panic(self) -> None:
        """Silence everything at once, and make what is played next audible."""
        self.receive(midi.Panic())
        self.make_audible()

    def make_audible(self) -> None:
        """Bring back channels that a volume or expression of 0 has silenced: their sender may be long gone, and nothing would sound."""
        for event in self.performer.channels.to_be_heard():
            self.receive(event)

    def count_in(self) -> int | None:
        """Count a bar or two before a take, if the player wants it. Returns the sample at which the take begins; None: at once."""
        return self.metronome.count_in(self.performer.controls, position(self.state))

    def end_count(self) -> None:
        """The take is not wanted any more."""
        self.metronome.end_count()

    def poke(self) -> None:
        """Wake the performer."""
        with contextlib.suppress(OSError):          # full: it is awake already
            self._wake_writer.send(b"!")

    def end(self) -> None:
        """Stop the performer; sounding notes are held."""
        self._ending = True
        self.poke()
        if self._thread.is_alive():
            self._thread.join(2)

    def close(self) -> None:
        """Stop the performer and remove the state block's file. The stream must be closed before, or play another block."""
        self.end()
        self.history.close()
        self._wake_reader.close()
        self._wake_writer.close()
        shared_state.remove(self.path)

    def _now(self) -> int:
        """The sample that is playing now, but for the constant latency: the audio thread's position plus the time since.

        Under the lock.
        """
        if self.stream is None or self.stream.device is None:
            now = position(self.state)
        else:
            at, passed = self._clock(self.stream)
            now = at if self._waited_for() else at + passed
            if self.jack is not None:
                now = max(at, min(now, self.jack.done_until))       # what this period brings has older stamps
        self._latest = max(self._latest, now)
        return self._latest

    def _clock(self, stream: OutputStream) -> tuple[int, int]:
        """(where the newest block begins, samples since the audio thread began it, at most a block)."""
        at, since_s, _ = read_clock(self.state)
        return at, min(max(int((stream.time_s - since_s) * self.rate_hz), 0), stream.block_samples)

    def _soonest(self) -> int:
        """The first sample of the first block that the audio thread will not have begun before a note received now is ready."""
        if self.stream is None or self.stream.device is None:
            return position(self.state)
        block = self.stream.block_samples
        at, passed = self._clock(self.stream)
        soonest = at + block * (1 + (passed + min(int(self._ready_s * self.rate_hz), block)) // block)
        if self.jack is not None:                                   # its stamps stay exact: its next events come no later than they are due
            soonest = min(soonest, self.jack.done_until + self.performer.delay_samples)
        return soonest

    def _waited_for(self) -> bool:
        """Whether the audio thread waits for the performer, as while a JACK server freewheels."""
        return bool(self.state["wait"][0])

    def _run(self) -> None:
        try:
            _hurry()
            gc.collect()
            gc.freeze()                             # garbage collection skips everything that exists now
            performer = self.performer
            while not self._ending:
                began_s = time.perf_counter()
                with self._lock:
                    now = self._now()
                    events, self._events = self._events, []
                    kinds = {type(event) for _, event in events}
                    if kinds & {midi.NoteOn, midi.NoteOff} and not self._waited_for():
                        can_be = self._soonest() - performer.delay_samples      # earlier, a note's begin would be cut off, and not as noted
                        events = [(max(stamp, can_be), event) for stamp, event in events]
                        now = self._latest = max(now, events[-1][0])
                    if self.jack is not None:
                        until = self.jack.done_until        # read first: all events before this sample are in the next batch
                        taken = [(message[0], event) for message in self.jack.take() for event in self._read(*message)]
                        events += taken
                        if taken:       # a period's notes are started now, not each at its sample, or they would be late
                            now = self._latest = max(now, until - 1)
                for stamp, event in events:
                    if isinstance(event, midi.Panic) and self._replayed is not None and now < self._replayed.until:
                        performer.forget_waiting()          # the rest of a take that is played again
                        self._replayed = None
                    if event is not None:
                        performer.receive(event, stamp)
                    if isinstance(event, midi.Controller):
                        self._listener.controller_came(event)
                performer.advance(now + performer.delay_samples)
                self.metronome.update(performer.controls, now)
                if midi.NoteOn in kinds:
                    self._ready_s += LEARNT * (time.perf_counter() - began_s - self._ready_s)
                if now - self._looked_at > LOOK_S * self.rate_hz:
                    self._look(now)
                until_due_s = (performer.next_due - performer.delay_samples - now) / self.rate_hz
                if until_due_s > SPARE_S and not self._waited_for() and performer.idle():
                    continue                        # there is time for a little more work; new events go first
                self._sleep(until_due_s)
        except Exception as error:                  # nothing a player does may lead here; the process is restarted
            self._listener.failed(error)

    def _read(self, stamp: int, message: bytes, source: Hashable = None) -> Sequence[PlayerEvent]:
        """The events of a MIDI message of any port, the system's and JACK's alike, that came at a sample; an empty one: its source is gone.

        Under the lock.
        """
        if not message:
            return self._held.leave(source)
        if message[0] in midi_clock.STATUS:
            return self.clock.hear(message, stamp, source)
        event = self._touch.apply(midi.decode(message))
        played = None if event is None else self._held.hear(source, event)
        return [] if played is None else [played]

    def _note(self, sample: int, event: PlayerEvent) -> None:
        self.history.note(sample, noted(event))
        if self._log is not None:
            self._log(sample, event)

    def _look(self, now: int) -> None:
        """Tell what a take has moved that is played again, and keep this moment if it is one to remember."""
        self._looked_at = now
        if self._replayed is not None:
            self._replayed.tell_moved(self._listener)
            if now > self._replayed.until:
                self._replayed = None
        self._moments.look(now)

    def _sleep(self, until_due_s: float) -> None:
        """Wait until an event comes or the next hop falls due."""
        wait_s = WAITED_FOR_POLL_S if self._waited_for() else min(max(until_due_s, 0.0002), LONGEST_WAIT_S)
        if select.select([self._wake_reader], [], [], wait_s)[0]:
            with contextlib.suppress(BlockingIOError):
                while self._wake_reader.recv(4096):
                    pass


def _hurry() -> None:
    """Request real-time priority for the performer's thread, where the system allows it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(REAL_TIME_PRIORITY))
