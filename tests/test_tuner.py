"""The tuner reads what one note sounds at, and nothing where there is none."""
import numpy as np
import pytest

from hummingface.instrument.offline.tuner import WINDOW_S, heard_hz, read

RATE_HZ = 48_000
TIME_S = np.arange(round(1.2 * WINDOW_S * RATE_HZ)) / RATE_HZ
HARMONIC = 1 / np.arange(1, 13)                     # amplitudes of partials


def tones(*notes_hz, amplitudes=HARMONIC, level=0.1, rate_hz=RATE_HZ):
    """Notes with these partials, in the left channel as in the right one: [S, 2]."""
    time_s = np.arange(round(1.2 * WINDOW_S * rate_hz)) / rate_hz
    sound = sum(level * amplitude * np.sin(2 * np.pi * k * hz * time_s + k)
                for hz in notes_hz for k, amplitude in enumerate(amplitudes, 1) if k * hz < 0.45 * rate_hz)
    return np.stack([sound, sound], 1).astype(np.float32)


def cents(hz, expected_hz):
    return 1200 * np.log2(hz / expected_hz)


@pytest.mark.parametrize("amplitudes", [HARMONIC, [1.0], [0.05, 0.3, 1, 0.8, 0.4, 0.5, 0.2]], ids=["saw", "sine", "weak first"])
def test_a_clean_tone_is_read_to_a_tenth_of_a_cent(amplitudes):
    for key in range(24, 109, 7):
        expected_hz = 440 * 2 ** ((key + 0.137 - 69) / 12)
        if amplitudes[0] < 0.1 and 7 * expected_hz > 20_000:
            continue                                # of its partials 2, 3 and 4 alone a fifth could be made
        for rate_hz in (44_100, 48_000):
            hz = heard_hz(tones(expected_hz, amplitudes=amplitudes, rate_hz=rate_hz), rate_hz)
            assert hz is not None, key
            assert abs(cents(hz, expected_hz)) < 0.1, key


def test_one_channel_a_faint_note_and_noise_beside_it_are_enough():
    sound = tones(233.0, level=0.01)
    sound[:, 0] = 0
    sound += np.random.default_rng(1).normal(0, 3e-4, sound.shape)
    assert abs(cents(heard_hz(sound, RATE_HZ), 233.0)) < 1


def test_vibrato_is_read_in_its_middle():
    phase = 2 * np.pi * 330 * TIME_S - 330 * (2 ** (15 / 1200) - 1) / 6 * np.cos(2 * np.pi * 6 * TIME_S)
    sound = sum(0.1 / k * np.sin(k * phase) for k in range(1, 8))
    assert abs(cents(heard_hz(np.stack([sound, sound], 1), RATE_HZ), 330)) < 5


@pytest.mark.parametrize("amplitudes", [HARMONIC, [1.0]], ids=["saw", "sine"])
def test_chords_say_nothing(amplitudes):
    for notes in ((0, 7), (0, 4, 7), (0, 3, 7), (0, 5), (0, 1), (0, 4, 7, 10), (0, 2, 7), (0, 6)):
        for root_hz in (65.4, 130.8, 261.6, 523.3):
            equal = [root_hz * 2 ** (note / 12) for note in notes]
            pure = [root_hz * round(2 ** (note / 12) * 12) / 12 for note in notes]
            if (notes, root_hz) != ((0, 1), 65.4):          # two sines that beat four times a second are one
                assert heard_hz(tones(*equal, amplitudes=amplitudes), RATE_HZ) is None, (notes, root_hz)
            if notes != (0, 1):
                assert heard_hz(tones(*pure, amplitudes=amplitudes), RATE_HZ) is None, (notes, root_hz)


def test_silence_noise_and_a_note_that_changes_say_nothing():
    random = np.random.default_rng(2)
    still = np.zeros((len(TIME_S), 2), np.float32)
    assert heard_hz(still, RATE_HZ) is None
    assert heard_hz(still * np.nan, RATE_HZ) is None
    assert heard_hz(tones(440.0)[:200], RATE_HZ) is None, "too little to hear"
    assert heard_hz(tones(440.0, level=1e-4), RATE_HZ) is None, "too quiet"
    for _ in range(20):
        white = random.normal(0, 0.1, still.shape)
        assert heard_hz(white, RATE_HZ) is None
        assert heard_hz(np.cumsum(white, 0) * 0.01, RATE_HZ) is None, "brown noise"
    middle = len(TIME_S) - round(WINDOW_S * RATE_HZ / 2)
    assert heard_hz(np.concatenate([tones(220.0)[:middle], tones(261.6)[middle:]]), RATE_HZ) is None


def test_a_reading_names_the_nearest_key_of_the_tuning():
    equal = np.arange(128.0)
    assert read(442.0, equal).key == 69
    assert read(442.0, equal).cents == pytest.approx(7.85, abs=0.01)
    a4 = equal + 12 * np.log2(442 / 440)
    assert read(442.0, a4).cents == pytest.approx(0, abs=1e-6)
    quarters = 60 + (equal - 60) / 2
    quarters[61] = np.nan                            # a key that is silent is none to be near to
    assert read(440 * 2 ** (-8.5 / 12), quarters).key in (60, 62)
    assert read(440 * 2 ** (-7.5 / 12), quarters).key == 63
