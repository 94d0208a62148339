"""Answers words for a sound, for the patch browser. The player's own patches are measured when words first look for them, by a helper
process: until it has ended they are found by what they are made of, and then by how they sound, too.
"""
from PySide6.QtCore import QObject, Signal

from hummingface.instrument.gui.controllers.helper_process import HelperTask
from hummingface.instrument.patches import library
from hummingface.instrument.patches.find_by_words import Answer, find_by_words
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.sound_candidates import Candidate, candidates


class WordSearch(QObject):
    """`begin` with the patches of the library, then `find`; `measured` says that the same words may have another answer now."""

    measured = Signal()

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._entries: list[LibraryEntry] = []
        self._candidates: list[Candidate] | None = None
        self._tried: set[str] = set()           # fingerprints, each once: what cannot be measured is not tried for ever
        self.task = HelperTask(self, ["patches", "--measure"])
        self.task.ended.connect(self._ended)

    def begin(self, entries: list[LibraryEntry]) -> None:
        """The patches that there are now."""
        self._entries, self._candidates = entries, None

    def find(self, words: str) -> Answer:
        """The patches and presets that answer words."""
        if self._candidates is None:
            self._candidates = candidates([*self._entries, *library.presets()])
            self._measure({one.fingerprint for one in self._candidates if one.fingerprint and not one.measured})
        return find_by_words(words, self._candidates)

    def close(self) -> None:
        """The window closes."""
        self.task.close()

    def _measure(self, new: set[str]) -> None:
        if not self.task.running and new - self._tried:
            self._tried |= new
            self.task.start()

    def _ended(self, _why: str) -> None:
        self._candidates = None
        self.measured.emit()
