"""Motion is measured as it was made, taken out of the trajectories, and made again."""
import numpy as np
import pytest

from hummingface.models.analysis.harmonic import analyse
from hummingface.models.analysis.motion import find_lfo, lfo_at, measure_fuzz, smooth
from hummingface.models.analysis.note_frames import NoteFrames, frame_times
from hummingface.models.analysis.reference import synthesise
from hummingface.models.playing.frame import (
    DEVIATION,
    FUZZ,
    FUZZ_RATE,
    LEVEL,
    LFO_GAIN,
    LOWEST,
    PARTIALS,
    REGULARITY,
    RELEASE,
    VIBRATO,
    group_of_hz,
)
from hummingface.models.playing.motion_generator import TABLE_RATE_HZ, TABLE_SIZE, make_motion, noise_tables

RATE, F0 = 24000, 330.0
PITCH = 69 + 12 * np.log2(F0 / 440)


def analysed(audio, hold_s=None):
    return smooth(analyse(audio.astype(np.float32), RATE, PITCH, hold_s or len(audio) / RATE))


def moving_tone(depth_cents=0.0, rate_hz=5.0, tremolo_db=0.0, seconds=3.0):
    t = np.arange(int(seconds * RATE)) / RATE
    lfo = np.sin(2 * np.pi * rate_hz * t) * np.clip((t - 0.1) / 0.1, 0, 1)
    turns = np.cumsum(F0 * 2 ** (depth_cents * lfo / 1200)) / RATE
    return 10 ** (tremolo_db * lfo / 20) * sum(0.1 / k * np.cos(2 * np.pi * k * turns + k) for k in range(1, 9))


def still_note(seconds=4.0, level_db=-20.0):
    times = frame_times(seconds)
    frames = np.tile(LOWEST, (len(times), 1))
    frames[:, DEVIATION.start:] = 0
    frames[:, VIBRATO.start + 1] = 5
    frames[:, LEVEL.start] = level_db
    return NoteFrames(times, frames, F0, np.zeros(PARTIALS, np.float32), seconds)


@pytest.mark.parametrize(("depth", "rate"), [(8.0, 4.5), (25.0, 6.0), (50.0, 5.0)])
def test_vibrato_is_measured_and_taken_out(depth, rate):
    note = analysed(moving_tone(depth, rate))
    measured = note.frames[300, VIBRATO]
    assert measured[0] == pytest.approx(depth, rel=0.15) and measured[1] == pytest.approx(rate, rel=0.03)
    assert measured[2] < 0.35 * depth
    settled = note.frames[200:450, DEVIATION.start + 1] / 2 * 1731           # cents of the second partial
    assert settled.std() < 0.12 * depth                                    # the trajectory is still


def test_vibrato_with_its_level_response():
    note = analysed(moving_tone(20.0, 5.5, tremolo_db=2.0))
    group = group_of_hz(F0)
    assert note.frames[300, LFO_GAIN.start + group] == pytest.approx(2.0, abs=0.5)
    note = analysed(moving_tone(20.0, 5.5, tremolo_db=-2.0))
    assert note.frames[300, LFO_GAIN.start + group] == pytest.approx(-2.0, abs=0.5)


def test_tremolo_alone_has_no_depth_in_cents():
    frame = analysed(moving_tone(0.0, 6.0, tremolo_db=3.0)).frames[300]
    assert frame[VIBRATO][0] == 0 and frame[VIBRATO][1] == pytest.approx(6.0, rel=0.03)
    assert abs(frame[LFO_GAIN.start + group_of_hz(F0)]) == pytest.approx(3.0, abs=0.6)


def test_a_steady_tone_has_no_motion():
    frame = analysed(moving_tone()).frames[300]
    assert frame[VIBRATO][0] == 0 and frame[VIBRATO][2] < 0.5
    assert frame[FUZZ].max() < 0.01 and np.abs(frame[LFO_GAIN]).max() < 0.1


def test_a_beating_pair_is_regular_and_keeps_its_rate():
    t = np.arange(3 * RATE) / RATE
    audio = sum((0.1 * np.cos(2 * np.pi * k * F0 * t) + 0.05 * np.cos(2 * np.pi * k * (F0 + 6) * t)) / k for k in range(1, 5))
    frame = analysed(audio).frames[300]
    g = group_of_hz(F0)
    assert frame[FUZZ.start + g] == pytest.approx(0.2, abs=0.06)               # 0.05^2 of 0.1^2 + 0.05^2
    assert frame[FUZZ_RATE.start + g] == pytest.approx(np.log2(6), abs=0.25)
    assert frame[REGULARITY.start + g] > 0.7


