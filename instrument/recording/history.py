"""The last minute of playing, always kept: the sound, the events that made it, and snapshots from which it can be replayed.

Threads: any may read and call `follow`; the performer's thread alone calls `note`. The sound is copied from the state block's ring
of a few seconds into a longer one here, whose memory is allocated once and never grows.
"""
import threading
from collections import deque
from typing import NamedTuple

import numpy as np

from hummingface.instrument.performance.events import PlayerEvent
from hummingface.instrument.performance.snapshot_values import Snapshot
from hummingface.instrument.synthesis.producer import position
from hummingface.instrument.synthesis.state import OUTPUT_SAMPLES

KEPT_S = 60.0                       # how much is always kept
SLACK_S = 15.0                      # and how long a disk may delay the writer
FOLLOW_S = 0.1                      # how often the ring is copied by itself: also when JACK freewheels, 30 times as fast
MOST_EVENTS = 200_000
SILENT = 1e-5                       # nothing is louder where nothing sounds
_SAFE_SAMPLES = OUTPUT_SAMPLES * 3 // 4     # the audio thread writes while we copy


class Noted(NamedTuple):
    """An event: its number, counted from the engine's start, and the sample at which it takes effect."""
    number: int
    sample: int
    event: PlayerEvent


class Kept(NamedTuple):
    """A snapshot (`performance/snapshot.py`): it contains all events before `number`, except those that had not taken effect, `pending`."""
    sample: int
    number: int
    pending: list[tuple[int, PlayerEvent]]
    quiet: bool                     # nothing sounded, and nothing rang in the effects
    values: Snapshot
    late: int = 0                   # what had come late until then: `History.late`


class History:
    """The history of the engine whose state block is `state`. `end` is the sample up to which the sound has been copied."""

    def __init__(self, state: np.ndarray, rate_hz: int):
        self.rate_hz = rate_hz
        self._state = state
        self._size = int((KEPT_S + SLACK_S) * rate_hz)
        self._sound = np.zeros((self._size, 2), np.float32)
        self._lock = threading.Lock()
        self.end = self._first = position(state)    # nothing before it is here
        self.lost: deque[tuple[int, int]] = deque(maxlen=100)       # stretches that were not copied in time: (from, to)
        self.late = 0                               # quarters of hops, notes and blocks that came too late for the sound that was copied:
        self._late_seen = self._late_so_far()       # there it is not what the events say. Nothing is late where all is silent
        self.noted = 0
        self._events: deque[Noted] = deque(maxlen=MOST_EVENTS)
        self.moments: deque[Kept] = deque(maxlen=64)                # oldest first
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Follow the sound from now on, on a thread of its own."""
        self.end = self._first = position(self._state)
        self._late_seen = self._late_so_far()
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(2)

    def note(self, sample: int, event: PlayerEvent) -> None:
        """Record an event that takes effect at `sample`."""
        self._events.append(Noted(self.noted, sample, event))
        self.noted += 1

    def forget_old(self) -> None:
        """Drop everything older than the kept sound. On the performer's thread."""
        oldest = self.end - self._size
        events, moments = self._events, self.moments
        while events and events[0].sample < oldest:
            events.popleft()
        while len(moments) > 1 and moments[1].sample < oldest:
            moments.popleft()

    def moment_before(self, sample: int) -> Kept | None:
        """The newest snapshot at or before a sample from which it can be replayed: one at rest, if all later events are known."""
        events, moments = list(self._events), list(self.moments)
        oldest = events[0].number if events else self.noted
        usable = [kept for kept in moments if kept.sample <= sample and kept.number >= oldest]
        quiet = [kept for kept in usable if kept.quiet]
        best = quiet or usable or moments
        return best[-1] if best else None

    def events_from(self, number: int) -> list[Noted]:
        """All known events with this number or a later one, in the order in which they came."""
        if self.noted - number > 500:
            # one step for the interpreter: no other thread comes between
            return [noted for noted in list(self._events) if noted.number >= number]
        found: dict[int, Noted] = {}
        for index in range(1, len(self._events) + 1):  # from the newest back: an event that is added meanwhile is met twice, none is missed
            try:
                noted = self._events[-index]
            except IndexError:                              # an old one has just been dropped
                break
            if noted.number < number:
                break
            found[noted.number] = noted
        return [found[n] for n in sorted(found)]

    def follow(self) -> int:
        """Copy the sound since the last call; returns `end`."""
        with self._lock:
            now = position(self._state)
            begin = self.end
            if now - begin > _SAFE_SAMPLES:
                self._lose(begin, now - _SAFE_SAMPLES)
                begin = now - _SAFE_SAMPLES
            ring = self._state["output"][0]
            at = begin
            while at < now:
                count = min(now - at, OUTPUT_SAMPLES - at % OUTPUT_SAMPLES, self._size - at % self._size)
                to, source = at % self._size, at % OUTPUT_SAMPLES
                self._sound[to:to + count] = ring[source:source + count]
                at += count
            overwritten = position(self._state) - OUTPUT_SAMPLES
            if overwritten > begin:                 # this thread was held up while it copied
                self._lose(begin, min(overwritten, now))
            self._count_late(begin, now)
            self.end = now
            return now

    def _late_so_far(self) -> int:
        state = self._state[0]
        return int(state["held_quarters"]) + int(state["late_starts"]) + int(state["waits_given_up"])

    def _count_late(self, begin: int, end: int) -> None:
        """Count what came late meanwhile. Under the lock."""
        before, self._late_seen = self._late_seen, self._late_so_far()
        if self._late_seen != before and any(np.abs(self._sound[first:last]).max() > SILENT
                                                  for first, last in self._stretches(begin, end)):
            self.late += self._late_seen - before

    def _lose(self, begin: int, end: int) -> None:
        """Put silence in place of sound that was overwritten before it was copied, or while it was."""
        self.lost.append((begin, end))
        for first, last in self._stretches(begin, end):
            self._sound[first:last] = 0

    def sound(self, begin: int, end: int) -> tuple[int, np.ndarray]:
        """(the sample of its first frame, float32 [n, 2], a copy): the sound from `begin` to `end`, as far as it is kept."""
        with self._lock:
            end = min(end, self.end)
            begin = max(begin, self.end - self._size, self._first)
            pieces = [self._sound[first:last] for first, last in self._stretches(begin, end)]
            return begin, np.concatenate(pieces) if pieces else np.zeros((0, 2), np.float32)

    def loudest(self, seconds: float) -> float:
        """The highest peak of the last seconds; infinite if less is known."""
        end = self.follow()
        begin, sound = self.sound(end - int(seconds * self.rate_hz), end)
        return float(np.abs(sound).max(initial=0)) if end - begin >= int(seconds * self.rate_hz) or begin == 0 else np.inf

    def _stretches(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Where the samples from `begin` to `end` are in the ring: one or two slices, at most its size."""
        begin = max(begin, end - self._size)
        if end <= begin:
            return []
        first, last = begin % self._size, (end - 1) % self._size + 1
        return [(first, last)] if first < last else [(first, self._size), (0, last)]

    def _run(self) -> None:
        with self._lock:
            self._sound[:] = 0                      # so that all of the memory is there, without holding up the start
        while not self._ending.wait(FOLLOW_S):
            self.follow()
