"""The takes in the window: seen, heard, dragged out as files, dropped back to be played again."""
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.recording import takes
from tests.gui.player import LEFT, SOON_MS, bring_to_front, drag, play, release, sounding


@pytest.fixture(scope="module")
def a_take(live_window, tmp_path_factory, qapp, user_home):
    """A take that the instrument recorded: a note of a second on a sound that was moved."""
    folder = tmp_path_factory.mktemp("takes")
    window = live_window
    window.session.load(user_home[0])
    window.settings.take_folder, window.settings.take_format = str(folder), "wav24"
    window.session.set("filter.cutoff_hz", 1234.0)
    got: list[Path] = []
    window.recording.on_take.append(got.append)
    wait(lambda: window.engine_ready)
    QTest.mouseClick(window.recorder.record, LEFT)
    wait(lambda: window.recorder.recording)
    window.note_input.press(57, 100, "test")
    QTest.qWait(1000)
    window.note_input.release(57, "test")
    QTest.qWait(300)
    QTest.mouseClick(window.recorder.record, LEFT)
    wait(lambda: got)
    return got[0]


def wait(condition):
    end = time.monotonic() + SOON_MS / 1000
    while not condition():
        assert time.monotonic() < end
        QTest.qWait(20)


@pytest.fixture
def panel(window, a_take, tmp_path):
    """The panel on a folder with the take, a plain sound and something else."""
    for path in (a_take, a_take.with_suffix(".mid")):
        shutil.copy2(path, tmp_path / path.name)
    ramp = np.linspace(0, 0.9, 48000)[:, None] * np.sin(np.arange(48000) * 0.1)[:, None]
    soundfile.write(tmp_path / "plain.wav", np.repeat(ramp, 2, 1), 48000)
    (tmp_path / "notes.txt").write_text("not a sound")
    window.settings.take_folder = str(tmp_path)
    QTest.mouseClick(window.recorder.takes, LEFT)
    yield window.takes
    window.takes.hide()
    window.settings.take_folder = None


def test_the_takes_are_shown_the_newest_first(panel, qtbot):
    assert len(panel.model.takes) == 2
    assert panel.model.takes[0].name == "plain"
    assert panel.list.currentIndex().row() == 0
    qtbot.waitUntil(lambda: panel.thumbnails.of(panel.model.takes[0], 130, 30, 1.0, theme.COOL)[0] is not None, timeout=SOON_MS)
    outline, seconds = panel.thumbnails.of(panel.model.takes[0], 130, 30, 1.0, theme.COOL)
    assert seconds == pytest.approx(1.0)
    picture = outline.toImage()
    drawn = [sum(picture.pixelColor(x, y).alpha() > 0 for y in range(30)) for x in range(130)]
    assert max(drawn[:20]) < 8 and min(drawn[-10:]) > 22, "quiet at the left, loud at the right, as it sounds"
    assert panel.grab().toImage().pixelColor(0, 0).isValid()


def test_the_keys_that_it_names_and_panic_work_while_it_is_in_front(panel, window, qtbot):
    bring_to_front(panel)
    before, bar, kept = len(panel.model.takes), window.recorder, []
    window.recording.on_take.append(kept.append)
    QTest.keyClick(panel.list, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: bar.recording, timeout=SOON_MS)
    play(window, qtbot, 60)
    QTest.keyClick(panel.list, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not sounding(window), timeout=SOON_MS)                      # and silence is to be had
    release(window, 60)
    QTest.keyClick(panel.list, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: len(kept) == 1 and not bar.recording, timeout=SOON_MS)
    QTest.keyClick(panel.list, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(kept) == 2, timeout=SOON_MS)
    qtbot.waitUntil(lambda: len(panel.model.takes) == before + 2, timeout=SOON_MS)


def test_what_leads_nowhere_hides_no_take(panel):
    there = len(panel.model.takes)
    assert there
    for n in range(20):
        (panel.where / f"gone {n}.wav").symlink_to(panel.where / "nowhere.wav")
    (panel.where / "folder.wav").mkdir()
    panel.refresh()
    assert len(panel.model.takes) == there


def test_a_folder_that_is_not_there_yet_is_shown_without_a_word(panel, window, tmp_path, qtlog):
    """Nothing is written into the terminal; once it is there its takes are shown."""
    window.settings.take_folder = str(tmp_path / "later")
    panel.refresh()
    panel.refresh()
    assert not panel.model.takes and panel.empty.isVisible()
    shutil.copytree(tmp_path, tmp_path / "later", ignore=lambda *_: ["later"])
    panel.refresh()
    assert len(panel.model.takes) == 2
    assert not [record.message for record in qtlog.records if "QFileSystemWatcher" in record.message]


