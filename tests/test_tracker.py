"""The tests' own ear hears what is there, on tones that are known."""
import numpy as np
import pytest

from tests.tracker import WITHIN_CENTS, cents_off

RATE_HZ = 48_000
TIME_S = np.arange(RATE_HZ) / RATE_HZ


def tone(f0_hz, levels, chance):
    return sum(level * np.sin(2 * np.pi * (k + 1) * f0_hz * TIME_S + 2 * np.pi * chance.random()) for k, level in enumerate(levels))


@pytest.mark.parametrize("key", [21, 33, 60, 82, 94, 101, 104, 108])
@pytest.mark.parametrize("off", [-40.0, -7.0, 0.0, 6.0, 30.0])
def test_a_tone_of_any_colour_is_heard_where_it_is(key, off):
    chance, f0_hz = np.random.default_rng(key), 440 * 2 ** ((key - 69) / 12)
    for _ in range(3):
        levels = chance.random(min(30, int(20_000 / f0_hz))) ** 3 + 0.01
        sound = tone(f0_hz * 2 ** (off / 1200), levels, chance) + 1e-3 * chance.standard_normal(RATE_HZ)
        assert abs(cents_off(sound, f0_hz) - off) < 1


def test_noise_has_no_pitch_and_another_note_is_off():
    chance = np.random.default_rng(0)
    assert cents_off(chance.standard_normal(RATE_HZ), 220.0) is None
    assert abs(cents_off(tone(220 * 2 ** (100 / 1200), [1, 0.5, 0.2], chance), 220.0)) == WITHIN_CENTS
