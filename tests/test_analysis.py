"""The log-frequency spectrum reads levels and frequencies as they are."""
import numpy as np
import pytest
from PIL import Image

from instrument.analysis import FLOOR_DB, LogSpectrum
from instrument.picture import palette, save_spectrogram

RATE_HZ = 48_000


def sine(hz: float, seconds: float = 0.5, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)


@pytest.mark.parametrize("hz", [110.0, 440.0, 1234.5, 7000.0])
@pytest.mark.parametrize("level_db", [0.0, -40.0])
def test_a_sine_reads_its_level_at_its_frequency(hz, level_db):
    spectrum = LogSpectrum(RATE_HZ)
    levels = spectrum.of(sine(hz, amplitude=10 ** (level_db / 20)), 9)[:, 4]
    loudest = levels.argmax()
    assert abs(levels[loudest] - level_db) < 1.5                      # a Hann window's scallop is 1.4 dB
    assert abs(np.log2(spectrum.frequencies_hz[loudest] / hz)) < 0.08


def test_silence_is_the_floor_and_nothing_lies_beyond_nyquist():
    assert (LogSpectrum(RATE_HZ).of(np.zeros(RATE_HZ), 4) == FLOOR_DB).all()
    spectrum = LogSpectrum(16_000)
    assert (spectrum.of(np.random.default_rng(0).normal(size=16_000), 4)[spectrum.frequencies_hz >= 8000] == FLOOR_DB).all()


def test_two_close_high_sines_are_both_seen():
    spectrum = LogSpectrum(RATE_HZ)
    levels = spectrum.of(sine(9000) + sine(9900), 9)[:, 4]
    between = levels[(spectrum.frequencies_hz > 9250) & (spectrum.frequencies_hz < 9600)]
    assert between.max() < -30 < -3 < levels[spectrum.frequencies_hz > 9600].max()


def test_palette_grows_lighter_throughout():
    lightness = palette().astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > -1).all()
    assert lightness[-1] > 200 > 30 > lightness[0]


def test_picture_shows_the_sound_where_it_is(tmp_path):
    path = tmp_path / "picture.png"
    save_spectrogram(path, np.concatenate([np.zeros(RATE_HZ), sine(440, 1.0)]), RATE_HZ, width=400, height=300)
    light = np.asarray(Image.open(path).convert("L"), float)
    assert light.shape == (300, 400)
    left, right = light[:270, 60:200], light[:270, 260:390]
    assert right.max() > 200
    assert left.max() < 60


def test_unwritable_picture_names_the_file(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        save_spectrogram(tmp_path / "nowhere" / "x.png", np.zeros(1000), RATE_HZ)
