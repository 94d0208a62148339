"""The moments from which an engine's performance can be replayed: snapshots for its history. On the performer's thread."""
from hummingface.instrument.performance import snapshot
from hummingface.instrument.performance.events import noted
from hummingface.instrument.performance.performer import Performer
from hummingface.instrument.recording.history import History, Kept

REST_S, REST = 2.2, 3e-5            # at rest nothing is louder for this long, which is more than the longest echo takes
MOMENT_S = 10.0                     # between snapshots, also while nothing plays: a replay renders the time between silently first


class Moments:
    """`history` gets them."""

    def __init__(self, performer: Performer, history: History) -> None:
        self._performer, self._history = performer, history
        self._longest = MOMENT_S * performer.rate_hz
        self._remembered_at = 0             # sample
        self._at_rest = -1                  # how many events were noted when all was at rest

    def begin(self) -> None:
        """The first one."""
        self._remember(0, quiet=snapshot.at_rest(self._performer))

    def look(self, now: int) -> None:
        """Take a snapshot if this is a moment from which the performance can be replayed."""
        history = self._history
        history.forget_old()
        long_ago = now - self._remembered_at > self._longest
        if history.noted == self._at_rest and not long_ago:
            return
        if snapshot.at_rest(self._performer) and history.loudest(REST_S) < REST:
            self._remember(now, quiet=True)
        elif long_ago:
            self._remember(now, quiet=False)

    def _remember(self, now: int, quiet: bool) -> None:
        history, performer = self._history, self._performer
        try:
            values = snapshot.capture(performer)
        except snapshot.SnapshotError:
            return                          # until the next look: what is torn would be replayed otherwise
        pending = [(sample, noted(event)) for sample, event in performer.waiting()]
        history.moments.append(Kept(values["sample"], history.noted, pending, quiet, values, history.late))
        self._remembered_at = now
        if quiet:
            self._at_rest = history.noted
