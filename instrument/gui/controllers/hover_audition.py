"""Plays a note of the sound that the pointer rests on, or a phrase of the one that keys went to, by a helper process with a stream of its
own (`recording/sound_audition.py`): what is played and recorded is not disturbed. The helper starts with the first note, and is left when
it is not needed any more."""
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from hummingface.instrument.gui.controllers.helper_process import Helper
from hummingface.instrument.patches import library
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.patch_fields import PatchError

DWELL_MS = 250                          # that the pointer rests before a sound is heard
PATIENCE_MS = 500
KEY, BASS_KEY = 60, 40


class HoverAudition(QObject):
    """`rest_on` a sound, or on none. `quiet()` says whether nothing sounds: else nothing is heard; `volume_db()` is the player's."""

    problem = Signal(str)

    def __init__(self, parent: QObject, quiet: Callable[[], bool], volume_db: Callable[[], float]):
        super().__init__(parent)
        self._quiet, self._volume_db = quiet, volume_db
        self.helper: Helper | None = None
        self._wanted: tuple[LibraryEntry, int, bool] | None = None
        self._told = False
        self._timer = QTimer(self, interval=DWELL_MS, singleShot=True)
        self._timer.timeout.connect(self.play)

    def rest_on(self, entry: LibraryEntry | None, family: str = "", phrase: bool = False) -> None:
        """The pointer is on a sound now, or has left it; keys, which hear a `phrase` of it."""
        self._wanted = None if entry is None else (entry, BASS_KEY if family == "bass" else KEY, phrase)
        if entry is not None:
            self._timer.start()
            return
        self._timer.stop()
        if self.helper is not None:
            self.helper.send({"patch": None})

    def play(self) -> None:
        """Play it now, if nothing else sounds."""
        self._timer.stop()
        if self._wanted is None or not self._quiet():
            return
        entry, key, phrase = self._wanted
        try:
            patch = library.open_entry(entry)
        except PatchError as error:
            self.problem.emit(str(error))
            return
        if self.helper is None:
            self.helper = Helper(self, ["patches", "--audition"])
            self.helper.received.connect(lambda message: self._tell(str(message.get("text", ""))))
            self.helper.ended.connect(self._ended)
        self.helper.send({"patch": patch.to_json(), "key": key, "volume_db": self._volume_db(), "phrase": phrase})

    def close(self) -> None:
        """Nothing is to be heard for a while."""
        self._timer.stop()
        self._wanted = None
        helper, self.helper = self.helper, None
        if helper is not None:
            helper.close(PATIENCE_MS)
            helper.deleteLater()

    def _ended(self, why: str) -> None:
        if self.helper is not None:
            self.helper.deleteLater()
            self.helper = None
            if why:
                self._tell(f"Sounds cannot be heard before they are chosen: {why}")

    def _tell(self, text: str) -> None:
        if not self._told:              # once: a device that is taken stays so
            self._told = True
            self.problem.emit(text)
