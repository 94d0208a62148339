"""Stereo: a partial's two channels, how they move, and the coherence of noise."""
import numpy as np
import pytest

from hummingface.instrument.synthesis.noise import COHERENCE
from hummingface.instrument.synthesis.state import BANDS, PARTIALS, START_ROWS
from tests.synthesis.test_synthesis_partials import amplitude_at

RATE = 48_000


def sides_of(balance_db, phase):
    """Gains [2, 1] of one partial: right over left by `balance_db`, and as far apart as `phase`."""
    ratio = 10 ** (balance_db / 20)
    left = np.sqrt(2 / (1 + ratio ** 2))
    return np.array([[left * np.exp(-0.5j * phase)], [ratio * left * np.exp(0.5j * phase)]])


@pytest.mark.parametrize("rate", [44_100, 192_000])
@pytest.mark.parametrize("hz", [27.5, 440.0, 15_000.0])
@pytest.mark.parametrize(("balance_db", "phase"), [(0.0, 1.2), (-6.0, np.pi), (40.0, -2.0), (-40.0, 0.0)])
def test_levels_and_phases_of_both_channels(make_note_input, rate, hz, balance_db, phase):
    note_input, sides = make_note_input(rate), sides_of(balance_db, phase)
    note_input.start(3, 0, [(0.4, hz)], phase=(0.5,), sides=sides)
    out = note_input.render(rate // 2).astype(float)[rate // 8:]
    for channel, gain in zip(out.T, sides[:, 0], strict=True):
        got = amplitude_at(channel, hz, rate) * np.exp(-2j * np.pi * ((hz * (rate // 8) / rate) % 1)) * (1 + 5 / (1j * hz))
        assert abs(got - 0.4 * gain * np.exp(0.5j)) < 2e-3 * 0.4 * max(abs(gain), 0.05)


def test_power_of_both_channels_is_that_of_mono(note_input, make_note_input):
    mono = make_note_input()
    mono.start(0, 0, [(0.3, 500.0), (0.2, 1500.0)])
    gains = np.concatenate([sides_of(5.0, 2.0), sides_of(-12.0, -1.0)], 1)
    note_input.start(0, 0, [(0.3, 500.0), (0.2, 1500.0)], sides=gains)
    power = [np.mean(hands.render(RATE).astype(float)[4800:] ** 2) for hands in (note_input, mono)]
    assert 10 * np.log10(power[0] / power[1]) == pytest.approx(0, abs=0.01)


def test_equal_channels_are_the_same_samples(note_input):
    note_input.start(0, 0, [(0.3, 500.0)], sides=sides_of(0.0, 2.0))
    for _ in range(2):
        note_input.hop({0: [(0.2, 510.0)]}, sides={})
    out = note_input.render(6 * 256)
    assert np.abs(out[:200, 0] - out[:200, 1]).max() > 0.1
    assert not note_input.state["voices"]["wide"].any()
    apart = out[4 * 256:, 0] - out[4 * 256:, 1]                       # what the DC blocker remembers
    assert np.abs(np.diff(apart)).max() < 1e-4


def test_block_sizes_change_no_bit(make_note_input):
    sounds = []
    for blocks in ((128,), (1, 7, 64, 3), (5000,)):
        note_input = make_note_input()
        rng = np.random.default_rng(1)
        note_input.start(2, 37, [(0.1, 220.0 * k) for k in range(1, 20)], sides=np.exp(1j * rng.uniform(-3, 3, (2, 19))))
        note_input.start(7, 400, [(0.1, 330.0)])
        for _ in range(6):
            note_input.hop({2: [(0.1 * rng.uniform(), 220.0 * k) for k in range(1, 20)], 7: [(0.1, 331.0)]},
                     sides={2: np.exp(1j * rng.uniform(-3, 3, (2, 19)))})
        sounds.append(note_input.render(8 * 256, blocks))
    assert (sounds[0] == sounds[1]).all() and (sounds[0] == sounds[2]).all()
    assert np.abs(sounds[0][:, 0] - sounds[0][:, 1]).max() > 0.05


def test_sides_move_without_clicks(note_input):
    hz = 200.0
    note_input.start(0, 0, [(0.5, hz)], sides=sides_of(0.0, 0.0))
    for phase in np.repeat([0.0, 1.5, 0.0, -1.5], 2):
        note_input.hop({0: [(0.5, hz)]}, sides={0: sides_of(6.0 * phase, phase)})
    note_input.hop({0: [(0.5, hz)]})
    out = note_input.render(9 * 256).astype(float)
    assert np.abs(np.diff(out, 2, axis=0))[10:].max() < 0.008         # the slope of a gain changes; a jump would be 0.1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_sides_that_are_no_numbers_are_those_of_mono(note_input, value):
    note_input.start(0, 0, [(0.3, 500.0)], sides=np.full((2, PARTIALS), 1.0 + 0j))
    for _ in range(4):
        note_input.hop({0: [(0.3, 500.0)]}, sides={0: np.ones((2, 1), complex)})
    note_input.state["hops"]["sides"][0, 1:] = value
    out = note_input.render(5 * 256)
    assert np.isfinite(out).all() and np.abs(out).max() < 0.31
    assert np.abs(out[-256:, 0] - out[-256:, 1]).max() < 1e-5


@pytest.mark.parametrize("coherence", [-1.0, -0.4, 0.0, 0.6, 1.0])
@pytest.mark.parametrize("balance_db", [0.0, 8.0])
def test_noise_has_its_coherence_and_balance(note_input, coherence, balance_db):
    left, right = np.abs(sides_of(balance_db, 0.0))[:, 0] * 0.05
    noise = np.zeros((START_ROWS, 3, BANDS))
    noise[:, :, 40] = left ** 2, right ** 2, (coherence - COHERENCE) * left * right
    blocks = []
    for _ in range(380):
        note_input.hop({}, noise=noise[:4])
        blocks.append(note_input.render(256))
    out = np.concatenate(blocks)
    powers = np.mean(out[9600:].astype(float) ** 2, 0)
    product = np.mean(out[9600:, 0].astype(float) * out[9600:, 1])
    assert product / np.sqrt(powers[0] * powers[1]) == pytest.approx(coherence, abs=0.08)
    assert 10 * np.log10(powers[1] / powers[0]) == pytest.approx(balance_db, abs=0.6)
    if coherence == 1 and balance_db == 0:
        assert (out[:, 0] == out[:, 1]).all()
