"""The window driven as a person would, on the real audio process."""
import os
import signal

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QComboBox, QLineEdit, QScrollBar, QWidget

from instrument.audio import registry
from instrument.gui.session import LATENTS
from instrument.parameters import PARAMETERS

SOON_MS = 15_000            # far longer than any of it takes
LEFT = Qt.MouseButton.LeftButton


def sounding(window) -> dict[int, int]:
    """MIDI notes that sound, with their velocities, as the engine tells."""
    return {note: v for note, v in enumerate(window.client.telemetry().notes) if v}


def key_point(window, note, depth=0.9) -> QPoint:
    rect = window.keyboard.key_rect(note)
    return QPoint(int(rect.center().x()), int(rect.height() * depth))


def play(window, qtbot, note=60):
    """Hold a key with the mouse until it sounds."""
    QTest.mousePress(window.keyboard, LEFT, pos=key_point(window, note))
    qtbot.waitUntil(lambda: note in sounding(window), timeout=SOON_MS)


def let_go(window, note=60):
    QTest.mouseRelease(window.keyboard, LEFT, pos=key_point(window, note))


def drag(widget, start: QPoint, end: QPoint, steps=8):
    QTest.mousePress(widget, LEFT, pos=start)
    for i in range(1, steps + 1):
        point = QPointF(start) + (QPointF(end) - QPointF(start)) * (i / steps)
        QApplication.sendEvent(widget, QMouseEvent(QEvent.Type.MouseMove, point, widget.mapToGlobal(point),
                                                   Qt.MouseButton.NoButton, LEFT, Qt.KeyboardModifier.NoModifier))
    QTest.mouseRelease(widget, LEFT, pos=end)


def type_value(control, text):
    control.setFocus()
    QTest.keyClick(control, Qt.Key.Key_Return)
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def loudest_db(window, qtbot, seconds=0.3) -> float:
    """Peak of what is played from now on."""
    position, _ = window.client.output_since(1 << 62)
    until = position + int(seconds * 48_000)
    qtbot.waitUntil(lambda: window.client.telemetry().position >= until, timeout=SOON_MS)
    _, samples = window.client.output_since(position)
    return 20 * np.log10(np.abs(samples).max() + 1e-9)


# What the table says, and what everybody needs

def test_every_control_of_the_table_is_there(window):
    pad = window.morph.pad
    assert set(window.controls) | set(pad.objectName().split()) == set(PARAMETERS)
    for parameter_id, control in window.controls.items():
        assert control.parameter is PARAMETERS[parameter_id]
        assert control.isVisible()
        assert window.rect().contains(control.mapTo(window, control.rect().center()))


def test_everything_that_can_be_used_has_a_name_and_a_place_in_the_tab_order(window):
    used = [w for w in window.findChildren(QWidget) if isinstance(w, QAbstractButton | QAbstractSlider | QComboBox | QLineEdit)
            or w in (window.morph.pad, window.keyboard, window.spectrogram.view)]
    used = [w for w in used if not isinstance(w, QScrollBar) and not isinstance(w.parent(), QLineEdit | QComboBox)
            and not w.objectName().startswith("qt_")]
    nameless = [w for w in used if not w.accessibleName() and not (isinstance(w, QAbstractButton) and w.text())]
    assert not [f"{type(w).__name__} {w.objectName()}" for w in nameless]
    names = [c.accessibleName() for c in window.controls.values()]
    assert len(set(names)) == len(names), "two controls cannot be told apart by ear"
    reached, here = set(), window.patches.undo
    for _ in range(400):
        here = here.nextInFocusChain()
        if here.window() is window and here.focusPolicy() & Qt.FocusPolicy.TabFocus:
            reached.add(here)
    others = {window.morph.pad, window.keyboard, window.spectrogram.view, window.status.panic}
    assert set(window.controls.values()) | others <= reached


@pytest.mark.parametrize("size", [(960, 620), (1200, 760), (1600, 1000)])
def test_nothing_overlaps_or_falls_out_at_any_size(window, size):
    window.resize(*size)
    QTest.qWait(50)
    parts = [window.latents, window.morph, window.spectrogram, window.output, *window.panels.sections, window.keyboard,
             window.status]
    boxes = [p.rect().translated(p.mapTo(window, QPoint())) for p in parts]
    for i, box in enumerate(boxes):
        assert window.rect().contains(box), type(parts[i]).__name__
        assert not any(box.intersects(other) for other in boxes[i + 1:])
    for control in window.controls.values():
        assert control.height() >= control.minimumSizeHint().height()
    window.resize(1200, 760)


# Playing

