"""Hands, the keyboard's geometry and the computer keys: no note may hang."""
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMainWindow

from hummingface.instrument.gui.controllers.qwerty import PLACES, Qwerty
from hummingface.instrument.gui.widgets.keyboard import HIGHEST, LOWEST, Keyboard
from hummingface.instrument.gui.widgets.wheels import Wheel
from hummingface.instrument.session.note_input import NoteInput


@pytest.fixture
def said():
    return []


@pytest.fixture
def note_input(said):
    return NoteInput(said.append)


@pytest.fixture
def keyboard(qtbot, note_input):
    made = Keyboard(note_input)
    qtbot.addWidget(made)
    made.resize(1040, 90)
    made.show()
    return made


def sounding(said):
    on = set()
    for message in said:
        (on.add if message["do"] == "note_on" else on.discard)(message.get("note"))
    return on


def test_a_note_held_twice_ends_with_the_last(note_input, said):
    note_input.press(60, 90, "mouse")
    note_input.press(60, 90, "keys:A")
    note_input.release(60, "mouse")
    assert sounding(said) == {60}
    note_input.release_all("keys")
    assert sounding(said) == set()


def test_bend_and_wheel_as_midi(note_input, said):
    for amount in (-1, 0, 1):
        note_input.bend(amount)
    note_input.wheel(1)
    note_input.pedal(True)
    assert [m["bytes"] for m in said] == [[0xE0, 0, 0], [0xE0, 0, 64], [0xE0, 127, 127], [0xB0, 1, 127], [0xB0, 64, 127]]


@pytest.mark.parametrize("note", range(LOWEST, HIGHEST + 1))
def test_every_key_is_found_where_it_is_drawn(keyboard, note):
    rect = keyboard.key_rect(note)
    assert keyboard.note_at(QPointF(rect.center().x(), rect.bottom() - 2)) == note


def test_velocity_grows_towards_the_front_edge(keyboard):
    rect = keyboard.key_rect(60)
    velocities = [keyboard.velocity_at(60, QPointF(rect.center().x(), rect.height() * y)) for y in (0, 0.3, 0.6, 0.99)]
    assert velocities == sorted(velocities)
    assert velocities[0] < 40
    assert velocities[-1] == 127


def test_sliding_from_key_to_key(keyboard, said):
    def at(note):
        return QPoint(int(keyboard.key_rect(note).center().x()), 80)
    QTest.mousePress(keyboard, Qt.MouseButton.LeftButton, pos=at(60))
    from PySide6.QtGui import QMouseEvent
    for note in (62, 64):
        point = QPointF(at(note))
        event = QMouseEvent(QEvent.Type.MouseMove, point, keyboard.mapToGlobal(point), Qt.MouseButton.NoButton,
                            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(keyboard, event)
        assert sounding(said) == {note}
    QTest.mouseRelease(keyboard, Qt.MouseButton.LeftButton, pos=at(64))
    assert [m["note"] for m in said if m["do"] == "note_on"] == [60, 62, 64]
    assert sounding(said) == set()


def test_the_keyboard_plays_with_arrows_and_space(keyboard, said):
    QTest.keyClick(keyboard, Qt.Key.Key_Right)
    QTest.keyPress(keyboard, Qt.Key.Key_Space)
    assert sounding(said) == {61}
    QApplication.sendEvent(keyboard, QFocusEvent(QEvent.Type.FocusOut))
    assert sounding(said) == set()


@pytest.fixture
def typist(qtbot, note_input):
    window = QMainWindow()
    qtbot.addWidget(window)
    field = QLineEdit(window)
    window.setCentralWidget(field)
    window.show()
    window.setFocus()
    return window, field, Qwerty(note_input, window)


def test_every_place_plays_its_note(typist, said):
    window, _, qwerty = typist
    for offset, letter in enumerate(PLACES):
        key = Qt.Key.Key_Semicolon if letter == ";" else Qt.Key(ord(letter))
        QTest.keyPress(window, key)
        assert sounding(said) == {60 + offset}
        QTest.keyRelease(window, key)
    assert sounding(said) == set()
    assert qwerty.letters()[60] == "A"


def test_octave_and_force(typist, said):
    window, _, qwerty = typist
    QTest.keyPress(window, Qt.Key.Key_A)
    QTest.keyClick(window, Qt.Key.Key_X)            # another octave while the key is held must not leave it hanging
    QTest.keyRelease(window, Qt.Key.Key_A)
    QTest.keyClick(window, Qt.Key.Key_V)
    QTest.keyPress(window, Qt.Key.Key_A)
    assert sounding(said) == {72}
    assert said[-1]["velocity"] == 112
    for _ in range(20):
        QTest.keyClick(window, Qt.Key.Key_Z)
        QTest.keyClick(window, Qt.Key.Key_C)
    assert (qwerty.octave, qwerty.velocity) == (0, 16)


def test_the_pedal_is_down_while_its_key_is(typist, said):
    window, _, _ = typist
    pedal = lambda: [m["bytes"][2] for m in said if m["do"] == "midi"]                                   # noqa: E731
    QTest.keyPress(window, Qt.Key.Key_B)
    assert pedal() == [127]
    QTest.keyRelease(window, Qt.Key.Key_B)
    assert pedal() == [127, 0]
    QTest.keyPress(window, Qt.Key.Key_B)
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))
    assert pedal() == [127, 0, 127, 0]


def test_keys_come_up_when_the_window_loses_the_focus(typist, said):
    window, _, _ = typist
    QTest.keyPress(window, Qt.Key.Key_A)
    QTest.keyPress(window, Qt.Key.Key_D)
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))
    assert sounding(said) == set()
    assert {m["note"] for m in said if m["do"] == "note_on"} == {60, 64}


def test_text_fields_and_shortcuts_do_not_play(typist, said):
    window, field, _ = typist
    field.setFocus()
    QTest.keyClicks(field, "as")
    assert field.text() == "as"
    window.setFocus()
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert said == []


def test_the_bend_wheel_springs_back_and_the_modulation_wheel_stays(qtbot):
    for springs, left in ((True, 0), (False, 1)):
        wheel = Wheel("W", "W", springs)
        qtbot.addWidget(wheel)
        wheel.resize(30, 90)
        turned = []
        wheel.turned.connect(turned.append)
        QTest.mousePress(wheel, Qt.MouseButton.LeftButton, pos=QPoint(15, 80))
        QTest.mouseMove(wheel, QPoint(15, 40))
        wheel.setValue(wheel.maximum())
        QTest.mouseRelease(wheel, Qt.MouseButton.LeftButton, pos=QPoint(15, 0))
        assert turned[-1] == left
        assert max(turned) == 1
