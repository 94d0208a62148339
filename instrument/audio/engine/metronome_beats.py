"""Where the metronome clicks: by the MIDI clock's bars where one runs, else by the player's own tempo; and the count before a take.

Under the engine's lock, or on the performer's thread.
"""
import threading

import numpy as np

from hummingface.instrument.performance.controls import INDEX, Controls
from hummingface.instrument.performance.messages.midi_clock import BEATS_PER_BAR, MidiClock
from hummingface.instrument.synthesis.producer import Beats, publish_beats

ALWAYS = 1 << 62
LEAD_S = 0.1                        # until the first click of a count
SILENT = Beats(0, 0, 0.0, 0.0, 0.0)

_ON, _LEVEL, _COUNT_IN = (INDEX[f"metronome.{name}"] for name in ("on", "level_db", "count_in"))


class Metronome:
    """`update` is to be called often, `count_in` when a take is to begin."""

    def __init__(self, state: np.ndarray, rate_hz: int, clock: MidiClock) -> None:
        self._state, self._rate_hz, self._clock = state, rate_hz, clock
        self._lock = threading.Lock()
        self._beats = SILENT
        self._counting_until = -1           # sample

    def update(self, controls: Controls, now: int) -> None:
        """Follow the controls, the tempo and the clock, as of a sample."""
        goal = controls.goal
        with self._lock:
            if now < self._counting_until:
                return
            if not goal[_ON]:
                self._publish(SILENT)
                return
            beat = self._beat_samples(controls)
            origin, bar = self._beats.origin, self._clock.newest_bar
            if bar is not None and self._clock.started and self._clock.runs(now):
                origin = float(bar)
            elif beat != self._beats.beat_samples:
                origin = self._turned(now, beat)
            self._publish(Beats(0, ALWAYS, origin, beat, self._amplitude(controls)))

    def count_in(self, controls: Controls, now: int) -> int | None:
        """Begin to count, if the player wants it. Returns the sample at which the take begins."""
        bars = int(controls.goal[_COUNT_IN])
        if not bars:
            return None
        with self._lock:
            beat = self._beat_samples(controls)
            origin = float(now + round(LEAD_S * self._rate_hz))
            self._counting_until = round(origin + bars * BEATS_PER_BAR * beat)
            goes_on = bool(controls.goal[_ON])
            self._publish(Beats(now, ALWAYS if goes_on else self._counting_until, origin, beat, self._amplitude(controls)))
            return self._counting_until

    def end_count(self) -> None:
        """The take is not wanted any more."""
        with self._lock:
            self._counting_until = -1

    def _turned(self, now: int, beat: float) -> float:
        """Where a bar begins at a new tempo: the beat goes on where it was; a metronome that was silent begins now."""
        before = self._beats
        if before.beat_samples <= 0:
            return float(now)
        passed = (now - before.origin) / before.beat_samples % BEATS_PER_BAR
        return now - passed * beat

    def _beat_samples(self, controls: Controls) -> float:
        return 60 / (controls.tempo_bpm or 120.0) * self._rate_hz

    @staticmethod
    def _amplitude(controls: Controls) -> float:
        return 10 ** (float(controls.goal[_LEVEL]) / 20)

    def _publish(self, beats: Beats) -> None:
        if beats != self._beats:
            self._beats = beats
            publish_beats(self._state, beats)
