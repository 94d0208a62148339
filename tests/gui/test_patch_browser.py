"""The patch browser with what `PatchChoosing` connects to it: filters, marks, what is done with patches, hearing, banks. No window."""
import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from hummingface.instrument.gui.controllers.patch_choosing import PatchChoosing
from hummingface.instrument.gui.panels.patch_bar import PatchBar
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.morph_pad import MorphPad
from hummingface.instrument.patches import library
from hummingface.instrument.session import patch_marks
from hummingface.instrument.session.session import Session


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
    window.parts = PatchBar(session), MorphPad(session), Banner()
    made = PatchChoosing(window, session, *window.parts)
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