def test_a_key_sounds_lights_up_and_ends(window, qtbot):
    play(window, qtbot, 60)
    qtbot.waitUntil(lambda: window.keyboard.velocities[60] > 0, timeout=SOON_MS)
    assert window.client.telemetry().voices >= 1
    assert loudest_db(window, qtbot) > -60
    let_go(window, 60)
    qtbot.waitUntil(lambda: not sounding(window), timeout=SOON_MS)


def test_the_front_edge_plays_louder(window, qtbot):
    heard = []
    for depth in (0.1, 0.95):
        QTest.mousePress(window.keyboard, LEFT, pos=key_point(window, 64, depth))
        qtbot.waitUntil(lambda: 64 in sounding(window), timeout=SOON_MS)
        heard.append(sounding(window)[64])
        QTest.mouseRelease(window.keyboard, LEFT, pos=key_point(window, 64, depth))
        window.panic()
        qtbot.waitUntil(lambda: not sounding(window), timeout=SOON_MS)
    assert heard[0] < 50 < 110 < heard[1]


def test_computer_keys_play_wherever_the_focus_is(window, qtbot):
    knob = window.controls["filter.cutoff_hz"]
    knob.setFocus()
    QTest.keyPress(knob, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: 60 in sounding(window), timeout=SOON_MS)
    QTest.keyRelease(knob, Qt.Key.Key_A)
    QTest.keyClick(knob, Qt.Key.Key_X)
    QTest.keyPress(knob, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: 72 in sounding(window), timeout=SOON_MS)
    assert "C5" in window.status.keys.text()
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))
    assert window.hands.held == set()
    qtbot.waitUntil(lambda: not sounding(window), timeout=SOON_MS)


def test_panic_is_silence(window, qtbot):
    for note in (48, 55, 60, 64):
        window.hands.press(note, 100, "test")
    qtbot.waitUntil(lambda: len(sounding(window)) == 4, timeout=SOON_MS)
    QTest.mouseClick(window.status.panic, LEFT)
    qtbot.waitUntil(lambda: not sounding(window) and window.client.telemetry().voices == 0, timeout=SOON_MS)
    assert window.hands.held == set()


# Changing the sound

def test_turning_the_volume_is_heard(window, qtbot):
    play(window, qtbot, 57)
    loud = loudest_db(window, qtbot)
    type_value(window.controls["master.volume_db"], "-60")
    QTest.qWait(100)
    assert loudest_db(window, qtbot) < loud - 45
    let_go(window, 57)


def test_dragging_typing_and_undoing_a_knob(window):
    cutoff = window.controls["filter.cutoff_hz"]
    middle = cutoff.rect().center()
    drag(cutoff, middle, middle + QPoint(0, 60))
    dragged = window.session["filter.cutoff_hz"]
    assert dragged < 1000
    type_value(cutoff, "1.2k")
    assert window.session["filter.cutoff_hz"] == 1200
    assert window.patches.name.dirty
    for value in (dragged, 5000):
        QTest.mouseClick(window.patches.undo, LEFT)
        assert window.session["filter.cutoff_hz"] == pytest.approx(value)
        assert cutoff.shown == pytest.approx(value)
    assert not window.patches.undo.isEnabled()
    QTest.mouseClick(window.patches.redo, LEFT)
    assert window.session["filter.cutoff_hz"] == pytest.approx(dragged)


