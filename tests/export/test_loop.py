"""Loops: the fade has neither dip nor jump, the place is well chosen, and the going round is no louder than the sound's own life."""
import numpy as np
import pytest

from hummingface.instrument.export import crossfade, loop, sampled_note
from tests.export import seams

RATE_HZ = 48000


def tone(f0_hz, seconds, cents=0.0, seed=0, harmonics=20):
    """Two detuned voices of many partials, and a little noise: [S, 2]."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = np.zeros(len(t))
    for detune in (0.0, cents):
        for k in range(1, harmonics + 1):
            sound += np.sin(2 * np.pi * (k * f0_hz * 2 ** (detune / 1200) * t + rng.uniform())) / k
    return np.stack([sound, sound], 1) * 0.1 + 1e-3 * rng.standard_normal((len(t), 2))


@pytest.mark.parametrize("f0_hz", [20.6, 110.0, 2093.0, 12543.9])
def test_bands_add_up_to_the_sound(f0_hz):
    sound = np.random.default_rng(0).standard_normal((9000, 2))
    bands = np.stack([*crossfade.bands(sound, f0_hz, RATE_HZ)])
    assert np.abs(bands.real.sum(0) - sound.T).max() < 2e-5
    assert np.abs(np.fft.fft(bands)[..., 4501:]).max() < 1e-2, "analytic: no negative frequencies"


def test_a_fade_begins_as_the_one_and_ends_as_the_other():
    margin, samples = 6000, 12000
    old, new = tone(220, 0.5, seed=1), tone(220, 0.5, seed=2)
    mixed = crossfade.crossfade(old, new, margin, 220, RATE_HZ)
    assert mixed.shape == (samples, 2)
    assert np.abs(mixed[:20] - old[margin:margin + 20]).max() < 2e-4
    assert np.abs(mixed[-20:] - new[margin + samples - 20:margin + samples]).max() < 2e-4


def test_partials_out_of_step_do_not_cancel():
    """Opposite phases: a plain fade of either kind is silent in its middle."""
    old = tone(220, 0.5, seed=1, harmonics=8)
    mixed = crossfade.crossfade(old, -old, 6000, 220, RATE_HZ)
    level = sampled_note.levels_db(mixed, 0.02)
    assert np.ptp(level) < 0.5
    plain = sampled_note.levels_db(old[6000:18000] * np.linspace(1, -1, 12000)[:, None], 0.02)
    assert np.ptp(plain) > 10


def test_strangers_keep_their_power_too():
    rng = np.random.default_rng(3)
    old, new = rng.standard_normal((2, 24000, 2))
    level = sampled_note.levels_db(crossfade.crossfade(old, new, 6000, 440, RATE_HZ), 0.02)
    assert np.ptp(level) < 1.0


def test_a_steady_tone_goes_round_exactly():
    sound = tone(196.0, 3.0)
    baked, found = loop.seamless(sound, 196.0, RATE_HZ)
    assert found.match > 0.99 and found.seam < 1
    assert found.length > 0.5 * RATE_HZ
    assert abs(found.fall_db_s) < 0.1
    periods = found.length * 196.0 / RATE_HZ
    assert abs(periods - round(periods)) < 0.01
    assert np.abs(baked[found.end + 1:] - baked[found.start:found.start + loop.AFTER_SAMPLES]).max() == 0


def test_a_falling_tone_is_evened_out_and_the_fall_is_told():
    sound = tone(147.0, 3.0)
    t = np.arange(len(sound)) / RATE_HZ
    sound *= 10 ** (-9.0 * t / 20)[:, None]
    baked, found = loop.seamless(sound, 147.0, RATE_HZ)
    assert found.fall_db_s == pytest.approx(9.0, abs=1.0)
    level = sampled_note.levels_db(seams.unrolled(baked, found.start, found.end)[found.start:], 0.25)
    assert np.ptp(level) < 3.0
    assert np.abs(baked[:found.start] - sound[:found.start]).max() == 0, "its beginning is as it was"
    whole, found = loop.seamless(sound, 147.0, RATE_HZ, even_from=0)
    assert np.ptp(sampled_note.levels_db(whole, 0.25)) < 3.0, "evened out from its beginning, for samplers without a hold"


def test_a_place_that_correlates_best_is_left_where_its_seam_is_heard():
    """A gap just before the earliest loops: they are the longest, and correlate as well as all others, but would fade the gap in."""
    sound = tone(196.0, 4.0)
    sound[round(0.85 * RATE_HZ):round(0.9 * RATE_HZ)] *= 0.3
    own = seams.in_itself(sound, RATE_HZ)

    def ratio(baked, found):
        seam = seams.at_seams(baked, found.start, found.end, round(loop.FADE_S * RATE_HZ))
        return max(seam[name] / own[name] for name in own)
    assert ratio(*loop.bake(sound, loop.places(sound, RATE_HZ)[0], 196.0, RATE_HZ)) > 5
    baked, found = loop.seamless(sound, 196.0, RATE_HZ)
    assert ratio(baked, found) < 1
    assert found.seam == pytest.approx(ratio(baked, found), rel=0.1), "what it says of itself"


def test_channels_that_are_each_others_negative_go_round_as_equal_ones_do():
    """Their mean is silence: nothing may be judged by it."""
    rng = np.random.default_rng(5)
    one = tone(196.0, 3.0, cents=7.0)[:, :1] * (1 + 0.2 * rng.standard_normal(144000).cumsum() / 300)[:, None]
    for sign in (1, -1):
        baked, found = loop.seamless(np.concatenate([one, sign * one], 1), 196.0, RATE_HZ)
        if sign == 1:
            equal, as_equal = baked, found
    assert (found.start, found.end) == (as_equal.start, as_equal.end)
    assert found.match == pytest.approx(as_equal.match, abs=1e-9) and found.match > 0.5
    assert found.seam == pytest.approx(as_equal.seam, rel=1e-6) and found.seam > 0.01
    assert np.abs(baked - equal * [1, -1]).max() < 1e-9
    for name, values in seams.changes(np.concatenate([one, -one], 1)).items():
        assert values == pytest.approx(seams.changes(np.concatenate([one, one], 1))[name], rel=1e-9) and values.max() > 0.001


def test_each_channel_counts_for_its_power():
    """A break in the softer channel alone is seen, but less than in the louder one."""
    sound = tone(196.0, 1.0)
    broken = [sound.copy() for _ in range(2)]
    for channel, copy in enumerate(broken):
        copy[20000:, channel] *= -1
        copy[:, 1] *= 0.3
    soft, loud = (seams.in_itself(copy, 8000)["phase"] for copy in broken[::-1])
    assert loud > 3 * soft > 10 * seams.in_itself(sound * [1, 0.3], 8000)["phase"]


def test_too_short_a_note_has_no_loop():
    assert loop.seamless(tone(196.0, 0.3), 196.0, RATE_HZ) is None


@pytest.mark.parametrize(("name", "key"), [("Stone Nave", 48), ("Silk Strings", 60), ("Halo Choir", 67), ("Neon Saw", 55)])
def test_loops_of_real_patches_are_quieter_than_their_own_life(sound_of, name, key):
    """And a loop that is only cut is not: the measure tells."""
    sound = sound_of(name)
    patch = sampled_note.for_sampling(sound.patch)
    played = sampled_note.play(sound.source, patch, key, 100, 3.0)
    own = seams.in_itself(sampled_note.play(sound.source, patch, key, 100, 8.0), RATE_HZ)
    baked, found = loop.seamless(played, 440 * 2 ** ((key - 69) / 12), RATE_HZ)
    fade = round(loop.FADE_S * RATE_HZ)
    seam = seams.at_seams(baked, found.start, found.end, fade)
    assert all(seam[name] < own[name] for name in own), (seam, own)
    cut = seams.at_seams(np.asarray(played, float), found.start + 71, found.end, fade)
    assert cut["phase"] > 2 * seam["phase"]
