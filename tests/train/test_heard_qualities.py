"""Each quality is measured where a made-up sound has it, and not where it has not."""
import numpy as np
import pytest

from hummingface.models.playing.frame import pitch_to_hz
from hummingface.train.data.heard_qualities import MEASURES, RATE_HZ, heard_qualities, qualities_of
from hummingface.train.notes.note import Labels, Note

HOLD_S, KEY = 2.0, 57
HZ = float(pitch_to_hz(KEY))
T = np.arange(4 * RATE_HZ) / RATE_HZ
HELD = np.where(T < HOLD_S, np.minimum(1, T * 200), np.exp(-(T - HOLD_S) * 200))


def tone(*ratios: float) -> np.ndarray:
    return np.sum([np.sin(2 * np.pi * HZ * r * T + r) / (i + 1) for i, r in enumerate(ratios or (1, 2, 3))], 0)


def heard(sound: np.ndarray) -> dict[str, float]:
    return qualities_of(sound, KEY, HOLD_S)


PLAIN = heard(tone() * HELD)


def test_a_plain_tone_has_none_of_them():
    assert PLAIN["distortion"] < -45 and PLAIN["reverb"] < 0.2 and PLAIN["tempo-synced"] < 0.5
    assert PLAIN["nonlinear_env"] < 1.5 and PLAIN["multiphonic"] < -40


def test_a_clipped_sine_has_distortion_the_more_the_harder():
    drives = [heard(np.clip(tone(1) * drive, -1, 1) * HELD)["distortion"] for drive in (1, 1.5, 4, 20)]
    assert drives == sorted(drives) and drives[0] < -55 and drives[3] - drives[0] > 15


@pytest.mark.parametrize("seconds", [0.8, 1.5, 3.0])
def test_a_decaying_noise_after_note_off_is_reverb(seconds):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, len(T)) * np.where(T < HOLD_S, 0, 10 ** (-3 * (T - HOLD_S) / seconds)) * 0.5
    assert heard(tone() * HELD + noise)["reverb"] == pytest.approx(seconds, rel=0.25)


@pytest.mark.parametrize("hz", [2.0, 4.0, 8.0])
def test_a_gated_tone_is_tempo_synced(hz):
    gate = np.convolve(np.where(np.sin(2 * np.pi * hz * T + 0.3) > 0, 1.0, 0.02), np.ones(80) / 80, "same")
    gated = heard(tone() * HELD * gate)
    assert gated["tempo-synced"] > 10 and gated["multiphonic"] < -10


def test_a_decay_and_a_swell_are_not_tempo_synced():
    assert heard(tone() * HELD * np.exp(-3 * T))["tempo-synced"] < 1.5
    assert heard(tone() * HELD * np.minimum(1, 0.05 + T))["tempo-synced"] < 2.5
    rng = np.random.default_rng(1)
    assert heard(rng.normal(0, 0.1, len(T)) * HELD)["tempo-synced"] < 2.5


def test_what_rises_again_has_a_nonlinear_envelope():
    decays = heard(tone() * HELD * np.exp(-2 * T))["nonlinear_env"]
    swells = heard(tone() * HELD * (0.2 + np.abs(T - 0.7)))["nonlinear_env"]
    wah = heard(HELD * (tone(1) + (0.02 + np.clip(T - 0.5, 0, 1)) * tone(6, 8, 10)))["nonlinear_env"]
    assert decays < 1.5 and swells > 4 and wah > 4


def test_two_inharmonic_tones_are_multiphonic():
    both = [heard((tone() + share * tone(1.37, 2.74, 4.11)) * HELD)["multiphonic"] for share in (0.01, 0.1, 1.0)]
    assert both == sorted(both) and both[0] < -30 and both[2] > -8
    assert heard((tone() + tone(0.5, 1.5)) * HELD)["multiphonic"] < -40, "an octave below is no second note"


def test_any_note_has_all_measures():
    for seconds, rate_hz in ((0.12, 44_100), (1.0, 48_000), (8.0, 22_050)):
        rng = np.random.default_rng(2)
        audio = rng.normal(0, 0.1, (round(seconds * rate_hz), 2)).astype(np.float32)
        found = heard_qualities(Note(Labels("a", "a", "", "recorded", 100, 64, seconds), audio, rate_hz, 100.3))
        assert set(found) == set(MEASURES) and np.isfinite(list(found.values())).all()
    silent = qualities_of(np.zeros(RATE_HZ), 60, 0.5)
    assert np.isfinite(list(silent.values())).all() and silent["reverb"] == 0
