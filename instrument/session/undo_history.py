"""The steps of a session, back and forward. No Qt."""
import time

from hummingface.instrument.session.session_state import UNDO_STEPS, HistoryEntry

SAME_GESTURE_S = 0.8        # wheel notches and key presses on one control within this time are undone together


class UndoHistory:
    """`undo` and `redo` are the places that a session was in, the next step of each last."""

    def __init__(self) -> None:
        self.undo: list[HistoryEntry] = []
        self.redo: list[HistoryEntry] = []
        self._newest = ("", 0.0)            # id and time of the newest change of a single control

    def push(self, place: HistoryEntry) -> None:
        """A step leads away from this place."""
        self.undo = [*self.undo[-(UNDO_STEPS - 1):], place]
        self.redo.clear()

    def joins(self, parameter_id: str) -> bool:
        """A control is changed by itself now. Returns whether that belongs to the newest step, as the notches of a wheel do."""
        (before, when), now = self._newest, time.monotonic()
        self._newest = parameter_id, now
        return parameter_id == before and now - when <= SAME_GESTURE_S and bool(self.undo)

    def part(self) -> None:
        """The next change is a step of its own."""
        self._newest = ("", 0.0)

    def back(self, here: HistoryEntry) -> HistoryEntry | None:
        """The place one step before this one; None: there is none."""
        if not self.undo:
            return None
        self.redo.append(here)
        return self.undo.pop()

    def forward(self, here: HistoryEntry) -> HistoryEntry | None:
        """The place that was left by the newest step back; None: there is none."""
        if not self.redo:
            return None
        self.undo.append(here)
        return self.redo.pop()

    def forget(self) -> None:
        """Nothing can be undone or redone."""
        self.undo.clear()
        self.redo.clear()
