"""The patch browser with what `PatchChoosing` connects to it: filters, marks, what is done with patches, hearing, banks. No window."""
import json
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QWidget

from hummingface.instrument.gui.controllers import drops
from hummingface.instrument.gui.controllers.hover_audition import DWELL_MS, HoverAudition
from hummingface.instrument.gui.controllers.patch_choosing import PatchChoosing
from hummingface.instrument.gui.panels.patch_bar import PatchBar
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.morph_pad import MorphPad
from hummingface.instrument.patches import library
from hummingface.instrument.session import patch_marks
from hummingface.instrument.session.session import Session
from tests.gui.player import SOON_MS

PLACED_MS = 400_000                     # on a busy machine


@pytest.fixture
def choosing(qtbot, tmp_path, monkeypatch):
    """With the patches "Mine" and "Other" of the player's."""
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    flute = library.load_patch("River Flute")
    for name, tags in (("Mine", ("mine", "soft")), ("Other", ("soft",))):
        library.save_patch(flute.with_values(name=name, tags=tags, parameters={**flute.parameters, "filter.cutoff_hz": 3000.0}))
    window = QWidget()
    qtbot.addWidget(window)
    session = Session(lambda _message: None, library.load_patch("Evening Grand"))
    made = PatchChoosing(window, session, PatchBar(session), MorphPad(session), Banner())
    yield made
    made.close()


def names(choosing):
    return [entry.name for entry in choosing.browser.shown]


def show(choosing, what):
    choosing.browser.filters.shows.choose(what)
    return names(choosing)


def test_filters_stand_beside_the_search(choosing):
    choosing.browse()
    browser = choosing.browser
    assert len(browser.shown) == 102
    assert browser.filters.tags.names[0] == "synth" and {"mine", "choir"} <= set(browser.filters.tags.names), "all that exist"
    assert show(choosing, "Mine") == ["Mine", "Other"] and len(show(choosing, "Factory")) == 100
    show(choosing, "All")
    browser.filters.families.choose("pipe")
    assert {"River Flute", "Mine", "Other"} <= set(names(choosing)) and "Evening Grand" not in names(choosing)
    browser.filters.families.choose("pipe", "reed")
    assert "Paris Musette" not in names(choosing) and "Glass Reed" in names(choosing)
    browser.filters.tags.choose("soft", "mine")
    assert names(choosing) == ["Mine"]
    browser.search.setText("oth")
    assert browser.empty.isVisible()
    QTest.mouseClick(browser.all, Qt.MouseButton.LeftButton)
    assert len(browser.shown) == 102 and not browser.search.text()
    QTest.keyClick(browser, Qt.Key.Key_Escape)
    assert not browser.isVisible()


def test_what_was_loaded_lately_is_known_at_the_next_start(choosing, tmp_path):
    for name in ("Silk Strings", "Mine", "Silk Strings"):
        choosing.load(library.find(name, library.patches(), "patch"))
    choosing.browse()
    assert show(choosing, "Recent") == ["Silk Strings", "Mine"]
    kept = json.loads((tmp_path / "state" / patch_marks.FILE).read_text())
    assert kept["recent"] == ["factory/01-silk-strings.json", "own/mine.json"]
    (tmp_path / "state" / patch_marks.FILE).write_text("{")
    choosing.browse()
    assert show(choosing, "Recent") == [] and len(list((tmp_path / "state").glob("*.bad-*"))) == 1


def press(choosing, name, key, modifier=Qt.KeyboardModifier.NoModifier):
    browser = choosing.browser
    browser.select(next(entry for entry in browser.shown if entry.name == name))
    QTest.keyClick(browser.list, key, modifier)


def answer_with(monkeypatch, name):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_more: (name, True))


def test_stars_are_kept(choosing):
    choosing.browse()
    press(choosing, "Silk Strings", Qt.Key.Key_Asterisk)
    assert choosing.browser.selected.name == "Silk Strings"
    QTest.mouseClick(choosing.browser.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 30))
    assert choosing.browser.isVisible(), "a click on the star is no choice"
    press(choosing, "Mine", Qt.Key.Key_Asterisk)
    assert show(choosing, "Starred") == ["Mine"]
    press(choosing, "Mine", Qt.Key.Key_Asterisk)
    assert names(choosing) == [] and patch_marks.read().starred == ()


