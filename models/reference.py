"""Frames back into sound: the definition of the synthesis, written to be read. The instrument's engine is its fast twin.

Partial i, between two neighbouring frames a and b of the grid:
- its frequency is constant, (SLOT_RATIO[i] + (deviation_a + deviation_b) / 2) * f0: the phase is exact at every frame;
- its amplitude is interpolated linearly from 10^(level_a / 20) to 10^(level_b / 20); at LEVEL_FLOOR_DB it is 0;
- it is muted from 0.45 to 0.49 of the sample rate, and what lies above is not made at all.
The phase at t = 0 is `start_phase`. Noise band b is stationary Gaussian noise, limited to the edges of the band, of RMS 1,
times the linearly interpolated amplitude 10^(noise / 20), 0 at NOISE_FLOOR_DB. Motion (models/movement.py) bends the
frequency of every frame and multiplies its amplitude by a complex gain; both then go the way described here.
"""
import numpy as np

from models.frame import (
    BAND_EDGES_HZ,
    BANDS,
    DEVIATION,
    LEVEL,
    LEVEL_FLOOR_DB,
    NOISE,
    NOISE_FLOOR_DB,
    SLOT_RATIO,
)
from models.movement import movement


def amplitude_of_db(level_db: np.ndarray, floor_db: float) -> np.ndarray:
    return np.where(level_db <= floor_db + 1e-3, 0.0, 10 ** (np.asarray(level_db, np.float64) / 20))


def synthesise(note, rate_hz: int, *, f0_hz: float | None = None, seed: int = 0, motion: bool = True) -> np.ndarray:
    """The sound of `note` (a NoteFrames): float32 [S], from its first frame to its last.

    `f0_hz` plays it at another pitch, `seed` draws other noise and other motion, `motion` False leaves motion out.
    """
    rng = np.random.default_rng(seed)
    f0 = note.f0_hz if f0_hz is None else f0_hz
    times = note.times_s
    samples = int(round(times[-1] * rate_hz)) + 1
    t = np.arange(samples) / rate_hz
    segment = np.clip(np.searchsorted(times, t, side="right") - 1, 0, max(len(times) - 2, 0))
    into = t - times[segment]
    length = np.diff(times) if len(times) > 1 else np.ones(1)
    share = (into / length[segment]).astype(np.float32)
    frames = note.frames if len(times) > 1 else np.repeat(note.frames, 2, 0)
    out = _noise(frames[:, NOISE], segment, share, rate_hz, rng)
    amplitude = amplitude_of_db(frames[:, LEVEL], LEVEL_FLOOR_DB)
    hz = (SLOT_RATIO + frames[:, DEVIATION].astype(np.float64)) * f0
    if motion and len(times) > 1:
        cents, gains = movement(times, frames, f0, np.random.default_rng([seed, 1]))
        amplitude = amplitude * gains
        hz *= 2 ** (cents[:, None] / 1200)
    hz = (hz[1:] + hz[:-1]) / 2                                                       # [T - 1, PARTIALS]
    turns = np.concatenate([np.zeros((1, hz.shape[1])), np.cumsum(hz * length[:, None], 0)])
    for i in np.flatnonzero(np.abs(amplitude).max(0) > 0):
        mute = np.clip((0.49 - hz[:, i] / rate_hz) / 0.04, 0, 1)
        if not mute.any():
            continue
        a = amplitude[:, i]
        gain = (a[segment] * (1 - share) + a[segment + 1] * share) * mute[segment]
        phase = 2 * np.pi * ((turns[segment, i] + hz[segment, i] * into) % 1) + note.start_phase[i]
        if np.iscomplexobj(gain):
            out += (gain.real * np.cos(phase) - gain.imag * np.sin(phase)).astype(np.float32)
        else:
            out += (gain * np.cos(phase)).astype(np.float32)
    return out.astype(np.float32)


def _noise(levels_db: np.ndarray, segment: np.ndarray, share: np.ndarray, rate_hz: int, rng) -> np.ndarray:
    samples = len(segment)
    out = np.zeros(samples, np.float32)
    size = 1 << max(12, int(np.ceil(np.log2(max(samples, 2)))))
    hz = np.fft.rfftfreq(size, 1 / rate_hz)
    amplitude = amplitude_of_db(levels_db, NOISE_FLOOR_DB)
    for band in range(BANDS):
        inside = np.flatnonzero((hz >= BAND_EDGES_HZ[band]) & (hz < BAND_EDGES_HZ[band + 1]))
        if not len(inside) or not amplitude[:, band].any():
            continue
        bins = np.zeros(len(hz), np.complex64)
        bins[inside] = rng.standard_normal(len(inside)) + 1j * rng.standard_normal(len(inside))
        # a band that Nyquist cuts keeps the density, not the power
        width = np.clip(min(BAND_EDGES_HZ[band + 1], rate_hz / 2) - BAND_EDGES_HZ[band], 0, None)
        wave = np.fft.irfft(bins, size)[:samples] * (size / np.sqrt(4 * len(inside))) * (width > 0)
        a = amplitude[:, band].astype(np.float32)
        out += wave.astype(np.float32) * (a[segment] * (1 - share) + a[segment + 1] * share)
    return out
