"""The oscilloscope stands still on a held note, and the tuner says what sounds; hidden, neither hears anything."""
import numpy as np
import pytest
from PySide6.QtCore import Qt

from hummingface.instrument.gui.panels.spectrogram_panel import SpectrogramPanel
from hummingface.instrument.gui.widgets.oscilloscope import USUAL_S
from hummingface.instrument.offline.tuner import Reference

RATE_HZ = 48_000
SILENT = (0,) * 128


@pytest.fixture
def panel(qtbot):
    made = SpectrogramPanel()
    qtbot.addWidget(made)
    made.resize(500, 250)
    made.show()
    return made


def wave(hz, seconds, side=1.0):
    """Of many zero crossings a period."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = 0.1 * sum(a * np.sin(2 * np.pi * k * hz * time_s + k * k) for k, a in ((1, 0.3), (2, 1.0), (3, 0.8), (7, 0.6)))
    return np.stack([sound, side * sound], 1).astype(np.float32)


def notes(*keys):
    return tuple(100 if key in keys else 0 for key in range(128))


def feed(panel, sound, sounding, part=803):
    """As the window does: in small parts. Returns the picture after each, of the time after the first fifth of a second."""
    shown = []
    for begin in range(0, len(sound) - part + 1, part):
        panel.feed(sound[begin:begin + part], RATE_HZ, sounding)
        if begin > RATE_HZ / 5:
            shown.append(panel.wave.lanes.copy())
    return shown


@pytest.mark.parametrize("hz", [41.2, 220.0, 1318.5])
@pytest.mark.parametrize("side", [0.5, -1.0, 0.0])
def test_a_held_note_stands_still(panel, hz, side):
    panel.scope.setChecked(True)
    key = round(69 + 12 * np.log2(hz / 440))
    shown = feed(panel, wave(hz, 0.6, side), notes(key, key + 12))
    assert panel.wave.seconds == pytest.approx(3 / hz, rel=1e-3), "three periods of the lowest note"
    loudest = np.abs(shown[-1]).max()
    assert loudest > 0.1
    for picture in shown:
        assert np.abs(picture - shown[-1]).max() < 0.04 * loudest
    assert shown[-1][0].sum() == pytest.approx(0, abs=0.02 * loudest), "it begins at a crossing"
    assert shown[-1][:, 1] == pytest.approx(side * shown[-1][:, 0], abs=1e-6)


def test_the_time_is_chosen_and_follows_again(panel, qtbot):
    panel.scope.setChecked(True)
    assert panel.wave.seconds == USUAL_S
    feed(panel, wave(220.0, 0.1), notes(57))
    qtbot.keyClick(panel.wave, Qt.Key.Key_Down)
    assert panel.wave.seconds == pytest.approx(3 / 220 * 1.25)
    qtbot.mouseClick(panel.wave, Qt.MouseButton.LeftButton)
    qtbot.mouseDClick(panel.wave, Qt.MouseButton.LeftButton)
    assert panel.wave.seconds == pytest.approx(3 / 220)
    qtbot.keyClick(panel.wave, Qt.Key.Key_Space)
    assert panel.freeze.isChecked()
    before = panel.wave.lanes
    feed(panel, wave(300.0, 0.1), notes(62))
    assert panel.wave.lanes is before


def test_the_tuner_says_note_cents_and_hz_against_the_tuning_and_goes_quiet(panel):
    panel.refer_to(lambda: Reference(np.arange(128) + 12 * np.log2(442 / 440), "Meantone", 442.0))
    panel.tuner.setChecked(True)
    assert panel.freeze.isHidden()
    feed(panel, wave(440.0, 0.6), notes(69))
    assert panel.dial.text == "A4 −7.9 ct, 440.00 Hz"
    assert panel.dial.accessibleDescription() == panel.dial.text
    panel.grab()                                    # the needle, too
    feed(panel, np.zeros((RATE_HZ, 2), np.float32), SILENT)
    assert panel.dial.text == "No single note sounds"


def test_what_is_hidden_hears_nothing(panel):
    feed(panel, wave(220.0, 0.3), notes(57))
    assert len(panel.wave._samples) == len(panel.dial._samples) == 0
    panel.hide()
    panel.scope.setChecked(True)
    feed(panel, wave(220.0, 0.3), notes(57))
    assert len(panel.wave._samples) == 0


def test_page_and_colours_are_kept_with_the_window_and_old_layouts_are_read(still_window):
    from hummingface.instrument.gui.controllers.layout_state import layout_of, restore_layout
    spectrogram = still_window.spectrogram
    spectrogram.tuner.setChecked(True)
    spectrogram.view.show_palette("Viridis")
    kept = layout_of(still_window)
    spectrogram.beat.setChecked(True)
    spectrogram.view.show_palette("Teal")
    restore_layout(still_window, kept)
    assert (spectrogram.page, spectrogram.view.palette_name) == ("tuner", "Viridis")
    for values, page in (({"frame": True}, "frame"), ({"beat": True}, "beat"), ({"page": ["?"], "palette": 3}, "sound")):
        restore_layout(still_window, values)
        assert spectrogram.page == page
    spectrogram.view.show_palette("Teal")


def test_the_tuner_reads_against_a4_and_the_patchs_scale(still_window):
    from hummingface.instrument.patches.scale_tuning import ScaleTuning
    reference = still_window.tuning.reference
    still_window.session.set("master.a4_hz", 442.0)
    assert (reference().a4_hz, reference().name) == (442.0, "Equal temperament")
    assert reference().pitches[69] == pytest.approx(69 + 12 * np.log2(442 / 440))
    still_window.session.tune(ScaleTuning("Quarters", ("", "2", "50.", "100.")))
    assert reference().name == "Quarters"
    assert reference().pitches[62] - reference().pitches[60] == pytest.approx(1.0)
    still_window.session.undo()
    still_window.session.set("master.a4_hz", 440.0)
