"""Likeness: recordings in a sound. At its own key a recording is its own frames; elsewhere it is mixed, and fades, as the file says."""
import base64
import zlib

import numpy as np
import pytest

from hummingface.models.playing.conditioning import row_times_s
from hummingface.models.playing.frame import DEVIATION, HIGHEST, LEVEL, LEVEL_FLOOR_DB, LOWEST, NOISE, STEADY
from hummingface.models.playing.likeness import LikenessModel
from hummingface.models.playing.recorded_note import RecordedFrames, RecordedNoteError, Recording, from_json, pack, unpack
from hummingface.models.playing.stereo import BALANCE, MONO
from hummingface.models.playing.untrained import untrained
from tests.recorded import recorded_frames, recorded_note

TIMES_S = row_times_s().astype(np.float32)
POINT = (0.5, -0.3, 0.2, 1.0)


@pytest.fixture(scope="module")
def network():
    return untrained(latents=4, seed=2, width=48, stereo=True)


def frames(model, z, pitch=60.0, velocity=100.0, times_s=TIMES_S):
    """[T, FRAME_SIZE]"""
    rows = len(times_s)
    return model.frames(np.tile(np.array(z, np.float32), (rows, 1)), np.full(rows, pitch, np.float32), np.full(rows, velocity, np.float32),
                        times_s)


def of_one(network, *notes, point=POINT):
    return LikenessModel(network, [Recording("A", point, notes)])


# As text

@pytest.mark.parametrize("balance_db", [None, -12.0])
def test_frames_are_kept_as_exactly_as_one_hears(balance_db):
    before = recorded_frames(3, balance_db=balance_db)
    text = pack(before)
    after = unpack(text)
    off = np.abs(after.rows - before.rows)
    assert off[:, LEVEL].max() <= 0.126 and off[:, NOISE].max() <= 0.126
    assert off[:, DEVIATION].max() <= 2.6e-5 and (off[:, STEADY] <= (HIGHEST - LOWEST)[STEADY] / 65000).all()
    assert np.abs(np.exp(1j * after.start_phase) - np.exp(1j * before.start_phase)).max() < 1e-4
    assert (after.stereo is None) == (balance_db is None) and (balance_db is None or after.stereo[BALANCE] == pytest.approx(-12, abs=2e-3))
    assert pack(after) == text, "packed again it is the same"
    assert len(text) < 30_000


def test_what_no_frame_can_be_is_brought_within_limits():
    wild = RecordedFrames(np.full((len(TIMES_S), len(LOWEST)), 1e9, np.float32), np.full(160, -40.0, np.float32))
    assert (unpack(pack(wild)).rows <= HIGHEST).all()


@pytest.mark.parametrize(("text", "why"), [
    ("not base64!", "cannot be read"), (base64.b64encode(b"no zlib").decode(), "cannot be read"),
    (base64.b64encode(zlib.compress(b"short")).decode(), "cut short"),
    (base64.b64encode(zlib.compress(bytes(200 << 20), 9)).decode(), "longer"), ("A" * 400_000, "at most"), (7, "not a text")])
def test_damaged_frames_are_refused(text, why):
    with pytest.raises(RecordedNoteError, match=why):
        from_json({"pitch": 60, "velocity": 100, "frames": text})


@pytest.mark.parametrize("wrong", [{"pitch": 200}, {"velocity": 0}, {"pitch": float("nan")}, {"more": 1}, {"pitch": "60"}])
def test_notes_that_are_none_are_refused(wrong):
    with pytest.raises(RecordedNoteError):
        from_json(recorded_note().to_json() | wrong)
    assert from_json(recorded_note().to_json()) == recorded_note()


# In a model

