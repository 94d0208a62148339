"""Rows of voices that play frames: levels, frequencies, motion and noise of the frame that a voice holds. Compiled.

Motion follows the definition in `models/playing/motion_generator.py`.
"""
import math
from typing import NamedTuple

import numpy as np

from hummingface.compiled import FASTER, inlined
from hummingface.instrument.performance.controls import (
    BRIGHTNESS,
    MOTION,
    MOTION_SPEED,
    NOISE_DB,
    RELEASE_TIMES,
    STEREO_WIDTH,
    TO_BREATH,
    TO_BRIGHT,
    TO_HOLLOW,
)
from hummingface.instrument.performance.rows.fast_math import exp2
from hummingface.instrument.performance.rows.frame_operations import (
    deviation_kept,
    heard_power,
    keep_loudness,
    move_spectrum,
    roughness,
    spectrum_moves,
    vibrato_of,
)
from hummingface.instrument.performance.rows.group_motion import AMOUNT, COSINE, HIGH, LOW, PLAIN, SINE, move_groups, release_groups
from hummingface.instrument.performance.rows.partial_gains import band_powers, partial_gains
from hummingface.instrument.performance.rows.stereo_rows import write_noise, write_sides
from hummingface.instrument.performance.voices.voice_laws import (
    LOG2_RATIO,
    MOST_TILT_DB,
    OCTAVES,
    PRESSURE_TILT_DB,
    common_gain_db,
    cutoff_hz_of,
    filter_damping,
    hz_of,
    move_envelopes,
    pan_gains,
    pressure_of,
    release_s,
    swayed,
    vibrato_cents,
)
from hummingface.instrument.performance.voices.voice_state import BAND_GROUP, GROUP_EDGES, ORDER, TURN
from hummingface.instrument.performance.voices.voice_table import RELEASED
from hummingface.instrument.synthesis.state import BANDS, PARTIALS
from hummingface.models.playing.frame import (
    BAND_CENTRES_HZ,
    DEVIATION,
    FRAME_SIZE,
    GROUPS,
    LEVEL,
    LEVEL_FLOOR_DB,
    LFO_GAIN,
    NOISE,
    VIBRATO,
)
from hummingface.models.playing.motion_generator import FADE_FROM_S, FADE_OVER_S, JITTER_OCTAVE, LOWEST_OCTAVE, TABLE_RATE_HZ, TABLE_SIZE

_LOG2_BAND = np.log2(np.ascontiguousarray(BAND_CENTRES_HZ) / 4)
JITTER = JITTER_OCTAVE - LOWEST_OCTAVE
SMALL_FUZZ = 0.005                             # less is not worth a sideband
QUIETEST_DB, QUIETEST_BAND_DB = -104.0, -120.0 # of full scale: partials and bands below are left out
LEAST = np.float32(1e-7)                       # gains up to it are nothing
INAUDIBLE = np.float32(10 ** (-110 / 20))      # partials below it need no motion of their own


class Scratch(NamedTuple):
    """Room for one row at a time."""
    motion: np.ndarray                   # [6, GROUPS], see `move_groups`
    column: np.ndarray                   # [GROUPS] octave of noise
    ends: np.ndarray                     # [GROUPS] the first partial beyond each group
    level_db: np.ndarray                 # [PARTIALS] what the frame says
    shift_db: np.ndarray                 # [PARTIALS] what is added to it
    gains: np.ndarray                    # [PARTIALS]
    noise_db: np.ndarray                 # [BANDS] what the frame says of noise,
    band_shift_db: np.ndarray            # [BANDS] and what is added to it
    powers: np.ndarray                   # [BANDS]


class Sway(NamedTuple):
    """Where a voice's motion stands in a row."""
    f0_hz: float
    fade: float                          # 0..1, how much of the model's motion there is
    lfo: float                           # of the vibrato, times `fade`
    moment: int                          # row of the motion's tables,
    between: np.float32                  # and how far on to the next


