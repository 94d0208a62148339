"""What a mouse wheel and two fingers on a touchpad change, and what they leave alone."""
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QMainWindow, QPushButton, QSpinBox, QVBoxLayout, QWidget

from hummingface.instrument.gui.dialogs.settings_dialog import MOST_LINES, SettingsDialog
from hummingface.instrument.gui.panels.control_panel import make_control
from hummingface.instrument.gui.widgets.scrolling import leave_wheel
from hummingface.instrument.patches.parameters import PARAMETERS

NONE = Qt.ScrollPhase.NoScrollPhase


def roll(widget, eighths: int, phase: Qt.ScrollPhase = NONE) -> bool:
    """One event of a wheel, or of a touchpad, whose parts of a notch are small. Returns whether the widget took it; else Qt offers a real
    one to what is behind."""
    place = QPoint(5, 5)
    event = QWheelEvent(QPointF(place), QPointF(widget.mapToGlobal(place)), QPoint(), QPoint(0, eighths), Qt.MouseButton.NoButton,
                        Qt.KeyboardModifier.NoModifier, phase, False)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


@pytest.mark.parametrize("name", ["master.transpose", "master.voices", "master.mode", "delay.sync"])
def test_a_switch_moves_by_one_a_notch_however_many_parts_it_comes_in(qtbot, name):
    control = make_control(PARAMETERS[name], "Master")
    qtbot.addWidget(control)
    control.change(control.parameter.lowest + 1)
    moved = []
    control.moved.connect(lambda _id, value: moved.append(value))
    for part in (120, *[8] * 15, *[1] * 119):
        roll(control, part)
    assert moved == [control.parameter.clamp(control.parameter.lowest + 1 + steps) for steps in (1, 2)][:len(moved)]
    assert control.shown == control.parameter.clamp(control.parameter.lowest + 3), "two whole notches and nearly a third"


@pytest.mark.parametrize("part", [1, 2, 3, 5, 8, 12, 24, 40, 120])
def test_parts_of_two_notches_are_two_notches(qtbot, part):
    """To the part: not one short of it, and none too early."""
    control = make_control(PARAMETERS["master.transpose"], "Master")
    qtbot.addWidget(control)
    for _ in range(240 // part - 1):
        roll(control, -part)
    assert control.shown == -1
    roll(control, -part)
    assert control.shown == -2


def test_fingers_that_turn_round_or_begin_again_start_from_nothing(qtbot):
    control = make_control(PARAMETERS["master.transpose"], "Master")
    qtbot.addWidget(control)
    roll(control, 100)
    roll(control, -100)
    roll(control, -10)
    assert control.shown == 0
    roll(control, -10)
    assert control.shown == -1
    roll(control, 100)
    roll(control, 100, Qt.ScrollPhase.ScrollBegin)
    assert control.shown == -1
    roll(control, 2000, Qt.ScrollPhase.ScrollMomentum)
    assert control.shown == -1, "the fingers have left"


def test_a_knob_follows_every_part(qtbot):
    control = make_control(PARAMETERS["filter.cutoff_hz"], "Filter")
    qtbot.addWidget(control)
    control.change(1000)
    for _ in range(10):
        roll(control, 12)
    whole, control.shown = control.shown, 1000.0
    control._travel = control.parameter.to_travel(1000)
    roll(control, 120)
    assert whole == pytest.approx(control.shown) and whole > 1000


@pytest.fixture
def boxes(qtbot):
    """A list and a number, and a button that has the focus."""
    window = QWidget()
    column = QVBoxLayout(window)
    chosen, number, button = QComboBox(), QSpinBox(), QPushButton()
    chosen.addItems(["a", "b", "c"])
    for widget in (button, chosen, number):
        column.addWidget(widget)
    leave_wheel(chosen, number)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    button.setFocus()
    return window, chosen, number


def test_what_is_rolled_over_is_not_changed_but_passed(boxes):
    _, chosen, number = boxes
    assert not roll(chosen, -120) and not roll(number, 120)
    assert not chosen.hasFocus() and not number.hasFocus()
    assert (chosen.currentIndex(), number.value()) == (0, 0)


def test_a_number_that_was_clicked_is_changed_and_a_list_never(boxes, qtbot):
    _, chosen, number = boxes
    for box, clicked in ((number, 1), (chosen, 0)):
        box.setFocus()
        qtbot.waitUntil(box.hasFocus)
        roll(box, 120 if box is number else -120)
        assert (box.value() if box is number else box.currentIndex()) == clicked


@pytest.fixture
def owner(qtbot):
    """Kept while its dialog is tested."""
    made = QMainWindow()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def dialog(owner):
    made = SettingsDialog(owner)
    made.show()
    return made


def test_rolling_over_the_devices_opens_none(dialog):
    dialog.show_devices([{"name": f"Device {i}, ALSA"} for i in range(8)], [])
    wanted = []
    dialog.wanted.connect(wanted.append)
    for box in (dialog.device, dialog.rate, dialog.block):
        for _ in range(5):
            roll(box, -120)
    assert wanted == []


def test_many_ports_are_scrolled(dialog, qtbot):
    dialog.show_devices([], [f"Interface:Port {i}" for i in range(MOST_LINES)])
    high = dialog.sizeHint().height()
    dialog.show_devices([], [f"Interface:Port {i}" for i in range(40)])
    dialog.adjustSize()
    assert dialog.sizeHint().height() == high < 600
    assert dialog.rect().contains(dialog.close_button.geometry())
    last = dialog.ports.boxes[-1]
    assert last.visibleRegion().isEmpty()
    dialog.all_ports.click()
    last.setFocus()
    dialog.ports.ensureWidgetVisible(last)
    qtbot.waitUntil(lambda: not last.visibleRegion().isEmpty())
    wanted = []
    dialog.wanted.connect(wanted.append)
    last.click()
    assert wanted[-1]["ports"] == [box.port for box in dialog.ports.boxes[:-1]]
