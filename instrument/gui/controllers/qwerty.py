"""Playing on the computer keyboard: the row of A is white keys, the row of Q black keys; Z and X change the octave, C and V the velocity, B
is the sustain pedal.

Keys are found by their place (scan code), so that AZERTY and QWERTZ play the same; where a system gives no scan codes, by letter.
An event filter on the whole application: it works wherever the focus is, except in text fields, menus and dialogs.
"""
import sys

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget

from hummingface.instrument.session.note_input import NoteInput

PLACES = "AWSEDFTGYHUJKOLP;"           # from C upwards, one octave and a fourth
OCTAVE_DOWN, OCTAVE_UP, SOFTER, HARDER, PEDAL = "Z", "X", "C", "V", "B"
WHO = "keys"
LOWEST_OCTAVE, HIGHEST_OCTAVE = 0, 8     # of the first C, as in C4 = 60
VELOCITY_STEP = 16
SHORTCUT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_ROWS = {16: "QWERTYUIOP", 30: "ASDFGHJKL;", 44: "ZXCVBNM"}
_SCAN_CODES = {first + i: letter for first, letters in _ROWS.items() for i, letter in enumerate(letters)}


def place_of(event: QKeyEvent) -> str:
    """The letter at this key's place on an English keyboard, or ""."""
    code = event.nativeScanCode()
    if code > 1 and sys.platform != "darwin":
        if QGuiApplication.platformName() in ("xcb", "wayland"):
            code -= 8
        return _SCAN_CODES.get(code, "")
    key = event.key()
    return chr(key) if 32 < key < 127 else ""


class Qwerty(QObject):
    """Plays through `note_input` while `window` is active. `changed` is emitted when the octave or velocity changes."""

    changed = Signal()

    def __init__(self, note_input: NoteInput, window: QWidget):
        super().__init__(window)
        self.note_input, self.window = note_input, window
        self.octave, self.velocity = 4, 96
        self._down: dict[str, int] = {}
        self._pedal = False
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)
        app.applicationStateChanged.connect(self._application_changed)      # type: ignore[attr-defined]

    def _application_changed(self, state: Qt.ApplicationState) -> None:
        if state != Qt.ApplicationState.ApplicationActive:
            self.release_all()

    def letters(self) -> dict[int, str]:
        """The letter of the computer key for each MIDI note."""
        first = 12 * (self.octave + 1)
        return {first + i: letter for i, letter in enumerate(PLACES) if first + i <= 127}

    def release_all(self) -> None:
        """Releases all computer keys: the window lost the focus, so it will not see their release."""
        self._down.clear()
        self.note_input.release_all(WHO)
        self._step_on(False)

    def _step_on(self, down: bool) -> None:
        if down != self._pedal:
            self._pedal = down
            self.note_input.pedal(down)

    def _meant_for_us(self, target: QObject) -> bool:
        if QApplication.activePopupWidget() or QApplication.activeModalWidget():
            return False
        focus = QApplication.focusWidget()
        if isinstance(focus, QLineEdit | QComboBox | QAbstractSpinBox):
            return False
        if not isinstance(target, QWidget):
            return False
        return target.window() is self.window or target.window().parent() is self.window      # its dialogs are not modal

    def eventFilter(self, target: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.WindowDeactivate:
            self.release_all()
        elif kind == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            place = place_of(event)
            if not event.isAutoRepeat() and place in self._down:
                self.note_input.release(self._down.pop(place), f"{WHO}:{place}")
                return True
            if not event.isAutoRepeat() and place == PEDAL and self._pedal:
                self._step_on(False)
                return True
        elif kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._meant_for_us(target):
            if event.modifiers() & SHORTCUT:
                return False
            return self._press(place_of(event), event.isAutoRepeat())
        return False

    def _press(self, place: str, repeated: bool) -> bool:
        if not place:
            return False
        if place in PLACES:
            note = 12 * (self.octave + 1) + PLACES.index(place)
            if not repeated and place not in self._down and note <= 127:
                self._down[place] = note
                self.note_input.press(note, self.velocity, f"{WHO}:{place}")
            return True
        if place == PEDAL:
            self._step_on(True)
            return True
        if place in (OCTAVE_DOWN, OCTAVE_UP):
            step = 1 if place == OCTAVE_UP else -1
            self.octave = min(max(self.octave + step, LOWEST_OCTAVE), HIGHEST_OCTAVE)
        elif place in (SOFTER, HARDER):
            self.velocity = min(max(self.velocity + (VELOCITY_STEP if place == HARDER else -VELOCITY_STEP), 16), 127)
        else:
            return False
        self.changed.emit()
        return True
