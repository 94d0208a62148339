"""The window without a mouse and without a sight of it: Tab reaches all there is, keys move it, its focus shows, it has a name."""
import html

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QHelpEvent, QImage, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QComboBox, QLineEdit, QListView, QToolTip, QWidget

from hummingface.instrument.gui.widgets.choice import ChoiceControl
from hummingface.instrument.gui.widgets.keyboard import Keyboard
from hummingface.instrument.gui.widgets.morph_pad import MorphPad
from hummingface.instrument.gui.widgets.spectrogram import Spectrogram
from hummingface.instrument.gui.widgets.step_cell import StepCell
from hummingface.instrument.patches.parameters import PARAMETERS
from tests.gui.player import bring_to_front

TOUCHABLE = (QAbstractButton, QAbstractSlider, QComboBox, QLineEdit, QListView)


@pytest.fixture
def window(still_window, user_home):
    """The same with its first pages, whatever was shown before."""
    still_window.browser.hide()
    still_window.named.turn.setChecked(False)
    still_window.middle.setCurrentWidget(still_window.spectrogram)
    still_window.spectrogram.sound.setChecked(True)
    still_window.panels.setCurrentIndex(0)
    still_window.session.load(user_home[0])
    bring_to_front(still_window)
    still_window.spectrogram.sound.setFocus()       # of the two, Tab stops at the one that had the focus last
    still_window.centralWidget().setFocus()
    return still_window


