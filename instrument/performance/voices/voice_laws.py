"""What voices of frames and of whole notes have in common: envelopes, the player's vibrato, pressure, level, filter, place. Compiled."""
import math

import numpy as np

from hummingface.compiled import FASTER, inlined
from hummingface.instrument.performance.controls import (
    CUTOFF,
    DAMPER,
    DECAY,
    DETUNE,
    FILTER_DECAY,
    FILTER_ENVELOPE,
    FILTER_SLIDE,
    FILTER_VELOCITY,
    GAIN_DB,
    LEVEL_DB,
    PANNING,
    PRESSURE,
    RESONANCE,
    SLIDE,
    SUSTAIN,
    TRACKING,
    UNISON_WIDTH,
    VIBRATO_CENTS,
    VIBRATO_HZ,
    VOLUME,
    WHEEL,
    WHEEL_CENTS,
    WIDTH,
)
from hummingface.instrument.performance.voices.note_course import attack_s_of, move_course
from hummingface.instrument.performance.voices.voice_state import RATIO, TURN
from hummingface.instrument.performance.voices.voice_table import RELEASED
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
def swayed(hz, row):
    """A frequency as routes move it."""
    return hz * 2 ** (row.sway_cents / 1200) if row.sway_cents != 0 else hz


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
    """The player's own vibrato, of the control and the modulation wheel, moved on by a row; and the detuning of a unison."""
    controls = values.controls[row.control]
    v.added += row.dt_s * controls[VIBRATO_HZ]
    depth = controls[VIBRATO_CENTS] + controls[WHEEL_CENTS] * values.channels[v.line, WHEEL]
    late = min(max((row.age_s - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0)
    return depth * late * math.sin(TURN * v.added) + unison_cents(v, controls)


@inlined(fastmath=FASTER)
def unison_cents(v, controls):
    """How far a voice of a unison is from its key."""
    return v.detune * controls[DETUNE]


@inlined(fastmath=FASTER)
def release_s(row, v, values):
    """How much of its release passes in a row: less under a pedal that is half down, but for a key that is struck again."""
    return row.dt_s if v.shortest_release_s > 0 else row.dt_s * values.channels[v.line, DAMPER]


@inlined(fastmath=FASTER)
def pressure_of(v, values):
    """Channel pressure and the key's own, 0..1."""
    return min(values.channels[v.line, PRESSURE] + v.key_pressure, 1.0)


@inlined(fastmath=FASTER)
def common_gain_db(row, v, pressure, values):
    """The gain of a whole voice but its envelope; the volume is that of the output, but for what routes make of it."""
    gain_db = values.controls[row.control, GAIN_DB] + v.stroke_db + v.level_db + values.channels[v.line, LEVEL_DB] + PRESSURE_DB * pressure
    if row.control > 0:
        gain_db += values.controls[row.control, VOLUME] - values.routes.base[VOLUME]
    return gain_db


@inlined(fastmath=FASTER)
def cutoff_hz_of(row, v, pressure, values):
    """Of the filter: a quite open one follows neither key nor pressure. A slide moves it either way from its middle."""
    controls = values.controls[row.control]
    closed = math.log2(20000 / controls[CUTOFF])                    # octaves
    return controls[CUTOFF] * 2 ** (
        controls[TRACKING] * (row.pitch - 60) / 12 * min(closed, 1.0) + controls[FILTER_ENVELOPE] * v.filter_envelope
        + controls[FILTER_VELOCITY] * (v.filter_velocity / 127 - 0.5) * 2 + 2 * pressure * min(closed, 1.0)
        + controls[FILTER_SLIDE] * 2 * (values.channels[v.line, SLIDE] - 0.5))


@inlined(fastmath=FASTER)
def filter_damping(controls):
    """Of the filter's second section, by its resonance."""
    return 0.5857864 * 10 ** (-controls[RESONANCE] / 10)


@inlined(fastmath=FASTER)
def pan_gains(row, v, values):
    """(left, right): equal power, 1 each in the middle."""
    controls = values.controls[row.control]
    where = values.channels[v.line, PANNING] + controls[WIDTH] * (row.pitch - 60) / SPREAD_KEYS + controls[UNISON_WIDTH] * v.place
    angle = (min(max(where, -1.0), 1.0) + 1) * TURN / 8
    return math.cos(angle) * math.sqrt(2.0), math.sin(angle) * math.sqrt(2.0)
