"""Noise: bands, levels, coherence of the two ears, and what starts add."""
import numpy as np
import pytest

from hummingface.instrument.synthesis.noise_tables import band_edges_hz, loop_lengths, noise_tables
from hummingface.models.playing import frame

RATE = 48_000


def spectrum_power(signal, rate=RATE):
    """Frequencies and power per bin, which adds up to the mean square."""
    window = np.hanning(len(signal))
    power = np.abs(np.fft.rfft(signal * window)) ** 2 * 2 / (len(signal) * np.sum(window ** 2))
    return np.fft.rfftfreq(len(signal), 1 / rate), power


def test_bands_are_those_of_the_frame():
    assert np.allclose(band_edges_hz(), frame.BAND_EDGES_HZ, rtol=1e-9)


def test_each_loop_has_a_length_of_its_own():
    for rate in (44_100, 48_000, 96_000):
        lengths = loop_lengths(rate)
        assert len(set(lengths.tolist())) == 64
        assert lengths.min() > 1.3 * rate


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_tables_have_unit_rms_and_stay_in_their_band(rate):
    tables, begins, lengths = noise_tables(rate)
    for band in range(64):
        table = tables[begins[band]:begins[band] + lengths[band]].astype(float)
        assert np.sqrt(np.mean(table ** 2)) == pytest.approx(1, abs=1e-3)
        power = np.abs(np.fft.rfft(table)) ** 2
        hz = np.fft.rfftfreq(len(table), 1 / rate)
        inside = (hz >= band_edges_hz()[band] - 1) & (hz <= band_edges_hz()[band + 1] + 1)
        assert power[~inside].sum() < 1e-6 * power.sum()


@pytest.mark.parametrize("band", [0, 5, 31, 50, 63])
def test_a_band_sounds_at_its_level_and_nowhere_else(note_input, band):
    power = np.zeros(64, np.float32)
    power[band] = 0.01
    note_input.hop(noise=power)
    note_input.render(RATE // 2)
    out = note_input.render(3 * RATE).astype(float)
    hz, got = spectrum_power(out[:, 0])
    low, high = band_edges_hz()[band:band + 2]
    inside = (hz >= low - 2) & (hz <= high + 2)
    blocked = 1 / (1 + (5 / np.sqrt(low * high)) ** 2)          # the DC blocker
    assert 10 * np.log10(got[inside].sum() / 0.01 / blocked) == pytest.approx(0, abs=0.5)
    assert got[~inside].sum() < 1e-4 * got.sum()


def test_white_noise_is_flat_and_its_ears_cohere_by_nine_tenths(note_input):
    note_input.hop(noise=1e-3 * np.diff(band_edges_hz()) / 1000)
    note_input.render(4800)
    out = note_input.render(4 * RATE).astype(float)
    hz, got = spectrum_power(out[:, 0])
    octaves = [got[(hz >= f) & (hz < 2 * f)].sum() / f for f in (100, 200, 400, 800, 1600, 3200, 6400)]
    assert np.ptp(10 * np.log10(octaves)) < 1
    assert np.corrcoef(out.T)[0, 1] == pytest.approx(0.9, abs=0.02)
    mono = np.mean(out.mean(axis=1) ** 2) / np.mean(out[:, 0] ** 2)
    assert 10 * np.log10(mono) == pytest.approx(-0.22, abs=0.15)


def test_starts_add_their_power_from_their_first_sample(note_input):
    power = np.zeros((9, 2, 64), np.float32)
    power[:, 0, 40] = 0.01
    for _ in range(4):
        note_input.hop()
    note_input.start(0, 130, [(0.0, 440.0)], noise=power)
    note_input.start(1, 140, [(0.0, 440.0)], noise=power)
    out = note_input.render(1024)
    assert np.abs(out[:130]).max() == 0
    assert np.abs(out[131:140, 0]).max() > 0
    # two starts: 9 - 1 boundaries each, from 192 to 640, and silence at the next one, 704
    gains = note_input.state["noise"]["target"][0, 0, 40]
    assert gains == 0 and np.abs(out[720:]).max() < 1e-3
    assert np.sqrt(np.mean(out[200:640, 0].astype(float) ** 2)) == pytest.approx(np.sqrt(0.02), rel=0.4)


def test_another_seed_is_another_noise_of_the_same_kind(make_note_input):
    def play(seed):
        note_input = make_note_input(48_000, seed=seed)
        note_input.hop(noise=1e-4)
        return note_input.render(RATE)[:, 0].astype(float)
    one, again, other = play(1), play(1), play(2)
    assert np.array_equal(one, again)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.05
    assert np.std(other) == pytest.approx(np.std(one), rel=0.05)
