"""Reference synthesis of frames into sound: the readable definition of what the instrument's engine computes fast.

Partial i, between two neighbouring frames a and b of the grid:
- its frequency is constant, the mean of its ends, (SLOT_RATIO[i] + (deviation_a + deviation_b) / 2) * f0, so its phase is
  piecewise linear in time, and starts at `start_phase`;
- its complex gain is piecewise linear, through amplitude 10^(level / 20) at the frames; fading to 0 over the last
  FLOOR_FADE_DB above LEVEL_FLOOR_DB;
- it fades out between 0.45 and 0.5 of the sample rate.
Motion (models/playing/motion_generator.py) bends the frequency of each frame and multiplies its gain by a complex one; the rest stays as
above.
Noise band b is stationary Gaussian noise, limited to the edges of the band, of RMS 1, times the piecewise linear amplitude
10^(noise / 20), which fades to 0 in the same way above NOISE_FLOOR_DB.
Of a stereo note each partial has a complex gain of its own in each channel (models/playing/stereo.py), and each channel hears cos and
+-sin of half the angle arccos(coherence) of two such noises.
"""
from collections.abc import Iterator

import numpy as np

from hummingface.compiled import EXACT, compiled
from hummingface.models.playing.frame import (
    BAND_CENTRES_HZ,
    BAND_EDGES_HZ,
    BANDS,
    DEVIATION,
    FLOOR_FADE_DB,
    LEVEL,
    LEVEL_FLOOR_DB,
    NOISE,
    NOISE_FLOOR_DB,
    SLOT_RATIO,
    group_of_hz,
)
from hummingface.models.playing.motion_generator import make_motion
from hummingface.models.playing.stereo import BALANCE, COHERENCE, channel_gains, phase_between, side_gains


def amplitude_of_db(level_db: np.ndarray, floor_db: float) -> np.ndarray:
    """Amplitude of a level, fading to 0 over the last FLOOR_FADE_DB above its floor."""
    level_db = np.asarray(level_db, np.float64)
    return 10 ** (level_db / 20) * np.clip((level_db - floor_db) / FLOOR_FADE_DB, 0, 1)


def synthesise(note, rate_hz: int, *, f0_hz: float | None = None, seed: int = 0, motion: bool = True) -> np.ndarray:
    """The sound of `note` (a NoteFrames), from its first frame to its last: float32 [S], or [S, 2] of a stereo one.

    `f0_hz` plays it at another pitch, `seed` draws other noise and other motion, `motion` False leaves motion out.
    """
    f0 = note.f0_hz if f0_hz is None else f0_hz
    times, frames = note.times_s, note.frames
    t = np.arange(round(times[-1] * rate_hz) + 1) / rate_hz
    rng = np.random.default_rng(seed)
    sides = np.ones((1, len(SLOT_RATIO))) if note.stereo is None else side_gains(note.stereo, f0)
    out = (noise_of(frames[:, NOISE], times, t, rate_hz, rng)[None] if note.stereo is None
           else stereo_noise_of(frames[:, NOISE], times, t, rate_hz, rng, note.stereo))
    hz = (SLOT_RATIO + frames[:, DEVIATION].astype(np.float64)) * f0                    # [T, PARTIALS]
    gain = amplitude_of_db(frames[:, LEVEL], LEVEL_FLOOR_DB) * np.clip((0.5 - hz / rate_hz) / 0.05, 0, 1)
    if motion and len(times) > 1:
        cents, gains = make_motion(times, frames, f0, np.random.default_rng([seed, 1]))
        hz, gain = hz * 2 ** (cents[:, None] / 1200), gain * gains
    turns = np.cumsum((hz[1:] + hz[:-1]) / 2 * np.diff(times)[:, None], 0)
    turns = np.concatenate([np.zeros((1, hz.shape[1])), turns])
    heard = np.abs(gain).max(0) > 0
    for channel, side in zip(out, sides, strict=True):
        total = np.zeros(len(t))
        in_channel = np.ascontiguousarray((gain * side)[:, heard].T.astype(np.complex128))
        _add_partials(total, times, np.ascontiguousarray(turns[:, heard].T), in_channel,
                      np.asarray(note.start_phase, np.float64)[heard], float(rate_hz))
        channel += total.astype(np.float32)
    return out[0] if len(out) == 1 else np.ascontiguousarray(out.T)


