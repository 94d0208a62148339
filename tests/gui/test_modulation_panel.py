"""Modulation in the window: sources are dropped on knobs, rings show and edit routes, a list has all of them, macros have names."""
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.controllers.layout_state import layout_of, restore_layout
from hummingface.instrument.gui.widgets.source_chip import dragged
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.patches.sources import SOURCES
from tests.gui.player import LEFT, bring_to_front, type_value

CUTOFF, LATENT = "filter.cutoff_hz", "latent.1"


@pytest.fixture
def window(still_window, user_home):
    """The window before its engine has started, with no route, and the spectrogram in its place."""
    still_window.middle.setCurrentWidget(still_window.spectrogram)
    still_window.routes.editor.hide()
    still_window.session.load(user_home[0])
    bring_to_front(still_window)
    return still_window


def drop(window, source, target):
    """As Qt delivers a drag that ends on a control. Returns whether the control takes it."""
    knob, data = window.controls[target], dragged(source)
    here, buttons, keys = QPointF(knob.rect().center()), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enters = QDragEnterEvent(here.toPoint(), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(knob, enters)
    if enters.isAccepted() and knob.acceptDrops():
        QApplication.sendEvent(knob, QDropEvent(here, Qt.DropAction.CopyAction, data, buttons, keys))
    return knob.acceptDrops() and enters.isAccepted()


def ring_of(knob) -> QPoint:
    """A place on its ring, at the top."""
    centre, radius, _ = knob._geometry()
    return QPoint(round(centre.x()), round(centre.y() - 0.9 * radius))


def test_every_source_has_a_chip_and_those_with_settings_show_them(window):
    QTest.mouseClick(window.spectrogram.modulation, LEFT)
    panel = window.modulation
    assert panel.isVisible() and not window.spectrogram.isVisible()
    assert set(panel.chips) == set(SOURCES) and all(chip.isVisible() for chip in panel.chips.values())
    for name, shown in (("lfo.2", "lfo.2.rate_hz"), ("mod_envelope.1", "mod_envelope.1.hold_s"), ("macro.5", "macro.5")):
        QTest.mouseClick(panel.chips[name], LEFT)
        assert window.controls[shown].isVisible()
    QTest.mouseClick(panel.chips["velocity"], LEFT)
    assert panel.list.isVisible()
    QTest.mouseClick(panel.back, LEFT)
    assert window.spectrogram.isVisible()


def test_a_source_that_is_dropped_on_a_knob_moves_it(window):
    assert drop(window, "lfo.1", CUTOFF) and not drop(window, "lfo.1", "master.mode")
    assert window.session.routing.routes == (Route("lfo.1", CUTOFF),)
    knob = window.controls[CUTOFF]
    assert knob.spans == ((-0.5, 0.5),)
    still = knob.grab().toImage()
    window.routes.see(Telemetry(voices=1, targets=np.full(32, -0.3, np.float32)))
    assert knob.moved_by == pytest.approx(-0.3) and knob.grab().toImage() != still
    window.routes.see(Telemetry(voices=0, targets=np.full(32, -0.3, np.float32)))
    assert knob.moved_by is None and knob.grab().toImage() == still
    window.session.undo()
    assert knob.spans == () and window.session.routing.routes == ()


def test_a_ring_is_clicked_and_its_routes_are_edited(window):
    drop(window, "lfo.2", LATENT)
    drop(window, "velocity", LATENT)
    knob, editor = window.controls[LATENT], window.routes.editor
    QTest.mouseClick(knob, LEFT, pos=knob.rect().center())
    assert not editor.isVisible(), "the cap is not the ring"
    QTest.mouseClick(knob, LEFT, pos=ring_of(knob))
    assert editor.isVisible() and editor.which.count() == 2
    editor.which.setCurrentIndex(1)
    editor.amount.setValue(-30)
    editor.curve.setValue(50)
    editor.polarity.setCurrentIndex(editor.polarity.findData("bipolar"))
    editor.scale.setCurrentIndex(editor.scale.findData("wheel"))
    assert window.session.routing.routes[1] == Route("velocity", LATENT, -0.3, "bipolar", 0.5, "wheel")
    assert knob.spans == ((-0.5, 0.5), (-0.3, 0.3))
    editor.remove_button.click()
    assert not editor.isVisible() and window.session.routing.routes == (Route("lfo.2", LATENT),)


def test_a_drag_of_the_knob_through_its_ring_still_moves_it(window):
    drop(window, "lfo.2", LATENT)
    knob = window.controls[LATENT]
    QTest.mousePress(knob, LEFT, pos=ring_of(knob))
    QTest.mouseMove(knob, ring_of(knob) - QPoint(0, 30))
    QTest.mouseRelease(knob, LEFT, pos=ring_of(knob) - QPoint(0, 30))
    assert not window.routes.editor.isVisible()


def test_the_list_has_all_routes_and_makes_and_removes_them(window):
    drop(window, "pressure", LATENT)
    QTest.mouseClick(window.spectrogram.modulation, LEFT)
    window.modulation.routes_button.setChecked(True)
    found = window.modulation.list
    assert [found.list.item(row).text() for row in range(found.list.count())] == ["Pressure → Latent 1   +50 %"]
    QTest.mouseClick(found.new_button, LEFT)
    assert len(window.session.routing.routes) == 2 and window.routes.editor.isVisible()
    window.routes.editor.hide()
    assert window.modulation.note.text() == "2 routes"
    found.list.setFocus()
    found.list.setCurrentRow(0)
    QTest.keyClick(found.list, Qt.Key.Key_Delete)
    assert [route.source for route in window.session.routing.routes] == ["lfo.1"]


def test_a_macro_gets_a_name_that_its_chip_and_the_list_show(window):
    window.reveal("macro.2")
    drop(window, "macro.2", CUTOFF)
    field = window.modulation.macros.names[1]
    field.setFocus()
    QTest.keyClicks(field, "Air & <b>")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.session.state.patch.macros[1] == "Air & <b>"
    assert window.modulation.chips["macro.2"].accessibleName() == "Source Air & <b>"
    type_value(window.controls["macro.2"], "40")
    assert window.session["macro.2"] == pytest.approx(0.4)


def test_more_than_32_routes_are_refused_in_words(window):
    targets = [name for name, control in window.controls.items() if control.acceptDrops()]
    window.session.routing.set(tuple(Route("wheel", target) for target in targets[:32]))
    drop(window, "lfo.1", targets[32])
    assert len(window.session.routing.routes) == 32 and "32 routes" in window.banner.text.text()
    window.banner.dismiss()


def test_the_page_is_part_of_the_layout(window):
    QTest.keySequence(window, "Ctrl+Shift+M")
    assert window.modulation.isVisible()
    values = layout_of(window)
    QTest.keySequence(window, "Ctrl+Shift+M")
    assert window.spectrogram.isVisible()
    restore_layout(window, {"modulation": values["modulation"]})
    assert window.modulation.isVisible()


def test_the_map_is_part_of_the_layout_and_makes_room_for_what_is_wanted(window, monkeypatch):
    monkeypatch.setattr(window.map, "refresh", lambda: None)        # no dots are needed
    QTest.keySequence(window, "Ctrl+Shift+D")
    assert window.map.panel.isVisible() and window.latents.isHidden() and window.morph.isHidden()
    QApplication.processEvents()
    high = window.map.panel.height()
    values = layout_of(window)
    window.reveal(LATENT)
    QApplication.processEvents()
    assert window.latents.isVisible() and window.map.panel.height() < high
    QTest.mouseClick(window.map.panel.back, LEFT)
    assert window.spectrogram.isVisible()
    restore_layout(window, {name: values[name] for name in ("map", "large_map", "hear")})
    assert window.map.panel.isVisible() and window.latents.isHidden()
    QTest.keySequence(window, "Ctrl+Shift+D")
    assert window.spectrogram.isVisible() and window.latents.isVisible()
