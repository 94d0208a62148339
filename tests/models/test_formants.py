"""Levels between recorded keys: some sounds keep them at their frequencies, some at their harmonics, and two recordings tell which."""
import numpy as np
import pytest

from hummingface.models.playing.formants import by_frequency, mean_levels_db, share_by_frequency
from hummingface.models.playing.frame import HARMONICS, LEVEL, pitch_to_hz
from hummingface.models.playing.likeness import LikenessModel
from hummingface.models.playing.recorded_note import RecordedFrames, RecordedNote, Recording, pack
from hummingface.models.playing.untrained import untrained
from tests.recorded import recorded_frames

POINT = (0.5, -0.3, 0.2, 1.0)
NUMBERS = np.arange(1, HARMONICS + 1)


def vowel_db(hz):
    """Three formants on a slope."""
    octaves = np.log2(hz / 100)
    return -20 - 6 * octaves + sum(18 * np.exp(-0.5 * ((octaves - place) / 0.22) ** 2) for place in (2.3, 3.4, 4.4))


def string_db(key):
    """The same at each key: what is plucked at a third of its length, with harmonics that differ by chance."""
    return -20 - 6 * np.log2(NUMBERS) + 8 * np.sin(NUMBERS * np.pi / 3) + np.random.default_rng(1).normal(0, 3, HARMONICS)


def note(key, levels_db, velocity=100.0):
    plain = recorded_frames(fall_db_s=2.0)
    rows = plain.rows.copy()
    rows[:, LEVEL.start:LEVEL.start + HARMONICS] = levels_db - 2 * np.linspace(0, 1, len(rows))[:, None]
    return RecordedNote(key, velocity, pack(RecordedFrames(rows, plain.start_phase)))


def vowel(key, velocity=100.0):
    return note(key, vowel_db(pitch_to_hz(float(round(key))) * NUMBERS), velocity)


def test_two_recordings_tell_whether_formants_stay():
    vowels, strings = ([make(key) for key in (48.1, 52.0, 57.2)] for make in (vowel, lambda key: note(key, string_db(key))))
    assert share_by_frequency(vowels) > 0.8
    assert share_by_frequency(strings) < 0.2
    assert share_by_frequency(vowels[:1]) == share_by_frequency([vowel(60.0, 40.0), vowel(60.2, 100.0)]) == 0.0


def test_levels_are_read_where_the_frequencies_were():
    rows = mean_levels_db([vowel(48.0)])[48]
    there = by_frequency(rows, 5.0)
    hz = pitch_to_hz(53.0) * NUMBERS[:40]
    off = np.abs(there[60, :40] - (vowel_db(hz) + rows[60, 0] - vowel_db(pitch_to_hz(48.0))))
    assert off.mean() < 0.6 and off.max() < 4, "between the lowest partials straight lines leave out a formant's top"
    assert np.array_equal(by_frequency(rows, 0.0), rows)


@pytest.fixture(scope="module")
def network():
    return untrained(latents=4, seed=2, width=48)


def levels(model, pitch, row_s=1.0):
    made = model.frames(np.array([[*POINT, 1.0]], np.float32), np.array([pitch], np.float32), np.array([100.0], np.float32),
                        np.array([row_s], np.float32))
    return made[0, LEVEL][:40]


def test_a_vowel_sings_between_two_recordings_and_is_itself_at_each(network):
    notes = vowel(48.0), vowel(56.0)
    by_harmonic, stays = (LikenessModel(network, [Recording("A", POINT, notes, by_frequency=share)]) for share in (0.0, 1.0))
    wanted = vowel_db(pitch_to_hz(52.0) * NUMBERS[:40])

    def off(model):
        away = levels(model, 52.0) - wanted
        return np.abs(away - away.mean()).mean()
    assert off(stays) < 1.0 < 2 * off(stays) < off(by_harmonic)
    for one in notes:
        assert np.array_equal(levels(stays, one.pitch), levels(by_harmonic, one.pitch))


def test_a_glide_goes_through_the_keys_without_a_step(network):
    model = LikenessModel(network, [Recording("A", POINT, (vowel(48.0), vowel(56.0)), by_frequency=1.0)])
    way = np.array([levels(model, pitch) for pitch in np.arange(50.0, 52.01, 0.05)])
    assert np.abs(np.diff(way, axis=0)).max() < 0.15 * np.ptp(way, axis=0).max()
