"""What the controls do to a sound, measured on the sound: decibels, hertz, seconds."""
import numpy as np
import pytest

from hummingface.instrument.offline.player import play_events
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages.midi import Controller, NoteOn, Pressure, Set
from hummingface.instrument.performance.rows.fast_math import exp2
from hummingface.instrument.performance.rows.group_motion import sine
from hummingface.instrument.performance.rows.partial_gains import exp2_single
from hummingface.models.playing.frame import FUZZ, FUZZ_RATE, LEVEL_FLOOR_DB, LFO_GAIN, NOISE, VIBRATO

RATE = 48000
DRY = [(0, Set("reverb.mix", 0.0)), (0, Set("master.width", 0.0))]
HARMONICS = 16


@pytest.fixture(scope="module")
def rich(plain_model):
    """16 harmonics of equal level."""
    model = plain_model(HARMONICS)
    model.frame[:HARMONICS] = -40
    return FrameSource(model)


def play(source, *events, key=69, seconds=1.5, velocity=100):
    return play_events([*DRY, *[(0, event) for event in events], (0, NoteOn(0, key, velocity))], source, seconds=seconds)


def levels_db(sound, side=0):
    """Levels of the harmonics of 440 Hz in the last second, whose bins are whole hertz."""
    spectrum = np.abs(np.fft.rfft(sound[-RATE:, side])) / (RATE / 2)
    return 20 * np.log10(np.maximum(spectrum[440:440 * HARMONICS + 1:440], 1e-9))


def effect_db(source, *events):
    return levels_db(play(source, *events)) - levels_db(play(source))


def test_a_frame_is_heard_as_it_says(rich):
    assert levels_db(play(rich)) == pytest.approx(-40, abs=0.01)


def test_the_filter_falls_by_3_db_at_its_cutoff_and_24_db_an_octave_above(rich):
    change = effect_db(rich, Set("filter.cutoff_hz", 1760.0), Set("filter.tracking", 0.0))
    assert change[3] == pytest.approx(-3.01, abs=0.05)
    assert change[7] == pytest.approx(-24.1, abs=0.1)
    assert change[0] == pytest.approx(0, abs=0.01)
    assert change[15] - change[7] == pytest.approx(-24.1, abs=0.2)


def test_resonance_is_a_peak_of_that_height(rich):
    events = Set("filter.cutoff_hz", 1760.0), Set("filter.tracking", 0.0)
    change = effect_db(rich, *events, Set("filter.resonance_db", 12.0)) - effect_db(rich, *events)
    assert change[3] == pytest.approx(12, abs=0.1)
    assert change[0] == pytest.approx(0, abs=0.2)
    assert change[15] == pytest.approx(0, abs=0.2)


def test_key_tracking_moves_the_cutoff_with_the_key(rich):
    """From the middle c, 9 semitones up: fully tracked, the cutoff is 9 semitones higher."""
    tracked = effect_db(rich, Set("filter.cutoff_hz", 1760 / 2 ** (9 / 12)), Set("filter.tracking", 1.0))
    assert tracked[3] == pytest.approx(-3.01, abs=0.05)


def test_an_open_filter_changes_nothing_that_is_heard_at_any_key(rich):
    """At 20 kHz it is as good as away, in the bass too."""
    sound = play(rich, key=33, seconds=1.2)
    spectrum = np.abs(np.fft.rfft(sound[-RATE:, 0])) / (RATE / 2)
    assert 20 * np.log10(spectrum[55:55 * 17:55]) == pytest.approx(-40, abs=0.05)


def test_brightness_tilts_around_the_fourth_harmonic(rich):
    change = effect_db(rich, Set("character.brightness", 3.0))
    assert change[[0, 1, 3, 7, 15]] == pytest.approx([-6, -3, 0, 3, 6], abs=0.02)


def test_even_and_odd(rich):
    assert (effect_db(rich, Set("character.even_odd", 1.0))[1::2] < -50).all()
    assert effect_db(rich, Set("character.even_odd", 1.0))[::2] == pytest.approx(0, abs=0.02)
    assert effect_db(rich, Set("character.even_odd", -0.5))[::2] == pytest.approx(-6.02, abs=0.02)


def test_stretch_spreads_the_partials(rich):
    sound = play(rich, Set("character.stretch", 0.5))
    spectrum = np.abs(np.fft.rfft(sound[-RATE:, 0] * np.hanning(RATE)))
    for k in (2, 3, 5):
        expected = 440 * k ** (1 + 0.25 * 0.25)
        near = slice(int(expected) - 20, int(expected) + 20)
        assert np.argmax(spectrum[near]) + near.start == pytest.approx(expected, abs=1.1)


@pytest.mark.parametrize(("volume", "expression", "db"), [(127, 127, 0), (64, 127, -11.9), (127, 64, -11.9), (64, 64, -23.8)])
def test_volume_and_expression_as_general_midi_has_them(rich, volume, expression, db):
    change = effect_db(rich, Controller(0, 7, volume), Controller(0, 11, expression))
    assert change == pytest.approx(db, abs=0.05)


def test_pressure_makes_louder_and_brighter(rich):
    change = effect_db(rich, Pressure(0, 1.0))
    assert change[3] == pytest.approx(5, abs=0.1)
    assert change[15] > change[3] > change[0] - 5


