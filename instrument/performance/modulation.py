"""Decoder frames and the state of voices into what the audio thread plays: gains, frequencies, noise powers. Compiled.

Everything that a synthesizer does to a voice is a gain on its partials and bands, or a factor on their frequencies: envelope,
release, filter, pressure, tilt, vibrato, and the motion that the model reports as statistics. Motion is made as
`models/playing/motion_generator.py` defines it. Partials are handed over in ascending order of ratio, half-harmonics among them, so that
what Nyquist cuts is a tail.
"""
import math
from typing import NamedTuple

import numpy as np

from hummingface.compiled import FASTER, compiled, inlined
from hummingface.instrument.performance.controls import (
    ATTACK,
    BRIGHTNESS,
    CUTOFF,
    DECAY,
    EVEN_ODD,
    FILTER_DECAY,
    FILTER_ENVELOPE,
    FILTER_VELOCITY,
    GAIN_DB,
    LEVEL_DB,
    MOTION,
    MOTION_SPEED,
    NOISE_DB,
    PANNING,
    PRESSURE,
    RELEASE_TIMES,
    RESONANCE,
    STRETCH,
    SUSTAIN,
    TRACKING,
    VIBRATO_CENTS,
    VIBRATO_HZ,
    WHEEL,
    WHEEL_CENTS,
    WIDTH,
)
from hummingface.instrument.performance.fast_math import exp2
from hummingface.instrument.performance.group_motion import AMOUNT, COSINE, HIGH, LOW, PLAIN, SINE, move_groups, release_groups
from hummingface.instrument.performance.partial_gains import band_powers, partial_gains
from hummingface.instrument.performance.voice_allocation import FADING, RELEASED
from hummingface.instrument.performance.voice_state import ORDER, RATIO, TURN
from hummingface.instrument.synthesis.state import BANDS, CUTOFF_HZ, DAMPING, PARTIALS
from hummingface.models.playing.frame import (
    BAND_CENTRES_HZ,
    DEVIATION,
    FRAME_SIZE,
    GROUP_EDGES_HZ,
    GROUPS,
    LEVEL,
    LEVEL_FLOOR_DB,
    LFO_GAIN,
    NOISE,
    VIBRATO,
    group_of_hz,
)
from hummingface.models.playing.motion_generator import FADE_FROM_S, FADE_OVER_S, JITTER_OCTAVE, LOWEST_OCTAVE, TABLE_RATE_HZ, TABLE_SIZE

LOG2_RATIO = np.log2(RATIO)
_ODD = (RATIO % 2 == 1).astype(np.float64)
_EVEN = (RATIO % 2 == 0).astype(np.float64)
_BAND_GROUP = group_of_hz(BAND_CENTRES_HZ).astype(np.int64)
_BAND_HZ = np.ascontiguousarray(BAND_CENTRES_HZ)
_LOG2_BAND = np.log2(_BAND_HZ / 4)
_EDGES = np.append(GROUP_EDGES_HZ[1:GROUPS], np.inf)

OCTAVES = math.log2(10) / 20                   # of amplitude, in a dB
JITTER = JITTER_OCTAVE - LOWEST_OCTAVE
SMALL_FUZZ = 0.005                             # less is not worth a sideband
QUIETEST_DB, QUIETEST_BAND_DB = -104.0, -120.0 # of full scale: partials and bands below are left out
LEAST = np.float32(1e-7)                       # gains up to it are nothing
INAUDIBLE = np.float32(10 ** (-110 / 20))      # partials below it need no motion of their own
PRESSURE_DB, PRESSURE_TILT_DB = 5.0, 1.5       # full pressure: louder, and brighter by so many dB an octave
MOST_TILT_DB = 24.0                            # no partial is raised by more
SPREAD_KEYS = 40.0                             # keys from the middle to the edge of the stereo field at full width
NOTE_S = 4.0                                   # of a whole note
DULLEST_HARMONIC = 6.0                         # of a whole note: a soft stroke leaves so many
LEVEL_GLIDE_S = 0.03                           # time constant, of what takes a note's own loudness out while its latents move
FALL_TIMES = math.log(100)                     # "decay" is the time to come within 1 %


