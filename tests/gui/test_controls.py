"""Controls by themselves: what typing, dragging, turning and keys do to a value."""
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from hummingface.instrument.gui.widgets.choice import ChoiceControl
from hummingface.instrument.gui.widgets.control import DRAG_POINTS, parse
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.patches.parameters import PARAMETERS

CUTOFF, SUSTAIN, DECAY, MODE = (PARAMETERS[i] for i in ("filter.cutoff_hz", "envelope.sustain", "envelope.decay_s", "master.mode"))


@pytest.fixture
def knob(qtbot):
    made = Knob(PARAMETERS["latent.1"])
    qtbot.addWidget(made)
    made.resize(80, 90)
    made.show()
    return made


@pytest.mark.parametrize(("parameter", "typed", "shown", "value"), [
    (CUTOFF, "1200", "2.5 kHz", 20000), (CUTOFF, "1.2k", "", 1200), (CUTOFF, "1200 Hz", "2.5 kHz", 1200),
    (CUTOFF, "440", "200 Hz", 440), (SUSTAIN, "50", "", 0.5), (SUSTAIN, "50 %", "", 0.5),
    (DECAY, "200 ms", "", 0.2), (DECAY, "2", "1.00 s", 2), (DECAY, "200", "35 ms", 0.2),
    (PARAMETERS["latent.1"], "\u22121,5", "", -1.5), (MODE, "Legato", "", 2), (CUTOFF, "1e9", "20 Hz", 20000)])
def test_typed_values(parameter, typed, shown, value):
    assert parse(parameter, typed, shown) == pytest.approx(value)


@pytest.mark.parametrize("typed", ["", "loud", "1.2.3", "nan", "--3"])
def test_what_is_no_value_is_refused_with_the_range(typed):
    with pytest.raises(ValueError, match="20\\.0 Hz to 20 kHz"):
        parse(CUTOFF, typed)


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda p: p.id)
def test_every_reading_can_be_typed_back(parameter):
    for travel in (0, 0.13, 0.5, 0.77, 1):
        value = parameter.from_travel(travel)
        back = parse(parameter, parameter.text(value).replace("-", "\u2212"))
        assert parameter.to_travel(back) == pytest.approx(parameter.to_travel(value), abs=0.03)


def test_dragging_the_whole_way_is_the_whole_range_and_shift_a_tenth(knob):
    def drag(way, modifier=Qt.KeyboardModifier.NoModifier):
        start = knob.rect().center()
        QTest.mousePress(knob, Qt.MouseButton.LeftButton, modifier, start)
        for step in range(1, 11):
            point = QPointF(start.x(), start.y() - way * step / 10)
            from PySide6.QtGui import QMouseEvent
            event = QMouseEvent(QMouseEvent.Type.MouseMove, point, knob.mapToGlobal(point), Qt.MouseButton.NoButton,
                                Qt.MouseButton.LeftButton, modifier)
            QApplication.sendEvent(knob, event)
        QTest.mouseRelease(knob, Qt.MouseButton.LeftButton, modifier, QPoint(start.x(), int(start.y() - way)))

    drag(DRAG_POINTS / 4)
    assert knob.shown == pytest.approx(6 / 4, abs=0.02)
    drag(-DRAG_POINTS / 4)
    assert knob.shown == pytest.approx(0, abs=0.02)
    drag(DRAG_POINTS / 4, Qt.KeyboardModifier.ShiftModifier)
    assert knob.shown == pytest.approx(6 / 40, abs=0.02)
    drag(DRAG_POINTS * 3)
    assert knob.shown == 3


def test_a_drag_is_one_gesture(knob, qtbot):
    with qtbot.waitSignals([knob.gesture_began, knob.gesture_ended], order="strict"):
        QTest.mousePress(knob, Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
        QTest.mouseRelease(knob, Qt.MouseButton.LeftButton, pos=QPoint(40, 40))


def test_wheel_keys_and_double_click(knob):
    def wheel(notches, modifier=Qt.KeyboardModifier.NoModifier):
        here = QPointF(knob.rect().center())
        event = QWheelEvent(here, knob.mapToGlobal(here), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
                            modifier, Qt.ScrollPhase.NoScrollPhase, False)
        QApplication.sendEvent(knob, event)
    wheel(5)
    assert knob.shown == pytest.approx(0.6)
    wheel(-5, Qt.KeyboardModifier.ShiftModifier)
    assert knob.shown == pytest.approx(0.54)
    for key, value in ((Qt.Key.Key_Home, -3), (Qt.Key.Key_Up, -2.94), (Qt.Key.Key_PageUp, -2.34), (Qt.Key.Key_End, 3),
                       (Qt.Key.Key_Delete, 0)):
        QTest.keyClick(knob, key)
        assert knob.shown == pytest.approx(value)
    QTest.keyClick(knob, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert knob.shown == pytest.approx(0.006)
    QTest.mouseDClick(knob, Qt.MouseButton.LeftButton, pos=knob.rect().center())
    assert knob.shown == 0


def test_typing_into_a_knob(knob):
    knob.setFocus()
    QTest.keyClicks(knob, "1")
    QTest.keyClicks(QApplication.focusWidget(), ".25")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert knob.shown == 1.25
    QTest.keyClick(knob, Qt.Key.Key_Return)
    QTest.keyClicks(QApplication.focusWidget(), "2")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert knob.shown == 1.25


def test_shown_values_are_not_told_again(knob, qtbot):
    with qtbot.assertNotEmitted(knob.moved):
        knob.show_value(2.0)
    assert knob.reading() == "+2.00"


def test_screen_readers_find_a_slider_and_can_move_it(knob, qtbot):
    found = QAccessible.queryAccessibleInterface(knob)
    assert found.role() == QAccessible.Role.Slider
    assert "axis 1" in knob.accessibleDescription().lower()
    with qtbot.waitSignal(knob.moved):
        found.valueInterface().setCurrentValue(1000)
    assert knob.shown == 3


def test_choice_by_click_and_key(qtbot):
    switch = ChoiceControl(MODE)
    qtbot.addWidget(switch)
    switch.resize(60, 70)
    switch.show()
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, pos=switch._places()[2].center().toPoint())
    assert switch.reading() == "legato"
    QTest.keyClick(switch, Qt.Key.Key_Down)
    assert switch.reading() == "mono"


def test_a_stepped_knob_moves_by_whole_steps(qtbot):
    voices = Knob(PARAMETERS["master.voices"])
    qtbot.addWidget(voices)
    QTest.keyClick(voices, Qt.Key.Key_Up)
    assert voices.shown == 65
    QTest.keyClick(voices, Qt.Key.Key_Home)
    assert voices.reading() == "1"
