"""MIDI clock: from 24 jittering ticks per quarter note to a steady tempo and the samples at which bars begin.

A straight line is fitted to the newest ticks (least squares over eight beats), so that a jitter of 4 ms leaves 0.01 beats per minute.
Three ticks in a row on the same side of the line mean a new tempo, and the fit starts again. The reported tempo changes only
by steps too large for jitter, so that tempo-synced delays do not waver. MIDI clock has no time signatures: a bar is four beats. Of several
sources one is followed, until it has been silent for a second: two clocks at once would make one twice as fast.
"""
from collections import deque
from collections.abc import Hashable, Iterable

import numpy as np

from hummingface.instrument.performance.messages.midi import Tempo

TICK, START, CONTINUE, STOP, POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
STATUS = (TICK, START, CONTINUE, STOP, POSITION)
TICKS_PER_BEAT, BEATS_PER_BAR = 24, 4
WINDOW = 8 * TICKS_PER_BEAT
FIRST_TOLD = TICKS_PER_BEAT                 # ticks until a tempo is reported
STEP_BPM = 0.15                             # a smaller change is jitter
SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0
ODD_SHARE, ODD_S, ODD_JITTERS = 0.6, 0.004, 4.0     # farther from the line than a share of the period, than this, than the usual jitter,
ODD_TICKS = 3                               # this many in a row on one side: the tempo has changed
GONE_S = 1.0                                # without a tick no clock runs


class MidiClock:
    """Receives a clock's messages with their samples. `bpm`: the reported tempo, 0 before the first. One thread at a time."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.bpm = 0.0
        self.started = False                # between start or continue and stop
        self._ticks: deque[int] = deque(maxlen=WINDOW)      # samples
        self._odd = 0                       # how many of the newest lie far from the line, on one side: negative before, positive after it
        self._next = 0                      # place of the next tick in the song, from its start
        self._bars: deque[int] = deque(maxlen=8)
        self._source: Hashable = None       # that is followed, and when it was heard last
        self._heard_at = 0

    def hear(self, message: bytes, sample: int, source: Hashable = None) -> list[Tempo]:
        """Take a message of `STATUS` at a sample from a source. Returns the events for the performer."""
        if source != self._source and sample - self._heard_at < GONE_S * self.rate_hz and self._heard_at:
            return []
        self._source, self._heard_at = source, sample
        status = message[0]
        if status == START:
            self.started, self._next = True, 0
        elif status == CONTINUE:
            self.started = True
        elif status == STOP:
            self.started = False
        elif status == POSITION and len(message) == 3 and not self.started:
            self._next = 6 * (message[1] + 128 * message[2])                # in sixteenth notes
        elif status == TICK:
            return self._tick(sample)
        return []

    def runs(self, sample: int) -> bool:
        """Whether ticks are arriving, as of a sample."""
        return len(self._ticks) > 1 and sample - self._ticks[-1] < GONE_S * self.rate_hz

    @property
    def newest_bar(self) -> int | None:
        """The start of the newest bar that has arrived."""
        bars = list(self._bars)
        return bars[-1] if bars else None

    def bar_after(self, sample: int) -> int | None:
        """The start of the first bar at or after a sample, once it has arrived; only the last few bars are known."""
        return next((bar for bar in list(self._bars) if bar >= sample), None)

    def _tick(self, sample: int) -> list[Tempo]:
        ticks = self._ticks
        if ticks and not 0 <= sample - ticks[-1] < GONE_S * self.rate_hz:
            ticks.clear()
            self._odd = 0
        ticks.append(sample)
        self._leave_old_tempo()
        line = _FittedLine(ticks) if len(ticks) > 2 else None
        if self.started:
            if self._next % (TICKS_PER_BEAT * BEATS_PER_BAR) == 0:
                self._bars.append(round(line.at(len(ticks) - 1)) if line else sample)
            self._next += 1
        if line is None or len(ticks) < FIRST_TOLD or line.period <= 0 or self._odd:
            return []
        bpm = round(60 * self.rate_hz / (line.period * TICKS_PER_BEAT), 1)
        unsure = 3 * bpm * line.period_error / line.period
        if not SLOWEST_BPM <= bpm <= FASTEST_BPM or abs(bpm - self.bpm) < max(STEP_BPM, unsure):
            return []
        self.bpm = bpm
        return [Tempo(bpm)]

    def _leave_old_tempo(self) -> None:
        """Drop the old ticks if the newest follow another tempo."""
        before = list(self._ticks)[:-1 - abs(self._odd)]
        if len(before) < ODD_TICKS * 3:
            self._odd = 0
            return
        line = _FittedLine(before)
        away = self._ticks[-1] - line.at(len(self._ticks) - 1)
        if abs(away) < max(ODD_SHARE * line.period, ODD_S * self.rate_hz, ODD_JITTERS * line.jitter):
            self._odd = 0
            return
        side = 1 if away > 0 else -1
        self._odd = self._odd + side if self._odd * side >= 0 else side
        if abs(self._odd) >= ODD_TICKS:
            newest = list(self._ticks)[-ODD_TICKS:]
            self._ticks.clear()
            self._ticks.extend(newest)
            self._odd = 0


class _FittedLine:
    """A straight line fitted to the samples of three or more ticks: `period` from tick to tick, the distance of ticks from it (`jitter`,
    RMS), and the resulting standard deviation of the period.
    """

    def __init__(self, ticks: Iterable[int]) -> None:
        samples = np.array(ticks, np.float64)
        count = len(samples)
        places = np.arange(count) - (count - 1) / 2
        spread = places @ places
        self._middle, self._mean = (count - 1) / 2, samples.mean()
        self.period = float(places @ samples / spread)
        self.jitter = float(np.sqrt(np.mean((samples - self._mean - self.period * places) ** 2)))
        self.period_error = self.jitter / float(np.sqrt(spread))

    def at(self, place: int) -> float:
        """The sample at which a tick belongs."""
        return float(self._mean + self.period * (place - self._middle))