def test_at_its_own_key_a_recording_is_its_own_frames(network):
    note = recorded_note(59.8, seed=4)
    made = frames(of_one(network, note), (*POINT, 1.0))
    assert np.abs(made - note.frames.rows).max() < 1e-4
    between = (TIMES_S[100:101] + TIMES_S[101:102]) / 2
    half = (note.frames.rows[100] + note.frames.rows[101]) / 2
    assert np.abs(frames(of_one(network, note), (*POINT, 1.0), times_s=between)[0] - half)[LEVEL].max() < 0.5


def test_without_likeness_it_is_the_network_to_the_bit(network):
    model = of_one(network, recorded_note())
    assert np.array_equal(frames(model, (*POINT, 0.0)), frames(network, POINT))
    z = np.array([[*POINT, 0.0]], np.float32)
    key = np.array([60.0]), np.array([100.0])
    assert np.allclose(np.cos(model.start_phase(z, *key) - network.start_phase(z[:, :4], *key)), 1, atol=1e-5)
    assert np.array_equal(model.stereo_of(z, *key), network.stereo_of(z[:, :4], *key))


def test_between_it_rises_steadily(network):
    """Every level goes from the network's to the recording's as the knob turns."""
    note = recorded_note(seed=1)
    model = of_one(network, note)
    steps = np.stack([frames(model, (*POINT, amount))[60, LEVEL] for amount in np.linspace(0, 1, 9)])
    way = np.diff(steps, axis=0) * np.sign(steps[-1] - steps[0])
    assert (way > -1e-4).all() and np.abs(steps[-1] - note.frames.rows[60, LEVEL]).max() < 1e-4


def test_start_phases_and_stereo_are_the_recordings(network):
    note = recorded_note(seed=5, balance_db=-9.0)
    model = of_one(network, note)
    z, key = np.array([[*POINT, 1.0]], np.float32), (np.array([60.0]), np.array([100.0]))
    assert np.allclose(np.exp(1j * model.start_phase(z, *key)), np.exp(1j * note.frames.start_phase), atol=1e-4)
    assert model.stereo_of(z, *key)[0] == pytest.approx(note.frames.stereo, abs=1e-4)
    assert of_one(network, recorded_note()).stereo_of(z, *key)[0] == pytest.approx(MONO, abs=1e-5), "one channel is in the middle"


def test_a_mono_model_gets_the_sides_of_a_recording():
    model = of_one(untrained(latents=4, seed=2, width=48), recorded_note(balance_db=6.0))
    z, key = np.array([[*POINT, 1.0]], np.float32), (np.array([60.0]), np.array([100.0]))
    assert model.stereo and model.stereo_of(z, *key)[0][BALANCE] == pytest.approx(6.0, abs=0.01)
    assert not of_one(untrained(latents=4, seed=2, width=48), recorded_note()).stereo


def test_between_two_keys_both_are_mixed(network):
    """By their distance, and by nothing that the network makes of these keys; each is itself at its own key."""
    notes = recorded_note(48.0, seed=1), recorded_note(60.0, seed=2)
    both = of_one(network, *notes)
    for note in notes:
        assert np.abs(frames(both, (*POINT, 1.0), note.pitch) - note.frames.rows).max() < 1e-4
    made, (low, high) = frames(both, (*POINT, 1.0), 51.0), (note.frames.rows for note in notes)
    for row in (8, 70, 100):
        assert made[row, LEVEL] == pytest.approx((0.75 * low + 0.25 * high)[row, LEVEL], abs=0.3)
        assert made[row, NOISE] == pytest.approx((0.75 * low + 0.25 * high)[row, NOISE], abs=0.3)


def test_far_from_the_recordings_the_network_is_followed(network):
    """The step from the recording's key to another one counts as much as the residual has faded."""
    note = recorded_note(50.0, seed=1)
    model, key = of_one(network, note), 86.0
    left = np.exp(-0.5 * (36 / 24) ** 2)
    own, there = (frames(network, POINT, pitch)[70, LEVEL] for pitch in (key, 50.0))
    expected = own + left * (note.frames.rows[70, LEVEL] - there) - left * (own - there)
    made = frames(model, (*POINT, 1.0), key)[70, LEVEL]
    free = made > LEVEL_FLOOR_DB
    assert free.sum() > 10 and made[free] == pytest.approx(expected[free], abs=0.3)


