"""The fundamental is found to well under a cent: steady, stretched, vibrating and without its first partial."""
import numpy as np
import pytest

from hummingface.models.analysis.spectrum import transform
from hummingface.models.analysis.tuning import find_tuning
from hummingface.models.playing.frame import pitch_to_hz

RATE = 48000


def tone(f0_hz, seconds=2.0, levels=None, stretch=0.0, vibrato=(0.0, 5.0), noise=0.0, decay=0.0, rate_hz=RATE):
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    depth, rate = vibrato
    bend = 2 ** (depth * np.sin(2 * np.pi * rate * t) / 1200)
    turns = np.cumsum(bend) / rate_hz
    out = noise * np.random.default_rng(1).standard_normal(len(t))
    for k, level in (levels or {k: 1 / k for k in range(1, 21)}).items():
        hz = k * f0_hz * np.sqrt((1 + stretch * k * k) / (1 + stretch))
        if hz < rate_hz / 2:
            out += 0.1 * level * np.exp(-decay * k * t) * np.cos(2 * np.pi * hz * turns + k)
    return out.astype(np.float32)


def cents_off(audio, f0_hz, pitch, rate_hz=RATE):
    spectrum = transform(audio, rate_hz, 0.2)
    return 1200 * np.log2(find_tuning([spectrum], float(pitch_to_hz(pitch)), len(audio) / rate_hz).f0_hz / f0_hz)


@pytest.mark.parametrize("pitch", [24, 36, 48, 60, 72, 84, 96, 108])
@pytest.mark.parametrize("off_cents", [-37.0, 0.0, 4.3])
def test_steady_tones(pitch, off_cents):
    f0 = pitch_to_hz(pitch) * 2 ** (off_cents / 1200)
    assert abs(cents_off(tone(f0), f0, pitch)) < 0.15


def test_at_other_rates():
    f0 = 221.3
    for rate_hz in (8000, 22050, 44100, 96000):
        assert abs(cents_off(tone(f0, rate_hz=rate_hz), f0, 57, rate_hz)) < 0.1


@pytest.mark.parametrize("pitch", [33, 45, 57, 69])
def test_stretched_strings_tell_their_first_partial(pitch):
    f0 = pitch_to_hz(pitch) * 2 ** (7 / 1200)
    assert abs(cents_off(tone(f0, stretch=0.001, decay=0.5), f0, pitch)) < 0.5


@pytest.mark.parametrize("depth_cents", [10, 30, 45])
def test_vibrato_is_centred(depth_cents):
    f0 = pitch_to_hz(67) * 2 ** (-6 / 1200)
    assert abs(cents_off(tone(f0, vibrato=(depth_cents, 5.5)), f0, 67)) < 0.04 * depth_cents


def test_missing_fundamental():
    f0 = pitch_to_hz(48) * 2 ** (11 / 1200)
    assert abs(cents_off(tone(f0, levels={k: 1 / k for k in range(3, 15)}), f0, 48)) < 0.3


def test_in_noise():
    f0 = pitch_to_hz(64)
    assert abs(cents_off(tone(f0, noise=0.01), f0, 64)) < 0.5


def test_bells_keep_the_key():
    partials = {1.0: 0.3, 1.34: 0.8, 2.13: 1.0, 2.74: 0.5, 4.07: 0.9}
    t = np.arange(RATE * 2) / RATE
    audio = np.sum([0.1 * a * np.cos(2 * np.pi * 500 * r * t) for r, a in partials.items()], 0).astype(np.float32)
    pitch = 69 + 12 * np.log2(500 / 440)
    assert abs(cents_off(audio, 500, pitch)) < 30