def test_morphing_by_mouse_and_keys_shows_where_the_model_goes(window, qtbot):
    pad = window.morph.pad
    play(window, qtbot, 60)
    drag(pad, pad.rect().center(), QPoint(pad.width() - 30, pad.height() // 2))
    assert window.session["morph.x"] > 0.85
    assert window.session["morph.amount"] == 1
    corners = window.session.corners
    expected = (corners[1].latents[0] + corners[3].latents[0]) / 2
    assert window.session.model_latents()[0] == pytest.approx(expected, abs=0.3)
    assert window.latents.knobs["latent.1"].model_value == pytest.approx(window.session.model_latents()[0])
    pad.setFocus()
    QTest.keyClick(pad, Qt.Key.Key_Home)
    assert (window.session["morph.x"], window.session["morph.y"]) == (0.5, 0.5)
    QTest.keyClick(pad, Qt.Key.Key_Up)
    assert window.session["morph.y"] == pytest.approx(0.55)
    QTest.mouseClick(window.patches.undo, LEFT)
    assert window.session["morph.y"] == 0.5
    assert 60 in sounding(window)
    let_go(window, 60)


def test_a_corner_takes_another_sound(window):
    QTest.mouseClick(window.morph.pad, LEFT, pos=window.morph.pad._text_boxes()[3].center().toPoint())
    assert window.browser.isVisible()
    QTest.keyClicks(window.browser.search, "ember")
    QTest.keyClick(window.browser.search, Qt.Key.Key_Return)
    assert [c.name for c in window.session.corners] == ["Amber", "Birch", "Cedar", "Ember"]


def test_latents_randomise_lock_and_reset(window):
    knob = window.latents.knobs["latent.2"]
    knob.setFocus()
    QTest.keyClick(knob, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    before = [window.session[i] for i in LATENTS]
    QTest.mouseClick(window.latents.randomise, LEFT)
    after = [window.session[i] for i in LATENTS]
    assert after[1] == before[1]
    assert sum(a != b for a, b in zip(after, before, strict=True)) == 15
    assert [k.shown for k in window.latents.knobs.values()] == pytest.approx(after)
    QTest.mouseClick(window.latents.mutate, LEFT)
    assert max(abs(window.session[i] - z) for i, z in zip(LATENTS, after, strict=True)) < 1.5
    QTest.mouseClick(window.latents.reset, LEFT)
    assert [window.session[i] for i in LATENTS] == before


# Patches

def test_browsing_by_search_tag_and_arrows(window):
    QTest.mouseClick(window.patches.name, LEFT)
    browser = window.browser
    assert {"Amber", "Birch", "Cedar", "Dune", "Ember"} <= {e.name for e in browser.shown}
    assert browser.shown[browser.list.currentIndex().row()].name == "Amber"
    chip = browser.chips[0]
    QTest.mouseClick(chip, LEFT)
    assert browser.shown
    assert all(chip.text() in e.tags for e in browser.shown)
    QTest.mouseClick(chip, LEFT)
    QTest.keyClicks(browser.search, "test-wood")
    assert [e.name for e in browser.shown] == ["Birch", "Cedar"]
    QTest.keyClick(browser.search, Qt.Key.Key_Down)
    QTest.keyClick(browser.search, Qt.Key.Key_Return)
    assert not browser.isVisible()
    assert window.session.name == "Cedar"
    assert window.controls["filter.cutoff_hz"].shown == 7000
    QTest.mouseClick(window.patches.next, LEFT)
    assert window.patches.name.text() == "Dune"
    QTest.mouseClick(window.patches.previous, LEFT)
    QTest.mouseClick(window.patches.previous, LEFT)
    assert window.patches.name.text() == "Birch"
    QTest.mouseClick(window.patches.undo, LEFT)
    assert window.patches.name.text() == "Cedar"
    QTest.mouseClick(window.patches.name, LEFT)
    QTest.keyClicks(browser.search, "nothing like it")
    assert browser.empty.isVisible()
    QTest.keyClick(browser, Qt.Key.Key_Escape)


def test_saving_a_patch(window, user_home):
    window.session.set("latent.1", 2.5)
    QTest.mouseClick(window.patches.save, LEFT)
    window.saver.name.setText("My own")
    window.saver.tags.setText("new, loud")
    QTest.keyClick(window.saver.name, Qt.Key.Key_Return)
    assert not window.patches.name.dirty
    assert "My own" in window.banner.text.text()
    from instrument import library
    entry = next(e for e in library.patches() if e.name == "My own")
    assert entry.tags == ("new", "loud")
    assert library.load_patch(entry.path).latents[0] == 2.5
    entry.path.unlink()


def test_a_and_b_are_two_versions(window):
    a, b = window.patches.sides
    window.session.set("latent.1", 1.0)
    here, there = (a, b) if window.session.side == "A" else (b, a)
    QTest.mouseClick(there, LEFT)
    window.session.set("latent.1", -2.0)
    QTest.mouseClick(here, LEFT)
    assert window.controls["latent.1"].shown == 1.0
    assert here.isChecked()
    assert not there.isChecked()
    QTest.mouseClick(there, LEFT)
    assert window.controls["latent.1"].shown == -2.0


# What MIDI moves

def test_a_controller_moves_the_knob_and_nothing_comes_back(window, qtbot):
    window.client.send({"do": "midi", "bytes": [0xB0, 74, 0]})
    cutoff = window.controls["filter.cutoff_hz"]
    qtbot.waitUntil(lambda: cutoff.shown == 20, timeout=SOON_MS)
    assert window.session["filter.cutoff_hz"] == 20
    assert window.session.can_undo is False


# The picture

def test_the_spectrogram_runs_freezes_and_shows_the_frame(window, qtbot):
    from instrument.analysis import row_of_frequency
    view = window.spectrogram.view
    window.session.set("character.noise_db", -40.0)                                      # an untrained model hisses
    window.session.set("reverb.mix", 0.0)
    play(window, qtbot, 69)

    def newest_levels():
        return view._visible_levels()[:, -10:].max(axis=1)
    qtbot.waitUntil(lambda: newest_levels().max() > 30, timeout=SOON_MS)                 # of 255
    QTest.qWait(200)                                                                     # past the onset
    assert int(newest_levels().argmax()) == pytest.approx(float(row_of_frequency(440, view._height)), abs=4)
    QTest.mouseClick(view, LEFT, pos=view.rect().center())
    assert view.frozen
    assert window.spectrogram.freeze.isChecked()
    still = view.grab().toImage()
    QTest.qWait(300)
    assert view.grab().toImage() == still
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert not view.frozen
    QTest.mouseClick(window.spectrogram.frame, LEFT)
    plot = window.spectrogram.plot
    qtbot.waitUntil(lambda: len(plot.partials[0]) > 3 and abs(plot.partials[0][0] - 440) < 3, timeout=SOON_MS)
    assert plot.isVisible()
    assert not view.isVisible()
    QTest.mouseClick(window.spectrogram.sound, LEFT)
    let_go(window, 69)


# Settings

def test_settings_list_devices_give_the_latency_and_a_test_tone(window, qtbot, audio_server):
    QTest.mouseClick(window.settings_button, LEFT)
    dialog = window.dialog
    assert dialog.isVisible()
    assert not dialog.isModal()
    if audio_server:
        qtbot.waitUntil(lambda: dialog.device.count() > 1, timeout=SOON_MS)
        assert "ms" in dialog.latency.text()
        assert window.status.latency.text() != "– ms"
    QTest.mouseClick(dialog.tone, LEFT)
    QTest.qWait(200)
    tone_db = loudest_db(window, qtbot)
    assert -40 < tone_db < -3
    QTest.mouseClick(dialog.close_button, LEFT)
    assert not dialog.isVisible()
    QTest.qWait(300)
    assert loudest_db(window, qtbot) < tone_db - 20


def test_another_block_size(window, qtbot, audio_server):
    if not audio_server:
        pytest.skip("no audio device: jackd is not installed")
    QTest.mouseClick(window.settings_button, LEFT)
    dialog = window.dialog
    dialog.block.setCurrentIndex(dialog.block.findData(1024))
    dialog.block.activated.emit(dialog.block.currentIndex())
    qtbot.waitUntil(lambda: window.settings.block_samples == 1024, timeout=SOON_MS)
    qtbot.waitUntil(lambda: "512 samples" in dialog.latency.text(), timeout=SOON_MS)       # a JACK server's period is its own
    play(window, qtbot, 62)
    let_go(window, 62)


# The worst

def test_a_dead_audio_process_comes_back_with_all_as_it_was(window, qtbot, user_home):
    window.session.load(user_home[2])
    window.session.set("latent.3", 2.25)
    window.session.set("master.volume_db", -3.0)
    pids = [r.pid for r in registry.all_running()]
    assert len(pids) == 1
    os.kill(pids[0], signal.SIGKILL)
    qtbot.waitUntil(lambda: window.banner.isVisible() and "stopped" in window.banner.text.text(), timeout=SOON_MS)
    assert window.isEnabled()
    qtbot.waitUntil(lambda: window.engine_ready, timeout=120_000)
    assert "back" in window.banner.text.text()
    assert [r.pid for r in registry.all_running()] != pids
    assert window.session.name == "Cedar"
    assert window.session["latent.3"] == 2.25
    assert window.client.patch["latents"][2] == 2.25
    play(window, qtbot, 65)
    assert loudest_db(window, qtbot) > -60
    let_go(window, 65)
    window.session.set("master.volume_db", 0.0)


def test_quitting_keeps_the_settings_and_ends_the_process(qapp, user_home, audio_server, qtbot):
    from instrument import settings as settings_file
    from instrument.audio.client import Client
    from instrument.gui.window import Window
    window = Window(Client(patch=user_home[1].to_json(), attach=False), user_home[1], settings_file.load()[0])
    before = {r.pid for r in registry.all_running()}
    window.client.start()
    window.show()
    qtbot.waitUntil(lambda: window.engine_ready, timeout=120_000)
    mine = {r.pid for r in registry.all_running()} - before
    assert len(mine) == 1
    window.session.set("master.tune_cents", 7.0)
    window.resize(1000, 700)
    window.close()
    assert not mine & {r.pid for r in registry.all_running()}
    kept, said = settings_file.load()
    assert said == ""
    assert kept.patch == "Birch"
    assert kept.controls == {"master.tune_cents": 7.0}
    again = Window(window.client, user_home[0], kept)
    narrow = again.screen().availableGeometry().width() < 1000                             # as the offscreen screen is
    assert (again.width(), again.height()) == (again.minimumWidth() if narrow else 1000, 700)
    assert again.controls["master.tune_cents"].shown == 7.0
    again.timer.stop()
    again.deleteLater()