def test_a_patch_is_renamed_with_its_file_and_its_star_and_back(choosing, monkeypatch, tmp_path):
    choosing.load(library.own_patch("Mine"))
    choosing.browse()
    press(choosing, "Mine", Qt.Key.Key_Asterisk)
    answer_with(monkeypatch, "other")
    press(choosing, "Mine", Qt.Key.Key_F2)
    assert "Other" in names(choosing) and "other.json" in choosing.browser.banner.text.text(), "that one keeps its name"
    answer_with(monkeypatch, " Dawn  flute ")
    press(choosing, "Mine", Qt.Key.Key_F2)
    assert choosing.browser.selected.name == choosing.session.name == "Dawn flute" and not choosing.session.dirty
    assert (tmp_path / "patches" / "dawn-flute.json").exists() and not (tmp_path / "patches" / "mine.json").exists()
    assert show(choosing, "Starred") == ["Dawn flute"]
    choosing.browser.banner.action.click()
    assert names(choosing) == ["Mine"] and (tmp_path / "patches" / "mine.json").exists() and choosing.session.name == "Mine"
    show(choosing, "All")
    press(choosing, "Silk Strings", Qt.Key.Key_F2)
    assert "duplicate it" in choosing.browser.banner.text.text()


def test_what_is_deleted_comes_back_from_the_banner(choosing, tmp_path):
    choosing.load(library.own_patch("Mine"))
    content = (tmp_path / "patches" / "mine.json").read_bytes()
    choosing.browse()
    press(choosing, "Mine", Qt.Key.Key_Delete)
    assert "Mine" not in names(choosing) and choosing.session.dirty and choosing.browser.selected.name == "Other"
    kept = list((tmp_path / "deleted-patches").iterdir())
    assert [path.read_bytes() for path in kept] == [content]
    library.save_patch(library.load_patch("Other").with_values(name="Mine"))        # its place is taken meanwhile
    QTest.keyClick(choosing.browser, Qt.Key.Key_Escape)
    assert choosing.banner.action.text() == "Undo"
    choosing.banner.action.click()
    assert (tmp_path / "patches" / "mine-2.json").read_bytes() == content and not choosing.session.dirty
    choosing.browse()
    assert names(choosing).count("Mine") == 2
    press(choosing, "Evening Grand", Qt.Key.Key_Delete)
    assert "Evening Grand" in names(choosing)