class Shaped(NamedTuple):
    """What rows become. `partials`, `used` and `pan` are those of the entries of a hop, or of starts."""
    partials: np.ndarray                 # [entries, index, 3, PARTIALS] gain in phase and in quadrature, Hz
    used: np.ndarray                     # [entries] partials that sound
    pan: np.ndarray                      # [entries, 2] gains of left and right
    noise: np.ndarray                    # [rows, 2, BANDS] power


class Scratch(NamedTuple):
    """Room for one row at a time."""
    motion: np.ndarray                   # [6, GROUPS], see `move_groups`
    column: np.ndarray                   # [GROUPS] octave of noise
    ends: np.ndarray                     # [GROUPS] the first partial beyond each group
    level_db: np.ndarray                 # [PARTIALS] what the frame says
    shift_db: np.ndarray                 # [PARTIALS] what is added to it
    gains: np.ndarray                    # [PARTIALS]
    band_shift_db: np.ndarray            # [BANDS]
    powers: np.ndarray                   # [BANDS]


class Sway(NamedTuple):
    """Where a voice's motion stands in a row."""
    f0_hz: float
    fade: float                          # 0..1, how much of the model's motion there is
    lfo: float                           # of the vibrato, times `fade`
    moment: int                          # row of the motion's tables,
    between: np.float32                  # and how far on to the next


@compiled(fastmath=FASTER)
def shape(rows, count, table, state, frames, values, shaped):
    """Shapes `count` rows into `shaped`. Rows without a frame of their own sound from the frame that their voice holds."""
    _colour(values.controls, state)
    scratch = Scratch(np.empty((6, GROUPS), np.float32), np.empty(GROUPS, np.int32), np.empty(GROUPS, np.int64),
                      np.empty(PARTIALS, np.float32), np.empty(PARTIALS, np.float32), np.empty(PARTIALS, np.float32),
                      np.empty(BANDS, np.float32), np.empty(BANDS, np.float32))
    for r in range(count):
        row = rows[r]
        v = table[row.slot]
        if v.stage == FADING:
            _fade_out(row, v, r, state, shaped)
        elif v.note > 0:
            _shape_sample(row, v, r, state, values, shaped)
        else:
            _take_frame(row, state, frames)
            _shape_frame(row, v, r, state, values, scratch, shaped)


@inlined(fastmath=FASTER)
def _colour(controls, state):
    """What all voices share in a hop: the gain and the stretched ratio of each partial."""
    tilt, even_odd = controls[BRIGHTNESS], controls[EVEN_ODD]
    odd_db = 20 * math.log10(max(1 + min(even_odd, 0.0), 1e-3))
    even_db = 20 * math.log10(max(1 - max(even_odd, 0.0), 1e-3))
    power = 1 + 0.25 * controls[STRETCH] * abs(controls[STRETCH])
    for k in range(PARTIALS):
        state.colour_db[k] = min(tilt * (LOG2_RATIO[k] - 2), MOST_TILT_DB) + _ODD[k] * odd_db + _EVEN[k] * even_db
        state.warp[k] = RATIO[k] if power == 1 else RATIO[k] ** power


# What voices of frames and of whole notes have in common

