"""The metronome: clicks at the device, to the sample, and none in what takes record; and where the engine has them click."""
import numpy as np
import pytest

from hummingface.instrument.audio.engine.metronome_beats import ALWAYS, LEAD_S, Metronome
from hummingface.instrument.performance.controls import Controls
from hummingface.instrument.performance.messages.midi_clock import MidiClock
from hummingface.instrument.synthesis.metronome import BAR_CLICK_HZ, CLICK_HZ
from hummingface.instrument.synthesis.producer import Beats, publish_beats
from hummingface.instrument.synthesis.render import render
from hummingface.instrument.synthesis.state import new_state

RATE_HZ = 48_000
BEAT = 6000


def clicks(out: np.ndarray) -> list[int]:
    """Where clicks begin: after more silence than any has in it."""
    heard = np.flatnonzero(np.abs(out[:, 0]) > 1e-6)
    return [int(heard[i]) for i in range(len(heard)) if i == 0 or heard[i] - heard[i - 1] > 500]


def played(beats: Beats, samples: int, block: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """(what the device gets, what takes get)"""
    state = new_state(RATE_HZ)
    publish_beats(state, beats)
    out = np.zeros((samples, 2), np.float32)
    for begin in range(0, samples, block):
        render(state, out[begin:begin + block])
    return out, state["output"][0][:samples]


def test_clicks_lie_on_the_beats_and_no_take_has_them():
    out, recorded = played(Beats(0, ALWAYS, 1000.0, BEAT, 0.25), 9 * BEAT)
    assert clicks(out) == [1000 + n * BEAT for n in range(9)]
    assert not recorded.any()
    assert 0.1 < np.abs(out).max() < 0.3 and np.array_equal(out[:, 0], out[:, 1])


def test_the_first_of_a_bar_is_higher():
    out, _ = played(Beats(0, ALWAYS, 0.0, BEAT, 0.25), 5 * BEAT)
    for beat in range(5):
        spectrum = np.abs(np.fft.rfft(out[beat * BEAT:beat * BEAT + 2048, 0], 1 << 16))
        assert np.argmax(spectrum) * RATE_HZ / (1 << 16) == pytest.approx(BAR_CLICK_HZ if beat % 4 == 0 else CLICK_HZ, abs=12)


def test_only_the_beats_between_two_samples_are_heard_and_a_fraction_of_a_sample_adds_up_to_nothing():
    out, _ = played(Beats(2 * BEAT, 4 * BEAT, 0.0, BEAT + 0.25, 0.25), 9 * BEAT)
    assert clicks(out) == [2 * BEAT + 1, 3 * BEAT + 1]


@pytest.mark.parametrize("block", [1, 64, 97, 480, 2048])
def test_blocks_change_nothing(block):
    beats = Beats(0, ALWAYS, 123.4, BEAT, 0.25)
    assert np.array_equal(played(beats, 3 * BEAT, block)[0], played(beats, 3 * BEAT, 256)[0])


@pytest.fixture
def engine_side():
    """(metronome, controls, clock, what it published last)"""
    state, controls, clock = new_state(RATE_HZ), Controls(1 / 187.5), MidiClock(RATE_HZ)
    metronome = Metronome(state, RATE_HZ, clock)

    def published():
        m = state["metronome"][0]
        return int(m["from_sample"]), int(m["until_sample"]), float(m["origin"]), float(m["beat_samples"])
    return metronome, controls, clock, published


def test_it_follows_the_tempo_and_goes_on_from_the_beat_where_it_is(engine_side):
    metronome, controls, _, published = engine_side
    metronome.update(controls, 1000)
    assert published() == (0, 0, 0.0, 0.0), "off"
    controls.set("metronome.on", 1)
    metronome.update(controls, 1000)
    assert published() == (0, ALWAYS, 1000.0, 24_000.0)
    controls.set("master.tempo_bpm", 60)
    metronome.update(controls, 1000 + 36_000)           # one beat and a half have passed
    assert published() == (0, ALWAYS, 1000 + 36_000 - 1.5 * 48_000, 48_000.0)
    controls.set("metronome.on", 0)
    metronome.update(controls, 80_000)
    assert published()[3] == 0


def test_it_follows_a_clock_that_runs(engine_side):
    metronome, controls, clock, published = engine_side
    controls.set("metronome.on", 1)
    clock.hear(b"\xfa", 0)
    for n in range(4 * 24 + 10):
        for event in clock.hear(b"\xf8", 5000 + n * 800):
            controls.set_tempo(event.bpm)
    metronome.update(controls, 5000 + 105 * 800)
    assert published()[2:] == (pytest.approx(5000 + 4 * 24 * 800, abs=2), pytest.approx(19_200, rel=1e-3))


def test_a_count_ends_where_the_take_begins(engine_side):
    metronome, controls, _, published = engine_side
    assert metronome.count_in(controls, 1000) is None, "not wanted"
    controls.set("metronome.count_in", 2)
    origin = 1000 + LEAD_S * RATE_HZ
    begin = metronome.count_in(controls, 1000)
    assert begin == origin + 8 * 24_000 and published() == (1000, begin, origin, 24_000.0)
    metronome.update(controls, begin - 1)
    assert published()[3] == 24_000.0
    metronome.update(controls, begin)
    assert published()[3] == 0, "it counts, and is off otherwise"


def test_a_count_that_is_not_wanted_any_more_is_silent_at_once(engine_side):
    metronome, controls, _, published = engine_side
    controls.set("metronome.count_in", 1)
    metronome.count_in(controls, 1000)
    metronome.end_count()
    metronome.update(controls, 2000)
    assert published()[3] == 0


def test_a_metronome_goes_on_after_the_count_on_the_same_beats(engine_side):
    metronome, controls, _, published = engine_side
    controls.set("metronome.on", 1)
    controls.set("metronome.count_in", 1)
    metronome.update(controls, 0)
    begin = metronome.count_in(controls, 1000)
    counted = published()
    metronome.update(controls, begin + 10)
    assert published()[1:] == counted[1:] and counted[1] == ALWAYS