def test_between_two_velocities_of_a_key_both_are_mixed(network):
    notes = recorded_note(60.0, 40.0, seed=1), recorded_note(60.0, 100.0, seed=2)
    both = of_one(network, *notes)
    for velocity, note in ((40.0, notes[0]), (100.0, notes[1])):
        assert np.abs(frames(both, (*POINT, 1.0), 60.0, velocity) - note.frames.rows).max() < 1e-4
    weights = both._weights(np.tile(np.array([*POINT, 1.0]), (3, 1)), np.full(3, 60.0), np.array([20.0, 70.0, 127.0]))
    assert np.allclose(weights, np.array([[1, 0], [0.5, 0.5], [0, 1]]))


def test_two_of_one_key_and_velocity_share_it(network):
    both = of_one(network, recorded_note(60.2, seed=1), recorded_note(59.9, seed=2))
    assert np.allclose(both._weights(np.array([[*POINT, 1.0]]), np.array([60.0]), np.array([100.0])), [[0.5, 0.5]])


def test_beyond_the_last_key_it_fades_and_never_steps(network):
    model = of_one(network, recorded_note(50.0), recorded_note(60.0))
    keys = np.arange(21, 109, 0.25)
    weights = model._weights(np.tile(np.array([*POINT, 1.0]), (len(keys), 1)), keys, np.full(len(keys), 100.0)).sum(1)
    assert np.abs(np.diff(weights)).max() < 0.02
    assert (weights[(keys >= 50) & (keys <= 60)] == pytest.approx(1)) and weights[keys == 84][0] == pytest.approx(np.exp(-0.5), abs=1e-3)
    assert (np.diff(weights[keys >= 60]) <= 1e-9).all() and (np.diff(weights[keys <= 50]) >= -1e-9).all()


def test_two_recordings_are_two_latents(network):
    """In a morph each has the share of its corner, at every key."""
    first, second = recorded_note(seed=1), recorded_note(seed=2)
    model = LikenessModel(network, [Recording("A", POINT, (first,)), Recording("B", POINT, (second,))])
    assert model.latents == 6 and model.note_size == network.note_size + 4
    for amounts, note in (((1.0, 0.0), first), ((0.0, 1.0), second)):
        assert np.abs(frames(model, (*POINT, *amounts)) - note.frames.rows).max() < 1e-4
    half = frames(model, (*POINT, 0.5, 0.5))[60, LEVEL]
    assert half == pytest.approx((first.frames.rows[60, LEVEL] + second.frames.rows[60, LEVEL]) / 2, abs=1e-3)


def test_loudness_is_that_of_what_sounds(network):
    note = recorded_note(seed=1)
    model = of_one(network, note)
    from hummingface.models.playing.loudness import MOMENTS_S, loudness_lufs
    vector = model.note(np.array([[*POINT, 1.0]], np.float32), np.array([60.0]), np.array([100.0]))
    heard = model.loudness_lufs(vector, np.array([60.0]), np.zeros(1))
    played = frames(model, (*POINT, 1.0), times_s=MOMENTS_S.astype(np.float32))
    assert heard == pytest.approx(loudness_lufs(played[None], np.array([261.626]), np.zeros(1), MOMENTS_S, 1.0), abs=0.1)


def test_all_is_finite_and_within_limits_far_from_any_recording(network):
    model = of_one(network, recorded_note(30.0, harmonics=120), point=(4.0, -4.0, 4.0, 4.0))
    for pitch in (21.0, 64.5, 108.0):
        made = frames(model, (-4.0, 4.0, -4.0, -4.0, 1.0), pitch, 1.0)
        assert np.isfinite(made).all() and (made >= LOWEST).all() and (made <= HIGHEST).all()