@inlined(fastmath=FASTER)
def _move_envelopes(v, dt_s, controls):
    """Moves the envelopes and the level by a row; a released voice keeps its level, and falls by its release instead."""
    if v.stage < RELEASED:
        if v.decaying == 0:
            v.envelope += dt_s / controls[ATTACK]
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
def _vibrato_cents(row, v, values):
    """The player's own vibrato, of the control and the modulation wheel, moved on by a row."""
    v.added += row.dt_s * values.controls[VIBRATO_HZ]
    depth = values.controls[VIBRATO_CENTS] + values.controls[WHEEL_CENTS] * values.channels[v.channel, WHEEL]
    late = min(max((row.age_s - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0)
    return depth * late * math.sin(TURN * v.added)


@inlined(fastmath=FASTER)
def _pressure(v, values):
    """Channel pressure and the key's own, 0..1."""
    return min(values.channels[v.channel, PRESSURE] + v.key_pressure, 1.0)


@inlined(fastmath=FASTER)
def _common_db(v, pressure, values):
    """The gain of a whole voice but its envelope."""
    return values.controls[GAIN_DB] + v.stroke_db + v.level_db + values.channels[v.channel, LEVEL_DB] + PRESSURE_DB * pressure


@inlined(fastmath=FASTER)
def _cutoff_hz(row, v, pressure, controls):
    """Of the filter: a quite open one follows neither key nor pressure."""
    closed = math.log2(20000 / controls[CUTOFF])                    # octaves
    return controls[CUTOFF] * 2 ** (
        controls[TRACKING] * (row.pitch - 60) / 12 * min(closed, 1.0) + controls[FILTER_ENVELOPE] * v.filter_envelope
        + controls[FILTER_VELOCITY] * (v.filter_velocity / 127 - 0.5) * 2 + 2 * pressure * min(closed, 1.0))


@inlined(fastmath=FASTER)
def _damping(controls):
    """Of the filter's second section, by its resonance."""
    return 0.5857864 * 10 ** (-controls[RESONANCE] / 10)


@inlined(fastmath=FASTER)
def _pan_gains(row, v, values):
    """(left, right): equal power, 1 each in the middle."""
    where = values.channels[v.channel, PANNING] + values.controls[WIDTH] * (row.pitch - 60) / SPREAD_KEYS
    angle = (min(max(where, -1.0), 1.0) + 1) * TURN / 8
    return math.cos(angle) * math.sqrt(2.0), math.sin(angle) * math.sqrt(2.0)


@inlined(fastmath=FASTER)
def _fade_out(row, v, r, state, shaped):
    """A row of a voice whose slot is wanted: silent at its end."""
    out = shaped.partials[row.entry, row.index]
    out[0], out[1], shaped.noise[r] = 0, 0, 0
    f0_hz = 440 * 2 ** ((row.pitch - 69) / 12)
    for k in range(PARTIALS):
        out[2, k] = f0_hz * state.warp[k]
    shaped.used[row.entry] = v.used
    v.peak = 0.0


# Voices that play a whole note

@inlined(fastmath=FASTER)
def _shape_sample(row, v, r, state, values, shaped):
    """A row of a voice that plays a whole note: one gain, one frequency, a low-pass (see `CUTOFF_HZ` in synthesis/state.py)."""
    controls, release_db, fall_db = values.controls, state.release_db[row.slot], state.fall_db[row.slot]
    _move_envelopes(v, row.dt_s, controls)
    f0_hz = _follow_note(row, v, _vibrato_cents(row, v, values), fall_db)
    if v.stage == RELEASED:
        seconds = min(v.ring_s, v.longest_release_s) * controls[RELEASE_TIMES]
        if v.shortest_release_s > 0:
            seconds = min(seconds, v.shortest_release_s)
        release_db[0] += 60 * row.dt_s / max(seconds, 0.004)
    pressure = _pressure(v, values)
    level_db = _common_db(v, pressure, values) - release_db[0] - fall_db[0]
    gain = v.envelope * exp2(OCTAVES * level_db) if level_db > -120 else 0.0
    cutoff_hz = _cutoff_hz(row, v, pressure, controls)
    cutoff_hz = max(cutoff_hz * 2 ** v.tilt_db, min(cutoff_hz, DULLEST_HARMONIC * f0_hz))      # duller, and no softer for it
    out = shaped.partials[row.entry, row.index]
    out[0, 0], out[2, 0] = gain, f0_hz
    out[CUTOFF_HZ, 0], out[DAMPING, 1] = min(max(cutoff_hz, 10.0), 40000.0), _damping(controls)
    v.peak, v.used = gain, 2
    shaped.pan[row.entry, 0], shaped.pan[row.entry, 1] = _pan_gains(row, v, values)
    shaped.noise[r], shaped.used[row.entry] = 0, v.used


@inlined(fastmath=FASTER)
def _follow_note(row, v, cents, fall_db):
    """Moves the place in a note by a row, and what it has fallen by beyond its loop's begin. Returns the frequency to read it for."""
    f0_hz = 440 * 2 ** ((row.pitch - 69) / 12 + cents / 1200)
    passed_s = row.dt_s * f0_hz / max(v.root_hz, 1.0)
    v.note_s += passed_s
    heard_s = v.note_s
    if v.loop_length_s > 0 and heard_s > v.loop_s:
        heard_s = v.loop_s + (heard_s - v.loop_s) % v.loop_length_s
    place = min(max(heard_s / NOTE_S * len(v.tuning) - 0.5, 0.0), len(v.tuning) - 1.001)
    moment = int(place)
    fall_db[0] += v.fall_db_s * min(passed_s, max(v.note_s - v.loop_s, 0.0))
    return f0_hz * (v.tuning[moment] + (place - moment) * (v.tuning[moment + 1] - v.tuning[moment]))


# Voices that play frames

@inlined(fastmath=FASTER)
def _take_frame(row, state, frames):
    """Moves the frame that a voice holds towards its newest one."""
    held, ahead = state.held[row.slot], state.ahead[row.slot]
    if row.input >= 0:
        for i in range(FRAME_SIZE):             # as arrays this takes seconds longer to compile
            ahead[i] = frames[row.input, i]
    if row.fraction > 0:
        fraction = np.float32(row.fraction)
        for i in range(FRAME_SIZE):
            held[i] += fraction * (ahead[i] - held[i])


@inlined(fastmath=FASTER)
def _shape_frame(row, v, r, state, values, scratch, shaped):
    """A row of a voice that plays the frame that it holds."""
    controls, s = values.controls, row.slot
    frame = state.held[s]
    _move_envelopes(v, row.dt_s, controls)
    sway = _sway(row, v, frame, state, values)
    move_groups(frame, row.dt_s, sway.fade, math.log2(controls[MOTION_SPEED]), state.cycles[s], scratch.motion, scratch.column)
    if v.stage == RELEASED:
        release_groups(frame, row.dt_s, v.longest_release_s, controls[RELEASE_TIMES], v.shortest_release_s, state.release_db[s])
    pressure = _pressure(v, values)
    common_db, tilt_db = _common_db(v, pressure, values), v.tilt_db + PRESSURE_TILT_DB * pressure
    level = np.float32(v.envelope * exp2(OCTAVES * common_db))
    per_cutoff = np.float32(1 / min(max(_cutoff_hz(row, v, pressure, controls), 10.0), 40000.0))
    damping, nyquist_hz = np.float32(_damping(controls)), np.float32(0.5 * values.rate_hz)

    out = shaped.partials[row.entry, row.index]
    _place_partials(frame, sway, state, s, scratch, out[2])
    _fall_beyond(row, state, nyquist_hz, scratch, out[2])
    for k in range(PARTIALS):
        scratch.shift_db[k] += np.float32(state.colour_db[k] + min(tilt_db * (LOG2_RATIO[k] - 2), MOST_TILT_DB)) + state.fall_db[s, k]
    partial_gains(scratch.level_db, scratch.shift_db, out[2], level, np.float32(QUIETEST_DB - common_db), nyquist_hz, per_cutoff,
                  damping, scratch.gains)
    peak, last = _write_gains(scratch.gains, out)
    _write_motion(sway, state, s, last, scratch, out)
    v.peak = peak if peak > LEAST else 0.0
    v.used = max(last, 1)
    shaped.used[row.entry] = v.used if row.index == 0 else max(shaped.used[row.entry], v.used)

    left, right = _pan_gains(row, v, values)
    shaped.pan[row.entry, 0], shaped.pan[row.entry, 1] = left, right
    _shift_bands(sway.f0_hz, tilt_db, state, s, controls, scratch.band_shift_db)
    total = band_powers(frame[NOISE.start:NOISE.stop], scratch.band_shift_db, level, np.float32(QUIETEST_BAND_DB - common_db),
                        per_cutoff, damping, scratch.powers)
    of_left, of_right = np.float32(left * left), np.float32(right * right)
    for b in range(BANDS):
        shaped.noise[r, 0, b], shaped.noise[r, 1, b] = scratch.powers[b] * of_left, scratch.powers[b] * of_right
    v.peak = max(v.peak, math.sqrt(total))


@inlined(fastmath=FASTER)
def _sway(row, v, frame, state, values):
    """Moves what all partials of a voice share by a row: the model's vibrato and jitter of pitch, and the player's vibrato."""
    controls = values.controls
    late = min(max((row.age_s - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0)
    fade = late * controls[MOTION]
    v.vibrato += row.dt_s * frame[VIBRATO.start + 1] * controls[MOTION_SPEED]
    lfo = fade * math.cos(TURN * v.vibrato)
    hops = row.age_s * TABLE_RATE_HZ
    moment = int(hops)
    between = np.float32(hops - moment)
    i = (moment + state.offset[row.slot, 0]) & (TABLE_SIZE - 1)
    jitter = state.wave[i, JITTER, 0] + between * (state.wave[i + 1, JITTER, 0] - state.wave[i, JITTER, 0])
    cents = frame[VIBRATO.start] * lfo + frame[VIBRATO.start + 2] * fade * math.sqrt(2.0) * jitter + _vibrato_cents(row, v, values)
    return Sway(440 * 2 ** ((row.pitch - 69) / 12 + cents / 1200), fade, lfo, moment, between)


@inlined(fastmath=FASTER)
def _place_partials(frame, sway, state, s, scratch, hz):
    """Level and frequency of each partial, and the shift that its group has: the swing of its vibrato, less its release."""
    for k in range(PARTIALS):
        scratch.level_db[k] = frame[LEVEL.start + ORDER[k]]
        hz[k] = sway.f0_hz * (state.warp[k] + frame[DEVIATION.start + ORDER[k]])
    k = 0
    for g in range(GROUPS):
        moved_db = frame[LFO_GAIN.start + g] * sway.lfo - state.release_db[s, g]
        edge = _EDGES[g] / sway.f0_hz
        while k < PARTIALS and state.warp[k] < edge:
            scratch.shift_db[k] = moved_db
            k += 1
        scratch.ends[g] = k


@inlined(fastmath=FASTER)
def _fall_beyond(row, state, nyquist_hz, scratch, hz):
    """Beyond the time that the model was trained on, partials and bands go on falling."""
    s = row.slot
    if row.beyond_s > 0:
        for k in range(PARTIALS):
            if scratch.level_db[k] > LEVEL_FLOOR_DB and hz[k] < nyquist_hz:
                state.fall_db[s, k] += row.beyond_s * state.slopes[s, ORDER[k]]
        for b in range(BANDS):
            state.fall_db[s, PARTIALS + b] += row.beyond_s * state.slopes[s, PARTIALS + b]


@inlined(fastmath=FASTER)
def _write_gains(gains, out):
    """Returns (the largest gain, how many partials sound)."""
    peak, last = np.float32(0), PARTIALS
    for k in range(PARTIALS):
        out[0, k], out[1, k] = gains[k], 0
        peak = max(peak, gains[k])
    while last > 0 and gains[last - 1] <= LEAST:
        last -= 1
    return peak, last


@inlined(fastmath=FASTER)
def _write_motion(sway, state, s, last, scratch, out):
    """Multiplies the gains of the first `last` partials by the motion of their groups: a carrier, two octaves of noise, a beating."""
    motion, wave, between = scratch.motion, state.wave, sway.between
    begin = 0
    for g in range(GROUPS):
        end = min(scratch.ends[g], last)
        if motion[AMOUNT, g] > SMALL_FUZZ:
            plain, low, high = motion[PLAIN, g], motion[LOW, g], motion[HIGH, g]
            cosine, sine, c = motion[COSINE, g], motion[SINE, g], scratch.column[g]
            for k in range(begin, end):
                gain = scratch.gains[k]
                if gain > INAUDIBLE:
                    i = (sway.moment + state.offset[s, k]) & (TABLE_SIZE - 1)
                    re = wave[i, c, 0] + between * (wave[i + 1, c, 0] - wave[i, c, 0])
                    im = wave[i, c, 1] + between * (wave[i + 1, c, 1] - wave[i, c, 1])
                    re_high = wave[i, c + 1, 0] + between * (wave[i + 1, c + 1, 0] - wave[i, c + 1, 0])
                    im_high = wave[i, c + 1, 1] + between * (wave[i + 1, c + 1, 1] - wave[i, c + 1, 1])
                    a, b = state.angle[s, k, 0], state.angle[s, k, 1]
                    out[0, k] = gain * (plain + low * re + high * re_high + a * cosine - b * sine)
                    out[1, k] = gain * (low * im + high * im_high + a * sine + b * cosine)
        begin = end


@inlined(fastmath=FASTER)
def _shift_bands(f0_hz, tilt_db, state, s, controls, shift_db):
    """What is added to the level of each noise band."""
    log2_f0, slope = math.log2(f0_hz), controls[BRIGHTNESS] + tilt_db
    for b in range(BANDS):
        shift_db[b] = (controls[NOISE_DB] - state.release_db[s, _BAND_GROUP[b]] + state.fall_db[s, PARTIALS + b]
                       + min(slope * (_LOG2_BAND[b] - log2_f0), MOST_TILT_DB))
