"""What the named knobs do to the frame of a voice: tilt, noise, odd and even, stretch, vibrato, roughness (docs/decisions/knobs.md).
Compiled.

A knob goes from -3 to 3, and at 0 changes nothing, to the bit. What moves the spectrum (Brighter, Breathier, Hollow) keeps the loudness of
each moment, so the player's law of velocity holds. What moves the course of a note is in `note_course.py`.
"""
import math
from typing import NamedTuple

import numpy as np

from hummingface.compiled import FASTER, compiled, inlined
from hummingface.instrument.performance.controls import TO_BELL, TO_BREATH, TO_BRIGHT, TO_HOLLOW, TO_ROUGH, TO_VIBRATO
from hummingface.instrument.performance.rows.partial_gains import exp2_single
from hummingface.instrument.performance.voices.voice_state import RATIO, TURN
from hummingface.instrument.synthesis.state import BANDS, PARTIALS
from hummingface.models.playing.frame import BAND_CENTRES_HZ, VIBRATO
from hummingface.models.playing.loudness import k_weight
from hummingface.models.playing.motion_generator import FADE_FROM_S, FADE_OVER_S

MOST = 3.0                                     # of a knob
TILT_DB, MOST_TILT_DB = 2.5, 36.0              # an octave, for each unit of Brighter; and in all
ODD_DB = 12.0                                  # that even partials fall for each unit of Hollow; or odd ones from the third on
NOISE_DB = 7.0                                 # that noise rises for each unit of Breathier
OWN_NOISE_DB, OWN_NOISE_FROM_DB = 22.0, -84.0  # beside the partials' power: the least noise of a unit, and of none
STRETCH = 0.012                                # B of a stiff string, f = r f0 sqrt(1 + B r^2), at the end of Bell-like
VIBRATO_CENTS, VIBRATO_HZ = 15.0, 5.5          # that a unit of Vibrating adds to what the model has, and how fast, if it has none
SLOWEST_HZ, FASTEST_HZ = 4.0, 7.5              # of what a player calls a vibrato: a model's drift is none
OWN_FROM_S, OWN_OVER_S = 0.1, 0.4              # when that fades in
SHALLOW_CENTS = 6.0                            # a model's vibrato this deep has as much to say about the rate as VIBRATO_HZ
ROUGH_SHARE, ROUGH_RATE, ROUGH_REGULARITY = 0.85, 5.3, 0.3      # power of a partial in sidebands, log2 of their Hz: at the end of Rougher

_ONE = np.float32(1)
_PER_DB = np.float32(math.log2(10) / 10)       # octaves of power in a dB
_ODD = ((RATIO % 2 == 1) & (RATIO > 1)).astype(np.float32)
_EVEN = (RATIO % 2 == 0).astype(np.float32)
_LOG2_RATIO = np.log2(RATIO).astype(np.float32)
_LOG2_BANDS = np.log2(BAND_CENTRES_HZ).astype(np.float32)
_STEPS, _LOWEST_OCTAVE = 12, 2                 # the table of weights: steps an octave, from 4 Hz up
_WEIGHTS = k_weight(2.0 ** (_LOWEST_OCTAVE + np.arange(14 * _STEPS) / _STEPS)).astype(np.float32)
_BAND_WEIGHTS = (2 * k_weight(BAND_CENTRES_HZ)).astype(np.float32)      # power of both channels; that of a partial is its amplitude squared


class Roughness(NamedTuple):
    """What Rougher makes of the motion of groups: the share of the frame's own fuzz that stays, fuzz that is added, and how far rate and
    regularity go to those of roughness."""
    kept: np.float32
    added: np.float32
    towards: np.float32


class Vibrato(NamedTuple):
    """What Vibrating makes of a voice's vibrato: the frame's depth and swing times `kept`, `own_cents` more, at a rate."""
    kept: float
    own_cents: float
    rate_hz: float


@inlined(fastmath=FASTER)
def spectrum_moves(controls):
    """Whether a knob moves the spectrum."""
    return controls[TO_BRIGHT] != 0 or controls[TO_BREATH] != 0 or controls[TO_HOLLOW] != 0


