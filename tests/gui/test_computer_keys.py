"""Computer keys by place and by state: repeats that Qt does not mark, releases that nobody sees, layouts of any letters."""
import sys

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow

from hummingface.instrument.gui.controllers import key_state, qwerty
from hummingface.instrument.session.note_input import NoteInput

A, B, S = 30, 48, 31                        # scan codes: places, whatever their letters are
PRESS, RELEASE = QEvent.Type.KeyPress, QEvent.Type.KeyRelease


def key_event(kind, code, at=0, repeated=False, letter=0x424, virtual=0):
    """A key as a system tells of it, by default with a Cyrillic letter."""
    event = QKeyEvent(kind, letter, Qt.KeyboardModifier.NoModifier, code, virtual, 0, "", repeated, 1)
    event.setTimestamp(at)
    return event


class Desk:
    """A window with a keyboard in front of it: `down` is what the system knows of its keys; None: nothing."""

    def __init__(self, knows=True):
        self.said, self.down = [], set()
        self.window = QMainWindow()
        self.window.show()
        self.keys = qwerty.Qwerty(NoteInput(self.said.append), self.window, lambda code: code in self.down if knows else None)

    def press(self, code, at=0, repeated=False):
        self.down.add(code)
        self.tell(PRESS, code, at, repeated)

    def release(self, code, at=0):
        self.down.discard(code)
        self.tell(RELEASE, code, at)

    def tell(self, kind, code, at=0, repeated=False):
        QApplication.sendEvent(self.window, key_event(kind, code, at, repeated))

    @property
    def notes(self):
        return [(message["do"], message["note"]) for message in self.said if message["do"].startswith("note")]


@pytest.fixture
def desk(qtbot):
    made = Desk()
    qtbot.addWidget(made.window)
    yield made
    made.keys.release_all()
    QApplication.instance().removeEventFilter(made.keys)


def test_a_place_plays_whatever_its_letter(desk):
    desk.press(A)
    desk.release(A)
    assert desk.notes == [("note_on", 60), ("note_off", 60)]


def test_repeats_that_qt_does_not_mark_strike_nothing(desk):
    """X11 releases and presses a key that repeats at the same time; a busy Qt reads the two apart."""
    desk.press(A, at=1000)
    for at in range(1500, 2500, 40):
        desk.tell(RELEASE, A, at)
        desk.tell(PRESS, A, at)
    assert desk.notes == [("note_on", 60)]
    desk.release(A, at=2600)
    assert desk.notes == [("note_on", 60), ("note_off", 60)]


def test_so_it_is_where_the_system_cannot_be_asked(qtbot):
    desk = Desk(knows=False)
    qtbot.addWidget(desk.window)
    desk.press(A, at=1000)
    desk.press(A, at=1500, repeated=True)
    desk.tell(RELEASE, A, at=1540)
    desk.tell(PRESS, A, at=1540)
    assert [kind for kind, _ in desk.notes].count("note_on") == 1
    QApplication.instance().removeEventFilter(desk.keys)


def test_a_repeat_that_is_told_after_the_key_has_gone_up_strikes_nothing(desk):
    desk.press(A, at=1000)
    desk.down.discard(A)
    desk.tell(RELEASE, A, at=1500)
    desk.tell(PRESS, A, at=1500)
    desk.tell(RELEASE, A, at=1520)
    assert desk.notes == [("note_on", 60), ("note_off", 60)]


def test_a_key_struck_again_at_once_is_struck_twice(desk):
    """Both events are told late, when it is down again."""
    desk.press(A, at=1000)
    desk.tell(RELEASE, A, at=1100)
    desk.tell(PRESS, A, at=1130)
    desk.release(A, at=1200)
    assert desk.notes == [("note_on", 60), ("note_off", 60)] * 2


def test_a_short_stroke_that_is_told_late_is_played(desk):
    for kind, at in ((PRESS, 1000), (RELEASE, 1030)):
        desk.tell(kind, A, at)
    assert desk.notes == [("note_on", 60), ("note_off", 60)]


def test_a_release_that_nobody_saw_is_noticed(desk, qtbot):
    desk.press(A)
    desk.press(B)
    QTest.qWait(2 * qwerty.LOOK_MS)
    assert desk.notes == [("note_on", 60)]
    desk.down.clear()
    qtbot.waitUntil(lambda: desk.notes == [("note_on", 60), ("note_off", 60)], timeout=10_000)
    assert [message["bytes"][2] for message in desk.said if message["do"] == "midi"] == [127, 0], "and the pedal's"


class Eater(QObject):
    """What a drag puts before all other filters: it takes every key."""

    def eventFilter(self, target, event):
        return event.type() in (PRESS, RELEASE)


def test_a_release_during_a_drag_is_seen(qtbot):
    """Also where the system cannot be asked."""
    desk = Desk(knows=False)
    qtbot.addWidget(desk.window)
    desk.press(A)
    eater = Eater()
    QApplication.instance().installEventFilter(eater)
    try:
        QTest.qWait(4 * qwerty.LOOK_MS)
        desk.release(A)
        assert desk.notes == [("note_on", 60), ("note_off", 60)]
    finally:
        QApplication.instance().removeEventFilter(eater)
        QApplication.instance().removeEventFilter(desk.keys)


def test_where_the_system_says_nothing_of_a_key_it_is_held_until_its_release(desk):
    """As of an on-screen keyboard's, whose keys no hardware has."""
    desk.tell(PRESS, A)
    QTest.qWait(3 * qwerty.LOOK_MS)
    assert desk.notes == [("note_on", 60)]
    desk.tell(RELEASE, A)
    assert desk.notes == [("note_on", 60), ("note_off", 60)]


@pytest.mark.parametrize(("letter", "virtual", "place"), [
    (0x424, 0, "A"), (Qt.Key.Key_Q, 0, "A"), (Qt.Key.Key_Y, 6, "Z"), (0x416, 41, ";"), (Qt.Key.Key_Z, 16, "Y"), (Qt.Key.Key_Tab, 48, "")])
def test_on_macos_keys_are_found_by_place(monkeypatch, letter, virtual, place):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert qwerty.place_of(key_event(PRESS, 1, letter=letter, virtual=virtual)) == place


def test_all_places_of_macos_are_known():
    assert set(qwerty.PLACES) | set("ZXCVB") <= set(qwerty._MACOS_CODES.values())


def test_what_cannot_be_asked_is_unknown(qapp):
    assert key_state.of_this_system()(A) is None, "offscreen"
