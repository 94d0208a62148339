"""Effects by their physics: transparency, saturation, detuning, echoes, decay times, DC, the limiter's ceiling."""
import numpy as np
import pytest
from numba import from_dtype, types

from hummingface.compiled import compiled
from hummingface.instrument.patches import parameters
from hummingface.instrument.synthesis.effects import CONTROLS, INDEX, apply_effects, target_effects
from hummingface.instrument.synthesis.limiter import CEILING, limit, limiter_dtype
from hummingface.instrument.synthesis.state import STATE_TYPE, new_state

RATE = 48_000


SIGNAL = types.Array(types.float32, 1, "C")


@compiled(types.int64(types.Array(from_dtype(limiter_dtype), 1, "C"), SIGNAL, SIGNAL))
def run_limiter(limiter, left, right):
    """The limiter alone."""
    return limit(limiter[0], left, right, len(left), RATE)


@compiled(types.void(STATE_TYPE, SIGNAL, types.int64, types.int64, SIGNAL, SIGNAL))
def run_segment(state, wanted, begin, end, left, right):
    """Aim the chain at the controls and run it."""
    block = state[0]
    target_effects(block.effects, wanted, True, begin, end, block.rate_hz)
    apply_effects(block.effects, 0, left, right, block.rate_hz)


class Chain:
    """The effect chain alone, fed with any signal; controls stand still, or glide in segments of 256 samples when they change."""

    def __init__(self, rate_hz=RATE):
        self.state = new_state(rate_hz)
        self.rate_hz, self.at = rate_hz, 0
        self.wanted = self.state["effects"][0]["glide"][:, 1].astype(np.float32)

    def run(self, signal, segment=256, **controls):
        for name, value in controls.items():
            self.wanted[INDEX[name.replace("_", ".", 1)]] = value
        left, right = (np.array(side, np.float32) for side in np.broadcast_to(signal, (2, np.shape(signal)[-1])))
        for begin in range(0, len(left), segment):
            end = min(begin + segment, len(left))
            run_segment(self.state, self.wanted, self.at + begin, self.at + end, left[begin:end], right[begin:end])
        self.at += len(left)
        return np.stack([left, right])


def impulse(samples, at=0):
    x = np.zeros(samples, np.float32)
    x[at] = 1
    return x


def tone(hz, samples, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(samples) / RATE)).astype(np.float32)


def spectrum_db(signal):
    window = np.blackman(len(signal))
    return 20 * np.log10(np.abs(np.fft.rfft(signal * window)) * 2 / window.sum() + 1e-12)


def test_controls_are_those_of_the_table():
    for id, lowest, highest, _ in CONTROLS:
        if id == "master.gain":
            continue
        control = parameters.PARAMETERS[id]
        assert (lowest, highest) == (control.lowest, control.highest), id
    switches = {"delay.sync"}                   # which say where a time comes from, to the performer alone
    assert {p.id for p in parameters.group("effects")} - switches == {c[0] for c in CONTROLS} - {"master.gain"}


def test_all_off_changes_no_bit():
    chain = Chain()
    noise = np.random.default_rng(0).normal(0, 0.3, (2, 4096)).astype(np.float32)
    assert np.array_equal(chain.run(noise), noise)
    on = chain.run(noise, drive_amount=0.5, chorus_mix=0.5, delay_mix=0.5, reverb_mix=0.5, delay_time_s=0.01)
    assert not np.array_equal(on, noise)
    chain.run(noise[:, :256], drive_amount=0, chorus_mix=0, delay_mix=0, reverb_mix=0)
    assert np.array_equal(chain.run(noise), noise)


