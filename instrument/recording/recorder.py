"""Writes takes during playing: a thread of its own in the audio process, so that a crashed window stops no take.

It reads the history, so a disk may hang for `KEPT_S + SLACK_S` before a take loses anything (`SLACK_S` for a minute kept
afterwards); the audio thread and the performer never wait for it. `tell(message)` reports to the player.
"""
import contextlib
import datetime
import errno
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from hummingface.instrument.performance.events import Load
from hummingface.instrument.performance.messages import controller_map, midi
from hummingface.instrument.performance.messages.controller_map import ControllerMap
from hummingface.instrument.performance.messages.midi_clock import MidiClock
from hummingface.instrument.recording import naming
from hummingface.instrument.recording.history import KEPT_S, SILENT, History
from hummingface.instrument.recording.take import Take, TakePlan, pack_flac, recover

TICK_S = 0.03                       # between two writes: a killed process loses this much, and a block
PIECE_SAMPLES = 4096                # converted at once: other threads need the interpreter
BREATH_S = 0.0005                   # between pieces of the last minute, for the same reason
TAIL_S = 0.2                        # a captured minute ends so long after its last sample that is louder than SILENT
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class Timing(Protocol):
    """What knows when a take is to begin."""
    clock: MidiClock

    def count_in(self) -> int | None:
        """Count a bar or two before a take, if the player wants it. Returns the sample at which the take begins; None: at once."""

    def end_count(self) -> None:
        """The take is not wanted any more."""


class WantedTake(NamedTuple):
    """A take that is to begin when the next bar does. `since`: the sample at which, and `at` the time at which the player asked for it;
    `bar`: the sample at which the bar begins; None: the MIDI clock will tell."""
    since: int
    at: datetime.datetime
    folder: str | None
    sample_format: str
    bar: int | None


