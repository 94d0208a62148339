"""Finding, reaching, seeing and hearing what there is: manual and keys, help, zoom and contrast, locks, screen readers, the tour."""
import html
import re

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAccessible, QCursor, QEnterEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from hummingface.instrument.gui.controllers import layout_state
from hummingface.instrument.gui.controllers.help_keys import help_of, meant_widget, place_of
from hummingface.instrument.gui.controllers.manual_pages import CONTROLS, KEYS, keys_text, pages
from hummingface.instrument.gui.controllers.spoken_news import VALUE_MS, SpokenNews, announce
from hummingface.instrument.gui.controllers.tour import PHASES
from hummingface.instrument.gui.dialogs.manual_dialog import ManualDialog
from hummingface.instrument.gui.panels.look_row import ZOOMS
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.shortcut_table import GESTURES, SHORTCUTS, keys_of
from hummingface.instrument.patches import library
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.session.section_locks import SECTIONS
from tests.gui.player import LEFT, bring_to_front


@pytest.fixture
def window(still_window, user_home):
    """The same as it is at the start, whatever was shown before."""
    still_window.guidance.look.set(100, False)
    still_window.guidance.tour.leave()
    still_window.session.locked.clear()
    still_window.session.load(user_home[0])
    bring_to_front(still_window)
    yield still_window
    still_window.guidance.look.set(100, False)
    still_window.late.hide()


# Keys and manual

def test_the_browsers_key_opens_it_whatever_the_patch_is_called(window):
    window.patches.name.show_name("Another & more", False)
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.browser.isVisible()
    window.browser.hide()


def test_the_table_has_all_shortcuts_of_the_window_and_no_other(window):
    there = [sequence.toString() for shortcut in window.findChildren(QShortcut) for sequence in [*shortcut.keys()]]
    there += [button.shortcut().toString() for button in window.findChildren(QAbstractButton)]
    told = [sequence.toString() for shortcut in SHORTCUTS for sequence in keys_of(shortcut.id)]
    assert sorted(filter(None, there)) == sorted(filter(None, told))            # a platform may have no keys to quit by
    assert len(told) > 30


def test_the_manual_shows_every_key_and_every_control(qapp):
    found = {page.name: page for page in pages()}
    assert len(found) == len(pages()) and next(iter(found)) == "start"
    for shortcut in SHORTCUTS:
        assert f"<b>{html.escape(keys_text(shortcut))}</b></td><td>{html.escape(shortcut.does)}" in found[KEYS].html
    for _, keys, does in GESTURES:
        assert html.escape(keys) in found[KEYS].html and html.escape(does) in found[KEYS].html
    for parameter in PARAMETERS.values():
        assert parameter.help and f'name="{parameter.id}"></a><b>{html.escape(parameter.label)}</b><br>{html.escape(parameter.help)}' in \
            found[CONTROLS].html


def test_what_the_manual_says_of_keys_and_pages_is_true(qapp):
    known = {QKeySequence(keys).toString() for shortcut in SHORTCUTS for keys in shortcut.keys}
    known |= set(re.findall(r"Ctrl\+\w|F\d+", " ".join(keys for _, keys, _ in GESTURES)))
    names = {page.name for page in pages()}
    for page in pages():
        assert page.html or page.markdown.startswith("# ")
        for keys in re.findall(r"(?:Ctrl\+)?(?:Shift\+)?\bF\d+|Ctrl\+(?:Shift\+)?[^\s,;:)]", page.markdown):
            assert keys in known, (page.name, keys)
        assert set(re.findall(r"\]\((\w+)", page.markdown)) <= names


def test_the_manual_turns_its_pages_and_finds_words(qtbot):
    manual = ManualDialog(None)
    qtbot.addWidget(manual)
    manual.open_at()
    assert manual.list.currentItem().text() == "Start" and "A MIDI keyboard" in manual.text.toPlainText()
    manual.open_at(CONTROLS, "filter.cutoff_hz")
    assert manual.list.currentItem().text() == "Controls" and manual.text.verticalScrollBar().value() > 0
    manual.search.setText("soft take-over")
    QTest.keyClick(manual.search, Qt.Key.Key_Return)
    assert manual.list.currentItem().text() == "Playing" and manual.text.textCursor().selectedText() == "soft take-over"
    manual.go_to("setup")
    manual.text.anchorClicked.emit("keys")
    assert manual.list.currentItem().text() == "Keys"
    manual.text.anchorClicked.emit("https://example.org/keys")
    assert manual.list.currentItem().text() == "Keys"


def test_f1_opens_the_manual_at_the_control_that_has_the_focus(window):
    window.controls["filter.cutoff_hz"].setFocus()
    QCursor.setPos(window.mapToGlobal(QPoint(2, window.height() - 2)))
    QTest.keyClick(window.controls["filter.cutoff_hz"], Qt.Key.Key_F1)
    assert window.late.manual.isVisible() and window.late.manual.list.currentItem().text() == "Controls"
    window.late.manual.hide()