def test_an_outline_has_the_peaks_of_the_sound(tmp_path):
    sound = np.zeros((480_000, 1), np.float32)
    sound[::1000], sound[500::1000] = 0.5, -0.25
    soundfile.write(tmp_path / "a.wav", sound, 48000)
    seen = takes.picture(tmp_path / "a.wav", 100)
    assert seen.high == pytest.approx(0.5, abs=1e-3) and seen.low == pytest.approx(-0.25, abs=1e-3) and seen.seconds == 10
    with pytest.raises(OSError, match=r"b\.wav"):
        takes.picture(tmp_path / "b.wav", 100)


def test_takes_are_dragged_as_files_that_are_there(panel):
    rows = [panel.model.index(row) for row in range(2)]
    data = panel.model.mimeData(rows)
    paths = [Path(url.toLocalFile()) for url in data.urls()]
    assert data.hasUrls() and data.formats() == ["text/uri-list"]
    assert {path.suffix for path in paths} == {".wav", ".mid"}
    assert all(path.is_absolute() and path.stat().st_size > 20 for path in paths)
    assert panel.model.supportedDragActions() == Qt.DropAction.CopyAction, "the take stays"
    assert panel.model.flags(rows[0]) & Qt.ItemFlag.ItemIsDragEnabled
    assert panel.list.dragEnabled()


def test_the_mouse_begins_a_drag_of_copies(panel, monkeypatch):
    """Up to where Qt hands over to the system; how that goes on, `tests/bench/drag_out.py` shows on a real display."""
    from hummingface.instrument.gui.panels import takes_panel
    begun = []

    class Drag(takes_panel.QDrag):
        def exec(self, *actions):
            begun.append((self.mimeData().urls(), actions))
            return Qt.DropAction.CopyAction
    monkeypatch.setattr(takes_panel, "QDrag", Drag)
    spot = panel.list.visualRect(panel.model.index(1)).center()
    drag(panel.list.viewport(), spot, spot + QPoint(80, 0))
    (urls, actions), = begun
    assert [Path(url.toLocalFile()).suffix for url in urls] == [".wav", ".mid"]
    assert actions == (Qt.DropAction.CopyAction,)


def drop(window, *paths: Path, at: QPointF | None = None) -> bool:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(at or QPointF(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, event)
    return event.isAccepted()


def test_a_take_dropped_back_brings_its_sound_and_plays(window, qtbot, a_take, user_home):
    window.session.load(user_home[2])
    window.session.set("filter.cutoff_hz", 9999.0)
    assert drop(window, a_take)
    qtbot.waitUntil(lambda: window.session["filter.cutoff_hz"] == 1234.0, timeout=SOON_MS)
    assert window.session.name == user_home[0].name
    assert window.controls["filter.cutoff_hz"].shown == pytest.approx(1234.0)
    qtbot.waitUntil(lambda: 57 in sounding(window), timeout=SOON_MS)
    qtbot.waitUntil(lambda: 57 not in sounding(window), timeout=SOON_MS)
    play(window, qtbot, 60)         # and one plays on
    release(window, 60)


def test_panic_ends_what_is_played_again(window, qtbot, a_take):
    assert drop(window, a_take)
    qtbot.waitUntil(lambda: 57 in sounding(window), timeout=SOON_MS)
    window.panic()
    qtbot.waitUntil(lambda: not sounding(window), timeout=SOON_MS)
    play(window, qtbot, 62)
    release(window, 62)


def test_a_take_is_heard_by_itself(panel, qtbot):
    """On the real device where there is one; what fails is said."""
    panel.list.setCurrentIndex(panel.model.index(0))
    QTest.mouseClick(panel.listen, LEFT)
    assert panel.listening.path == panel.model.takes[0].path
    assert panel.listen.text() == "Stop"
    qtbot.waitUntil(lambda: panel.listening.path is None, timeout=60_000)
    assert panel.listen.text() == "Listen"
    assert not panel.problem.text(), "JACK's dummy driver plays it"
    QTest.mouseClick(panel.listen, LEFT)
    QTest.mouseClick(panel.listen, LEFT)
    assert panel.listening.path is None


def test_format_and_folder_are_kept(panel, window):
    panel.format.setCurrentIndex(panel.format.findData("flac"))
    panel.format.activated.emit(2)
    assert window.settings.take_format == "flac"
    window.settings.take_format = "wav24"
    assert panel.folder.text() == str(panel.where)
