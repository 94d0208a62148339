"""Recording from the window: a click, a key, the last minute; what the engine writes is read back."""
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from hummingface.instrument.gui.widgets import theme
from tests.gui.player import LEFT, SOON_MS, play, release


@pytest.fixture
def takes(window, tmp_path):
    """Where this test's takes go."""
    window.settings.take_folder, window.settings.take_format = str(tmp_path), "wav24"
    return tmp_path


def finished(window) -> list[Path]:
    got: list[Path] = []
    window.recording.on_take.append(got.append)
    return got


def test_one_click_records_and_the_next_one_keeps(window, qtbot, takes):
    got = finished(window)
    bar = window.recorder
    assert bar.record.accessibleName() == "Record" and not bar.record.isChecked()
    QTest.mouseClick(bar.record, LEFT)
    qtbot.waitUntil(lambda: bar.recording, timeout=SOON_MS)
    assert bar.record.isChecked() and bar.record.accessibleName() == "Stop recording"
    assert "Stop" in bar.record.toolTip()
    play(window, qtbot, 60)
    qtbot.waitUntil(lambda: bar.record.text() >= "0:01", timeout=SOON_MS)
    red = bar.record.grab().toImage().pixelColor(4, bar.record.height() // 2).name()
    assert red == theme.RECORDING, "it is seen to run"
    release(window, 60)
    QTest.mouseClick(bar.record, LEFT)
    qtbot.waitUntil(lambda: bool(got) and not bar.recording, timeout=SOON_MS)
    assert bar.record.text() == "Rec"
    sound, rate_hz = soundfile.read(got[0])
    assert got[0].parent == takes and len(sound) > rate_hz and np.abs(sound).max() > 1e-3
    assert got[0].with_suffix(".mid").exists()
    assert got[0].name in window.banner.text.text()


def test_the_key_does_the_same(window, qtbot, takes):
    got = finished(window)
    QTest.keyClick(window, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: window.recorder.recording, timeout=SOON_MS)
    QTest.keyClick(window, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: bool(got), timeout=SOON_MS)


def test_the_last_minute_is_kept_from_where_the_playing_began(window, qtbot, takes):
    got = finished(window)
    play(window, qtbot, 64)
    QTest.qWait(300)
    release(window, 64)
    QTest.qWait(200)
    QTest.mouseClick(window.recorder.capture, LEFT)
    qtbot.waitUntil(lambda: bool(got), timeout=SOON_MS)
    sound, rate_hz = soundfile.read(got[0])
    assert len(sound) <= 61 * rate_hz
    assert np.abs(sound[:rate_hz // 20]).max() > 1e-5, "no silence before the first note"


def test_a_folder_that_cannot_be_written_is_said(window, qtbot, tmp_path):
    (tmp_path / "file").write_text("")
    window.settings.take_folder = str(tmp_path / "file")
    QTest.mouseClick(window.recorder.record, LEFT)
    qtbot.waitUntil(lambda: window.banner.problem, timeout=SOON_MS)
    assert str(tmp_path / "file") in window.banner.text.text()
    assert not window.recorder.record.isChecked()
    window.settings.take_folder = None


def test_an_engine_that_is_killed_goes_on_recording_into_another_take(window, qtbot, takes):
    got = finished(window)
    QTest.mouseClick(window.recorder.record, LEFT)
    qtbot.waitUntil(lambda: window.recorder.recording, timeout=SOON_MS)
    QTest.qWait(500)
    os.kill(window.client._link.process.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not window.recorder.recording, timeout=SOON_MS)
    qtbot.waitUntil(lambda: window.recorder.recording, timeout=8 * SOON_MS)
    QTest.mouseClick(window.recorder.record, LEFT)
    qtbot.waitUntil(lambda: bool(got), timeout=SOON_MS)
    first, second = sorted(takes.glob("*.wav"))
    assert second == got[0]
    assert len(soundfile.read(first)[0]) > 10_000, "what was written stays"
    assert not list(takes.glob("*.part")), "and is finished with the next take"


def test_a_take_in_flac(window, qtbot, takes):
    window.settings.take_format = "flac"
    got = finished(window)
    QTest.mouseClick(window.recorder.takes, LEFT)
    QTest.mouseClick(window.recorder.record, LEFT)
    qtbot.waitUntil(lambda: window.recorder.recording, timeout=SOON_MS)
    QTest.qWait(300)
    QTest.mouseClick(window.recorder.record, LEFT)
    qtbot.waitUntil(lambda: bool(got), timeout=SOON_MS)
    qtbot.waitUntil(lambda: [take.path.suffix for take in window.takes.model.takes] == [".flac"], timeout=4 * SOON_MS)
    assert not got[0].exists() and len(soundfile.read(window.takes.model.takes[0].path)[0]) > 10_000
    window.takes.hide()


def test_the_tour_ends_with_a_take_that_was_recorded_and_is_heard(window, qtbot, takes):
    tour = window.guidance.tour
    tour.begin()
    play(window, qtbot, 60)
    release(window, 60)
    QTest.keyClick(window.controls["latent.1"], Qt.Key.Key_Up)
    window.choosing.step(1)
    for awaited in ("take", "heard"):
        QTest.mouseClick(window.recorder.record, LEFT)
        qtbot.waitUntil(lambda awaited=awaited: tour.awaits == awaited, timeout=SOON_MS)
    window.takes.open()
    qtbot.waitUntil(lambda: window.takes.selected() is not None, timeout=SOON_MS)
    QTest.mouseClick(window.takes.listen, LEFT)
    assert tour.awaits == "" and len(list(takes.glob("*.wav"))) == 1
    window.takes.listening.stop()
    window.takes.hide()
    tour.leave()