def test_help_is_about_what_the_pointer_is_on(window):
    knob = window.controls["latent.3"]
    window.centralWidget().setFocus()
    QCursor.setPos(knob.mapToGlobal(knob.rect().center()))
    meant = meant_widget()
    assert meant is knob or meant.parentWidget() is knob
    assert place_of(meant) == (CONTROLS, "latent.3")
    for part, page in ((window.morph.pad, "sound"), (window.keyboard, "playing"), (window.recorder.record, "recording"),
                       (window.patches.save, "exploring"), (window.dialog.mpe, "setup"), (window.status, "")):
        assert place_of(part) == (page, "")


def test_everything_that_takes_the_focus_has_help_and_a_name(window):
    roots = (window, window.dialog, window.browser, window.saver)
    parts = [part for root in roots for part in root.findChildren(QWidget)
             if part.focusPolicy() & Qt.FocusPolicy.TabFocus and part.window() is root and not part.objectName().startswith("qt_")]
    assert len(parts) > len(window.controls)
    assert not [part.accessibleName() for part in parts if not help_of(part)]
    assert not [part for part in window.controls.values() if PARAMETERS[part.parameter.id].help not in help_of(part)]
    nameless = [part for part in parts if not QAccessible.queryAccessibleInterface(part).text(QAccessible.Text.Name).strip()]
    assert not nameless


# Zoom and contrast

