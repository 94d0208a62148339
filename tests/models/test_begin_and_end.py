"""A note begins and ends as its recording does: targets keep a fast release, a low key's end, and the pulses of a low attack."""
import numpy as np
import pytest

from hummingface.models.analysis.harmonic import analyse
from hummingface.models.analysis.motion import smooth
from hummingface.models.analysis.reference import synthesise
from hummingface.models.analysis.targets import fit_onset, smooth_note
from hummingface.models.playing.frame import LEVEL, RELEASE, SLOT_RATIO, group_of_hz, pitch_to_hz
from hummingface.train.evaluation.metrics import distance

RATE = 48_000
HOLD_S = 1.0


def played(key: int, release_s: float, attack_s: float = 0.0, partials: int = 12) -> np.ndarray:
    """A note that falls by 60 dB in `release_s` after HOLD_S, its partials' cosines aligned at 0: one pulse a period."""
    t = np.arange(round(1.6 * RATE)) / RATE
    f0 = float(pitch_to_hz(key))
    wave = sum(np.cos(2 * np.pi * k * f0 * t) / k for k in range(1, partials + 1) if k * f0 < 0.45 * RATE)
    envelope = np.where(t < HOLD_S, 1.0, 10 ** (-3 * (t - HOLD_S) / release_s))
    if attack_s:
        envelope = envelope * np.clip(t / attack_s, 0, 1)
    return (0.1 * wave * envelope).astype(np.float32)


def level_db(sound: np.ndarray, at_s: float, key: int) -> float:
    """RMS of some whole periods about a moment."""
    half = max(1, round(0.01 * float(pitch_to_hz(key)))) / 2 / float(pitch_to_hz(key))
    part = sound[round((at_s - half) * RATE):round((at_s + half) * RATE)]
    return 10 * np.log10(np.mean(np.square(part, dtype=np.float64)) + 1e-16)


@pytest.mark.parametrize(("key", "release_s"), [(93, 0.02), (93, 0.4), (60, 0.03), (60, 0.15), (60, 1.0), (33, 0.3)])
def test_a_release_is_as_fast_as_it_was_recorded(key, release_s):
    note = smooth_note(played(key, release_s), RATE, key, HOLD_S)
    loud = np.argmax(note.frames[100, LEVEL][:12])
    seconds = 2.0 ** note.frames[100, RELEASE]
    heard = seconds[group_of_hz(SLOT_RATIO[loud] * note.f0_hz)]
    # the filters of a low note ring for three periods, and a frame comes every 5 ms
    assert heard == pytest.approx(release_s, rel=0.2, abs=0.012)


def test_a_group_into_which_others_ring_does_not_sound_on():
    """The click of a note-off stands in empty groups, which would seem to fall slowly or to rise."""
    audio = played(67, 0.02, partials=6)
    audio += 1e-5 * np.random.default_rng(0).standard_normal(len(audio)).astype(np.float32)
    seconds = 2.0 ** smooth_note(audio, RATE, 67, HOLD_S).frames[100, RELEASE]
    assert seconds.max() < 0.1


@pytest.mark.parametrize("key", [21, 28, 40])
def test_a_low_note_ends_when_its_recording_does(key):
    audio = played(key, 0.02)
    again = synthesise(analyse(audio, RATE, key, HOLD_S), RATE)
    assert level_db(again, 0.8, key) == pytest.approx(level_db(audio, 0.8, key), abs=0.5)
    period = 1 / float(pitch_to_hz(key))
    assert level_db(again, HOLD_S + 2 * period, key) < level_db(audio, 0.8, key) - 40


@pytest.mark.parametrize("key", [26, 33, 38])
def test_the_pulses_of_a_low_attack_are_as_loud_as_they_were(key):
    audio = played(key, 0.3, attack_s=0.004, partials=24)
    raw = analyse(audio, RATE, key, HOLD_S)
    plain, fitted = smooth(raw), fit_onset(smooth(raw), audio, RATE)
    before, after = (distance(audio.astype(float), synthesise(note, RATE).astype(float), RATE)["onset_env"] for note in (plain, fitted))
    assert after < before and after < 1.6
    pulse = round(RATE / float(pitch_to_hz(key)))
    first, second = (np.abs(synthesise(fitted, RATE)[at - 96:at + 96]).max() for at in (pulse, 2 * pulse))
    loud = [np.abs(audio[at - 96:at + 96]).max() for at in (pulse, 2 * pulse)]
    assert [20 * np.log10(x / y) for x, y in zip((first, second), loud, strict=True)] == pytest.approx([0, 0], abs=2.0)


def test_silence_and_shortest_sounds_are_fitted_without_harm():
    for audio in (np.zeros(4800, np.float32), np.ones(10, np.float32), played(60, 0.1)[:300]):
        note = smooth_note(audio, RATE, 60, len(audio) / RATE)
        assert np.isfinite(note.frames).all() and np.isfinite(note.start_phase).all()
