"""The window on the real audio process: patches, MIDI, devices, and what is left when things end."""
import os
import signal

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest

from hummingface.instrument.audio import registry
from tests.gui.player import LEFT, SOON_MS, loudest_db, play, release

# Patches

def test_browsing_by_search_tag_and_arrows(window):
    QTest.mouseClick(window.patches.name, LEFT)
    browser = window.browser
    assert {"Amber", "Birch", "Cedar", "Dune", "Ember"} <= {e.name for e in browser.shown}
    assert browser.shown[browser.list.currentIndex().row()].name == "Amber"
    assert set(browser.filters.tags.names) == {tag for entry in browser.entries for tag in entry.tags}
    tags = browser.filters.tags
    tags.setFocus()
    tags.setCurrentRow(0, QItemSelectionModel.SelectionFlag.NoUpdate)
    QTest.keyClick(tags, Qt.Key.Key_Space)
    assert 0 < len(browser.shown) < len(browser.entries) and all(tags.chosen[0] in e.tags for e in browser.shown)
    QTest.keyClick(tags, Qt.Key.Key_Space)
    assert len(browser.shown) == len(browser.entries)
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


def test_the_midi_lamp_tells_midi_from_the_players_own_hands(window, qtbot):
    dark = window.status.midi.dot
    play(window, qtbot, 60)
    assert window.status.midi.dot == dark
    release(window, 60)
    window.client.send({"do": "midi", "bytes": [0x90, 67, 100]})            # as a port would
    qtbot.waitUntil(lambda: window.status.midi.dot != dark, timeout=SOON_MS)
    window.client.send({"do": "midi", "bytes": [0x80, 67, 0]})
    qtbot.waitUntil(lambda: window.status.midi.dot == dark, timeout=SOON_MS)


@pytest.mark.parametrize("way", ["panic", "patch"])
def test_what_midi_has_silenced_is_shown_and_comes_back(window, qtbot, user_home, way):
    """Through the engine."""
    def said():
        return window.levels.accessibleDescription()
    window.client.send({"do": "midi", "bytes": [0xB0, 7, 0]})
    window.client.send({"do": "midi", "bytes": [0xB0, 1, 127]})
    qtbot.waitUntil(lambda: "volume 0," in said() and "silence" in said() and window.wheel.value() == 1000, timeout=SOON_MS)
    window.panic() if way == "panic" else window.session.load(user_home[1])
    qtbot.waitUntil(lambda: "volume 127, expression 127" in said() and "silence" not in said(), timeout=SOON_MS)
    window.wheel.setValue(0)


def test_saving_a_patch(window, user_home):
    window.session.set("latent.1", 2.5)
    QTest.mouseClick(window.patches.save, LEFT)
    window.saver.name.setText("My own")
    window.saver.tags.setText("new, loud")
    QTest.keyClick(window.saver.name, Qt.Key.Key_Return)
    assert not window.patches.name.dirty
    assert "My own" in window.banner.text.text()
    from hummingface.instrument.patches import library
    entry = next(e for e in library.patches() if e.name == "My own")
    assert entry.tags == ("new", "loud")
    assert library.load_patch(entry.path).latents[0] == 2.5
    entry.path.unlink()


def test_saving_over_another_patch_is_asked_for(window, user_home):
    from hummingface.instrument.patches import library
    other = next(e for e in library.patches() if e.name == "Birch")
    before = other.path.read_bytes()
    QTest.mouseClick(window.patches.save, LEFT)
    window.saver.name.setText("birch")
    assert window.saver.save.text() == "Replace “Birch”"
    QTest.keyClick(window.saver.name, Qt.Key.Key_Return)
    assert window.saver.isVisible() and other.path.read_bytes() == before, "Enter alone replaces nothing"
    assert window.saver.save.hasFocus()
    window.saver.name.setText("Birches")
    assert window.saver.save.text() == "Save"
    window.saver.name.setText("Birch")
    window.saver.save.setFocus()
    QTest.keyClick(window.saver.save, Qt.Key.Key_Return)
    assert not window.saver.isVisible() and other.path.read_bytes() != before
    other.path.write_bytes(before)


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


def test_a_ring_shows_where_a_note_stands_by_its_routes(window, qtbot):
    window.session.set("lfo.1.rate_hz", 3.0)
    window.session.routing.add("lfo.1", "filter.cutoff_hz")
    knob, seen = window.controls["filter.cutoff_hz"], set()

    def has_moved():
        seen.add(knob.moved_by)
        return len({round(by, 1) for by in seen if by is not None}) > 3
    play(window, qtbot, 60)
    qtbot.waitUntil(has_moved, timeout=SOON_MS)
    release(window, 60)
    window.panic()
    qtbot.waitUntil(lambda: knob.moved_by is None, timeout=SOON_MS)


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
    qtbot.waitUntil(lambda: -40 < loudest_db(window, qtbot) < -3, timeout=SOON_MS)
    tone_db = loudest_db(window, qtbot)
    QTest.mouseClick(dialog.close_button, LEFT)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: loudest_db(window, qtbot) < tone_db - 20, timeout=SOON_MS)


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
    release(window, 62)


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
    release(window, 65)
    window.session.set("master.volume_db", 0.0)


def test_quitting_keeps_the_settings_and_ends_the_process(qapp, user_home, audio_server, qtbot):
    from hummingface.instrument.audio.client import Client
    from hummingface.instrument.gui.window import Window
    from hummingface.instrument.session import settings as settings_file
    from hummingface.instrument.session.autosave import Autosave
    from hummingface.instrument.session.state_file import StateFile
    window = Window(Client(patch=user_home[1].to_json(), attach=False), user_home[1], settings_file.load()[0],
                    autosave=Autosave(StateFile.claim()))
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
    left, said = StateFile.claim().load()
    assert said == "" and left.session.state.patch.name == "Birch"
    again = Window(window.client, user_home[1], kept, left)
    narrow = again.screen().availableGeometry().width() < 1000                             # as the offscreen screen is
    assert (again.width(), again.height()) == (again.minimumWidth() if narrow else 1000, 700)
    assert again.controls["master.tune_cents"].shown == 7.0
    again.timer.stop()
    again.deleteLater()