def press(key, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(QApplication.focusWidget(), key, modifier)


def tab_round(window, back=False) -> list[QWidget]:
    """All that Tab reaches, in its order, from wherever the focus is until it comes round."""
    stops: list[QWidget] = []
    for _ in range(500):
        press(Qt.Key.Key_Backtab if back else Qt.Key.Key_Tab)
        here = QApplication.focusWidget()
        if here in stops:
            return stops
        stops.append(here)
    raise AssertionError("Tab never comes round")


def parts_of(window) -> list[QWidget]:
    """Everything that a player can operate in the window, as it is now."""
    return [w for w in window.findChildren(QWidget) if isinstance(w, (*TOUCHABLE, MorphPad, Keyboard, Spectrogram))
            and w.window() is window and w.isVisible() and w.isEnabled() and w.focusPolicy() != Qt.FocusPolicy.NoFocus]


def describe(widgets) -> list[str]:
    return [f"{type(w).__name__} {w.accessibleName() or w.objectName()}" for w in widgets]


# Tab

def test_tab_reaches_everything_and_goes_back_the_same_way(window):
    window.session.set("latent.1", 1.0)             # so that there is something to undo
    window.session.undo()
    window.session.set("latent.2", 1.0)
    stops = tab_round(window)
    # Tab finds the chosen one, arrows go to the others
    by_arrows = {button for name, (button, _) in window.spectrogram.pages.items() if name != "sound"}
    assert not describe(set(parts_of(window)) - set(stops) - by_arrows)
    stops[0].setFocus()
    assert describe(tab_round(window, back=True)) == describe([*reversed(stops[1:]), stops[0]])


def test_tab_goes_as_one_reads(window):
    stops = tab_round(window)
    order = [window.patches.name, *window.latents.knobs.values(), window.morph.pad, window.morph.amount, window.spectrogram.view,
             *window.output.controls.values(), *(knob for section in window.panels.pages[0] for knob in section.controls.values()),
             window.bend, window.wheel, window.keyboard,
             window.status.panic]
    start = stops.index(window.patches.name)
    places = [(stops.index(w) - start) % len(stops) for w in order]
    assert places == sorted(places)


def test_arrows_go_from_sound_to_scope(window):
    window.spectrogram.sound.setFocus()
    press(Qt.Key.Key_Right)
    assert window.spectrogram.scope.isChecked()
    assert window.spectrogram.page == "scope"
    press(Qt.Key.Key_Left)
    assert window.spectrogram.sound.isChecked()
    assert window.spectrogram.page == "sound"


def test_tab_reaches_every_field_of_the_settings(window):
    window.dialog.show_choice(window.settings.audio, ["KeyStep"])
    window.dialog.show_midi({"ports": ["KeyStep", "Launchkey"], "open": ["KeyStep"], "problem": ""})
    window.dialog.show()
    chain = [window.dialog.device]
    while (after := chain[-1].nextInFocusChain()) is not chain[0]:
        chain.append(after)
    stops = {w for w in chain if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isVisible() and w.isEnabled()}
    fields = set(parts_of(window.dialog))
    assert len(fields) > 8
    assert not describe(fields - stops)
    assert window.dialog.device.currentText() == "The system's default"
    window.dialog.hide()


# Focus can be seen

def as_array(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())[:, :image.width() * 4].reshape(
        image.height(), image.width(), 4)[:, :, :3].astype(int)


def test_the_focus_of_everything_shows_all_around_it(window):
    hidden = []
    for part in parts_of(window):
        window.centralWidget().setFocus()
        rest = as_array(part.grab().toImage())
        part.setFocus(Qt.FocusReason.TabFocusReason)
        focused = as_array(part.grab().toImage())
        changed = np.abs(focused - rest).max(axis=2) > 40
        edges = (changed[:3], changed[-3:], changed[:, :3].T, changed[:, -3:].T)
        if min(edge.any(axis=0).mean() for edge in edges) < 0.5:
            hidden.append(part)
    assert not describe(hidden)


# Keys move what has the focus

@pytest.mark.parametrize("parameter_id", [i for i in PARAMETERS if i not in ("morph.x", "morph.y")])
def test_keys_move_every_control(window, parameter_id):
    control, parameter = window.controls[parameter_id], PARAMETERS[parameter_id]
    window.reveal(parameter_id)
    control.setFocus()
    press(Qt.Key.Key_Home)
    assert window.session[parameter_id] == parameter.lowest
    press(Qt.Key.Key_Up)
    low = window.session[parameter_id]
    assert low > parameter.lowest
    if low < parameter.highest:                     # not off and on
        press(Qt.Key.Key_Right)
        assert window.session[parameter_id] > low
        press(Qt.Key.Key_Left)
    press(Qt.Key.Key_Down)
    assert window.session[parameter_id] == pytest.approx(parameter.lowest)
    press(Qt.Key.Key_End)
    assert window.session[parameter_id] == parameter.highest
    press(Qt.Key.Key_Delete)
    assert window.session[parameter_id] == pytest.approx(parameter.default)
    press(Qt.Key.Key_Return)
    if isinstance(control, (ChoiceControl, StepCell)):
        assert window.session[parameter_id] == parameter.default + 1
        return
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    assert field.parent() is control
    middle = parameter.from_travel(0.3)
    QTest.keyClicks(field, parameter.text(middle))
    press(Qt.Key.Key_Return)
    assert parameter.to_travel(window.session[parameter_id]) == pytest.approx(parameter.to_travel(middle), abs=0.03)
    assert QApplication.focusWidget() is control


def test_keys_move_the_pad_and_ask_for_its_sounds(window):
    pad, wanted = window.morph.pad, []
    pad.corner_wanted.disconnect()
    pad.corner_wanted.connect(wanted.append)
    pad.setFocus()
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Right)
    press(Qt.Key.Key_Up)
    assert (window.session["morph.x"], window.session["morph.y"]) == (pytest.approx(0.55), pytest.approx(0.55))
    press(Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert window.session["morph.x"] == pytest.approx(0.545)
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_1)
    assert wanted == [3, 0]
    pad.corner_wanted.disconnect()
    pad.corner_wanted.connect(window.choosing.browse_corner)


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return])
def test_keys_play_the_keyboard(window, key):
    window.keyboard.setFocus()
    before = window.keyboard.accessibleDescription()
    press(Qt.Key.Key_Up)
    press(Qt.Key.Key_Right)
    assert window.keyboard.accessibleDescription() != before
    QTest.keyPress(window.keyboard, key)
    assert len(window.note_input.held) == 1
    QTest.keyRelease(window.keyboard, key)
    assert not window.note_input.held
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Left)
    assert window.keyboard.accessibleDescription() == before