@inlined(fastmath=FASTER)
def roughness(age_s, controls):
    """Of a voice of this age."""
    amount = controls[TO_ROUGH] / MOST
    late = min(max((age_s - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0)
    rough = max(amount, 0.0)
    return Roughness(np.float32(1 - abs(amount)), np.float32(rough * ROUGH_SHARE * late), np.float32(rough))


@inlined(fastmath=FASTER)
def _own_cents(age_s, more):
    return VIBRATO_CENTS * max(more, 0.0) * min(max((age_s - OWN_FROM_S) / OWN_OVER_S, 0.0), 1.0)


@inlined(fastmath=FASTER)
def own_vibrato_cents(row, v, controls):
    """Where the vibrato stands that Vibrating gives to a voice without one, moved on by a row."""
    v.vibrato += row.dt_s * VIBRATO_HZ
    return _own_cents(row.age_s, controls[TO_VIBRATO]) * math.cos(TURN * v.vibrato)


@inlined(fastmath=FASTER)
def vibrato_of(frame, age_s, controls):
    """Of a voice of this age that holds this frame."""
    more, depth, rate_hz = controls[TO_VIBRATO], frame[VIBRATO.start], float(frame[VIBRATO.start + 1])
    own_cents = _own_cents(age_s, more)
    if more > 0:
        share = depth / (depth + SHALLOW_CENTS)
        rate_hz = min(max(VIBRATO_HZ * (rate_hz / VIBRATO_HZ) ** share, SLOWEST_HZ), FASTEST_HZ)
    return Vibrato(1 + more / MOST, own_cents, rate_hz)


@inlined(fastmath=FASTER)
def stretched(ratio, controls):
    """The ratio of a partial to the fundamental, as on a stiffer string."""
    amount = max(controls[TO_BELL], 0.0) / MOST
    stiffness = STRETCH * amount * amount
    return ratio * math.sqrt((1 + stiffness * ratio * ratio) / (1 + stiffness))


@inlined(fastmath=FASTER)
def deviation_kept(controls):
    """The share of a sound's own deviations from whole multiples that stays: less to the other side of Bell-like."""
    return 1 + min(controls[TO_BELL], 0.0) / MOST


@compiled(fastmath=FASTER)
def move_spectrum(f0_hz, brighter, breathier, hollow, level_db, shift_db, noise_db, band_shift_db):
    """In place, float32: what the knobs add to the shifts of partials [PARTIALS] and noise bands [BANDS], and noise of its own, where the
    frame has less than Breathier asks for."""
    tilt = np.float32(TILT_DB * brighter)
    odd_db, even_db = np.float32(ODD_DB * min(hollow, 0.0)), np.float32(-ODD_DB * max(hollow, 0.0))
    log2_f0, power = np.float32(math.log2(f0_hz)), np.float32(0)
    for k in range(PARTIALS):
        power += exp2_single(max(level_db[k], np.float32(-200)) * _PER_DB)
        shift_db[k] += min(tilt * (_LOG2_RATIO[k] - 2), np.float32(MOST_TILT_DB)) + _ODD[k] * odd_db + _EVEN[k] * even_db
    own_db = np.float32(10 * math.log10(power + 1e-20) + OWN_NOISE_FROM_DB + OWN_NOISE_DB * breathier)
    louder = np.float32(NOISE_DB * breathier)
    for b in range(BANDS):
        octaves = _LOG2_BANDS[b] - log2_f0
        noise_db[b] += louder
        if breathier > 0:
            shape_db = np.float32(-13) - 3 * max(octaves - 2, np.float32(0)) + 12 * min(octaves, np.float32(0))
            noise_db[b] = max(noise_db[b], own_db + shape_db)
        band_shift_db[b] += min(tilt * (octaves - 2), np.float32(MOST_TILT_DB))


@compiled(fastmath=FASTER)
def heard_power(f0_hz, gains, powers):
    """K-weighted power (ITU-R BS.1770) of partials and noise bands together."""
    place = np.float32((math.log2(f0_hz) - _LOWEST_OCTAVE) * _STEPS)
    total = np.float32(0)
    for k in range(PARTIALS):
        at = min(max(np.int32(place + _STEPS * _LOG2_RATIO[k]), np.int32(0)), np.int32(len(_WEIGHTS) - 1))
        total += _WEIGHTS[at] * gains[k] * gains[k]
    for b in range(BANDS):
        total += _BAND_WEIGHTS[b] * powers[b]
    return total


@compiled(fastmath=FASTER)
def keep_loudness(before, after, gains, powers):
    """In place: gains and powers as loud as what had the power `before`, while theirs is `after`. Returns the factor of power."""
    power = before / after if before > 0 and after > 0 else _ONE
    amplitude = np.sqrt(power)
    for k in range(PARTIALS):
        gains[k] *= amplitude
    for b in range(BANDS):
        powers[b] *= power
    return power