def test_a_choir_is_random():
    rng = np.random.default_rng(11)
    t = np.arange(4 * RATE) / RATE
    voices = zip(rng.normal(0, 4, 12), rng.uniform(0, 6.28, 12), strict=True)
    audio = sum(0.02 * np.cos(2 * np.pi * (F0 + away) * t + phase) for away, phase in voices)
    frame = analysed(audio).frames[300]
    g = group_of_hz(F0)
    assert frame[FUZZ.start + g] > 0.3 and frame[REGULARITY.start + g] < 0.5


def test_release_is_measured_and_made():
    t = np.arange(3 * RATE) / RATE
    fall = np.where(t < 2, 1, 10 ** (-3 * (t - 2) / 0.6))                     # 60 dB in 0.6 s
    note = analysed(fall * sum(0.1 / k * np.cos(2 * np.pi * k * F0 * t) for k in range(1, 6)), hold_s=2.0)
    assert 2 ** note.frames[100, RELEASE.start + group_of_hz(F0)] == pytest.approx(0.6, rel=0.15)
    level = lambda s: note.frames[np.argmin(np.abs(note.times_s - s)), LEVEL.start]           # noqa: E731
    assert level(2.0) - level(2.3) == pytest.approx(30, abs=5)


def test_octave_tables_hold_their_octave():
    tables = noise_tables(np.random.default_rng(1))
    hz = np.abs(np.fft.fftfreq(TABLE_SIZE, 1 / TABLE_RATE_HZ))
    for octave, table in zip(range(-3, 6), tables, strict=True):
        power = np.abs(np.fft.fft(table)) ** 2
        inside = (hz >= 2 ** (octave - 0.5)) & (hz < 2 ** (octave + 0.5))
        assert power[inside].sum() > 0.9999 * power.sum()
        assert np.mean(np.abs(table) ** 2) == pytest.approx(1)


def test_movement_keeps_power_and_fades_in():
    note = still_note(20.0)
    note.frames[:, FUZZ], note.frames[:, FUZZ_RATE] = 0.4, 2.0
    cents, gains = make_motion(note.times_s, note.frames, F0, np.random.default_rng(2))
    assert not cents.any()
    assert np.allclose(gains[note.times_s < 0.03], 1)
    assert np.mean(np.abs(gains[200:]) ** 2) == pytest.approx(1, abs=0.03)
    carrier = np.abs(gains[200:].mean(0)) ** 2
    assert carrier.mean() == pytest.approx(0.6, abs=0.05)                     # the rest stands beside it
    assert np.abs(np.corrcoef(gains[200:, 0], gains[200:, 1])[0, 1]) < 0.2       # each partial its own


def test_movement_bends_by_its_depth():
    note = still_note(8.0)
    note.frames[:, VIBRATO] = 30, 5, 0
    note.frames[:, LFO_GAIN] = 3
    cents, gains = make_motion(note.times_s, note.frames, F0, np.random.default_rng(3))
    settled = note.times_s > 0.2
    assert cents[settled].max() == pytest.approx(30, abs=0.2) and cents[settled].min() == pytest.approx(-30, abs=0.2)
    np.testing.assert_allclose(20 * np.log10(np.abs(gains[settled, 5])), cents[settled] / 10, atol=1e-6)
    rate, depth = find_lfo(cents[settled], np.zeros(settled.sum()))
    assert rate == pytest.approx(5, rel=0.02) and depth == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize(("fuzz", "regular"), [(0.1, 0.0), (0.3, 0.0), (0.2, 1.0)])
def test_fuzz_comes_back_from_its_own_movement(fuzz, regular):
    note = still_note(12.0)
    note.frames[:, FUZZ], note.frames[:, FUZZ_RATE], note.frames[:, REGULARITY] = fuzz, 2.5, regular
    _, gains = make_motion(note.times_s, note.frames, F0, np.random.default_rng(4))
    hops = note.times_s > 0.2
    found, log_rate, order = measure_fuzz(20 * np.log10(np.abs(gains[hops, :64])))
    assert np.mean(found) == pytest.approx(fuzz, rel=0.2)
    assert np.mean(log_rate) == pytest.approx(2.5, abs=0.5)
    assert np.mean(order) > 0.8 if regular else np.mean(order) < 0.3


def test_sound_of_vibrato_moves_and_its_seed_decides():
    note = still_note(1.0)
    note.frames[:, VIBRATO] = 40, 5, 5
    a, b, c = (synthesise(note, RATE, seed=s) for s in (1, 1, 2))
    assert np.array_equal(a, b) and not np.allclose(a, c, atol=1e-3)
    still = synthesise(note, RATE, motion=False)
    assert np.abs(np.diff(a)).max() < 1.1 * np.abs(np.diff(still)).max()      # no clicks


def test_lfo_follows_its_signal():
    t = np.arange(500) / 187.5
    lfo = lfo_at(7 * np.cos(2 * np.pi * 5 * t), 5.0)
    assert np.corrcoef(lfo.real[50:-50], np.cos(2 * np.pi * 5 * t)[50:-50])[0, 1] > 0.999
