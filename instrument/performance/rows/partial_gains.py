"""Gains of a voice's partials and noise bands: the frame's levels, shifted and filtered. Compiled.

The performer spends its time here: a voice has 160 partials and 64 bands, in every row. So these are plain loops without
branches, over few arrays, in float32 (errors of 1e-6 of a gain, 1e-5 dB), which the compiler vectorises. Frequencies stay float64.
"""
import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from hummingface.compiled import FASTER, compiled
from hummingface.instrument.synthesis.state import BANDS, PARTIALS
from hummingface.models.playing.frame import BAND_CENTRES_HZ, FLOOR_FADE_DB, LEVEL_FLOOR_DB, NOISE_FLOOR_DB

_C = Chebyshev.interpolate(np.exp2, 6, domain=[-0.5, 0.5]).convert(kind=Polynomial, domain=[-1, 1]).coef
_C0, _C1, _C2, _C3, _C4, _C5, _C6 = (np.float32(c) for c in _C)
_OCTAVES = np.float32(np.log2(10) / 20)         # of amplitude, in a dB
_ZERO, _ONE = np.float32(0), np.float32(1)
_FADE = np.float32(1 / FLOOR_FADE_DB)
_LEVEL_FLOOR, _NOISE_FLOOR = np.float32(LEVEL_FLOOR_DB), np.float32(NOISE_FLOOR_DB)
_BAND_HZ = BAND_CENTRES_HZ.astype(np.float32)
_BUTTERWORTH = np.float32(3.4142136)            # damping of the first of the two sections


@compiled(fastmath=FASTER)
def exp2_single(x):
    """2^x of a float32 x from -126 to 126, to 2e-7: the whole part into the exponent's bits, the rest by a polynomial."""
    whole = np.floor(x + np.float32(0.5))
    f = x - whole
    scale = np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)
    return scale * (_C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * _C6))))))


@compiled(fastmath=FASTER)
def _amplitude(db):
    return exp2_single(min(max(db * _OCTAVES, np.float32(-120)), np.float32(120)))


@compiled(fastmath=FASTER)
def _low_pass(hz_over_cutoff, damping):
    """Power gain of a resonant low-pass of fourth order: a Butterworth's two sections, the second sharpened."""
    x = hz_over_cutoff * hz_over_cutoff
    away = (_ONE - x) * (_ONE - x)
    return _ONE / ((away + _BUTTERWORTH * x) * (away + damping * x))


@compiled(fastmath=FASTER)
def partial_gains(level_db, shift_db, hz, level, quietest_db, silent_from_hz, per_cutoff, damping, gains):
    """`gains` [PARTIALS] of partials at `level_db` + `shift_db` and `hz` [PARTIALS], all float32; those below the frame's floor or
    `quietest_db`, and from `silent_from_hz` on, are 0."""
    for k in range(PARTIALS):
        above_floor = (level_db[k] - _LEVEL_FLOOR) * _FADE
        db = level_db[k] + shift_db[k]
        heard = (above_floor > _ZERO) & (db >= quietest_db) & (hz[k] < silent_from_hz)
        gain = level * _amplitude(db) * min(above_floor, _ONE)
        filtered = gain * np.sqrt(_low_pass(hz[k] * per_cutoff, damping))
        gains[k] = filtered if heard else _ZERO


@compiled(fastmath=FASTER)
def band_powers(noise_db, shift_db, level, quietest_db, per_cutoff, damping, powers):
    """`powers` [BANDS] of noise at `noise_db` + `shift_db`, float32; as above. Returns their sum."""
    total = _ZERO
    for b in range(BANDS):
        above_floor = (noise_db[b] - _NOISE_FLOOR) * _FADE
        db = noise_db[b] + shift_db[b]
        heard = (above_floor > _ZERO) & (db > quietest_db)
        gain = level * _amplitude(db) * min(above_floor, _ONE)
        power = gain * gain * _low_pass(_BAND_HZ[b] * per_cutoff, damping)
        powers[b] = power if heard else _ZERO
        total += powers[b]
    return total