def test_zoom_is_apart_from_the_windows_size_and_is_kept(window):
    size, scale = window.size(), theme.scale
    for _ in ZOOMS:
        QTest.keyClick(window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert (window.size(), theme.scale) == (size, pytest.approx(2 * scale, abs=0.05))
    assert window.ground.width() > window.width(), "what does not fit is scrolled"
    last = window.status.panic
    last.setFocus()
    QTest.keyClick(last, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    focused = QApplication.focusWidget()
    assert window.rect().intersects(focused.rect().translated(focused.mapTo(window, QPoint()))), "and Tab brings it into sight"
    window.guidance.look.set(high_contrast=True)
    kept = layout_state.layout_of(window)
    assert (kept["zoom"], kept["high_contrast"]) == (200, True)
    assert window.spectrogram.plot.axis("left").textPen().color() == theme.colour(theme.HIGH_CONTRAST["SOFT"])
    QTest.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    assert window.dialog.look.zoom.currentData() == 90
    layout_state.restore_layout(window, kept)
    assert (window.guidance.look.zoom, theme.GROUND, theme.scale) == (200, "#000000", pytest.approx(2 * scale, abs=0.05))
    layout_state.restore_layout(window, {"zoom": 1e9, "high_contrast": "yes"})
    assert (window.guidance.look.zoom, theme.scale) == (100, scale) and theme.GROUND != "#000000"


def test_the_settings_have_zoom_and_contrast(window):
    row = window.dialog.look
    row.contrast.click()
    row.zoom.setCurrentIndex(row.zoom.findData(75))
    row.zoom.activated.emit(row.zoom.currentIndex())
    look = window.guidance.look
    assert (look.zoom, look.high_contrast, theme.PANEL) == (75, True, "#000000")
    black = window.ground.grab(window.status.geometry()).toImage().pixelColor(1, 1)
    assert black.name() == "#000000"


# Locks of sections, and sides

def test_every_section_has_a_lock_in_the_window_or_in_the_menu_of_its_controls(window):
    behind = {lock.section for lock in window.guidance.locks.locks}
    assert behind >= {"section.latents", "section.filter", "section.reverb", "section.modulation", "section.characteristics"}
    assert behind <= set(SECTIONS)
    window.midi_learn.menu.open(window.controls["arpeggiator.gate"], QPoint())
    action = next(one for one in window.midi_learn.menu.menu.actions() if one.text() == "Lock the section arpeggiator")
    window.midi_learn.menu.menu.close()
    action.trigger()
    assert window.session.locked == {"section.arpeggiator"}


def test_a_lock_shows_under_the_pointer_and_while_it_is_locked(window):
    lock = next(one for one in window.guidance.locks.locks if one.section == "section.filter")
    panel = lock.parentWidget()
    assert not lock.isVisible()
    QApplication.sendEvent(panel, QEnterEvent(panel.rect().center(), panel.rect().center(), panel.mapToGlobal(panel.rect().center())))
    assert lock.isVisible() and panel.rect().contains(lock.geometry())
    QTest.mouseClick(lock, LEFT)
    QApplication.sendEvent(panel, QEvent(QEvent.Type.Leave))
    assert lock.isVisible() and window.session.locked == {"section.filter"}
    window.session.undo()
    assert not lock.isVisible()
    window.controls["filter.cutoff_hz"].setFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert window.session.locked == {"section.filter"} and "filter is locked" in window.banner.text.text()


def test_a_patch_of_another_model_says_which_locks_it_could_not_keep(window, user_home, monkeypatch):
    monkeypatch.setattr(window.choosing, "_read", lambda _entry: user_home[1].with_values(model="another"))
    window.session.lock("section.latents", True)
    window.choosing.load(library.patches()[0])
    assert "the latents mean something else" in window.banner.text.text()


def test_sides_are_copied_by_their_menu_and_by_keys(window):
    session = window.session
    session.swap()
    session.set("latent.1", 2.0)
    next(one for one in window.patches.copies.actions() if one.text() == "Copy A to B").trigger()
    assert (session.side, session["latent.1"]) == ("B", pytest.approx(session.saved.values["latent.1"]))
    session.undo()
    QTest.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    session.swap()
    assert (session.side, session["latent.1"]) == ("A", 2.0)


# Screen readers

def test_what_happens_is_said(window, user_home, qtbot):
    said = []
    news = SpokenNews(window, lambda text, urgent: said.append((text, urgent)))
    news.watch_controls([window.controls["filter.cutoff_hz"]], window.morph.pad)
    news.watch_session(window.session, window.choosing, window.banner)
    window.choosing.step(1)
    assert said.pop(0)[0].startswith("Patch ")
    window.session.swap()
    assert said.pop(0)[0].startswith("Version B: ")
    window.banner.say("It failed.", problem=True)
    assert said.pop(0) == ("It failed.", True)
    news.hear({"tell": "recording", "path": "/a", "waits": False})
    news.hear({"tell": "recording", "path": None, "waits": False})
    assert said == [("Recording", True), ("Recording has ended", True)]
    said.clear()
    knob = window.controls["filter.cutoff_hz"]
    knob.change(2000)
    knob.setFocus()
    for _ in range(5):
        QTest.keyClick(knob, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: bool(said), timeout=VALUE_MS * 20)
    assert said == [(knob.reading(), False)] and "kHz" in knob.reading()
    news.watch_keys_of(window.keyboard, window.map.map)
    window.keyboard.setFocus()
    QTest.keyClick(window.keyboard, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: len(said) > 1, timeout=VALUE_MS * 20)
    assert said[1] == (window.keyboard.chosen_name(), False)
    reader = QAccessible.queryAccessibleInterface(knob)
    assert reader.text(QAccessible.Text.Description).startswith(f"{knob.reading()}. ")
    assert reader.valueInterface().currentValue() == knob.value()
    reader.valueInterface().setCurrentValue(0)
    assert window.session["filter.cutoff_hz"] == 20, "a reader moves it"


def test_announcements_reach_qt(window):
    before = QAccessible.isActive()
    QAccessible.setActive(True)
    announce(window, "Patch Amber")
    announce(window, "It failed.", urgent=True)
    QAccessible.setActive(before)


# The tour

def test_the_tour_goes_on_by_what_the_player_does(window):
    tour, card = window.guidance.tour, window.guidance.tour.card
    assert tour.awaits is None and not card.isVisible(), "nobody asked for it"
    window.settings.toured = False
    window.guidance.first_start()
    assert tour.awaits is None, "and nobody is here to be shown round"
    next(one for one in window.help.menu.actions() if one.text() == "Tour").trigger()
    assert card.isVisible() and card.spotlight.isVisible() and "1 OF 4" in card.heading.text()
    window.controls["latent.1"].change(1.0)
    assert tour.awaits == "note", "what is not asked for counts for nothing"
    QTest.mousePress(window.keyboard, LEFT, pos=QPoint(300, 60))
    QTest.mouseRelease(window.keyboard, LEFT, pos=QPoint(300, 60))
    assert tour.awaits == "latent"
    window.session.load(window.session.state.to_patch())
    assert tour.awaits == "latent"
    QTest.keyClick(window.controls["latent.1"], Qt.Key.Key_Up)
    assert tour.awaits == "sound"
    window.morph.pad.setFocus()
    QTest.keyClick(window.morph.pad, Qt.Key.Key_Right)
    assert tour.awaits == "begun" and "4 OF 4" in card.heading.text()
    window.guidance.hear({"tell": "recording", "path": "/a.wav", "waits": False, "begin": 0, "problem": ""})
    assert tour.awaits == "take"
    window.guidance.hear({"tell": "take", "path": "/a.wav", "seconds": 1.0, "problem": ""})
    assert tour.awaits == "heard"
    window.takes.heard.emit()
    assert tour.awaits == "" and card.end.text() == "Close" and not card.next.isVisible()
    QTest.mouseClick(card.end, LEFT)
    assert tour.awaits is None and not card.isVisible() and not card.spotlight.isVisible()


def test_the_tour_can_be_passed_and_left(window):
    tour = window.guidance.tour
    tour.begin()
    for step in (2, 3, 4):
        QTest.mouseClick(tour.card.next, LEFT)
        assert f"{step} OF 4" in tour.card.heading.text()
    QTest.mouseClick(tour.card.next, LEFT)
    assert tour.awaits == ""
    tour.begin()
    QTest.mouseClick(tour.card.end, LEFT)
    assert not tour.card.isVisible()
    assert sorted({phase.step for phase in PHASES}) == [1, 2, 3, 4]
