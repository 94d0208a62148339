"""Partials: levels, frequencies, phases, fades; what segments, late hops and stolen slots do to them."""
import numpy as np
import pytest

RATE = 48_000


def sine(amplitude, hz, samples, phase=0.0, rate=RATE):
    return amplitude * np.cos(2 * np.pi * hz * np.arange(samples) / rate + phase)


def amplitude_at(signal, hz, rate=RATE):
    """Complex amplitude of a sinusoid in a signal, by a Hann-windowed projection."""
    n = len(signal)
    window = np.hanning(n)
    return 2 * np.sum(signal * window * np.exp(-2j * np.pi * hz * np.arange(n) / rate)) / window.sum()


def undo_dc_blocker(signal, rate=RATE):
    """The input of the DC blocker from its output, so that waveforms can be compared."""
    pole = 1 - 2 * np.pi * 5 / rate
    return np.cumsum(signal - pole * np.concatenate([[0], signal[:-1]]))


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("hz", [27.5, 440.0, 4186.0, 15_000.0])
def test_level_frequency_and_phase(make_note_input, hz, rate):
    note_input = make_note_input(rate)
    note_input.start(5, 0, [(0.5, hz), (0.125j, 2.01 * hz if 2.01 * hz < 0.44 * rate else 100.0)], phase=(0.7,))
    out = note_input.render(rate // 4)[:, 0].astype(float)
    got = amplitude_at(out, hz, rate)
    blocked = 1 / (1 + 5 / (1j * hz))                       # the DC blocker's response
    assert 20 * np.log10(abs(got / blocked) / 0.5) == pytest.approx(0, abs=0.01)
    assert np.angle(got / blocked) == pytest.approx(0.7, abs=2e-3)
    out = note_input.render(rate)[:, 0].astype(float)            # the DC blocker has settled
    half = rate // 2
    drift = np.angle(amplitude_at(out[half:], hz, rate) / amplitude_at(out[:half], hz, rate))
    expected = 2 * np.pi * ((hz * half / rate) % 1)
    cents = 1200 / np.log(2) * np.angle(np.exp(1j * (drift - expected))) / (2 * np.pi * half / rate) / hz
    assert abs(cents) < 0.01


def test_waveform_is_exact_from_its_first_sample(note_input):
    note_input.start(0, 1003, [(0.3, 440.0), (0.2, 881.0), (0.1j, 1330.0)], phase=(0.0, 1.0, -2.0), pan=(1.0, 0.5))
    out = undo_dc_blocker(note_input.render(6000)[:, 0].astype(float))
    n = 6000 - 1003
    expected = sine(0.3, 440, n) + sine(0.2, 881, n, 1.0) + sine(0.1, 1330, n, -2.0 + np.pi / 2)
    assert np.abs(out[:1003]).max() == 0
    assert np.abs(out[1003:] - expected).max() < 2e-5


def test_pan_is_a_gain_for_each_ear(note_input):
    note_input.start(0, 0, [(0.3, 440.0)], pan=(0.8, 0.2))
    out = note_input.render(4800)
    assert np.allclose(out[:, 1], out[:, 0] / 4, atol=1e-6)


@pytest.mark.parametrize(("share", "gain"), [(0.44, 1.0), (0.475, 0.5), (0.5, 0.0), (0.9, 0.0)])
def test_partials_fade_towards_half_of_the_rate(note_input, share, gain):
    note_input.start(0, 0, [(0.5, share * RATE)])
    out = note_input.render(9600)[:, 0]
    assert np.abs(amplitude_at(out, min(share, 0.4999) * RATE)) == pytest.approx(0.5 * gain, abs=2e-3)
    if gain == 0:
        assert np.abs(out).max() == 0


def test_gain_moves_linearly_and_frequency_stands_between_boundaries(note_input):
    note_input.hop()
    note_input.start(0, 0, [[(0.0, 100.0)]] + [[(0.0, 100.0)]] * 4)          # silent through hop 0
    note_input.hop({0: [(0.64, 300.0)]})                                     # one target, at the end of hop 1
    out = undo_dc_blocker(note_input.render(512)[:, 0].astype(float))
    k = np.arange(256)
    phase = 2 * np.pi * 100 * 256 / RATE
    expected = 0.64 * k / 256 * np.cos(phase + 2 * np.pi * 200 * k / RATE)  # 200 Hz: the mean of both ends
    assert np.abs(out[:256]).max() == 0
    assert np.abs(out[256:] - expected).max() < 1e-5


def test_four_targets_are_reached_at_the_quarters(note_input):
    note_input.hop()
    note_input.start(0, 0, [[(0.1, 750.0)]] * 5)
    note_input.hop({0: [[(a, 750.0)] for a in (0.2, 0.1, 0.4, 0.3)]})        # 750 Hz: each boundary is a crest
    out = undo_dc_blocker(note_input.render(513)[:, 0].astype(float))
    assert np.allclose(out[[256, 320, 384, 448, 512]], [0.1, 0.2, 0.1, 0.4, 0.3], atol=1e-5)


def test_crossing_from_sound_to_sound_has_no_steps(note_input):
    """A timbre that jumps from hop to hop stays within the slope that amplitudes and frequencies allow."""
    random = np.random.default_rng(3)
    note_input.start(0, 0, [(0.1, 200.0 * (p + 1)) for p in range(20)])
    note_input.hop(), note_input.hop()
    made = []
    for _ in range(40):
        note_input.hop({0: [(0.1 * random.random() * np.exp(2j * np.pi * random.random()), 200.0 * (p + 1)) for p in range(20)]})
        made.append(note_input.render(256)[:, 0])
    out = np.concatenate(made).astype(float)
    steepest = sum(0.1 * (2 * np.pi * 200 * (p + 1) / RATE + 2 / 256) for p in range(20))
    assert 0.1 * steepest < np.abs(np.diff(out)).max() < steepest
    # and no edge at hop boundaries: the second difference there is like elsewhere
    bend = np.abs(np.diff(out, 2))
    at_boundaries = bend[255::256]
    assert at_boundaries.max() < 1.5 * np.sort(bend)[-len(bend) // 50:].max()


def test_an_hour_long_note_stays_clean(note_input):
    """Phases are integers, so the 10 millionth segment is as exact as the first."""
    hz = 440.0
    note_input.start(0, 0, [(0.5, hz)])
    note_input.render(1000)
    voices = note_input.state["voices"][0]
    hour = 3600 * RATE
    skipped = (hour // 64) * 64                        # as if so many quarters had been held
    assert voices["segment_end"][0] - voices["segment_begin"][0] == 64
    phase = int(voices["phase"][0, 0]) + skipped * int(voices["step"][0, 0])
    voices["phase"][0, 0] = (phase + 2 ** 31) % 2 ** 32 - 2 ** 31
    voices["segment_begin"][0] += skipped
    voices["segment_end"][0] += skipped
    for name in ("segment_begin", "segment_end"):
        note_input.state["noise"][name] += skipped
        note_input.state["effects"][name] += skipped
    note_input.state["position"] += skipped
    note_input.render(24_000)                               # the DC blocker settles
    out = note_input.render(4800)[:, 0].astype(float)
    residue = out - np.real(amplitude_at(out, hz) * np.exp(2j * np.pi * hz * np.arange(4800) / RATE))
    assert np.abs(residue[200:-200]).max() < 1e-4
    # the frequency is rounded to 1e-5 Hz, so after an hour the phase is right to a hundredth of a turn
    expected = 2 * np.pi * ((hz * (25_000 + skipped) / RATE) % 1)
    assert abs(np.angle(amplitude_at(out, hz) * np.exp(-1j * expected))) < 2 * np.pi * 0.03


@pytest.mark.parametrize("rate", [44_100, 48_000, 88_200])
def test_block_size_changes_nothing(make_note_input, rate):
    """A dense passage with every effect, in blocks of 16 to 2048 and odd ones: the same samples within 1e-5."""
    random = np.random.default_rng(9)
    starts = sorted(int(t) for t in random.integers(0, 9000, 14))

    def perform(blocks):
        note_input = make_note_input(rate)
        random = np.random.default_rng(4)
        samples, out = 12_288, []
        hop = 0
        for slot, time in enumerate(starts):
            note_input.start(slot, time, [(0.02 / (p + 1), 110.0 * (slot + 3) * (p + 1)) for p in range(30)],
                        noise=np.full((9, 2, 64), 1e-7), pan=(1, 0.7))
        done = 0
        while done < samples:
            n = min(2048, samples - done)
            while note_input.hop_end(hop - 1) < done + n:
                begun = {s: [(0.02 * random.random(), 110.0 * (s + 3) * (p + 1)) for p in range(30)]
                         for s, t in enumerate(starts) if t < note_input.hop_end(hop - 3)}
                note_input.hop(begun, noise=1e-6 * random.random(64), drive_amount=random.random(), chorus_mix=random.random(),
                          chorus_rate_hz=1 + random.random(), delay_mix=random.random(), delay_time_s=0.02 + 0.02 * random.random(),
                          delay_damping=random.random(), reverb_mix=random.random(), reverb_size=random.random(),
                          reverb_decay_s=1 + random.random(), master_gain=random.random())
                hop += 1
            out.append(note_input.render(n, blocks))
            done += n
        return np.concatenate(out)

    reference = perform([2048])
    assert np.abs(reference).max() > 0.05
    for blocks in ([16], [128], [256], [441], [7, 64, 1, 500, 129]):
        assert np.abs(perform(blocks) - reference).max() < 1e-5, blocks


def test_a_late_start_begins_at_once_and_is_not_lost_but_counted(note_input):
    note_input.render(1000)
    note_input.start(0, 300, [(0.5, 440.0)])
    out = undo_dc_blocker(note_input.render(2000)[:, 0].astype(float))
    assert np.abs(out - sine(0.5, 440, 2000)).max() < 1e-4
    assert note_input.counter("starts_taken") == note_input.counter("late_starts") == 1


def test_starts_that_come_in_time_are_not_late_also_where_one_slot_begins_twice(note_input):
    for slot, time in ((0, 0), (1, 300), (1, 300), (1, 301), (2, 2047)):
        note_input.start(slot, time, [(0.1, 440.0)])
    note_input.render(4000)
    assert note_input.counter("starts_taken") == 5 and note_input.counter("late_starts") == 0


def test_voices_hold_while_hops_are_late_and_follow_when_they_come(note_input):
    note_input.start(0, 0, [(0.2, 750.0)])
    note_input.hop()
    note_input.hop()
    note_input.hop({0: [(0.2, 750.0)]})
    held = undo_dc_blocker(note_input.render(256 * 12)[:, 0].astype(float))
    assert np.abs(held - sine(0.2, 750, len(held))).max() < 1e-4
    assert note_input.counter("held_quarters") == 9 * 4
    for _ in range(8):
        note_input.hop({0: [(0.2, 750.0)]})
    note_input.hop({0: [(0.4, 750.0)]})                      # hop 11, over as well: its targets are reached in the next quarter
    late = undo_dc_blocker(np.concatenate([held, note_input.render(256)[:, 0]]))
    note_out = note_input.render(640)[:, 0].astype(float)
    assert np.abs(np.diff(late[:3072])).max() < 0.2 * 2 * np.pi * 750 / RATE * 1.1
    assert np.abs(note_out).max() == pytest.approx(0.4, abs=0.01)


def test_last_frees_the_slot_silently_also_when_it_comes_late(note_input):
    note_input.start(0, 0, [(0.2, 440.0)])
    note_input.start(1, 0, [(0.2, 660.0)])
    note_input.hop(), note_input.hop()
    note_input.hop({0: [(0.2, 440.0)], 1: [(0.2, 660.0)]}, last=(0,))         # silent at its end, whatever it says
    out = note_input.render(768)
    assert note_input.counter("voices_playing") == 2
    out = note_input.render(256)
    assert note_input.counter("voices_playing") == 1
    assert abs(amplitude_at(out[:, 0], 660.0)) == pytest.approx(0.2, abs=0.01)
    note_input.hop({1: [(0.2, 660.0)]}, last=(1,))                           # hop 3 is over already
    note_input.render(64)
    tail = note_input.render(64 + 128)
    assert note_input.counter("voices_playing") == 0
    assert np.abs(np.diff(tail[:, 0])).max() < 0.2 * (2 * np.pi * 660 / RATE + 1 / 64)


def test_a_slot_can_be_used_again_at_once(note_input):
    note_input.start(0, 0, [(0.2, 440.0)])
    note_input.hop(), note_input.hop()
    note_input.hop({0: [(0.2, 440.0)]}, last=(0,))
    note_input.start(0, 770, [(0.3, 1000.0)])
    for _ in range(4):
        note_input.hop()
    out = note_input.render(2048, [2048])[:, 0]
    assert abs(amplitude_at(out[770:], 1000.0)) == pytest.approx(0.3, abs=0.005)
    assert abs(amplitude_at(out[770:], 440.0)) < 0.005
    assert note_input.counter("starts_taken") == 2


def test_flush_silences_everything_within_its_hop(note_input):
    for slot in range(4):
        note_input.start(slot, 0, [(0.1, 440.0 + slot)], noise=np.full((9, 2, 64), 1e-5))
    for _ in range(4):
        note_input.hop({s: [(0.1, 440.0 + s)] for s in range(4)}, noise=1e-5, delay_mix=1, delay_time_s=0.02, delay_feedback=0.9,
                  reverb_mix=1, reverb_decay_s=10)
    before = note_input.render(1024)
    note_input.hop(flush=True)
    note_input.hop()
    fading, after = note_input.render(256), note_input.render(2560)
    assert np.abs(before[-256:]).max() > 0.1 and np.abs(fading[:64]).max() > 0.05
    assert note_input.counter("voices_playing") == 0
    assert np.abs(fading[-4:]).max() < 0.02
    assert np.abs(after[256:]).max() < 0.01             # the DC blocker's own tail
    assert np.abs(np.diff(after[:, 0])).max() < 1e-4


def test_nothing_bad_gets_through_a_hop_or_a_start(note_input):
    bad = [np.nan, np.inf, -np.inf, 1e30, 3.4e38]
    for slot, value in enumerate(bad):
        note_input.start(slot, 0, [(value, 440.0), (0.01, value)], phase=(value, value), pan=(value, 1),
                    noise=np.full((9, 2, 64), value))
    note_input.start(20, 0, [(0.1, 440.0)])
    for h in range(30):
        value = bad[h % 5]
        note_input.hop({s: [(value, 440.0), (0.01, -value)] for s in range(5)} | {20: [(0.1, 440.0)]}, noise=value,
                  pan={0: (value, value)}, **dict.fromkeys(("drive_amount", "delay_time_s", "reverb_decay_s",
                                                                      "reverb_mix", "chorus_rate_hz", "master_gain"), value))
        out = note_input.render(256)
        assert np.isfinite(out).all()
        assert np.abs(out).max() <= 0.967
    assert np.abs(amplitude_at(out[:, 1], 440.0)) > 0.05            # the good voice still sounds


def test_indices_out_of_range_are_ignored(note_input):
    note_input.start(0, 0, [(0.1, 440.0)])
    note_input.start(10_000, 0, [(0.1, 440.0)])
    note_input.hop({7: [(0.1, 440.0)]})
    hop = note_input.state["hops"][0, 0]
    hop["count"], hop["slot"][:], hop["rows"][:], hop["used"][:] = 10_000, -5, 99, -1
    note_input.hop({0: [(0.1, 440.0)]})
    note_input.state["hops"][0, 1]["used"][0] = 10_000
    assert np.isfinite(note_input.render(2048)).all()
    assert note_input.counter("starts_taken") == 2