class Recorder:
    """Records takes. `use` gives it the engine's history. `record`, `stop`, `capture` return at once; the thread does the work."""

    def __init__(self, tell: Callable[[dict], None]):
        self._tell = tell
        self._commands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._history: History | None = None
        self._take: Take | None = None
        self._timing: Timing | None = None
        self._wanted: WantedTake | None = None
        self._cursor = 0                                # number of the next event to read
        self._losses = 0
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def use(self, history: History, timing: Timing | None = None) -> None:
        """Use another engine's history: a running take ends here. `timing`: that engine."""
        done = threading.Event()

        def change() -> None:
            if self._take:
                self._finish("The take ended here: the audio settings changed, or another take was recalled.")
            self._disarm()
            self._history, self._timing = history, timing
            done.set()
        self._commands.put(change)
        done.wait(5)

    def record(self, folder: str | None, sample_format: str) -> None:
        """Begin a take: at the next bar while a MIDI clock runs, after the count, or else at this sample."""
        history, timing, at = self._history, self._timing, datetime.datetime.now()
        if history is None:
            return
        begin = history.follow()
        clock_runs = timing is not None and timing.clock.started and timing.clock.runs(begin)
        bar = None if timing is None or clock_runs or self._take or self._wanted else timing.count_in()
        if clock_runs or bar is not None:
            self._commands.put(lambda: self._arm(WantedTake(begin, at, folder, sample_format, bar)))
        else:
            self._commands.put(lambda: self._begin(history, begin, at, folder, sample_format))

    def stop(self) -> None:
        """End the take at this sample, or the wait for a bar."""
        history = self._history
        if history is not None:
            end = history.follow()
            self._commands.put(lambda: self._stop(end))

    def capture(self, folder: str | None, sample_format: str) -> None:
        """Keep the last minute as a take."""
        history, at = self._history, datetime.datetime.now()
        if history is not None:
            end = history.follow()
            self._commands.put(lambda: self._capture(history, end, at, folder, sample_format))

    def close(self, seconds: float = 2.0) -> None:
        """End the take, if there is one, and the thread; waits at most this long."""
        self.stop()
        self._commands.put(None)
        self._thread.join(seconds)

    # The thread

    def _run(self) -> None:
        while True:
            commands: list[Callable[[], None] | None] = []
            with contextlib.suppress(queue.Empty):
                commands.append(self._commands.get(timeout=TICK_S) if self._take or self._wanted else self._commands.get())
            if self._wanted:
                commands.append(self._look_for_bar)
            for step in commands:
                if step is None:
                    return
                try:
                    step()
                except Exception as error:              # one take must not end the recorder
                    self._tell({"tell": "error", "text": f"Recording: {error}"})
            if self._take and self._history:
                self._write(self._history.follow())

    def _arm(self, wanted: WantedTake) -> None:
        if not self._take:
            self._wanted = wanted
            self._tell_recording()

    def _disarm(self) -> None:
        if self._wanted:
            self._wanted = None
            if self._timing:
                self._timing.end_count()
            self._tell_recording()

    def _look_for_bar(self) -> None:
        """Begin the take at the start of the first bar. That was a few samples ago; the history has them."""
        wanted = self._wanted
        if not (wanted and self._history and self._timing):
            return
        now, bar = self._history.follow(), wanted.bar
        if bar is None:
            bar = self._timing.clock.bar_after(wanted.since)
        if bar is not None and now >= bar:
            self._wanted = None
            at = wanted.at + datetime.timedelta(seconds=(bar - wanted.since) / self._history.rate_hz)
            self._begin(self._history, bar, at, wanted.folder, wanted.sample_format)

    def _begin(self, history: History, begin: int, at: datetime.datetime, folder: str | None, sample_format: str) -> None:
        if self._take:
            return
        self._recover(folder)
        try:
            self._take, self._cursor = self._new_take(history, begin, at, folder, sample_format)
        except OSError as error:
            self._tell_recording(f"Not recording: {_why_not_begun(error)}")
            return
        self._losses = len(history.lost)
        self._tell_recording()

    def _recover(self, folder: str | None) -> None:
        """Finish takes of a process that was killed."""
        for path in recover(_place(folder)):
            self._tell({"tell": "error", "text": f"{path}: the program ended during the recording; everything until then is in it."})

    def _stop(self, end: int) -> None:
        self._disarm()
        if self._take and self._write(end):
            self._finish()

    def _new_take(self, history: History, begin: int, at: datetime.datetime, folder: str | None,
                  sample_format: str) -> tuple[Take, int]:
        """(a take that begins at a sample, made at `at`, the number of the first event that it does not contain). Raises OSError."""
        kept = history.moment_before(begin)
        if kept is None:
            raise OSError("the engine has not started")
        noted = history.events_from(kept.number)
        events = kept.pending + [(each.sample, each.event) for each in noted]
        loads = [event.patch for sample, event in events if isinstance(event, Load) and sample <= begin]
        name = loads[-1].name if loads else (kept.values["patch"] or {}).get("name", "")
        plan = TakePlan(_place(folder), sample_format, name, history.rate_hz, begin, at, kept.values,
                        kept.quiet and kept.sample <= begin, kept.late)
        take = Take(plan, ControllerMap(controller_map.from_json(kept.values["controllers"])).numbers())
        take.hear(events)
        return take, noted[-1].number + 1 if noted else kept.number

    def _write(self, end: int) -> bool:
        """Write the sound and the events up to sample `end`. Returns whether the take goes on."""
        take, history = self._take, self._history
        assert take and history
        noted = history.events_from(self._cursor)
        if noted:
            self._cursor = noted[-1].number + 1
            take.hear([(each.sample, each.event) for each in noted])
        try:
            self._copy(take, history, end)
        except OSError as error:
            self._finish(f"The take was stopped: {_why(error)}.")
            return False
        return True

    def _copy(self, take: Take, history: History, end: int, breath_s: float = 0.0) -> None:
        while take.end < end:
            begin, sound = history.sound(take.end, min(take.end + PIECE_SAMPLES, end))
            if not len(sound):                          # all of it has left the ring: continue with the oldest sound
                begin, sound = history.sound(take.end, end)
                sound = sound[:PIECE_SAMPLES]
                if not len(sound):
                    return
            take.append(begin, sound)
            if breath_s:
                time.sleep(breath_s)

    def _finish(self, problem: str = "") -> None:
        take, self._take = self._take, None
        assert take
        self._end(take, problem)
        self._tell_recording()

    def _end(self, take: Take, problem: str) -> None:
        if self._history:
            for first, last in list(self._history.lost):
                take.lost_samples += max(0, min(last, take.end) - max(first, take.plan.begin))
        path = take.finish(self._history.late - take.plan.late if self._history else None)
        if problem and path.exists():
            problem = f"{problem} All {take.seconds:.1f} s that were written are kept in {path}."
        problem = problem or take.problem
        if take.lost_samples:
            lost_s = take.lost_samples / take.plan.rate_hz
            problem = f"{problem} {lost_s:.2f} s of sound came too fast for the disk and are silent in the take.".strip()
        self._tell({"tell": "take", "path": str(path), "seconds": round(take.seconds, 6), "problem": problem})
        if take.plan.sample_format == "flac" and not problem:
            pack_flac(path)

    def _tell_recording(self, problem: str = "") -> None:
        take = self._take
        self._tell({"tell": "recording", "path": str(take.path) if take else None, "begin": take.plan.begin if take else 0,
                    "problem": problem, "waits": self._wanted is not None})

    # The last minute

    def _capture(self, history: History, end: int, at: datetime.datetime, folder: str | None, sample_format: str) -> None:
        span = playing(history, end)
        if span is None:
            self._tell({"tell": "error", "text": f"Nothing was played in the last {KEPT_S:.0f} seconds, so there is nothing to keep."})
            return
        begin, last = span
        at -= datetime.timedelta(seconds=(end - begin) / history.rate_hz)
        take = None
        try:
            take, _ = self._new_take(history, begin, at, folder, sample_format)
            self._copy(take, history, last, BREATH_S)
            problem = ""
        except OSError as error:
            problem = f"Not everything could be kept: {_why(error)}." if take else f"Nothing could be kept: {_why_not_begun(error)}"
        if take:
            self._end(take, problem)
        else:
            self._tell({"tell": "error", "text": problem})


