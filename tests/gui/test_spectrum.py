"""The live spectrogram and the meter: what is fed to them is what they show."""
import numpy as np
import pytest

from hummingface.instrument.gui.widgets.meter import Meter
from hummingface.instrument.gui.widgets.spectrogram import Spectrogram, note_name


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