def test_drive_saturates_with_even_and_odd_harmonics_and_little_aliasing():
    n = RATE
    clean = tone(1000, n)
    chain = Chain()
    chain.run(np.zeros(512), drive_amount=0.7)
    out = chain.run(clean)[0]
    db = spectrum_db(out[-n // 2:])
    bin_hz = RATE / (n // 2)
    def at(hz):
        k = round(hz / bin_hz)
        return db[k - 2:k + 3].max()
    assert at(3000) > at(1000) - 20 and at(2000) > at(1000) - 45
    assert np.abs(out).max() < 0.75
    assert abs(20 * np.log10(np.sqrt(np.mean(out ** 2)) / np.sqrt(np.mean(clean ** 2)))) < 4
    # a high tone: what folds back lies far below it
    chain = Chain()
    chain.run(np.zeros(512), drive_amount=0.7)
    db = spectrum_db(chain.run(tone(7001, n))[0][-n // 2:])
    hz = np.arange(len(db)) * bin_hz
    harmonic = np.min(np.abs(hz[:, None] - 7001 * np.arange(4)), axis=1) < 20
    assert db[~harmonic].max() < db.max() - 25


def test_drive_keeps_weak_signals_free_of_dc():
    chain = Chain()
    chain.run(np.zeros(512), drive_amount=1.0)
    assert np.abs(chain.run(np.zeros(4096))).max() < 1e-6


def test_chorus_detunes_by_at_most_its_swing_and_keeps_the_level():
    n = 4 * RATE
    chain = Chain()
    out = chain.run(tone(1000, n), chorus_mix=1.0, chorus_rate_hz=0.5, chorus_depth=1.0)
    assert np.sqrt(np.mean(out[:, RATE:] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.25)
    assert np.abs(np.corrcoef(out[:, RATE:])[0, 1]) < 0.95          # left and right differ
    db = spectrum_db(out[0, RATE:])
    hz = np.fft.rfftfreq(n - RATE, 1 / RATE)
    deviation = 1000 * 2 * np.pi * 0.5 * 0.004                       # swing of 4 ms at 0.5 Hz
    assert db[np.abs(hz - 1000) > deviation + 15].max() < db.max() - 40
    assert db[np.abs(hz - 1000 - 0.8 * deviation) < 2].max() > db.max() - 40


@pytest.mark.parametrize("time_s", [0.01, 0.1234, 0.5])
def test_echoes_come_at_the_right_sample_from_both_sides(time_s):
    chain = Chain()
    late = round(time_s * RATE)
    chain.run(np.zeros(512), delay_mix=0.5, delay_time_s=time_s, delay_feedback=0.5, delay_damping=0)
    out = chain.run(impulse(3 * late + 300, 100))
    first = 0.5 * np.sqrt(2)
    assert out[0, 100] == 1 and out[1, 100] == 1
    assert out[0, 100 + late] == pytest.approx(first, abs=1e-5)
    assert out[1, 100 + 2 * late] == pytest.approx(first / 2, abs=1e-5)
    assert out[0, 100 + 3 * late] == pytest.approx(first / 4, abs=1e-5)
    out[:, 100::late] = 0
    assert np.abs(out).max() < 1e-6


def test_damping_makes_echoes_darker():
    chain = Chain()
    chain.run(np.zeros(512), delay_mix=1, delay_time_s=0.05, delay_feedback=0.9, delay_damping=0.8)
    out = chain.run(impulse(30_000))
    second, fourth = out[1, 4700:5900], out[1, 9500:10_700]
    def centroid(x):
        power = np.abs(np.fft.rfft(x)) ** 2
        return np.sum(power * np.arange(len(power))) / power.sum()
    assert centroid(fourth) < 0.8 * centroid(second)


def test_moving_the_delay_time_does_not_click():
    chain = Chain()
    x = tone(300, RATE, 0.3)
    chain.run(x, delay_mix=1, delay_time_s=0.3, delay_feedback=0.5)
    out = np.concatenate([chain.run(x[:256 * 20], delay_time_s=t) for t in (0.05, 0.9, 0.3, 0.011, 1.7)], axis=1)
    steps = np.abs(np.diff(out[:, 1:], axis=1))
    seams = np.arange(256 * 20, steps.shape[1], 256 * 20)            # the input itself starts again there
    steps[:, np.clip(seams[:, None] + np.arange(-3, 2), 0, steps.shape[1] - 1).ravel()] = 0
    # the reading head moves at most an octave up: echoes of 300 Hz rise at most twice as fast
    slope = 0.3 * 2 * np.pi * 300 / RATE
    assert steps.max() < slope + 2 * slope * np.sqrt(2) * 2 * 1.3


@pytest.mark.parametrize("size", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("decay_s", [0.4, 1.8, 8.0])
def test_reverb_decays_in_its_time(decay_s, size):
    chain = Chain()
    chain.run(np.zeros(512), reverb_mix=1, reverb_decay_s=decay_s, reverb_size=size, reverb_damping=0)
    seconds = max(1.0, 0.75 * decay_s)
    noise = np.random.default_rng(1).normal(0, 0.1, (2, RATE // 4)).astype(np.float32)
    chain.run(noise)
    tail = chain.run(np.zeros(int(seconds * RATE)))
    from scipy.signal import butter, sosfilt
    tail = sosfilt(butter(2, [300, 3000], "band", fs=RATE, output="sos"), tail, axis=1)
    energy = np.cumsum((tail ** 2).sum(axis=0)[::-1])[::-1]          # Schroeder's backward integration
    db = 10 * np.log10(energy / energy[0])
    first, last = np.argmax(db < -3), np.argmax(db < -23)
    got = (last - first) / RATE * 3
    assert got == pytest.approx(decay_s, rel=0.15)


@pytest.mark.parametrize("rate_hz", [8_000, 48_000, 192_000])
def test_reverb_is_the_same_however_it_is_cut(rate_hz):
    """Samples are computed in blocks, with a short way where no line goes round and none changes its length by a whole sample."""
    noise = np.random.default_rng(1).normal(0, 0.1, (2, rate_hz)).astype(np.float32)
    made = []
    for segment in (256, 13, 1):
        chain = Chain(rate_hz)
        chain.run(np.zeros(512), reverb_mix=1, reverb_decay_s=3, reverb_size=0.0, reverb_damping=0.3)
        chain.run(np.zeros(256), reverb_size=0.5)               # the size is on its way for a good while
        made.append(chain.run(noise, segment))
    for cut in made[1:]:
        assert np.abs(cut - made[0]).max() < 1e-5


def test_damping_shortens_the_treble_alone():
    from scipy.signal import butter, sosfilt
    def decay(band_hz, damping):
        chain = Chain()
        chain.run(np.zeros(512), reverb_mix=1, reverb_decay_s=2.0, reverb_size=0.5, reverb_damping=damping)
        chain.run(np.random.default_rng(1).normal(0, 0.1, (2, RATE // 4)).astype(np.float32))
        tail = sosfilt(butter(4, band_hz, "band", fs=RATE, output="sos"), chain.run(np.zeros(2 * RATE)), axis=1)
        energy = np.cumsum((tail ** 2).sum(axis=0)[::-1])[::-1]
        db = 10 * np.log10(energy / energy[0])
        return (np.argmax(db < -23) - np.argmax(db < -3)) / RATE * 3
    assert decay((80, 400), 0.7) == pytest.approx(2.0, rel=0.15)
    assert decay((6000, 12_000), 0.7) < 0.65 * decay((6000, 12_000), 0.0)


def test_reverb_is_wide_dense_and_as_loud_for_any_decay():
    levels = []
    for decay_s in (0.5, 2.0, 8.0):
        chain = Chain()
        chain.run(np.zeros(512), reverb_mix=1, reverb_decay_s=decay_s, reverb_damping=0)
        noise = np.random.default_rng(1).normal(0, 0.1, (2, int(RATE * min(decay_s * 1.5, 6)))).astype(np.float32)
        wet = chain.run(noise) - noise
        levels.append(np.std(wet[:, -RATE // 3:]) / 0.1)
        assert abs(np.corrcoef(wet[:, -RATE // 3:])[0, 1]) < 0.3
    assert 20 * np.log10(max(levels) / min(levels)) < 3
    assert 0.5 < np.mean(levels) < 2
    chain = Chain()
    chain.run(np.zeros(512), reverb_mix=1, reverb_decay_s=2.0, reverb_damping=0)
    response = chain.run(impulse(RATE))[0]
    late = response[RATE // 4:RATE // 2]
    # dense: values like those of noise (kurtosis 3), not single echoes
    assert np.mean(late ** 4) / np.mean(late ** 2) ** 2 < 4.5


def test_effects_are_empty_when_they_come_back():
    chain = Chain()
    noise = np.random.default_rng(0).normal(0, 0.3, (2, RATE)).astype(np.float32)
    on = {"chorus_mix": 1, "delay_mix": 1, "reverb_mix": 1, "delay_time_s": 0.3, "delay_feedback": 0.9, "reverb_decay_s": 20}
    chain.run(noise, **on)
    chain.run(noise[:, :512], chorus_mix=0, delay_mix=0, reverb_mix=0)
    assert np.abs(chain.run(np.zeros(RATE), **on)).max() < 1e-6


def test_dc_is_removed_and_music_kept(note_input):
    """A partial at 0 Hz is DC."""
    note_input.start(0, 0, [(0.5, 0.0), (0.2, 55.0)])
    note_input.render(RATE)
    out = note_input.render(RATE)[:, 0].astype(float)
    assert abs(out.mean()) < 1e-4
    assert np.sqrt(2) * np.std(out) == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize("gain_db", [0, 20, 40])
def test_ceiling_holds_whatever_comes(note_input, gain_db):
    for slot in range(6):
        note_input.start(slot, 100 * slot, [(0.3 * 10 ** (gain_db / 20), 90.0 * (slot + 1)), (0.3 * 10 ** (gain_db / 20), 3777.0)])
    out = note_input.render(RATE)
    assert np.abs(out).max() <= 10 ** (-0.3 / 20)
    assert np.abs(out).max() > 0.9
    assert note_input.counter("limiter_gain") < 1


def test_limiter_is_exact_below_its_ceiling_and_recovers(note_input):
    note_input.start(0, 0, [(0.9, 1000.0)])
    out = note_input.render(RATE // 2)[:, 0]
    assert note_input.counter("limiter_gain") == 1
    assert np.abs(out[-4800:]).max() == pytest.approx(0.9, abs=0.01)
    note_input.start(1, RATE // 2, [(9.0, 500.0)])
    for _ in range(110):
        note_input.hop()
        note_input.render(256)
    assert note_input.counter("limiter_gain") < 0.5
    for _ in range(3):
        note_input.hop({0: [(0.9, 1000.0)], 1: [(9.0, 500.0)]}, last=(1,))
    note_input.render(2 * RATE)
    assert note_input.counter("limiter_gain") == 1


def test_limiter_replaces_what_is_no_number():
    limiter = np.zeros(1, limiter_dtype)
    left = np.array([0.1, np.nan, np.inf, -np.inf, 3.0, -3.0], np.float32)
    right = np.array([0.1, 0.1, 0.1, 0.1, 0.1, np.nan], np.float32)
    assert run_limiter(limiter, left, right) == 4
    assert np.isfinite(left).all() and np.isfinite(right).all() and np.abs(left).max() <= CEILING
    assert limiter["reduction"][0] < 1


def test_a_fault_in_an_effect_heals(note_input):
    """A NaN in the reverb's memory gives silence for a moment; then the reverb is empty and works."""
    for _ in range(8):
        note_input.hop(reverb_mix=1)
    note_input.start(0, 0, [(0.1, 440.0)])
    note_input.render(512)
    note_input.state["effects"]["reverb"]["line"][0, :, :] = np.nan
    out = note_input.render(1024)
    assert np.isfinite(out).all() and note_input.counter("faults") > 0
    out = note_input.render(1024)
    assert np.isfinite(out).all() and np.abs(out).max() > 0.05
    faults = note_input.counter("faults")
    note_input.render(4096)
    assert note_input.counter("faults") == faults
