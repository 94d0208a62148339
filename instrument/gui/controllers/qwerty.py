"""Playing on the computer keyboard: the row of A is white keys, the row of Q black keys; Z and X change the octave, C and V the velocity, B
is the sustain pedal.

Keys are found by their place (scan code, or macOS's key code), so that all layouts play the same; where a system gives no such codes, by
letter. Whether a key is down is asked of the system where that is possible (`key_state.py`): a release may be a repeat, or never come.
An event filter on the whole application: it works wherever the focus is, except in text fields, menus and dialogs.
"""
import sys
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget

from hummingface.instrument.gui.controllers.key_state import KeyState, of_this_system
from hummingface.instrument.session.note_input import NoteInput

PLACES = "AWSEDFTGYHUJKOLP;"           # from C upwards, one octave and a fourth
OCTAVE_DOWN, OCTAVE_UP, SOFTER, HARDER, PEDAL = "Z", "X", "C", "V", "B"
WHO = "keys"
LOWEST_OCTAVE, HIGHEST_OCTAVE = 0, 8     # of the first C, as in C4 = 60
VELOCITY_STEP = 16
SHORTCUT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_ROWS = {16: "QWERTYUIOP", 30: "ASDFGHJKL;", 44: "ZXCVBNM"}
_SCAN_CODES = {first + i: letter for first, letters in _ROWS.items() for i, letter in enumerate(letters)}
_MACOS_CODES = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 31, 32, 34, 35, 37, 38, 40, 41, 45, 46),
                        "ASDFHGZXCVBQWERYTOUIPLJK;NM", strict=True))           # kVK_ANSI_A, ... of HIToolbox/Events.h
LOOK_MS = 30                            # between looks whether keys that are held still are


def code_of(event: QKeyEvent) -> int:
    """The native code of a key's place; -1 where the event has none."""
    if sys.platform == "darwin":        # Qt gives no scan codes there, but 1 for every key that was pressed
        return event.nativeVirtualKey() if event.nativeScanCode() else -1
    return event.nativeScanCode() if event.nativeScanCode() > 1 else -1


def place_of(event: QKeyEvent) -> str:
    """The letter at this key's place on an English keyboard, or ""."""
    code = code_of(event)
    if code >= 0:
        if sys.platform == "darwin":
            return _MACOS_CODES.get(code, "")
        return _SCAN_CODES.get(code - 8 if QGuiApplication.platformName() in ("xcb", "wayland") else code, "")
    key = event.key()
    return chr(key) if 32 < key < 127 else ""


@dataclass
class _Key:
    """A computer key that is held."""
    code: int
    seen: bool = False                  # whether the system has said so, too: then it will also say when it is not
    doubted_at: int | None = None       # when Qt told of a release while it was held: a repeat that Qt took for one, or a new stroke


class Qwerty(QObject):
    """Plays through `note_input` while `window` is active. `changed` is emitted when the octave or velocity changes."""

    changed = Signal()

    def __init__(self, note_input: NoteInput, window: QWidget, key_state: KeyState | None = None):
        super().__init__(window)
        self.note_input, self.window = note_input, window
        self.octave, self.velocity = 4, 96
        self._is_down = key_state or of_this_system()
        self._down: dict[str, _Key] = {}                # by place
        self._notes: dict[str, int] = {}                # that they play
        self._released_at: dict[str, int] = {}          # by place, as events have it
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._look_at_keys)
        app = self._app = QApplication.instance()
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
        for place in list(self._down):
            self._lift(place)

    def _meant_for_us(self, target: QObject) -> bool:
        if QApplication.activePopupWidget() or QApplication.activeModalWidget():
            return False
        typed_into = (QApplication.focusWidget(), target)           # the focus of a window that has just opened follows later
        if any(isinstance(one, QLineEdit | QComboBox | QAbstractSpinBox) for one in typed_into):
            return False
        if not isinstance(target, QWidget):
            return False
        return target.window() is self.window or target.window().parent() is self.window      # its dialogs are not modal

    def eventFilter(self, target: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.WindowDeactivate:
            self.release_all()
        elif kind == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            return not event.isAutoRepeat() and self._release(place_of(event), event.timestamp())
        elif kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._meant_for_us(target):
            if event.modifiers() & SHORTCUT:
                return False
            return self._press(place_of(event), event)
        return False

    def _release(self, place: str, at: int) -> bool:
        """A key has been released, says Qt. Whether it is one of ours."""
        self._released_at[place] = at
        key = self._down.get(place)
        if key is None:
            return False
        if self._is_down(key.code):
            key.doubted_at = at
        else:
            self._lift(place)
        return True

    def _is_repeat(self, place: str, event: QKeyEvent) -> bool:
        """Whether the press repeats one: X11 releases and presses a key that repeats at the same time."""
        at, key = event.timestamp(), self._down.get(place)
        if event.isAutoRepeat() or (at and at == self._released_at.get(place)):
            return True
        return key is not None and (key.doubted_at is None or not at)

    def _look_at_keys(self) -> None:
        """Lift keys whose release nobody saw: a drag takes all events for itself, by a filter that it puts before ours."""
        assert self._app is not None
        self._app.installEventFilter(self)              # puts ours first again
        for place, key in list(self._down.items()):
            down = self._is_down(key.code)
            if down is False and key.seen:
                self._lift(place)
            key.seen = key.seen or down is True

    def _hold(self, place: str, code: int) -> None:
        note = 12 * (self.octave + 1) + PLACES.find(place)
        if note > 127:
            return
        self._down[place] = _Key(code, seen=self._is_down(code) is True)
        self._look.start()
        if place == PEDAL:
            self.note_input.pedal(True)
        else:
            self._notes[place] = note
            self.note_input.press(note, self.velocity, f"{WHO}:{place}")

    def _lift(self, place: str) -> None:
        del self._down[place]
        if not self._down:
            self._look.stop()
        if place == PEDAL:
            self.note_input.pedal(False)
        else:
            self.note_input.release(self._notes.pop(place), f"{WHO}:{place}")

    def _press(self, place: str, event: QKeyEvent) -> bool:
        if not place:
            return False
        if place in PLACES or place == PEDAL:
            if not self._is_repeat(place, event):
                if place in self._down:
                    self._lift(place)                   # it was up between two looks
                self._hold(place, code_of(event))
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
