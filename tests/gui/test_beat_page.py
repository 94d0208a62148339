"""The page of the beat, without an engine."""
import pytest
from PySide6.QtCore import Qt

from hummingface.instrument.gui.panels.beat_page import BeatPage
from hummingface.instrument.gui.panels.spectrogram_panel import SpectrogramPanel
from hummingface.instrument.patches.parameters import group


@pytest.fixture
def panel(qtbot):
    panel = SpectrogramPanel()
    qtbot.addWidget(panel)
    panel.resize(520, 240)
    panel.show()
    panel.beat.click()
    return panel


def test_it_has_every_control_of_the_beat_and_they_all_fit(panel):
    page = panel.beat_page
    assert page.isVisible() and not panel.view.isVisible() and not panel.freeze.isVisible()
    assert page.controls.keys() == {p.id for name in ("metronome", "arpeggiator") for p in group(name)}
    for control in page.controls.values():
        assert control.width() >= control.minimumSizeHint().width() and control.height() >= control.minimumSizeHint().height(), control.name
    panel.sound.click()
    assert panel.view.isVisible() and panel.freeze.isVisible()


def test_a_step_is_clicked_through_and_back(panel, qtbot):
    cell, moved = panel.beat_page.controls["arpeggiator.step_3"], []
    cell.moved.connect(lambda _, value: moved.append(value))
    for _ in range(4):
        qtbot.mouseClick(cell, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(cell, Qt.MouseButton.RightButton)
    qtbot.keyClick(cell, Qt.Key.Key_Space)
    assert moved == [1, 2, 3, 0, 3, 0]


def test_steps_beyond_the_pattern_are_dim(panel):
    page = panel.beat_page
    page.controls["arpeggiator.length"].change(5)
    assert [page.controls[f"arpeggiator.step_{n}"].used for n in (1, 5, 6, 16)] == [True, True, False, False]
    page.controls["arpeggiator.length"].show_value(16)
    assert page.controls["arpeggiator.step_16"].used


def test_three_taps_give_a_tempo(qtbot, monkeypatch):
    page, times, tempos = BeatPage(), iter((10.0, 10.5, 11.0)), []
    qtbot.addWidget(page)
    monkeypatch.setattr("hummingface.instrument.gui.panels.beat_page.time.monotonic", lambda: next(times))
    page.tempo_tapped.connect(tempos.append)
    for _ in range(3):
        page.tap.click()
    assert tempos == [pytest.approx(120)]
