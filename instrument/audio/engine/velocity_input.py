"""The player's velocity curve between the MIDI ports and the engine, and the incoming velocities for a curve that is being drawn or learnt.

`Touch` outlives engines: each engine that plays is given the same one.
"""
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from hummingface.instrument.patches.velocity_curve import LINEAR
from hummingface.instrument.performance.events import PlayerEvent
from hummingface.instrument.performance.messages.midi import NoteOn

TELL_S = 0.05                   # between reports of velocities, at least
MOST_TOLD = 1000                # of them at a time; of a flood the newest


class Touch:
    """`tell(velocities)` hears what comes in, before the curve, while somebody listens; on a thread of its own."""

    def __init__(self, tell: Callable[[list[int]], None] = lambda velocities: None):
        self._tell = tell
        self._table: tuple[int, ...] = LINEAR.table     # never changed, only replaced: a reader always has all of one curve
        self._heard: deque[int] | None = None

    def use(self, table: Sequence[int]) -> None:
        """Use this curve from the next note on: `VelocityCurve.table`. Any thread."""
        self._table = tuple(table)

    def apply(self, event: PlayerEvent | None) -> PlayerEvent | None:
        """The event as it is played: a note-on through the curve, others unchanged. Any thread; no lock, no wait."""
        if not isinstance(event, NoteOn):
            return event
        if (heard := self._heard) is not None:
            heard.append(event.velocity)
        return NoteOn(event.channel, event.note, self._table[event.velocity])

    def listen(self, on: bool) -> None:
        """Start or stop reporting incoming velocities. One thread only."""
        if on == (self._heard is not None):
            return
        heard: deque[int] | None = deque(maxlen=MOST_TOLD) if on else None
        self._heard = heard
        if heard is not None:
            threading.Thread(target=self._report, args=(heard,), name="velocities", daemon=True).start()

    def _report(self, heard: deque[int]) -> None:
        while self._heard is heard:
            time.sleep(TELL_S)
            if velocities := [heard.popleft() for _ in range(len(heard))]:
                self._tell(velocities)
