"""A tempo that is tapped."""
import pytest

from hummingface.instrument.session.tap_tempo import PAUSE_S, TapTempo


def test_the_mean_of_the_newest_taps_is_the_tempo():
    taps = TapTempo()
    assert [taps.tap(at_s) for at_s in (0.0, 0.52)] == [None, None]
    assert taps.tap(1.0) == pytest.approx(120)
    found = None
    for beat in range(1, 20):
        found = taps.tap(1.0 + beat * 0.6)
    assert found == pytest.approx(100), "those of before are forgotten"


def test_a_pause_begins_a_new_tempo():
    taps = TapTempo()
    for at_s in (0.0, 0.5, 1.0):
        taps.tap(at_s)
    assert [taps.tap(1.0 + PAUSE_S + at_s) for at_s in (0.0, 1.0, 2.0)] == [None, None, pytest.approx(60)]
