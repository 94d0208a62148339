"""MTS-ESP: a master, usually a plug-in in the same session, tunes all instruments alike. It is heard where `mtsespy` is installed (`[mts]`)
and the library that masters and clients share, libMTS, is there; elsewhere this does nothing.

It is looked at on a thread of its own, a few channels at a time; the performer gets an event only when something has changed.
"""
import logging
import threading
from collections.abc import Callable
from typing import Protocol

import numpy as np

from hummingface.instrument.performance.messages.tuning_events import CHANNELS, KEYS, HostTuning, heard
from hummingface.models.playing.frame import hz_to_pitch

POLL_S = 0.05                       # between looks: of channel 1 and of one of the others, in turn
log = logging.getLogger(__name__)


class MtsLibrary(Protocol):
    """What is used of `mtsespy`."""
    def register_client(self) -> object: ...
    def deregister_client(self, client: object) -> None: ...
    def has_master(self, client: object) -> bool: ...
    def note_to_frequency(self, client: object, key: int, channel: int) -> float: ...
    def should_filter_note(self, client: object, key: int, channel: int) -> bool: ...


def library() -> MtsLibrary | None:
    """`mtsespy`, if it is installed and loads."""
    try:
        import mtsespy
    except Exception as error:                  # it may be built for another system
        if not isinstance(error, ModuleNotFoundError):
            log.warning("mtsespy does not load", exc_info=True)
        return None
    return mtsespy


class MtsClient:
    """`tell(event)` is called with each change, on a thread of its own once `start` was called."""

    def __init__(self, mts: MtsLibrary, tell: Callable[[HostTuning], None]):
        self._mts, self._tell = mts, tell
        self._client = mts.register_client()
        self._rows: list[tuple[float, ...]] = []
        self._turn = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="MTS-ESP", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(1)
        self._mts.deregister_client(self._client)

    def look(self) -> None:
        """One look at the master."""
        before = list(self._rows)
        if not self._mts.has_master(self._client):
            self._rows = []
        elif not before:
            self._rows = [self._row(channel) for channel in range(CHANNELS)]
        else:
            self._turn = self._turn % (CHANNELS - 1) + 1
            for channel in (0, self._turn):
                self._rows[channel] = self._row(channel)
        if _bytes(self._rows) != _bytes(before):
            self._tell(HostTuning(tuple(self._rows[:1] if len({_bytes([row]) for row in self._rows}) == 1 else self._rows)))

    def _row(self, channel: int) -> tuple[float, ...]:
        hz = np.array([self._mts.note_to_frequency(self._client, key, channel) for key in range(KEYS)])
        pitches = hz_to_pitch(np.maximum(hz, 1e-6)).tolist()
        return tuple(float("nan") if self._mts.should_filter_note(self._client, key, channel) else heard(pitch)
                     for key, pitch in enumerate(pitches))

    def _run(self) -> None:
        while not self._closing.wait(POLL_S):
            try:
                self.look()
            except Exception:                   # the library is not ours: it must not end the sound, nor fill the log
                log.exception("MTS-ESP is not heard any more")
                return


def _bytes(rows: list[tuple[float, ...]]) -> bytes:
    """For comparisons: a silent key's NaN equals itself."""
    return np.array(rows).tobytes()
