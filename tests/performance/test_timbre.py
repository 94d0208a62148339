import numpy as np
import pytest

from hummingface.instrument.performance.frame_source import TURNS, Timbre
from hummingface.models.playing.untrained import untrained

SHARE = 0.41                                       # of the way in a hop, as knobs glide


@pytest.fixture
def timbre():
    return Timbre(untrained(latents=4, width=32))


def chord(voices: int) -> tuple[np.ndarray, ...]:
    return (np.arange(voices), np.linspace(30, 90, voices).astype(np.float32), np.full(voices, 90, np.float32),
            np.full(voices, 0.4, np.float32))


def wanted(timbre: Timbre, z: np.ndarray, voices: int) -> np.ndarray:
    _, pitch, velocity, time_s = chord(voices)
    return timbre.model.frames(np.tile(z, (voices, 1)), pitch, velocity, time_s)


@pytest.mark.parametrize("voices", [1, TURNS, 40, 128])
def test_all_voices_arrive_where_the_latents_went(timbre, voices):
    timbre.frames(*chord(voices))
    timbre.goal[:] = 1.5, -1, 0.5, 2
    hops = 0
    while timbre.glide(SHARE):
        timbre.frames(*chord(voices))
        hops += 1
    assert hops < 100
    for _ in range(100):
        timbre.frames(*chord(voices))
        timbre.glide(SHARE)
    np.testing.assert_allclose(timbre.frames(*chord(voices)), wanted(timbre, timbre.goal, voices), atol=1e-3)


def test_in_a_crowd_only_so_many_hear_of_moving_latents_at_a_time_and_all_take_turns(timbre):
    voices = 3 * TURNS
    timbre.frames(*chord(voices))
    asked: list[np.ndarray] = []
    ask = timbre.model.note
    timbre.model.note = lambda z, pitch, velocity: asked.append(pitch) or ask(z, pitch, velocity)
    for hop in range(6 * 3):                                 # 36 voices: a turn in every third hop
        timbre.goal[0] = hop / 4 + 0.1
        timbre.glide(SHARE)
        timbre.frames(*chord(voices))
    assert [len(pitches) for pitches in asked] == [TURNS] * 6
    for round_of_turns in asked[:3], asked[3:]:
        assert len(np.unique(np.concatenate(round_of_turns))) == voices


def test_a_few_voices_move_in_the_very_hop_and_come_nearer_with_every_hop(timbre):
    before = timbre.frames(*chord(TURNS))
    timbre.goal[:] = 1
    end = wanted(timbre, timbre.goal, TURNS)
    away = [np.abs(before - end).mean()]
    for _ in range(8):
        timbre.glide(SHARE)
        away.append(np.abs(timbre.frames(*chord(TURNS)) - end).mean())
    assert (np.diff(away) < 0).all()
    assert away[1] < 0.8 * away[0]
    assert away[-1] < 0.05 * away[0]


def test_notes_that_begin_while_latents_glide_begin_where_the_latents_are(timbre):
    timbre.goal[:] = 1
    timbre.glide(SHARE)
    slots, pitch, velocity, time_s = chord(3)
    np.testing.assert_allclose(timbre.model.frames_at(timbre.model.note(np.tile(timbre.z, (3, 1)), pitch, velocity), time_s),
                               wanted(timbre, timbre.z, 3), atol=1e-4)
    first = timbre.frames(slots, pitch, velocity, time_s)
    start, end = wanted(timbre, np.zeros(4, np.float32), 3), wanted(timbre, timbre.goal, 3)
    share = np.abs(first - start).mean() / np.abs(end - start).mean()
    assert SHARE - 0.15 < share < 2 * SHARE


def test_a_jump_is_no_glide(timbre):
    timbre.frames(*chord(5))
    timbre.goal[:] = -2
    timbre.jump()
    np.testing.assert_allclose(timbre.frames(*chord(5)), wanted(timbre, timbre.goal, 5), atol=1e-4)


def test_named_knobs_lead_on_from_the_latents_and_glide_with_them(plain_model):
    from hummingface.models.playing.knobs import read_knobs
    model = plain_model()
    one = np.eye(16)[0].tolist()
    model.knobs = read_knobs({"knobs": {"characteristic.brightness": {"direction": one}, "family.reed": {"direction": one},
                                        "family.brass": {"direction": (2 * np.eye(16)[1]).tolist()}}}, 16)
    timbre = Timbre(model)
    timbre.aim(np.zeros(16, np.float32), {"characteristic.brightness": 1.5, "family.1": 0.5, "characteristic.odd": 3.0})
    assert np.allclose(timbre.goal[:3], [1.5, 1.0, 0.0])                # families by their names: brass is the first
    note = chord(1)
    before = timbre.frames(*note)[0, 0]
    timbre.glide(SHARE)
    assert before < timbre.frames(*note)[0, 0] < before + 6 * 1.5       # on its way
    for _ in range(200):
        timbre.glide(SHARE)
        after = timbre.frames(*note)[0, 0]
    assert after == pytest.approx(before + 6 * 1.5, abs=1e-3)           # 6 dB for each unit of latent 1
    timbre.aim(np.full(16, 3.0, np.float32), {"characteristic.brightness": 3.0})
    assert timbre.goal.max() == 4.0                                     # as far as a model is ever asked
    timbre.aim(np.full(16, 3.0, np.float32), {})
    assert np.all(timbre.goal == 3.0)
