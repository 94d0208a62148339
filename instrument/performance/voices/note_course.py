"""The course of a note: how fast the model's time passes, and what the knobs Soft onset and Percussive make of its level. Compiled.

Frames and whole notes share the level; a whole note has no time of its own to be stretched.
"""
import math

from hummingface.compiled import FASTER, inlined
from hummingface.instrument.performance.controls import ATTACK, ATTACK_SPEED, SPEED, TO_PERCUSSIVE, TO_SOFT
from hummingface.instrument.performance.rows.fast_math import exp2
from hummingface.models.playing.loudness import WINDOW_S

ATTACK_PACE_S, PACE_BLEND_S = 0.10, 0.15       # the model's first 0.1 s passes at the onset speed, then blends over
LONGER_S = 0.1                                 # that a unit of Soft onset adds to this, to the hard side: slow swells have to hurry, too
RISE_S, RISE_OCTAVES = 0.012, 1.9              # for Soft onset: the level rises for RISE_S (2^(RISE_OCTAVES knob) - 1) seconds
LEAST_RISE_S = 0.004
PACE_OCTAVES = 2 / 3           # that the model's time, or the envelope's attack, is slower for a unit of Soft onset or of less Percussive
ACCENT_DB, ACCENT_S = 2.0, 0.04                # for each unit to the hard side, a beginning that much louder, and how fast that passes
FALL_FROM_S, FALL_DB_S, FALL_POWER = 0.03, 4.5, 1.6      # Percussive: dB a second for the knob's value to that power
_OCTAVES = math.log2(10) / 20                  # of amplitude, in a dB


@inlined(fastmath=FASTER)
def pace(time_s, controls):
    """Seconds of the model's time that pass in a second, at this one of its times."""
    late = min(max((time_s - ATTACK_PACE_S) / PACE_BLEND_S, 0.0), 1.0)
    passing = controls[ATTACK_SPEED] * (1 - late) + controls[SPEED] * late
    softer, percussive = controls[TO_SOFT], controls[TO_PERCUSSIVE]
    if softer != 0:
        attack_s = ATTACK_PACE_S + LONGER_S * max(-softer, 0.0)
        passing *= exp2(-PACE_OCTAVES * softer * (1 - min(max((time_s - attack_s) / PACE_BLEND_S, 0.0), 1.0)))
    if percussive < 0:
        passing *= exp2(PACE_OCTAVES * percussive * late)
    return passing


@inlined(fastmath=FASTER)
def attack_s_of(controls):
    """The envelope's attack, which Soft onset moves as it does the model's time: where it is slow, nothing else would be heard."""
    softer = controls[TO_SOFT]
    return controls[ATTACK] * exp2(PACE_OCTAVES * softer) if softer != 0 else controls[ATTACK]


@inlined(fastmath=FASTER)
def move_course(row, v, controls):
    """Moves what the knobs make of a voice's level by a row: `v.course`, an amplitude; 1 where they stand at 0.

    A note that is to fall begins louder by what its loudest 0.4 s lose, so it is as loud as one that stays.
    """
    softer, percussive, dt_s = controls[TO_SOFT], controls[TO_PERCUSSIVE], row.dt_s
    fall_db_s = FALL_DB_S * max(percussive, 0.0) ** FALL_POWER
    if row.age_s <= 0 and fall_db_s > 0:
        nepers = fall_db_s * WINDOW_S * _OCTAVES * 2 * math.log(2)
        v.fallen_db = -10 * math.log10(nepers / (1 - math.exp(-nepers)))
    if softer > 0 and v.rise < 1:
        v.rise = min(v.rise + dt_s / max(RISE_S * (exp2(RISE_OCTAVES * softer) - 1), LEAST_RISE_S), 1.0)
    else:
        v.rise = 1.0
    if row.age_s > FALL_FROM_S:
        v.fallen_db += dt_s * fall_db_s
    v.course = v.rise * v.rise * (3 - 2 * v.rise)
    if v.fallen_db != 0:
        v.course *= exp2(-_OCTAVES * v.fallen_db)
    if softer < 0:
        v.course *= exp2(-_OCTAVES * ACCENT_DB * softer * math.exp(-row.age_s / ACCENT_S))
