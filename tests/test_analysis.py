"""A sine stands at its frequency and its level, no seam shows between window lengths, and the picture shows the sound."""
import numpy as np
import pytest
from PIL import Image

from hummingface.instrument.app.spectrogram_image import save_spectrogram
from hummingface.instrument.offline.spectra import CEILING_DB, FLOOR_DB, LogSpectrum, frequency_of_row, palette, row_of_frequency

RATE_HZ = 48_000
ROWS = 240


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("hz", [60, 220, 350, 440, 1000, 1500, 4000, 12_000])
def test_a_sine_stands_at_its_frequency_and_level(rate_hz, hz):
    spectrum = LogSpectrum(ROWS, rate_hz)
    column = spectrum.column((0.01 * np.sin(2 * np.pi * hz * np.arange(spectrum.span) / rate_hz)).astype(np.float32))
    row = int(column.argmax())
    assert row == pytest.approx(float(row_of_frequency(hz, ROWS)), abs=2.5)
    level_db = column[row] / 255 * (CEILING_DB - FLOOR_DB) + FLOOR_DB
    assert level_db == pytest.approx(-40, abs=2.0)          # a Hann window's scalloping is 1.4 dB


def test_rows_and_frequencies_are_each_others_inverse():
    rows = np.arange(ROWS)
    assert row_of_frequency(frequency_of_row(rows, ROWS), ROWS) == pytest.approx(rows)
    assert frequency_of_row(0, ROWS) == pytest.approx(16_000)
    assert frequency_of_row(ROWS - 1, ROWS) == pytest.approx(30)


def test_channels_are_joined_by_their_power():
    spectrum = LogSpectrum(ROWS, RATE_HZ)
    one = np.random.default_rng(2).normal(0, 0.1, spectrum.span).astype(np.float32)
    alone = spectrum.column(one)
    for sign in (1, -1):
        assert np.array_equal(spectrum.column(np.stack([one, sign * one], 1)), alone)
    single = spectrum.column(np.stack([one, 0 * one], 1)).astype(float)
    lower_db = (alone - single)[(alone > 60) & (alone < 250)] / 255 * (CEILING_DB - FLOOR_DB)
    assert lower_db == pytest.approx(3.01, abs=0.31)         # half the power, but for whole steps


def test_silence_is_black():
    spectrum = LogSpectrum(ROWS, 48_000)
    assert not spectrum.column(np.zeros(spectrum.span, np.float32)).any()


@pytest.mark.parametrize(("rows", "rate_hz"), [(1, 48_000), (7, 8000), (1500, 192_000)])
def test_any_height_and_rate(rows, rate_hz):
    spectrum = LogSpectrum(rows, rate_hz)
    noise = np.random.default_rng(0).normal(0, 0.1, spectrum.span).astype(np.float32)
    assert spectrum.column(noise).shape == (rows,)


def test_palette_grows_lighter_throughout():
    lightness = palette().astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > -1).all()
    assert lightness[-1] > 200 > 30 > lightness[0]


def test_picture_shows_the_sound_where_it_is(tmp_path):
    path = tmp_path / "picture.png"
    sine = np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)
    save_spectrogram(path, np.concatenate([np.zeros(RATE_HZ), sine]), RATE_HZ, width=400, height=300)
    light = np.asarray(Image.open(path).convert("L"), float)
    assert light.shape == (300, 400)
    left, right = light[:270, 60:200], light[:270, 260:390]
    assert right.max() > 200
    assert left.max() < 60


def test_picture_of_two_channels_loses_nothing_between_them(tmp_path):
    sine = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)
    for name, sound in (("one", sine), ("same", np.stack([sine, sine], 1)), ("negative", np.stack([sine, -sine], 1))):
        save_spectrogram(tmp_path / f"{name}.png", sound, RATE_HZ, width=400, height=300)
    made = [np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("one", "same", "negative")]
    assert np.array_equal(made[0], made[1]) and np.array_equal(made[1], made[2])


def test_unwritable_picture_names_the_file(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        save_spectrogram(tmp_path / "nowhere" / "x.png", np.zeros(1000), RATE_HZ)