@compiled(fastmath=EXACT)
def _add_partials(out, times, turns, gain, start, rate_hz):
    """out [S] += the partials: turns and complex gain [K, T] at `times` [T], both piecewise linear; start phases [K] in radians.

    Within a piece a partial is a line that turns evenly: each sample is the one before, turned.
    """
    for i in range(len(start)):
        for j in range(len(times) - 1):
            first, last = int(np.ceil(times[j] * rate_hz - 1e-6)), min(int(np.ceil(times[j + 1] * rate_hz - 1e-6)), len(out))
            if j == len(times) - 2:
                last = len(out)
            a, b = gain[i, j], gain[i, j + 1]
            if first >= last or (a == 0 and b == 0):
                continue
            per = 1 / ((times[j + 1] - times[j]) * rate_hz)
            share = (first - times[j] * rate_hz) * per
            speed = turns[i, j + 1] - turns[i, j]
            line = np.exp(1j * (2 * np.pi * ((turns[i, j] + speed * share) % 1.0) + start[i]))
            turn = np.exp(2j * np.pi * speed * per)
            wave, step = (a + (b - a) * share), (b - a) * per
            for n in range(first, last):
                out[n] += wave.real * line.real - wave.imag * line.imag
                line *= turn
                wave += step


def noise_of(levels_db: np.ndarray, times_s: np.ndarray, t: np.ndarray, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of levels [T, BANDS] at `times_s` [T], at the instants `t` [S]: float32 [S]."""
    out = np.zeros(len(t), np.float32)
    for _, wave, amplitude in _band_noises(levels_db, times_s, t, rate_hz, rng):
        out += (wave * amplitude).astype(np.float32)
    return out


def stereo_noise_of(levels_db: np.ndarray, times_s: np.ndarray, t: np.ndarray, rate_hz: int, rng: np.random.Generator,
                    stereo: np.ndarray) -> np.ndarray:
    """The same in two channels, with the balances and coherences `stereo` [STEREO_SIZE]: float32 [2, S]."""
    out = np.zeros((2, len(t)), np.float32)
    left, right = channel_gains(stereo[BALANCE])
    half = phase_between(stereo[COHERENCE]) / 2
    group = group_of_hz(BAND_CENTRES_HZ)
    for sign, seed in zip((1, -1), rng.integers(0, 1 << 32, 2), strict=True):          # what both channels share, what they do not
        for band, wave, amplitude in _band_noises(levels_db, times_s, t, rate_hz, np.random.default_rng(seed)):
            g = group[band]
            part = wave * amplitude * (np.cos(half[g]) if sign > 0 else np.sin(half[g]))
            out[0] += (left[g] * part).astype(np.float32)
            out[1] += (sign * right[g] * part).astype(np.float32)
    return out


def _band_noises(levels_db: np.ndarray, times_s: np.ndarray, t: np.ndarray, rate_hz: int,
                 rng: np.random.Generator) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(band, noise of RMS 1 [S], its amplitude [S]) of each band that sounds."""
    size = 1 << max(12, int(np.ceil(np.log2(max(len(t), 2)))))
    hz = np.fft.rfftfreq(size, 1 / rate_hz)
    amplitude = amplitude_of_db(levels_db, NOISE_FLOOR_DB)
    for band in range(BANDS):
        inside = np.flatnonzero((hz >= BAND_EDGES_HZ[band]) & (hz < BAND_EDGES_HZ[band + 1]))
        if not len(inside) or not amplitude[:, band].any():
            continue
        bins = np.zeros(len(hz), np.complex64)
        bins[inside] = rng.standard_normal(len(inside)) + 1j * rng.standard_normal(len(inside))
        yield band, np.fft.irfft(bins, size)[:len(t)] * (size / np.sqrt(4 * len(inside))), np.interp(t, times_s, amplitude[:, band])
