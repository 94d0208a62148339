"""Synthetic notes come back: levels, deviations, start phases, noise; and frames make the sound that they describe."""
import numpy as np
import pytest

from hummingface.models.analysis.harmonic import analyse
from hummingface.models.analysis.note_frames import NoteFrames, frame_times
from hummingface.models.analysis.reference import synthesise
from hummingface.models.playing.frame import (
    ATTACK_S,
    BAND_CENTRES_HZ,
    BAND_EDGES_HZ,
    DEVIATION,
    FRAMES_PER_SECOND,
    LEVEL,
    LOWEST,
    NOISE,
    PARTIALS,
    QUARTERS_PER_SECOND,
    SLOT_RATIO,
    pitch_to_hz,
)

RATE = 48000
SUSTAIN = slice(100, 300)          # frames well inside a note of 2 s


def seconds_of(seconds, rate_hz=RATE):
    return np.arange(int(seconds * rate_hz)) / rate_hz


def steady_note(levels_db: dict[int, float], f0_hz=220.0, seconds=1.0, **deviations) -> NoteFrames:
    times = frame_times(seconds)
    frames = np.tile(LOWEST, (len(times), 1))
    frames[:, DEVIATION] = 0
    for slot, level in levels_db.items():
        frames[:, LEVEL.start + slot] = level
    return NoteFrames(times, frames, f0_hz, np.zeros(PARTIALS, np.float32), seconds)


def test_grid_is_quarters_then_hops():
    times = frame_times(1.0)
    young = times[times < ATTACK_S - 1e-9]
    np.testing.assert_allclose(np.diff(young), 1 / QUARTERS_PER_SECOND)
    np.testing.assert_allclose(np.diff(times[len(young):]), 1 / FRAMES_PER_SECOND)
    np.testing.assert_allclose(times * QUARTERS_PER_SECOND, np.round(times * QUARTERS_PER_SECOND), atol=1e-9)