def playing(history: History, end: int) -> tuple[int, int] | None:
    """(where the playing of the last minute began, where its sound ended); None if all was silent.

    It began with the first note; or before the minute did, where something sounded already.
    """
    oldest, _ = history.sound(end - round(KEPT_S * history.rate_hz), end - round(KEPT_S * history.rate_hz) + 1)
    loud = [first for first in range(oldest, end, PIECE_SAMPLES) if _peak(history, first, min(first + PIECE_SAMPLES, end)) > SILENT]
    if not loud:
        return None
    starts = [noted.sample for noted in history.events_from(0) if isinstance(noted.event, midi.NoteOn) and oldest <= noted.sample < end]
    last = min(loud[-1] + PIECE_SAMPLES + round(TAIL_S * history.rate_hz), end)
    under_way = loud[0] + PIECE_SAMPLES < min(starts, default=end)       # a note from before the minute sounds
    return oldest if under_way else min(starts), last


def _peak(history: History, begin: int, end: int) -> float:
    _, sound = history.sound(begin, end)
    return float(np.abs(sound).max(initial=0))


def _place(folder: str | None) -> Path:
    return Path(folder).expanduser() if folder else naming.folder()


def _why(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in _FULL:
        return f"{where}the disk is full. Make room, or choose another folder for takes"
    if error.errno == errno.EFBIG:
        return f"{where}files on this disk cannot be longer"
    return f"{where}{error.strerror or error}"


def _why_not_begun(error: OSError) -> str:
    return _why(error) if error.errno in _FULL or not error.filename else f"{_why(error)}. Choose another folder for takes."
