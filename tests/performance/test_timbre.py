import numpy as np
import pytest

from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.gliding_notes import BATCH
from hummingface.instrument.performance.note_pool import Pool
from hummingface.instrument.performance.voices.voice_allocation import Voices
from hummingface.instrument.synthesis.state import new_state
from hummingface.models.playing.untrained import untrained

TABLE, NO_POOL = Voices().table, Pool(new_state(8000))        # which a frame source does not use
SHARE = 0.41                                       # of the way in a hop, as knobs glide


@pytest.fixture
def source():
    return FrameSource(untrained(latents=4, width=32))


def chord(voices: int) -> tuple[np.ndarray, ...]:
    return (np.arange(voices), np.linspace(30, 90, voices).astype(np.float32), np.full(voices, 90, np.float32),
            np.full(voices, 0.4, np.float32))


def wanted(source: FrameSource, z: np.ndarray, voices: int) -> np.ndarray:
    _, pitch, velocity, time_s = chord(voices)
    return source.model.frames(np.tile(z, (voices, 1)), pitch, velocity, time_s)


@pytest.mark.parametrize("voices", [1, BATCH, 40, 128])
def test_all_voices_arrive_where_the_latents_went(source, voices):
    source.frames(*chord(voices))
    source.target[:] = 1.5, -1, 0.5, 2
    hops = 0
    while source.glide(SHARE):
        source.frames(*chord(voices))
        hops += 1
    assert hops < 100
    for _ in range(100):
        source.frames(*chord(voices))
        source.glide(SHARE)
    np.testing.assert_allclose(source.frames(*chord(voices)), wanted(source, source.target, voices), atol=1e-3)


def test_in_a_crowd_only_so_many_hear_of_moving_latents_at_a_time_and_all_take_turns(source):
    voices = 3 * BATCH
    source.frames(*chord(voices))
    asked: list[np.ndarray] = []
    ask = source.model.note
    source.model.note = lambda z, pitch, velocity: asked.append(pitch) or ask(z, pitch, velocity)
    for hop in range(6 * 3):                                 # 36 voices: a turn in every third hop
        source.target[0] = hop / 4 + 0.1
        source.glide(SHARE)
        source.frames(*chord(voices))
    assert [len(pitches) for pitches in asked] == [BATCH] * 6
    for round_of_turns in asked[:3], asked[3:]:
        assert len(np.unique(np.concatenate(round_of_turns))) == voices


def test_a_few_voices_move_in_the_very_hop_and_come_nearer_with_every_hop(source):
    before = source.frames(*chord(BATCH))
    source.target[:] = 1
    end = wanted(source, source.target, BATCH)
    away = [np.abs(before - end).mean()]
    for _ in range(8):
        source.glide(SHARE)
        away.append(np.abs(source.frames(*chord(BATCH)) - end).mean())
    assert (np.diff(away) < 0).all()
    assert away[1] < 0.8 * away[0]
    assert away[-1] < 0.05 * away[0]


def test_notes_that_begin_while_latents_glide_begin_where_the_latents_are(source):
    source.target[:] = 1
    source.glide(SHARE)
    slots, pitch, velocity, time_s = chord(3)
    np.testing.assert_allclose(source.model.frames_at(source.model.note(np.tile(source.z, (3, 1)), pitch, velocity), time_s),
                               wanted(source, source.z, 3), atol=1e-4)
    first = source.frames(slots, pitch, velocity, time_s)
    start, end = wanted(source, np.zeros(4, np.float32), 3), wanted(source, source.target, 3)
    fraction = np.abs(first - start).mean() / np.abs(end - start).mean()
    assert SHARE - 0.15 < fraction < 2 * SHARE


def test_a_jump_is_no_glide(source):
    source.frames(*chord(5))
    source.target[:] = -2
    source.snap()
    np.testing.assert_allclose(source.frames(*chord(5)), wanted(source, source.target, 5), atol=1e-4)


def test_named_knobs_lead_on_from_the_latents_and_glide_with_them(plain_model):
    from hummingface.models.playing.knobs import read_knobs
    model = plain_model()
    one = np.eye(16)[0].tolist()
    model.knobs = read_knobs({"knobs": {"characteristic.brightness": {"direction": one}, "family.air": {"direction": one},
                                        "family.brass": {"direction": (2 * np.eye(16)[1]).tolist()}}}, 16)
    source = FrameSource(model)
    source.set_target(np.zeros(16, np.float32), {"family.1": 1.5, "family.2": 0.5, "characteristic.brightness": 3.0})
    assert np.allclose(source.target[:3], [1.5, 1.0, 0.0])                # families by their names; a characteristic is no direction
    note = chord(1)
    before = source.frames(*note)[0, 0]
    source.glide(SHARE)
    assert before < source.frames(*note)[0, 0] < before + 6 * 1.5       # on its way
    for _ in range(200):
        source.glide(SHARE)
        after = source.frames(*note)[0, 0]
    assert after == pytest.approx(before + 6 * 1.5, abs=1e-3)           # 6 dB for each unit of latent 1
    source.set_target(np.full(16, 3.0, np.float32), {"family.1": 3.0})
    assert source.target.max() == 4.0                                     # as far as a model is ever asked
    source.set_target(np.full(16, 3.0, np.float32), {})
    assert np.all(source.target == 3.0)


def test_a_note_begins_with_the_sound_that_it_is_struck_at():
    """Where a latent was moved in silence, the next stroke of the same key in the same slot knows nothing of the one before."""
    model = untrained(latents=4, width=24)
    played, new = FrameSource(model), FrameSource(model)
    note = chord(1)
    played.begin(TABLE, 0, NO_POOL, 0, 0.0)
    before = played.frames(*note)
    for source in (played, new):
        source.target[:] = 1.5
    for _ in range(300):
        played.glide(SHARE)
    new.snap()
    played.begin(TABLE, 0, NO_POOL, 300, 0.0)
    assert np.array_equal(played.frames(*note), new.frames(*note))
    assert not np.array_equal(before, new.frames(*note)), "the latent is heard"


@pytest.mark.parametrize("hops", [4, 5, 6])
def test_after_a_rest_it_is_as_on_a_new_source(hops):
    """What was played before leaves no trace once all rests and is forgotten: takes begin there."""
    model = untrained(latents=4, width=24)
    before, new = FrameSource(model), FrameSource(model)

    def play(source: FrameSource, hops: int, begins: int) -> np.ndarray:
        source.target[:] = 1
        played = []
        for hop in range(hops):
            source.glide(SHARE)
            slots, *asked = chord(40)
            count = 40 if hop >= begins else 30                               # ten notes begin while the latents move
            for slot in {0: range(30), begins: range(30, 40)}.get(hop, ()):
                source.begin(TABLE, slot, NO_POOL, hop, 0.0)
            played.append(source.frames(slots[:count], *(values[:count] for values in asked))[:30])
        return np.concatenate(played)
    play(before, hops, hops - 1)                                              # the last ones just before all is quiet
    before.target[:] = 0
    for _ in range(300):
        before.glide(SHARE)
    assert before.settled
    for _ in range(10):                                                       # a take begins with silence
        new.glide(SHARE)
    assert np.array_equal(play(before, 20, 3), play(new, 20, 3))