@pytest.mark.parametrize(("pitch", "rate_hz"), [(28, 48000), (45, 44100), (60, 48000), (76, 96000), (96, 48000)])
def test_levels_and_tuning_of_partials(pitch, rate_hz):
    f0 = float(pitch_to_hz(pitch)) * 2 ** (5 / 1200)
    t = seconds_of(2.0, rate_hz)
    rng = np.random.default_rng(3)
    levels_db = -12 - 4.0 * np.arange(8)
    phases = rng.uniform(-np.pi, np.pi, 8)
    audio = sum(10 ** (level / 20) * np.cos(2 * np.pi * (k + 1) * f0 * t + phases[k]) for k, level in enumerate(levels_db)
                if (k + 1) * f0 < rate_hz * 0.45)
    note = analyse(audio.astype(np.float32), rate_hz, pitch, 2.0)
    assert abs(1200 * np.log2(note.f0_hz / f0)) < 0.2
    count = int(min(8, rate_hz * 0.45 // f0))
    np.testing.assert_allclose(note.frames[SUSTAIN, LEVEL][:, :count], np.tile(levels_db[:count], (200, 1)), atol=0.15)
    np.testing.assert_allclose(note.frames[SUSTAIN, DEVIATION][:, :count], 0, atol=1e-3)
    off = np.angle(np.exp(1j * (note.start_phase[:count] - phases[:count])))
    assert np.abs(off[:3]).max() < 0.5                    # the attack wobbles the weaker ones
    assert note.frames[SUSTAIN, LEVEL][:, count + 2:].max() < -70


def test_stretched_partials_stand_where_they_are():
    f0, stretch = 110.0, 0.0004
    t, k = seconds_of(2.0), np.arange(1, 25)
    hz = k * f0 * np.sqrt((1 + stretch * k * k) / (1 + stretch))
    audio = sum(0.05 / n ** 0.5 * np.cos(2 * np.pi * h * t) for n, h in zip(k, hz, strict=True)).astype(np.float32)
    note = analyse(audio, RATE, 45, 2.0)
    slots = np.round(hz / f0).astype(int)
    clear = np.abs(hz / f0 - slots) < 0.4
    measured = slots + np.median(note.frames[SUSTAIN, DEVIATION], 0)[slots - 1]
    np.testing.assert_allclose(measured[clear], (hz / note.f0_hz)[clear], atol=0.003)


def test_organ_stops_take_half_harmonic_slots_and_plain_tones_do_not():
    t = seconds_of(2.0)
    stops = {0.5: 0.1, 1.0: 0.1, 1.5: 0.05, 2.0: 0.08, 3.0: 0.03}
    organ = sum(a * np.cos(2 * np.pi * 220 * r * t) for r, a in stops.items()).astype(np.float32)
    level = np.median(analyse(organ, RATE, 57, 2.0).frames[SUSTAIN, LEVEL], 0)
    for ratio, amplitude in stops.items():
        assert level[np.flatnonzero(ratio == SLOT_RATIO)[0]] == pytest.approx(20 * np.log10(amplitude), abs=0.3)
    plain = sum(0.1 / k * np.cos(2 * np.pi * 220 * k * t) for k in range(1, 20)).astype(np.float32)
    assert (analyse(plain, RATE, 57, 2.0).frames[:, LEVEL][:, 128:] <= -100).all()


def test_noise_beside_a_tone_has_its_level():
    rng, t = np.random.default_rng(5), seconds_of(3.0)
    density = 1e-4                                                       # RMS per sample: white
    audio = 0.1 * np.cos(2 * np.pi * 440 * t) + 0.05 * np.cos(2 * np.pi * 880 * t) + density * rng.standard_normal(len(t))
    note = analyse(audio.astype(np.float32), RATE, 69, 3.0)
    wanted = 10 * np.log10(density ** 2 * np.diff(BAND_EDGES_HZ) / (RATE / 2))
    measured = note.frames[120:480, NOISE].mean(0)
    clear = (BAND_CENTRES_HZ > 1200) & (BAND_CENTRES_HZ < 18000)
    assert np.abs(measured - wanted)[clear].mean() < 1.0 and np.abs(measured - wanted)[clear].max() < 3.0


def test_shaped_noise_keeps_its_shape():
    rng = np.random.default_rng(6)
    bins = np.fft.rfft(rng.standard_normal(3 * RATE))
    hz = np.fft.rfftfreq(3 * RATE, 1 / RATE)
    shape_db = np.interp(hz, [0, 1000, 4000, 20000], [-60, -60, -30, -70])
    audio = np.fft.irfft(bins * 10 ** (shape_db / 20)).astype(np.float32)
    again = synthesise(analyse(audio, RATE, 60, 3.0), RATE, seed=2)
    power = lambda x: np.abs(np.fft.rfft(x[RATE // 4:RATE * 11 // 4].astype(float))) ** 2     # noqa: E731
    at = np.fft.rfftfreq(RATE * 5 // 2, 1 / RATE)
    a, b = power(audio), power(again)
    for low, high in ((1000, 2000), (2000, 4000), (4000, 8000), (8000, 16000)):
        inside = (at >= low) & (at < high)
        assert 10 * np.log10(b[inside].sum() / a[inside].sum()) == pytest.approx(0, abs=1.5)


def test_synthesis_says_what_frames_say():
    note = steady_note({0: -20.0, 2: -30.0, 128: -40.0})
    note.frames[:, DEVIATION.start + 2] = 0.01
    sound = synthesise(note, RATE, motion=False)[2000:2000 + RATE // 2].astype(float)
    t = np.arange(len(sound)) / RATE
    window = np.hanning(len(sound))
    for hz, level in ((220.0, -20), (220 * 3.01, -30), (110.0, -40)):
        line = 2 * np.abs((sound * window * np.exp(-2j * np.pi * hz * t)).sum()) / window.sum()
        assert 20 * np.log10(line) == pytest.approx(level, abs=0.02)


def test_noise_of_the_synthesis_has_the_rms_of_its_band():
    note = steady_note({}, seconds=4.0)
    for band in (20, 40, 55):
        note.frames[:, NOISE] = LOWEST[NOISE]
        note.frames[:, NOISE.start + band] = -30
        sound = synthesise(note, RATE).astype(float)
        assert 10 * np.log10(np.mean(sound ** 2)) == pytest.approx(-30, abs=1.0)
        bins = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        hz = np.fft.rfftfreq(len(sound), 1 / RATE)
        inside = (hz > BAND_EDGES_HZ[band] - 5) & (hz < BAND_EDGES_HZ[band + 1] + 5)
        assert bins[inside].sum() > 0.999 * bins.sum()


def test_nothing_sounds_beyond_nyquist():
    note = steady_note(dict.fromkeys(range(128), -30.0), f0_hz=3000.0)
    sound = synthesise(note, 44100, motion=False)[5000:25000].astype(float)
    bins = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / 44100)
    harmonic = np.abs(hz - 3000 * np.round(hz / 3000)) < 20
    assert bins[~harmonic].sum() < 1e-6 * bins.sum()


def test_round_trip_of_a_decaying_note():
    t = seconds_of(2.0)
    audio = sum(0.2 / k * np.exp(-(1 + 0.4 * k) * t) * np.cos(2 * np.pi * 196 * k * t + k) for k in range(1, 12))
    audio = np.concatenate([np.zeros(480), audio]).astype(np.float32)
    again = synthesise(analyse(audio, RATE, 55, 2.0), RATE, motion=False)[:len(audio)]
    loud = slice(4800, RATE)
    error = np.sum((audio[loud] - again[loud]) ** 2) / np.sum(audio[loud] ** 2)
    assert 10 * np.log10(error) < -20                      # phases hold for a second, not levels alone
    assert np.abs(again[:400]).max() < 0.01                # nothing sounds before the onset
    energy = lambda x: np.sqrt(np.mean(x[480:6240].reshape(-1, 240) ** 2, 1))                 # noqa: E731
    assert np.abs(20 * np.log10(energy(again) / energy(audio))).mean() < 1.5


def test_start_phases_are_those_of_the_recording():
    note = steady_note({0: -20.0})
    note.start_phase[0] = 1.0
    first = synthesise(note, RATE, motion=False)[0]
    assert first == pytest.approx(0.1 * np.cos(1.0), rel=1e-4)


def test_pitch_of_the_synthesis_follows_f0():
    sound = synthesise(steady_note({0: -20.0}), RATE, f0_hz=330.0, motion=False)
    crossings = np.flatnonzero((sound[:-1] < 0) & (sound[1:] >= 0))
    assert RATE / np.diff(crossings).mean() == pytest.approx(330, rel=1e-3)