def test_pan_keeps_the_power(rich):
    middle = play(rich)
    left = play(rich, Controller(0, 10, 0))
    half = play(rich, Controller(0, 10, 96))
    assert np.abs(left[-RATE:, 1]).max() < 1e-4
    powers = [(sound[-RATE:] ** 2).sum() for sound in (middle, left, half)]
    assert powers[1:] == pytest.approx([powers[0]] * 2, rel=0.01)


def test_attack_decay_and_sustain_take_their_times(plain):
    events = Set("envelope.attack_s", 0.5), Set("envelope.decay_s", 0.4), Set("envelope.sustain", 0.5)
    sound = play(plain, *events, key=81, seconds=1.5)[:, 0]
    level = np.abs(sound[:72000]).reshape(-1, 480).max(1)               # by hundredths of a second
    full = level.max()
    assert np.argmax(level) == pytest.approx(50, abs=2)
    assert level[24] == pytest.approx(full / 2, rel=0.06)
    assert level[-1] == pytest.approx(full / 2, rel=0.06)
    assert level[90] == pytest.approx(full * 0.505, rel=0.06), "within one percent after the decay"


def instant_hz(sound, hz):
    """Frequency of the partial near `hz`, moment by moment."""
    t = np.arange(len(sound)) / RATE
    window = np.hanning(1201)
    base = np.convolve(sound * np.exp(-2j * np.pi * hz * t), window / window.sum(), "same")[2000:-2000]
    return hz + np.diff(np.unwrap(np.angle(base))) * RATE / (2 * np.pi), base


def test_vibrato_has_the_depth_and_rate_that_the_model_says(plain_model):
    model = plain_model(1)
    model.frame[VIBRATO] = 30.0, 5.0, 0.0
    sound = play(FrameSource(model), seconds=3.0)[:, 0]
    hz, _ = instant_hz(sound[RATE // 2:], 440)
    cents = 1200 * np.log2(hz / 440)
    assert cents.max() == pytest.approx(30, abs=2.5)
    assert cents.min() == pytest.approx(-30, abs=2.5)
    spectrum = np.abs(np.fft.rfft((cents - cents.mean()) * np.hanning(len(cents)), 1 << 18))
    assert np.argmax(spectrum) * RATE / (1 << 18) == pytest.approx(5, abs=0.1)


def test_the_wheel_and_the_players_vibrato_add_up(plain):
    events = Set("motion.vibrato_cents", 20.0), Set("motion.wheel_cents", 40.0), Controller(0, 1, 127)
    hz, _ = instant_hz(play(plain, *events, seconds=2.0)[RATE // 2:, 0], 440)
    assert 1200 * np.log2(hz.max() / 440) == pytest.approx(60, abs=5)


@pytest.mark.parametrize("amount", [0.0, 1.0])
def test_fuzz_puts_its_share_of_the_power_into_sidebands(plain_model, amount):
    model = plain_model(HARMONICS)
    model.frame[:HARMONICS] = -40
    model.frame[FUZZ], model.frame[FUZZ_RATE] = 0.3, 2.5
    sound = play(FrameSource(model), Set("motion.amount", amount), seconds=8.5)[RATE // 2:, 0]
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    at = 8 * 440 * np.arange(1, HARMONICS + 1)                          # eight seconds: eight bins a hertz
    carrier = sum(spectrum[k - 4:k + 5].sum() for k in at)
    around = sum(spectrum[k - 200:k + 201].sum() for k in at)
    assert 1 - carrier / around == pytest.approx(0.3 * amount, abs=0.06)
    assert around == pytest.approx(HARMONICS * (RATE * 8 / 2 * 0.01) ** 2, rel=0.15), "motion adds no power"


def test_a_lfo_on_levels_has_its_depth(plain_model):
    model = plain_model(1)
    model.frame[VIBRATO], model.frame[LFO_GAIN] = (0.0, 6.0, 0.0), 3.0
    _, base = instant_hz(play(FrameSource(model), seconds=2.0)[RATE // 2:, 0], 440)
    level = 20 * np.log10(np.abs(base))
    assert np.ptp(level) == pytest.approx(6, abs=0.7)


def test_noise_has_the_level_of_its_band(plain_model):
    model = plain_model(1)
    model.frame[:1] = LEVEL_FLOOR_DB
    model.frame[NOISE.start + 30] = -30
    sound = play(FrameSource(model), seconds=6.0)[RATE:, 0]
    assert 10 * np.log10(np.mean(sound ** 2)) == pytest.approx(-30, abs=1)


def test_powers_of_two():
    x = np.concatenate([np.linspace(-60, 60, 10_001), [-250.0, 0.0, 1.0, 250.0]])
    ours = np.array([exp2(float(v)) for v in x])
    np.testing.assert_allclose(ours, 2.0 ** x, rtol=1e-8)
    assert exp2(-1e4) >= 0 and np.isfinite(exp2(1e4))


def test_powers_of_two_in_single_precision():
    x = np.linspace(-126, 126, 10_001).astype(np.float32)
    np.testing.assert_allclose([exp2_single(v) for v in x], 2.0 ** x.astype(float), rtol=3e-7)


def testsines_of_turns():
    turns = np.linspace(-0.5, 0.5, 1001).astype(np.float32)
    np.testing.assert_allclose([sine(v) for v in turns], np.sin(2 * np.pi * turns.astype(float)), atol=3e-7)
