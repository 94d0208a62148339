"""Loudness as BS.1770 defines it, and patches brought to it."""
import numpy as np
import pytest

from hummingface.instrument.offline import levelling
from hummingface.instrument.offline.levelling import RATE_HZ, TARGET_LUFS, level, measure, mix, momentary_lufs
from hummingface.instrument.patches.library import LibraryError
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.models.playing.untrained import untrained

Z = (0.0,) * 16


def sine(hz, amplitude, seconds=1.0):
    wave = amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)
    return np.stack([wave, wave], 1)


def test_a_stereo_sine_of_997_hz_at_minus_23_dbfs_has_minus_23_lufs():
    """EBU Tech 3341, test case 1."""
    assert momentary_lufs(sine(997, 10 ** (-23 / 20))) == pytest.approx(-23, abs=0.1)


def test_lows_count_less_and_highs_more():
    middle = momentary_lufs(sine(997, 0.1))
    assert momentary_lufs(sine(40, 0.1)) < middle - 3
    assert momentary_lufs(sine(6000, 0.1)) == pytest.approx(middle + 3.3, abs=0.5)


def test_silence_and_short_sounds_have_a_level():
    assert momentary_lufs(np.zeros((100, 2))) == -120
    assert momentary_lufs(np.zeros((0, 2))) == -120
    assert momentary_lufs(sine(997, 0.1, 0.1)) == pytest.approx(-20, abs=0.5)


def test_a_levelled_patch_is_as_loud_as_asked_for():
    source = FrameSource(untrained())
    patch, loudness, peak_db = level(Patch("Test", "Untrained", Z, {"drive.amount": 0.2}), source)
    measured, measured_peak = measure(patch, source)
    assert measured == pytest.approx(loudness, abs=0.5)
    assert measured_peak == pytest.approx(peak_db, abs=0.7)
    assert measured == pytest.approx(TARGET_LUFS, abs=0.7) or measured_peak == pytest.approx(levelling.LOUDEST_PEAK_DB, abs=0.7)


def test_latents_are_mixed_from_the_presets_that_the_patch_names():
    model = untrained()
    a, b = list(model.presets)[:2]
    patch = mix(Patch("Test", "Old", Z, blend={a: 3, b: 1}, morph=tuple(Corner(a, Z) for _ in range(4))), model)
    assert patch.latents == pytest.approx(0.75 * np.array(model.presets[a]) + 0.25 * np.array(model.presets[b]))
    assert patch.morph[2].latents == pytest.approx(model.presets[a])
    assert patch.model == "Untrained"
    with pytest.raises(LibraryError, match="Kazoo"):
        mix(Patch("Test", "Old", Z, blend={"Kazoo": 1}), model)
