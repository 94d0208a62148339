"""MIDI clock with the jitter of real cables and buses: a steady tempo, bars where they belong."""
import numpy as np
import pytest

from hummingface.instrument.patches.parameters import BEATS, PARAMETERS, SYNCED, in_beats
from hummingface.instrument.performance.controls import INDEX, Controls
from hummingface.instrument.performance.messages.midi import Event, Tempo
from hummingface.instrument.performance.messages.midi_clock import CONTINUE, POSITION, START, STOP, TICK, MidiClock

RATE_HZ = 48000


def ticks(bpm: float, count: int, begin: float = 0.0, jitter_s: float = 0.0, block: int = 1, seed: int = 0) -> list[int]:
    """Samples of so many ticks; late by up to `jitter_s`, and heard at the begins of blocks."""
    late = np.random.default_rng(seed).uniform(0, jitter_s, count)
    exact = begin + np.arange(count) * 60 * RATE_HZ / (bpm * 24) + late * RATE_HZ
    return [int(at) // block * block for at in exact]


def hear(clock: MidiClock, samples: list[int]) -> list[float]:
    return [event.bpm for sample in samples for event in clock.hear(bytes([TICK]), sample)]


@pytest.mark.parametrize("bpm", [40.0, 87.5, 120.0, 174.0, 250.0])
@pytest.mark.parametrize(("jitter_s", "block"), [(0.0, 1), (0.002, 1), (0.004, 1), (0.0, 256), (0.001, 512)])
def test_the_tempo_is_steady_whatever_the_jitter(bpm, jitter_s, block):
    clock = MidiClock(RATE_HZ)
    told = hear(clock, ticks(bpm, 24 * 32, jitter_s=jitter_s, block=block))
    assert told and abs(told[0] - bpm) < 0.03 * bpm
    assert clock.bpm == pytest.approx(bpm, abs=max(0.3, 0.004 * bpm))
    assert len(told) <= 12, "it settles"
    settled = hear(clock, ticks(bpm, 24 * 16, begin=24 * 32 * 60 * RATE_HZ / (bpm * 24), jitter_s=jitter_s, block=block, seed=1))
    assert len(settled) <= 3 and all(abs(now - bpm) < max(0.4, 0.005 * bpm) for now in settled)


@pytest.mark.parametrize(("before", "after"), [(120, 90), (90, 140), (120, 240)])
def test_a_new_tempo_is_heard_within_two_beats(before, after):
    clock = MidiClock(RATE_HZ)
    first = ticks(before, 24 * 8, jitter_s=0.001)
    hear(clock, first)
    assert clock.bpm == pytest.approx(before, abs=0.4)
    hear(clock, ticks(after, 48, begin=first[-1] + 60 * RATE_HZ / (after * 24), jitter_s=0.001, seed=1))
    assert clock.bpm == pytest.approx(after, rel=0.02)
    hear(clock, ticks(after, 24 * 6, begin=first[-1] + 49 * 60 * RATE_HZ / (after * 24), jitter_s=0.001, seed=2))
    assert clock.bpm == pytest.approx(after, abs=0.5)


def test_bars_begin_where_they_belong_though_ticks_come_late():
    clock = MidiClock(RATE_HZ)
    hear(clock, ticks(120, 96, jitter_s=0.002))                     # it runs, the song does not
    assert clock.bar_after(0) is None and not clock.started
    clock.hear(bytes([START]), 96_000)
    hear(clock, ticks(120, 24 * 20, begin=96_000, jitter_s=0.002, seed=1))
    assert clock.started
    late = 0.001 * RATE_HZ                                          # what the jitter is on average
    assert clock.bar_after(96_000 + 200) == pytest.approx(96_000 + 96_000 + late, abs=60)
    assert clock.bar_after(96_000 + 3 * 96_000) == pytest.approx(96_000 + 3 * 96_000 + late, abs=60)
    assert clock.bar_after(96_000 + 24 * 20 * 1000) is None, "it has not come yet"


def test_stop_continue_and_position():
    clock = MidiClock(RATE_HZ)
    clock.hear(bytes([START]), 0)
    hear(clock, ticks(120, 48))
    clock.hear(bytes([STOP]), 48_000)
    assert not clock.started
    hear(clock, ticks(120, 48, begin=48_000))                       # ticks while it stands count nothing
    clock.hear(bytes([CONTINUE]), 96_000)
    hear(clock, ticks(120, 96, begin=96_000))
    assert clock.bar_after(1000) == pytest.approx(96_000 + 48_000, abs=2), "half of the bar was played before"
    clock.hear(bytes([STOP]), 192_000)
    clock.hear(bytes([POSITION, 12, 0]), 192_000)                   # twelve sixteenths: a beat before the bar
    clock.hear(bytes([CONTINUE]), 192_000)
    hear(clock, ticks(120, 48, begin=192_000))
    assert clock.bar_after(192_000) == pytest.approx(192_000 + 24_000, abs=2)


def test_a_clock_that_is_gone_is_known_to_be():
    clock = MidiClock(RATE_HZ)
    assert not clock.runs(0)
    hear(clock, ticks(120, 48))
    assert clock.runs(48_000) and not clock.runs(48_000 + 2 * RATE_HZ)
    assert hear(clock, ticks(60, 48, begin=480_000)) == [60.0], "another, later"


def test_what_is_set_to_beats_follows_the_tempo_and_the_knob_stays():
    controls = Controls(256 / 48000)
    eighth = next(i for i, (_, beats) in enumerate(BEATS) if beats == 0.5)
    controls.set("delay.sync", eighth)
    controls.set("motion.vibrato_sync", eighth)
    controls.set("master.tempo_bpm", 90)
    assert controls.now[INDEX["motion.vibrato_hz"]] == pytest.approx(3.0), "the player's own tempo"
    controls.set_tempo(0.0)
    assert controls.now[INDEX["motion.vibrato_hz"]] == PARAMETERS["motion.vibrato_hz"].default, "as in takes of before"
    controls.set_tempo(120.0)
    assert controls.goal[INDEX["master.tempo_bpm"]] == 120
    assert controls.now[INDEX["motion.vibrato_hz"]] == pytest.approx(4.0)
    for _ in range(200):
        controls.step()
    assert controls.now[INDEX["delay.time_s"]] == pytest.approx(0.25, rel=1e-5)
    assert controls.goal[INDEX["delay.time_s"]] == PARAMETERS["delay.time_s"].default
    controls.set("delay.time_s", 1.5)
    controls.snap()
    assert controls.now[INDEX["delay.time_s"]] == pytest.approx(0.25)
    controls.set("delay.sync", 0)
    controls.snap()
    assert controls.now[INDEX["delay.time_s"]] == 1.5


@pytest.mark.parametrize("name", SYNCED.values())
def test_every_division_is_within_range_at_every_tempo(name):
    p = PARAMETERS[name]
    for _, beats in BEATS[1:]:
        for bpm in (20, 61.3, 120, 400):
            value = in_beats(p, beats, bpm)
            assert p.lowest <= value <= p.highest
            octaves = np.log2(value / (bpm / 60 / beats if p.unit == "Hz" else beats * 60 / bpm))
            assert octaves == pytest.approx(round(octaves), abs=1e-9), "halves or doubles"


def test_echoes_come_in_time(plain_model):
    """An eighth at 150 beats a minute is 0.2 s, whatever the knob says."""
    from hummingface.instrument.offline.player import play_events
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
    eighth = next(i for i, (_, beats) in enumerate(BEATS) if beats == 0.5)
    patch = Patch("Echo", "Plain", (0.0,) * 16, {"delay.mix": 1.0, "delay.sync": eighth, "delay.time_s": 0.77, "reverb.mix": 0.0,
                                                 "envelope.release": 0.1})
    events: list[tuple[int, Event]] = [(0, Tempo(150.0)), (24_000, NoteOn(0, 81, 127)), (24_960, NoteOff(0, 81))]
    sound = np.abs(play_events(events, FrameSource(plain_model()), patch, seconds=1.4)).max(1)
    level = sound[:len(sound) // 240 * 240].reshape(-1, 240).max(1)
    begins = [i * 240 for i in range(1, len(level)) if level[i] > 0.02 > level[i - 1]]
    assert len(begins) >= 3
    assert np.diff(begins[:3]) == pytest.approx(9600, abs=480)


def test_of_two_clocks_one_is_followed_until_it_is_silent():
    """Both at once would make one twice as fast."""
    clock, tick_s = MidiClock(RATE_HZ), 60 / (120 * 24)
    for n in range(100):
        clock.hear(b"\xf8", 1000 + round(n * tick_s * RATE_HZ), "keys")
        clock.hear(b"\xf8", 1300 + round(n * tick_s * RATE_HZ), "pads")
    assert clock.bpm == 120
    later = 1300 + round(100 * tick_s * RATE_HZ) + 2 * RATE_HZ
    for n in range(100):
        clock.hear(b"\xf8", later + round(n * tick_s * RATE_HZ / 2), "pads")
    assert clock.bpm == 240
