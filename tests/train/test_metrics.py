"""The project's figures: the same numbers as the measuring script that the goals are stated in, and right where the truth is known."""
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from hummingface.train.evaluation.metrics import FIGURES, by_family, distance, heading, line

MEASURE = Path(__file__).parents[2] / "../shared/measure/sound_distance.py"
RATE_HZ = 16_000


def sound(seed=0, seconds=1.5):
    t = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    noise = np.random.default_rng(seed).standard_normal(len(t)) * 0.01
    return sum(np.sin(2 * np.pi * 220 * k * t * (1 + 1e-4 * seed)) / k for k in range(1, 8)) * np.exp(-2 * t) * 0.3 + noise


def sides(seed=0, seconds=1.5):
    """Two channels that differ."""
    return np.stack([sound(seed, seconds), np.roll(sound(seed + 10, seconds), 20)], 1)


@pytest.mark.skipif(not MEASURE.is_file(), reason="needs ../shared/measure/sound_distance.py")
@pytest.mark.parametrize("seconds", [1.5, 0.4])
def test_the_same_numbers_as_the_measuring_script(seconds):
    spec = importlib.util.spec_from_file_location("sound_distance", MEASURE)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for reference, output in (sound(0, seconds), sound(3, seconds)[:-500]), (sides(0, seconds), sides(3, seconds)[:-500]):
        reference, output = (x.reshape(len(x), -1) for x in (reference, output))
        ours, theirs = (f(reference, output, RATE_HZ) for f in (distance, script.distance))
        assert {k: pytest.approx(theirs[k], rel=1e-9) if theirs[k] is not None else None for k in ours} == ours
        assert set(FIGURES) < set(ours)


def test_channels_are_joined_by_their_power():
    """One channel or two of the same are one sound, and so are opposite ones, which a fold would silence."""
    one, other = sound(0), sound(3)
    mono = distance(one, other, RATE_HZ)
    for sign in (1, -1):
        twice = distance(np.stack([one, sign * one], 1), np.stack([other, sign * other], 1), RATE_HZ)
        assert twice == {name: pytest.approx(value, rel=1e-9) for name, value in mono.items()}
    assert distance(one, np.stack([one, -one], 1), RATE_HZ)["mel"] < 1e-6


def test_nothing_between_a_sound_and_itself_at_another_level():
    figures = distance(sound(), 0.1 * sound(), RATE_HZ)
    assert all(abs(figures[k]) < 1e-6 for k in FIGURES)
    assert figures["gain_db"] == pytest.approx(20)


def test_a_band_twice_as_loud_is_told():
    x = sound()
    assert 0.5 < distance(x, x + 0.02 * np.random.default_rng(5).standard_normal(len(x)), RATE_HZ)["mel"] < 10


def test_silence_and_nan():
    with pytest.raises(ValueError, match="silent"):
        distance(np.zeros(8000), sound(), RATE_HZ)
    assert distance(sound(), np.full(100, np.nan), RATE_HZ)["mel"] == float("inf")


def test_means_by_family_leave_out_what_is_not_known():
    figures = dict.fromkeys(FIGURES, 1.0)
    unknown = figures | {"motion": None}
    means = by_family([("reed", figures), ("reed", unknown | {"mel": 3.0}), ("pipe", unknown | {"mel": 5.0})])
    assert {family: row["n"] for family, row in means.items()} == {"ALL": 3, "reed": 2, "pipe": 1}
    assert (means["ALL"]["mel"], means["reed"]["mel"], means["reed"]["motion"], means["pipe"]["motion"]) == (3.0, 2.0, 1.0, None)
    assert len(line("reed", means["reed"])) == len(line("pipe", means["pipe"])) == len(heading("family"))
