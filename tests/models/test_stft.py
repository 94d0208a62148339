"""The STFT image and its inverse: what went wrong in the systems that this one grew from must not come back."""
import numpy as np
import pytest
from scipy.signal import stft as published

from hummingface.models.playing import stft
from hummingface.models.playing.stft import HOP, RATE_HZ, SAMPLES, SIDE, Layout

C4_HZ = 261.6256
LAYOUTS = (Layout("ri"), Layout("ri", 1.0, False), Layout("ri", 0.3), Layout("if"))


def note(f0_hz: float = C4_HZ, harmonics: int = 7, seed: int = 0) -> np.ndarray:
    """A decaying harmonic tone with an attack, all of it below 2 kHz. float32 [SAMPLES]"""
    rng = np.random.default_rng(seed)
    t = np.arange(SAMPLES) / RATE_HZ
    partials = [np.sin(2 * np.pi * f0_hz * k * t + rng.uniform(0, 6)) * np.exp(-0.3 * k * t) / k for k in range(1, harmonics + 1)]
    return (0.3 * np.sum(partials, 0) * np.minimum(1, t / 0.02) * np.minimum(1, (4 - t) / 0.1)).astype(np.float32)


def frequency_hz(sound: np.ndarray) -> float:
    """Of the strongest partial, by the phase that it gains in a second."""
    turn = np.exp(-2j * np.pi * C4_HZ * np.arange(len(sound)) / RATE_HZ) * sound
    parts = turn[4000:60_000].reshape(-1, 2000).sum(1)
    return C4_HZ + np.median(np.angle(parts[1:] * np.conj(parts[:-1]))) / (2 * np.pi) * RATE_HZ / 2000


def test_the_spectrum_is_the_published_one_cropped():
    sound = note()
    hz, seconds, whole = published(sound, RATE_HZ, "hann", stft.WINDOW, stft.WINDOW - HOP)
    assert whole.shape == (stft.BINS, stft.FRAMES) == (501, 129)
    assert np.abs(whole[:SIDE, :SIDE] - stft.spectrum(sound)).max() < 1e-6
    assert hz[SIDE - 1] == 2032 and seconds[1] == HOP / RATE_HZ


def test_a_c4_comes_back_at_its_pitch_and_four_seconds_long():
    """The published inverse (window 254, hop 127) gave 1.008 s of 1031 Hz."""
    sound = note()
    back = stft.sound(stft.spectrum(sound))
    assert len(back) == SAMPLES == 4 * RATE_HZ
    assert abs(1200 * np.log2(frequency_hz(back) / C4_HZ)) < 0.1
    assert np.abs(back - sound)[:-250].max() < 1e-3 * np.abs(sound).max()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda x: f"{x.kind}-{x.power}-{x.turned}")
def test_every_layout_is_undone(layout):
    sound = np.stack([note(), note(440.0, 4, 1)])
    pitch = np.array([60.0, 69.0])
    images, peak = stft.image_of(stft.spectrum(sound), pitch, layout)
    assert images.shape == (2, 2, SIDE, SIDE) and images.dtype == np.float32
    assert 0.99 < np.abs(images).max() <= 10.0 + 1e-4 and 0.05 < (images ** 2).mean() < 5
    back = stft.sound(stft.spectrum_of(images, pitch, layout) * peak[:, None, None])
    error = ((back - sound)[:, :-250] ** 2).sum(1) / (sound[:, :-250] ** 2).sum(1)
    assert 10 * np.log10(error.max()) < -60


def test_quiet_bins_are_seen():
    """Unscaled, a bin 60 dB under the peak is 0.001 of it, and an MSE does not see it."""
    spectra = stft.spectrum(note())
    share = np.abs(spectra) / np.abs(spectra).max()
    quiet = (share > 0.9e-3) & (share < 1.1e-3)
    images, _ = stft.image_of(spectra, 60.0, Layout("ri"))
    assert quiet.any() and np.hypot(*images)[quiet].min() > 0.02 * stft.PEAK
    logs, _ = stft.image_of(spectra, 60.0, Layout("if"))
    assert abs(logs[0][quiet].mean() - (1 - 2 * 60 / stft.RANGE_DB)) < 0.03


def test_a_steady_tone_is_a_steady_image():
    t = np.arange(SAMPLES) / RATE_HZ
    tone = np.sin(2 * np.pi * C4_HZ * t) + 0.3 * np.sin(2 * np.pi * 5 * C4_HZ * t)
    pitch = 69 + 12 * np.log2(C4_HZ / 440)
    for layout in (Layout("ri"), Layout("if")):
        image, _ = stft.image_of(stft.spectrum(tone), pitch, layout)
        loud = np.abs(stft.spectrum(tone)).max(1) > 0.1
        still = image[:, loud, 2:-2]
        assert np.abs(still - still.mean(-1, keepdims=True)).max() < 0.02 * np.abs(image).max()


def test_channels_and_axes_keep_their_places():
    """Where `reshape` stood for a transpose, notes and channels were scrambled: one bin and frame must light up one place."""
    spectra = np.zeros((3, SIDE, SIDE), np.complex64)
    spectra[1, 20, 7] = 1j
    images, _ = stft.image_of(spectra, np.full(3, 60.0), Layout("ri", 1.0, False))
    assert np.argwhere(np.abs(images) > 5).tolist() == [[1, 1, 20, 7]]
    sound = stft.sound(spectra[1])
    loud = np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())
    assert abs(loud.mean() / HOP - 7) < 0.1
    assert np.abs(np.fft.rfft(sound)).argmax() * RATE_HZ / SAMPLES == pytest.approx(20 * stft.BIN_HZ, abs=1)
