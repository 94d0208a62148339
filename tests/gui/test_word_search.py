"""The browser's box takes words: what answers them, with the reasons; a player's own patch, which a real helper process measures."""
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from hummingface.instrument.gui.controllers.word_search import WordSearch
from hummingface.instrument.gui.panels.patch_browser import PatchBrowser
from hummingface.instrument.patches import library

MEASURED_MS = 400_000                   # on a busy machine


class Searching(PatchBrowser):
    """The browser with what answers it, as `PatchChoosing` connects them."""

    def __init__(self, parent):
        super().__init__(parent)
        self.words = WordSearch(self)
        self.answer_of = self.words.find
        self.words.measured.connect(self.answer_again)

    def open_it(self):
        entries = library.patches()
        self.words.begin(entries)
        self.open_at(QPoint(), entries, "Evening Grand")


@pytest.fixture
def browser(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    window = QWidget()
    qtbot.addWidget(window)
    made = Searching(window)
    yield made
    made.words.close()
    made.hide()


def test_words_find_sounds_and_say_why(browser):
    browser.open_it()
    assert not browser.notice.isVisible() and not any(entry.preset for entry in browser.shown)
    QTest.keyClicks(browser.search, "bowed metal")
    assert browser.shown[0].name == "Bowed Copper" and browser.aside(browser.shown[0]) == "bowed · metal"
    assert browser.list.currentIndex().row() == 0
    assert any(entry.preset and browser.aside(entry).endswith("preset") for entry in browser.shown)
    picked = []
    browser.chosen.connect(picked.append)
    QTest.keyClick(browser.search, Qt.Key.Key_Return)
    assert [entry.name for entry in picked] == ["Bowed Copper"]
    assert not browser.words.task.running, "all of the factory's is measured"


def test_a_name_is_found_while_it_is_typed(browser):
    browser.open_it()
    for typed in ("mo", "moth", "moth pi"):
        browser.search.setText(typed)
        assert "Moth Piano" in [entry.name for entry in browser.shown] and not browser.notice.isVisible()
    browser.search.setText("Seed Keys")                     # both are words, too
    assert [entry.name for entry in browser.shown] == ["Seed Keys"]


def test_a_word_that_is_not_known_is_said_in_the_browser(browser):
    browser.open_it()
    browser.search.setText("dark violinn")
    assert browser.notice.isVisible() and "Did you mean \"violin\"?" in browser.notice.text()
    assert browser.shown, "what is dark is there"
    browser.search.setText("qqqq")
    assert browser.notice.isVisible() and browser.empty.isVisible() and not browser.shown


def test_the_players_own_patch_is_measured_by_a_helper_and_found_by_how_it_sounds(browser, qtbot):
    violin = library.load_patch("Rooftop Violin")
    library.save_patch(violin.with_values(name="Q", tags=(), parameters={**violin.parameters, "filter.cutoff_hz": 350.0}))
    browser.open_it()
    browser.search.setText("dark violin")
    place = [entry.name for entry in browser.shown].index("Q")
    assert browser.aside(browser.shown[place]) == "violin", "found by what it is made of"
    with qtbot.waitSignal(browser.words.measured, timeout=MEASURED_MS):
        assert browser.words.task.running
    assert browser.shown[0].name == "Q" and browser.aside(browser.shown[0]) == "dark · violin"
    assert not browser.words.task.running
