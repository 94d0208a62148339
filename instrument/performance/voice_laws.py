"""What voices of frames and of whole notes have in common: envelopes, the player's vibrato, pressure, level, filter, place. Compiled."""
import math

import numpy as np

from hummingface.compiled import FASTER, inlined
from hummingface.instrument.performance.controls import (
    CUTOFF,
    DECAY,
    FILTER_DECAY,
    FILTER_ENVELOPE,
    FILTER_VELOCITY,
    GAIN_DB,
    LEVEL_DB,
    PANNING,
    PRESSURE,
    RESONANCE,
    SUSTAIN,
    TRACKING,
    VIBRATO_CENTS,
    VIBRATO_HZ,
    WHEEL,
    WHEEL_CENTS,
    WIDTH,
)
from hummingface.instrument.performance.note_course import attack_s_of, move_course
from hummingface.instrument.performance.voice_allocation import RELEASED
from hummingface.instrument.performance.voice_state import RATIO, TURN
from hummingface.models.playing.motion_generator import FADE_FROM_S, FADE_OVER_S

OCTAVES = math.log2(10) / 20                   # of amplitude, in a dB
MOST_TILT_DB = 24.0                            # no partial is raised by more
PRESSURE_DB, PRESSURE_TILT_DB = 5.0, 1.5       # full pressure: louder, and brighter by so many dB an octave
LOG2_RATIO = np.log2(RATIO)
SPREAD_KEYS = 40.0                             # keys from the middle to the edge of the stereo field at full width
LEVEL_GLIDE_S = 0.03                           # time constant, of what takes a note's own loudness out while its latents move
FALL_TIMES = math.log(100)                     # "decay" is the time to come within 1 %


@inlined(fastmath=FASTER)
def hz_of(pitch, cents):
    """The frequency of a MIDI pitch, `cents` higher: `pitch_to_hz` for compiled code."""
    return 440 * 2 ** ((pitch - 69) / 12 + cents / 1200)


@inlined(fastmath=FASTER)
def move_envelopes(row, v, controls):
    """Moves the envelopes and the level by a row; a released voice keeps its level, and falls by its release instead."""
    dt_s = row.dt_s
    move_course(row, v, controls)
    if v.stage < RELEASED:
        if v.decaying == 0:
            v.envelope += dt_s / attack_s_of(controls)
            if v.envelope >= 1:
                v.envelope, v.decaying = 1.0, 1
        else:
            keep = math.exp(-FALL_TIMES * dt_s / controls[DECAY])
            v.envelope = controls[SUSTAIN] + (v.envelope - controls[SUSTAIN]) * keep
    v.filter_envelope *= math.exp(-FALL_TIMES * dt_s / controls[FILTER_DECAY])
    if v.level_db != v.level_goal_db:
        v.level_db += (v.level_goal_db - v.level_db) * (1 - math.exp(-dt_s / LEVEL_GLIDE_S))
        if abs(v.level_goal_db - v.level_db) < 1e-3:
            v.level_db = v.level_goal_db


@inlined(fastmath=FASTER)
def vibrato_cents(row, v, values):
    """The player's own vibrato, of the control and the modulation wheel, moved on by a row."""
    v.added += row.dt_s * values.controls[VIBRATO_HZ]
    depth = values.controls[VIBRATO_CENTS] + values.controls[WHEEL_CENTS] * values.channels[v.channel, WHEEL]
    late = min(max((row.age_s - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0)
    return depth * late * math.sin(TURN * v.added)


@inlined(fastmath=FASTER)
def pressure_of(v, values):
    """Channel pressure and the key's own, 0..1."""
    return min(values.channels[v.channel, PRESSURE] + v.key_pressure, 1.0)


@inlined(fastmath=FASTER)
def common_gain_db(v, pressure, values):
    """The gain of a whole voice but its envelope."""
    return values.controls[GAIN_DB] + v.stroke_db + v.level_db + values.channels[v.channel, LEVEL_DB] + PRESSURE_DB * pressure


@inlined(fastmath=FASTER)
def cutoff_hz_of(row, v, pressure, controls):
    """Of the filter: a quite open one follows neither key nor pressure."""
    closed = math.log2(20000 / controls[CUTOFF])                    # octaves
    return controls[CUTOFF] * 2 ** (
        controls[TRACKING] * (row.pitch - 60) / 12 * min(closed, 1.0) + controls[FILTER_ENVELOPE] * v.filter_envelope
        + controls[FILTER_VELOCITY] * (v.filter_velocity / 127 - 0.5) * 2 + 2 * pressure * min(closed, 1.0))


@inlined(fastmath=FASTER)
def filter_damping(controls):
    """Of the filter's second section, by its resonance."""
    return 0.5857864 * 10 ** (-controls[RESONANCE] / 10)


@inlined(fastmath=FASTER)
def pan_gains(row, v, values):
    """(left, right): equal power, 1 each in the middle."""
    where = values.channels[v.channel, PANNING] + values.controls[WIDTH] * (row.pitch - 60) / SPREAD_KEYS
    angle = (min(max(where, -1.0), 1.0) + 1) * TURN / 8
    return math.cos(angle) * math.sqrt(2.0), math.sin(angle) * math.sqrt(2.0)