def test_keys_turn_the_wheels(window):
    for wheel in (window.bend, window.wheel):
        wheel.setFocus()
        press(Qt.Key.Key_Up)
        assert wheel.value() > 0
        press(Qt.Key.Key_Home)
        assert wheel.value() == 0


def close_menu():
    if menu := QApplication.activePopupWidget():
        menu.close()


def test_space_presses_every_button(window):
    window.session.set("latent.1", 1.0)
    for button in (b for b in parts_of(window) if isinstance(b, QAbstractButton)):
        pressed = []
        button.blockSignals(False)
        listener = button.pressed.connect(lambda pressed=pressed: pressed.append(1))
        button.setFocus()
        QTimer.singleShot(100, close_menu)              # one that opens a menu waits for it
        QTest.keyPress(button, Qt.Key.Key_Space)
        button.setDown(False)                       # what it does is the business of other tests
        button.pressed.disconnect(listener)
        assert pressed, describe([button])
    window.recordings.close()                       # its menu starts the helper ahead


# Names and tooltips

def test_screen_readers_find_a_name_for_all_that_takes_the_focus(window):
    roots = [window, window.dialog, window.browser, window.saver]
    nameless, queue = [], [QAccessible.queryAccessibleInterface(root) for root in roots]
    found = 0
    while queue:
        here = queue.pop()
        queue += [child for i in range(here.childCount()) if (child := here.child(i)) is not None]
        widget = here.object()
        if isinstance(widget, TOUCHABLE) and widget.window() in roots and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            found += 1
            if not here.text(QAccessible.Text.Name).strip():
                nameless.append(widget)
    assert found > len(window.controls)
    assert not describe(nameless)
    for part in (window.morph.pad, window.keyboard, window.spectrogram.view):
        reader = QAccessible.queryAccessibleInterface(part)
        assert reader.text(QAccessible.Text.Name)
        assert reader.text(QAccessible.Text.Description)
    names = [w.accessibleName() for w in window.controls.values()]
    assert len(set(names)) == len(names), "two controls cannot be told apart by ear"


def tooltip_of(widget) -> str:
    QToolTip.hideText()
    here = widget.rect().center()
    QApplication.sendEvent(widget, QHelpEvent(QHelpEvent.Type.ToolTip, here, widget.mapToGlobal(here)))
    return QToolTip.text()


def test_the_tooltip_of_every_control_has_its_value_with_its_unit(window):
    for parameter_id, control in window.controls.items():
        parameter = PARAMETERS[parameter_id]
        for travel in (0.0, 0.4, 1.0):
            control.change(parameter.from_travel(travel))
            text = tooltip_of(control)
            reading = parameter.text(window.session[parameter_id]).replace("-", "−")
            assert f"</b>&nbsp; {html.escape(reading)}<" in text, parameter_id
            assert not parameter.unit or reading.endswith(parameter.unit), parameter_id
            assert control.name in text and parameter.help in text
            assert reading in control.accessibleDescription()


def test_everything_else_has_a_tooltip(window):
    silent = [part for part in [*parts_of(window), window.output.meter] if not tooltip_of(part)]
    readings = [r for r in window.status.findChildren(QWidget) if r.accessibleName() and not r.toolTip()]
    assert not describe(silent + readings)


def test_no_key_does_two_things(window):
    """Qt does neither where two things want one key."""
    keys = [button.shortcut().toString() for button in window.findChildren(QAbstractButton) if not button.shortcut().isEmpty()]
    keys += [shortcut.key().toString() for shortcut in window.findChildren(QShortcut)]
    assert len(keys) > 10
    assert sorted(keys) == sorted(set(keys))


def test_no_knob_of_a_section_repeats_its_heading_or_another(still_window):
    for section in still_window.panels.sections:
        labels = [control.parameter.label.lower() for control in section.controls.values()]
        assert len(set(labels)) == len(labels)
        assert section.heading.text().lower() not in labels
