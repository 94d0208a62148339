"""The live spectrogram and the meter: what is fed to them is what they show."""
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from hummingface.instrument.gui.widgets.meter import Meter
from hummingface.instrument.gui.widgets.note_names import note_name
from hummingface.instrument.gui.widgets.spectrogram import Spectrogram
from hummingface.instrument.gui.widgets.spectrogram_range import ShownRange
from hummingface.instrument.offline.spectra import PALETTES, palette
from hummingface.instrument.offline.tuner import Reference


def test_ten_seconds_fill_the_width_and_the_newest_is_at_the_right(qtbot):
    view = Spectrogram(rate_hz=8000)
    qtbot.addWidget(view)
    view.resize(200, 80)
    view._fit()
    tone = 0.1 * np.sin(2 * np.pi * 500 * np.arange(80_000) / 8000)
    samples = np.stack([tone, tone], axis=1).astype(np.float32)
    for part in np.array_split(samples, 97):        # parts of any size give the same columns
        view.feed(part)
    expected = (80_000 - view._spectrum.span) / 80_000 * view._width
    assert view.columns_made == pytest.approx(expected, abs=1)
    shown = view._visible_levels()
    assert shown[:, -1].max() > 150
    assert not shown[:, 0].any()
    image = view._picture()
    assert (image.width(), image.height()) == (view._width, view._height)
    assert image.pixelColor(view._width - 1, int(shown[:, -1].argmax())).lightness() > image.pixelColor(0, 5).lightness()


def test_channels_that_are_each_others_negative_are_shown_as_equal_ones(qtbot):
    noise = np.random.default_rng(1).normal(0, 0.1, (60_000, 1)).astype(np.float32)
    shown = []
    for other in (noise, -noise):
        view = Spectrogram(rate_hz=8000)
        qtbot.addWidget(view)
        view.resize(200, 80)
        view._fit()
        view.feed(np.concatenate([noise, other], axis=1))
        shown.append(view._visible_levels())
    assert shown[0].max() > 100
    assert np.array_equal(shown[0], shown[1])


def test_a_new_size_keeps_the_picture(qtbot):
    view = Spectrogram(rate_hz=8000)
    qtbot.addWidget(view)
    view.resize(200, 80)
    view._fit()
    view.feed(np.random.default_rng(0).normal(0, 0.1, (60_000, 2)).astype(np.float32))
    before = view._visible_levels().mean()
    view.resize(320, 120)
    view._fit()
    assert view._visible_levels().mean() == pytest.approx(before, rel=0.05)


def test_names_of_notes():
    assert note_name(440) == "A4 +0 ct"
    assert note_name(261.63).startswith("C4")
    assert note_name(450).endswith("+39 ct")


def test_the_meter_reads_peak_and_rms_and_falls(qtbot):
    meter = Meter()
    qtbot.addWidget(meter)
    tone = 0.5 * np.sin(2 * np.pi * np.arange(4800) / 48)
    meter.feed(np.stack([tone, tone / 10], axis=1), 0.1)
    assert meter.peak_db == pytest.approx([-6.02, -26.02], abs=0.1)
    assert meter.rms_db == pytest.approx([-9.03, -29.03], abs=0.1)
    for _ in range(10):
        meter.feed(np.zeros((0, 2)), 0.1)
    assert meter.peak_db[0] == pytest.approx(-30.0, abs=0.5)
    assert meter.hold_db[0] == pytest.approx(-6.0, abs=0.1)


def tone_view(qtbot, hz=500, seconds=10):
    """Seconds of a tone, at 8 kHz."""
    view = Spectrogram(rate_hz=8000)
    qtbot.addWidget(view)
    view.resize(200, 160)
    view._fit()
    tone = 0.1 * np.sin(2 * np.pi * hz * np.arange(8000 * seconds) / 8000)
    view.feed(np.stack([tone, tone], axis=1).astype(np.float32))
    return view


def wheel(view, notches, y, modifiers=Qt.KeyboardModifier.NoModifier):
    QApplication.sendEvent(view, QWheelEvent(QPointF(100, y), view.mapToGlobal(QPointF(100, y)), QPoint(), QPoint(0, 120 * notches),
                                             Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False))


def test_the_wheel_zooms_around_the_pointer_and_a_double_click_goes_back(qtbot):
    view = tone_view(qtbot)
    y = view._y(500.0)
    wheel(view, 4, y)
    assert view.range.highest_hz / view.range.lowest_hz == pytest.approx((16_000 / 30) ** (1 / 1.25 ** 4), rel=1e-6)
    assert view._y(500.0) == pytest.approx(y), "what is under the pointer stays there"
    assert abs(int(view._visible_levels()[:, 100].argmax()) - y) <= 4, "the past is shown, too"
    tone = 0.1 * np.sin(2 * np.pi * 500 * np.arange(16_000) / 8000)
    view.feed(np.stack([tone, tone], axis=1).astype(np.float32))
    newest = view._visible_levels()[:, -10:].max(1)
    assert abs(int(newest.argmax()) - y) <= 1, "and what comes is sharp"
    was_quiet = view.range.lowest_hz / 2
    wheel(view, -30, y)
    assert view.range.is_whole, "never beyond all of it"
    row = int(view.range.row_at(500.0, view._height))
    assert abs(int(view._visible_levels()[:, -3].argmax()) - row) <= 2
    assert view._visible_levels()[int(view.range.row_at(was_quiet, view._height)), -3] < 60
    wheel(view, 4, y)
    wheel(view, 3, y, Qt.KeyboardModifier.ShiftModifier)
    assert view.range.seconds == pytest.approx(10 / 1.25 ** 3)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton)
    assert (view.range, view.frozen) == (ShownRange(), False)


def test_a_frozen_picture_is_zoomed_where_it_stands(qtbot):
    view = tone_view(qtbot)
    view.freeze(True)
    view.feed(np.zeros((80_000, 2), np.float32))
    wheel(view, 4, view._y(500.0))
    assert view._still_levels.max() > 150
    view.freeze(False)
    assert view._visible_levels()[:, 20:].max() == 0, "silence, as the live picture has it"


def test_the_pointer_reads_frequency_note_level_and_time(qtbot):
    view = tone_view(qtbot, 440, 12)
    view.reference = lambda: Reference(np.arange(128) + 12 * np.log2(442 / 440), "Equal temperament", 442.0)
    assert view.reading() == ""
    view._point(QPointF(150, view._y(440.0)))
    hz, note, level, ago = view.reading().split(" · ")
    assert (hz, note, ago) == ("440.0 Hz", "A4 −8 ct", "2.50 s ago")
    assert float(level.removesuffix(" dB").replace("−", "-")) == pytest.approx(-22, abs=1.5)
    view._point(QPointF(150, view._y(5000.0)))
    assert "below −96 dB" in view.reading()


def test_palettes_read_without_colour_and_recolour_what_is_there(qtbot):
    view = tone_view(qtbot)
    for name in PALETTES:
        red, green, blue = (np.where((c := palette(name) / 255) <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)).T
        lightness = np.cbrt(0.2126 * red + 0.7152 * green + 0.0722 * blue)
        assert (np.diff(lightness) > -1e-3).all(), name
        assert np.diff(lightness[::16]).min() > 0.005, f"{name}: a step of lightness for each of 16 levels"
        view.show_palette(name)
        level = view._visible_levels().max()
        row, column = np.argwhere(view._visible_levels() == level)[0]
        assert view._picture().pixelColor(int(column), int(row)).getRgb()[:3] == tuple(palette(name)[level])
    assert [action.isChecked() for action in view.menu().actions()[:3]] == [False, False, True]