@inlined(fastmath=FASTER)
def take_frame(row, state, frames):
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
def shape_frame(row, v, r, state, values, scratch, shaped):
    """A row of a voice that plays the frame that it holds."""
    controls, s = values.controls[row.control], row.slot
    frame = state.held[s]
    move_envelopes(row, v, controls)
    sway = _sway(row, v, frame, state, values)
    move_groups(frame, row.dt_s, sway.fade, math.log2(controls[MOTION_SPEED]), roughness(row.age_s, controls), state.cycles[s],
                scratch.motion, scratch.column)
    if v.stage == RELEASED:
        release_groups(frame, release_s(row, v, values), v.longest_release_s, controls[RELEASE_TIMES], v.shortest_release_s,
                       state.release_db[s])
    pressure = pressure_of(v, values)
    common_db, tilt_db = common_gain_db(row, v, pressure, values), v.tilt_db + PRESSURE_TILT_DB * pressure
    level = np.float32(v.envelope * v.course * exp2(OCTAVES * common_db))
    per_cutoff = np.float32(1 / min(max(cutoff_hz_of(row, v, pressure, values), 10.0), 40000.0))
    damping, nyquist_hz = np.float32(filter_damping(controls)), np.float32(0.5 * values.rate_hz)

    out = shaped.partials[row.entry, row.index]
    _place_partials(frame, sway, state, s, controls, scratch, out[2])
    _fall_beyond(row, state, nyquist_hz, scratch, out[2])
    for k in range(PARTIALS):
        scratch.shift_db[k] += np.float32(state.colour_db[k] + min(tilt_db * (LOG2_RATIO[k] - 2), MOST_TILT_DB)) + state.fall_db[s, k]
    _shift_bands(sway.f0_hz, tilt_db, state, s, controls, scratch.band_shift_db)
    scratch.noise_db[:] = frame[NOISE.start:NOISE.stop]
    quietest_db, quietest_band_db = np.float32(QUIETEST_DB - common_db), np.float32(QUIETEST_BAND_DB - common_db)
    total, times = np.float32(0), 2 if spectrum_moves(controls) else 1
    before = np.float32(0)
    for turn in range(times):                   # as it is, and as the knobs move it
        if turn == 1:
            before = heard_power(sway.f0_hz, scratch.gains, scratch.powers)
            move_spectrum(sway.f0_hz, controls[TO_BRIGHT], controls[TO_BREATH], controls[TO_HOLLOW], scratch.level_db, scratch.shift_db,
                          scratch.noise_db, scratch.band_shift_db)
        partial_gains(scratch.level_db, scratch.shift_db, out[2], level, quietest_db, nyquist_hz, per_cutoff, damping, scratch.gains)
        total = band_powers(scratch.noise_db, scratch.band_shift_db, level, quietest_band_db, per_cutoff, damping, scratch.powers)
    if times == 2:
        total *= keep_loudness(before, heard_power(sway.f0_hz, scratch.gains, scratch.powers), scratch.gains, scratch.powers)
    peak, last = _write_gains(scratch.gains, out)
    _write_motion(sway, state, s, last, scratch, out)
    v.peak = peak if peak > LEAST else 0.0
    v.used = max(last, 1)
    shaped.used[row.entry] = v.used if row.index == 0 else max(shaped.used[row.entry], v.used)

    left, right = pan_gains(row, v, values)
    shaped.pan[row.entry, 0], shaped.pan[row.entry, 1] = left, right
    write_sides(row, state, controls[STEREO_WIDTH], shaped)
    write_noise(row, r, state, controls[STEREO_WIDTH], scratch.powers, left, right, shaped)
    v.peak = max(v.peak, math.sqrt(total))


@inlined(fastmath=FASTER)
def _sway(row, v, frame, state, values):
    """Moves what all partials of a voice share by a row: the model's vibrato and jitter of pitch, and the player's vibrato."""
    controls = values.controls[row.control]
    late = min(max((row.age_s - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0)
    fade = late * controls[MOTION]
    knob = vibrato_of(frame, row.age_s, controls)
    v.vibrato += row.dt_s * knob.rate_hz * controls[MOTION_SPEED]
    turning = math.cos(TURN * v.vibrato)
    lfo = fade * turning * knob.kept
    hops = row.age_s * TABLE_RATE_HZ
    moment = int(hops)
    between = np.float32(hops - moment)
    i = (moment + state.offset[row.slot, 0]) & (TABLE_SIZE - 1)
    jitter = state.wave[i, JITTER, 0] + between * (state.wave[i + 1, JITTER, 0] - state.wave[i, JITTER, 0])
    cents = (frame[VIBRATO.start] * lfo + frame[VIBRATO.start + 2] * fade * math.sqrt(2.0) * jitter + vibrato_cents(row, v, values)
             + knob.own_cents * turning)
    return Sway(swayed(hz_of(row.pitch, cents), row), fade, lfo, moment, between)


@inlined(fastmath=FASTER)
def _place_partials(frame, sway, state, s, controls, scratch, hz):
    """Level and frequency of each partial, and the shift that its group has: the swing of its vibrato, less its release."""
    kept = deviation_kept(controls)
    for k in range(PARTIALS):
        scratch.level_db[k] = frame[LEVEL.start + ORDER[k]]
        hz[k] = sway.f0_hz * (state.warp[k] + kept * frame[DEVIATION.start + ORDER[k]])
    k = 0
    for g in range(GROUPS):
        moved_db = frame[LFO_GAIN.start + g] * sway.lfo - state.release_db[s, g]
        edge = GROUP_EDGES[g] / sway.f0_hz
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
        shift_db[b] = (controls[NOISE_DB] - state.release_db[s, BAND_GROUP[b]] + state.fall_db[s, PARTIALS + b]
                       + min(slope * (_LOG2_BAND[b] - log2_f0), MOST_TILT_DB))