def test_a_copy_gets_a_free_name(choosing):
    choosing.browse()
    press(choosing, "Evening Grand", Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert choosing.browser.selected.name == "Evening Grand 2" and not choosing.browser.selected.factory
    choosing.managing.open_menu(QPoint())
    able = {action.text().partition("\t")[0]: action.isEnabled() for action in choosing.managing.menu.actions() if action.text()}
    assert able == dict.fromkeys(("Star", "More like this", "Rename …", "Duplicate", "Delete", "Show in folder"), True)
    choosing.managing.menu.close()


def test_more_like_this_goes_from_near_to_far(choosing, qtbot):
    choosing.browse()
    press(choosing, "Evening Grand", Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    browser = choosing.browser
    assert "Evening Grand" not in names(choosing) and "Grand Piano" in names(choosing)[:8] and browser.shown[0] != browser.entries[0]
    apart = [float(browser.columns_of(entry)[1].split(" dB")[0]) for entry in browser.shown]
    assert apart == sorted(apart) and "More like “Evening Grand”" in browser.notice.text()
    QTest.mouseClick(browser.all, Qt.MouseButton.LeftButton)
    assert len(browser.shown) == 102


def test_the_players_own_patch_is_compared_after_a_helper_has_listened(choosing, qtbot):
    choosing.browse()
    press(choosing, "Mine", Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert choosing.managing.task.running
    qtbot.waitUntil(lambda: "More like “Mine”" in choosing.browser.notice.text(), timeout=PLACED_MS)
    assert "River Flute" in names(choosing)[:5]


def test_keys_hear_what_they_go_to_while_nothing_sounds(choosing, qtbot, monkeypatch):
    """By a real helper."""
    sounds = [True]
    audition = HoverAudition(choosing.browser, lambda: not sounds[0], lambda: -20.0)
    choosing.hear_by(audition)
    choosing.browse()
    asked: list[dict] = []
    QTest.keyClick(choosing.browser.search, Qt.Key.Key_Down)
    qtbot.wait(2 * DWELL_MS)
    assert audition.helper is None, "a note sounds"
    sounds[0] = False
    QTest.keyClick(choosing.browser.search, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: audition.helper is not None and audition.helper.running)
    monkeypatch.setattr(audition.helper, "send", asked.append)
    QTest.keyClick(choosing.browser.list, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: bool(asked))
    assert (asked[0]["patch"]["name"], asked[0]["phrase"]) == ("Morning Harp", True)
    QTest.mouseClick(choosing.browser.hear, Qt.MouseButton.LeftButton)
    assert audition.helper is None and not patch_marks.read().hear
    QTest.keyClick(choosing.browser.list, Qt.Key.Key_Down)
    qtbot.wait(2 * DWELL_MS)
    assert audition.helper is None
    choosing.browse()
    assert not choosing.browser.hear.isChecked()
    QTest.keyClick(choosing.browser.list, Qt.Key.Key_Space)
    assert audition.helper is not None, "asked for by hand"
    QTest.keyClick(choosing.browser, Qt.Key.Key_Escape)
    assert audition.helper is None


def test_saving_proposes_a_name_that_is_free_and_its_own_where_it_has_one(choosing):
    def proposed():
        choosing.ask_save()
        choosing.saver.hide()
        return choosing.saver.name.text(), choosing.saver.save.text()
    assert proposed() == ("Evening Grand 2", "Save"), "the factory's name is taken"
    choosing.load(library.own_patch("Mine"))
    choosing.session.set("latent.1", 1.0)
    assert proposed() == ("Mine", "Save")
    choosing.save("Mine", ())
    assert proposed() == ("Mine", "Save") and library.load_patch("Mine").latents[0] == 1.0
    choosing.session.load_new(library.load_patch("River Flute").with_values(name="Other"))
    assert proposed() == ("Other 2", "Save"), "another sound has that name"
    choosing.saver.name.setText("other")
    assert choosing.saver.save.text() == "Replace “Other”"


def test_patches_of_one_name_show_where_each_lies(choosing):
    library.save_patch(library.load_patch("Mine").with_values(name="Evening Grand"))
    choosing.browse()
    twice = [choosing.browser.columns_of(entry) for entry in choosing.browser.shown if entry.name == "Evening Grand"]
    assert [(said.split(" · ")[0], owner) for _, said, owner in twice] == [("00-evening-grand.json", "factory"),
                                                                         ("evening-grand.json", "mine")]
    assert choosing.browser.columns_of(next(entry for entry in choosing.browser.shown if entry.name == "Mine"))[2] == "mine"
    assert "evening-grand.json" in choosing.browser.model.index(100).data()


def test_patches_leave_as_their_files_and_come_in_as_copies(choosing, tmp_path, qtbot):
    choosing.browse()
    browser = choosing.browser
    show(choosing, "Mine")
    dragged = browser.model.mimeData([browser.model.index(0)])
    assert [Path(url.toLocalFile()) for url in dragged.urls()] == [tmp_path / "patches" / "mine.json"]
    assert drops.read(dragged).kind == "patch", "the window would load it"
    choosing.exchange.export(tmp_path / "two.zip")
    assert "bank of 2" in browser.banner.text.text()
    library.own_patch("Other").path.unlink()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("two.zip", "none.wav")])
    place, buttons, keys = QPoint(50, 50), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    came = QDragEnterEvent(place, Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(browser, came)
    assert came.isAccepted()
    QApplication.sendEvent(browser, QDropEvent(QPointF(place), Qt.DropAction.CopyAction, data, buttons, keys))
    qtbot.waitUntil(lambda: browser.banner.text.text() == "1 patch imported; 1 there already.", timeout=SOON_MS)
    assert browser.selected.name == "Other"
    choosing.exchange.menu.aboutToShow.emit()
    assert "102 that are shown" in choosing.exchange.menu.actions()[1].text()


def test_the_window_goes_on_while_a_large_bank_is_imported(choosing, tmp_path, qtbot):
    flute, bank = library.load_patch("River Flute"), tmp_path / "many.zip"
    with zipfile.ZipFile(bank, "w") as packed:
        for number in range(300):
            packed.writestr(f"{number}.json", json.dumps(flute.with_values(name=f"Flute {number}").to_json()))
    turns = []
    timer = QTimer(interval=0)
    timer.timeout.connect(lambda: turns.append(choosing.browser.banner.text.text()))
    timer.start()
    choosing.keep([bank])
    qtbot.waitUntil(lambda: choosing.browser.banner.text.text() == "300 patches imported.", timeout=SOON_MS)
    assert any(text.startswith("Importing") for text in turns)
    assert len(list((tmp_path / "patches").glob("flute-*.json"))) == 300
