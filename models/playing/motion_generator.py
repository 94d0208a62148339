"""The motion generator: turns a frame's statistics VIBRATO, LFO_GAIN, FUZZ, FUZZ_RATE and REGULARITY into actual motion.

It gives, at every frame of a voice, a common bend in cents and a complex gain per partial. Definition, for a voice that
began at t = 0, with all parameters read from the frame at t and c(x) = min(max(x, 0), 1):

    fade(t)  = c((t - 0.030) / 0.150)                       motion fades in from 30 to 180 ms
    theta(t) = theta_0 + 2 pi * integral of rate dt         the LFO of the voice; theta_0 uniform at random
    cents(t) = fade * (depth * cos(theta) + jitter * j(t))
    gain_k   = 10^(fade * LFO_GAIN[g] * cos(theta) / 20) * (sqrt(1 - fade^2 F) + fade sqrt(F) s_k(t)),   F = FUZZ[g]
    s_k      = sqrt(1 - R) n_k(t) + sqrt(R) exp(i (2 pi * integral of r dt + phi_k)),   r = 2^FUZZ_RATE[g], R = REGULARITY[g]

g is the group of partial k, by its nominal frequency. n_k is complex Gaussian noise of power 1, independent for each
partial: a slice, at a random position, of looped tables, one for each octave 2^o Hz, o = -3 .. 5, whose spectrum is flat in
2^(o - 1/2) <= |f| < 2^(o + 1/2), at negative frequencies too, and 0 elsewhere. A rate between two octaves takes both
tables, mixed by power: with m = FUZZ_RATE - floor(FUZZ_RATE), n = sqrt(1 - m) n_floor + sqrt(m) n_floor+1. j is sqrt(2)
times the real part of the table of 4 Hz (o = 2), phi_k is uniform at random. Between frames, gains are interpolated
linearly as complex numbers; the frequency is constant, at the mean of its ends.
"""
import numpy as np

from hummingface.models.playing.frame import (
    FRAMES_PER_SECOND,
    FUZZ,
    FUZZ_RATE,
    LFO_GAIN,
    PARTIALS,
    REGULARITY,
    SLOT_RATIO,
    VIBRATO,
    group_of_hz,
)

FADE_FROM_S, FADE_OVER_S = 0.030, 0.150
LOWEST_OCTAVE, HIGHEST_OCTAVE = -3, 5
TABLE_RATE_HZ, TABLE_SIZE = FRAMES_PER_SECOND, 1 << 13               # a loop of 43.7 s
JITTER_OCTAVE = 2


def noise_tables(rng: np.random.Generator) -> np.ndarray:
    """Octave bands of complex noise of power 1 [octaves, TABLE_SIZE], sampled once a hop."""
    hz = np.abs(np.fft.fftfreq(TABLE_SIZE, 1 / TABLE_RATE_HZ))
    tables = []
    for octave in range(LOWEST_OCTAVE, HIGHEST_OCTAVE + 1):
        inside = (hz >= 2 ** (octave - 0.5)) & (hz < 2 ** (octave + 0.5))
        bins = np.where(inside, rng.standard_normal(TABLE_SIZE) + 1j * rng.standard_normal(TABLE_SIZE), 0)
        table = np.fft.ifft(bins)
        tables.append(table / np.sqrt(np.mean(np.abs(table) ** 2)))
    return np.stack(tables)


def _read(table: np.ndarray, position: np.ndarray) -> np.ndarray:
    at = np.floor(position).astype(np.int64)
    share = position - at
    return table[at % TABLE_SIZE] * (1 - share) + table[(at + 1) % TABLE_SIZE] * share


def make_motion(times_s: np.ndarray, frames: np.ndarray, f0_hz: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Cents [T] common to all partials, and complex gains [T, PARTIALS], at the times [T] of `frames` [T, FRAME_SIZE]."""
    tables = noise_tables(rng)
    fade = np.clip((times_s - FADE_FROM_S) / FADE_OVER_S, 0, 1)
    turns = lambda hz: np.concatenate([[0], np.cumsum((hz[1:] + hz[:-1]) / 2 * np.diff(times_s))])     # noqa: E731
    depth, rate, jitter = frames[:, VIBRATO].astype(np.float64).T
    lfo = np.cos(2 * np.pi * (rng.uniform() + turns(rate)))
    hops = times_s * TABLE_RATE_HZ
    wander = np.sqrt(2) * _read(tables[JITTER_OCTAVE - LOWEST_OCTAVE], hops + rng.integers(TABLE_SIZE)).real
    cents = fade * (depth * lfo + jitter * wander)
    group = group_of_hz(SLOT_RATIO * f0_hz)
    gains = np.empty((len(times_s), PARTIALS), np.complex128)
    for k in range(PARTIALS):
        g = group[k]
        fuzz, log_rate, regular = (frames[:, s.start + g].astype(np.float64) for s in (FUZZ, FUZZ_RATE, REGULARITY))
        octave = np.clip(np.floor(log_rate), LOWEST_OCTAVE, HIGHEST_OCTAVE - 1)
        mix = np.clip(log_rate - octave, 0, 1)
        start, phase = rng.integers(TABLE_SIZE), rng.uniform()
        side = np.zeros(len(times_s), np.complex128)
        if fuzz.max() > 0:
            for o in np.unique(octave).astype(int):
                noise = [_read(tables[o + i - LOWEST_OCTAVE], hops + start) for i in (0, 1)]
                here = octave == o
                side[here] = (np.sqrt(1 - mix) * noise[0] + np.sqrt(mix) * noise[1])[here]
            line = np.exp(2j * np.pi * (phase + turns(2.0 ** log_rate)))
            side = np.sqrt(1 - regular) * side + np.sqrt(regular) * line
        level = 10 ** (fade * frames[:, LFO_GAIN.start + g] * lfo / 20)
        gains[:, k] = level * (np.sqrt(1 - fade ** 2 * fuzz) + fade * np.sqrt(fuzz) * side)
    return cents, gains
