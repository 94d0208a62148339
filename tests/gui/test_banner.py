"""The strip of messages: news goes, problems stay, and what was to be said of the start is not lost behind either."""
import pytest
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets.banner import Banner


@pytest.fixture
def banner(qtbot):
    made = Banner()
    qtbot.addWidget(made)
    return made


def shown(banner) -> str:
    return banner.text.text() if not banner.isHidden() else ""


def test_news_goes_and_problems_stay(banner):
    banner.say("Saved.")
    banner._timer.timeout.emit()
    assert shown(banner) == ""
    banner.say("No device.", problem=True)
    banner.dismiss(but_problems=True)
    assert shown(banner) == "No device."
    banner.say("Playing again.")
    banner._timer.timeout.emit()
    assert shown(banner) == "", "the problem is over"
    banner.say("No device.", problem=True)
    banner.close_button.click()
    assert shown(banner) == ""


def test_a_notice_of_the_start_is_there_until_it_is_closed(banner):
    banner.notify("a.json cannot be used.")
    banner.say("Starting the sound.", stay=True)
    assert shown(banner) == "Starting the sound."
    banner.dismiss(but_problems=True)
    assert shown(banner) == "a.json cannot be used."
    banner.say("No device.", problem=True)
    assert shown(banner) == "No device.\na.json cannot be used."
    banner.notify("One step back.")
    assert shown(banner) == "No device.\na.json cannot be used.\nOne step back."
    banner.say("Playing again.")
    banner._timer.timeout.emit()
    assert shown(banner) == "a.json cannot be used.\nOne step back."
    banner.close_button.click()
    assert shown(banner) == ""
    banner.say("Saved.")
    banner._timer.timeout.emit()
    assert shown(banner) == ""


def test_news_over_a_notice_can_be_closed_without_it(banner):
    banner.notify("a.json cannot be used.")
    banner.say("Saved.")
    banner.close_button.click()
    assert shown(banner) == "a.json cannot be used."


def test_it_floats_and_moves_nothing(qtbot):
    window, banner = QWidget(), Banner()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    above, picture, below = QPushButton(), QWidget(), QPushButton()
    for widget in (above, picture, below):
        column.addWidget(widget)
    column.setStretch(1, 1)
    banner.float_over(picture)
    window.resize(600, 300)
    window.show()
    before = [widget.geometry() for widget in (above, picture, below)]
    banner.say("No device. " * 30, problem=True)
    assert [widget.geometry() for widget in (above, picture, below)] == before
    assert picture.geometry().contains(banner.geometry()) and banner.isVisible()
    assert banner.text.height() >= banner.text.heightForWidth(banner.text.width()), "all lines are there"
    assert window.childAt(banner.geometry().center()) in (banner, banner.text), "in front of what it floats over"
    window.resize(400, 400)
    assert picture.geometry().contains(banner.geometry())
    banner.dismiss()
    assert window.childAt(picture.geometry().center()) is picture
