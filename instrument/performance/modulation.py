"""Turns decoder frames and the state of voices into gains, frequencies and noise powers for the audio thread. Compiled.

Everything that a synthesizer does to a voice is a gain on its partials and bands, or a factor on their frequencies: envelope,
release, filter, pressure, tilt, vibrato, and the motion that the model gives as statistics. Motion follows the definition in
`models/playing/motion_generator.py`. Partials are passed on in ascending order of ratio, half-harmonics among them, so that
the ones above Nyquist are at the end.
"""
import math

import numpy as np

from hummingface.compiled import FASTER, compiled
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
from hummingface.instrument.performance.group_motion import AMOUNT, COSINE, HIGH, LOW, PLAIN, SINE, advance_release, move_groups
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
PRESSURE_DB, PRESSURE_TILT_DB = 5.0, 1.5       # full pressure: louder, and brighter by this many dB per octave
MOST_TILT_DB = 24.0                            # no partial is raised by more
SPREAD_KEYS = 40.0                             # keys from the middle to the edge of the stereo field at full width
NOTE_S = 4.0                                   # of a whole note
DULLEST_HARMONIC = 6.0                         # of a whole note: a soft stroke leaves so many
LEVEL_GLIDE_S = 0.03                           # time constant, of what takes a note's own loudness out while its latents move
FALL_TIMES = math.log(100)                     # "decay" is the time to reach within 1 %


@compiled(fastmath=FASTER)
def _colour(controls, memory):
    """The factors that all voices share in a hop: the gain and the stretched ratio of each partial."""
    colour_db, warp = memory[10], memory[11]
    tilt, even_odd = controls[BRIGHTNESS], controls[EVEN_ODD]
    odd_db = 20 * math.log10(max(1 + min(even_odd, 0.0), 1e-3))
    even_db = 20 * math.log10(max(1 - max(even_odd, 0.0), 1e-3))
    power = 1 + 0.25 * controls[STRETCH] * abs(controls[STRETCH])
    for k in range(PARTIALS):
        colour_db[k] = min(tilt * (LOG2_RATIO[k] - 2), MOST_TILT_DB) + _ODD[k] * odd_db + _EVEN[k] * even_db
        warp[k] = RATIO[k] if power == 1 else RATIO[k] ** power


@compiled(fastmath=FASTER)
def _envelope(v, dt_s, controls):
    """Advances the envelopes and the level by a row; a released voice keeps its level and decays by its release instead."""
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


@compiled(fastmath=FASTER)
def _shape_sample(row, v, release_attenuation_db, fall_db, controls, channels, rate_hz, out, pan):
    """A row of a voice that plays a whole note: one gain, one frequency, a low-pass (see `CUTOFF_HZ` in synthesis/state.py)."""
    dt_s = row.dt_s
    _envelope(v, dt_s, controls)
    v.added += dt_s * controls[VIBRATO_HZ]
    late = min(max((row.age_s - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0)
    depth = controls[VIBRATO_CENTS] + controls[WHEEL_CENTS] * channels[v.channel, WHEEL]
    f0_hz = 440 * 2 ** ((row.pitch - 69) / 12 + depth * late * math.sin(TURN * v.added) / 1200)
    passed_s = dt_s * f0_hz / max(v.root_hz, 1.0)
    v.note_s += passed_s
    heard_s = v.note_s
    if v.loop_length_s > 0 and heard_s > v.loop_s:
        heard_s = v.loop_s + (heard_s - v.loop_s) % v.loop_length_s
    place = min(max(heard_s / NOTE_S * len(v.tuning) - 0.5, 0.0), len(v.tuning) - 1.001)
    moment = int(place)
    f0_hz *= v.tuning[moment] + (place - moment) * (v.tuning[moment + 1] - v.tuning[moment])
    fall_db[0] += v.fall_db_s * min(passed_s, max(v.note_s - v.loop_s, 0.0))
    if v.stage == RELEASED:
        seconds = min(v.ring_s, v.longest_release_s) * controls[RELEASE_TIMES]
        if v.shortest_release_s > 0:
            seconds = min(seconds, v.shortest_release_s)
        release_attenuation_db[0] += 60 * dt_s / max(seconds, 0.004)
    pressure = min(channels[v.channel, PRESSURE] + v.key_pressure, 1.0)
    level_db = (controls[GAIN_DB] + channels[v.channel, LEVEL_DB] + PRESSURE_DB * pressure - release_attenuation_db[0] - fall_db[0]
                + v.stroke_db + v.level_db)
    gain = v.envelope * exp2(OCTAVES * level_db) if level_db > -120 else 0.0
    closed = math.log2(20000 / controls[CUTOFF])
    cutoff_hz = controls[CUTOFF] * 2 ** (
        controls[TRACKING] * (row.pitch - 60) / 12 * min(closed, 1.0) + controls[FILTER_ENVELOPE] * v.filter_envelope
        + controls[FILTER_VELOCITY] * (v.filter_velocity / 127 - 0.5) * 2 + 2 * pressure * min(closed, 1.0))
    cutoff_hz = max(cutoff_hz * 2 ** v.tilt_db, min(cutoff_hz, DULLEST_HARMONIC * f0_hz))      # duller, and no softer for it
    out[0, 0], out[2, 0] = gain, f0_hz
    out[CUTOFF_HZ, 0], out[DAMPING, 1] = min(max(cutoff_hz, 10.0), 40000.0), 0.5857864 * 10 ** (-controls[RESONANCE] / 10)
    v.peak, v.used = gain, 2
    where = min(max(channels[v.channel, PANNING] + controls[WIDTH] * (row.pitch - 60) / SPREAD_KEYS, -1.0), 1.0)
    pan[0], pan[1] = math.cos((where + 1) * TURN / 8) * math.sqrt(2.0), math.sin((where + 1) * TURN / 8) * math.sqrt(2.0)


@compiled(fastmath=FASTER)
def shape(rows, count, table, memory, frames, controls, channels, rate_hz, partials, used, pan, row_noise):
    """Shapes `count` rows: `partials` [entries, index, 3, PARTIALS] and `row_noise` [count, 2, BANDS] (power) are written,
    and for each entry `used` and `pan`. Rows without a frame of their own sound from the frame that their voice holds."""
    _colour(controls, memory)
    held, ahead, _, fall_db, slopes, release_attenuation_db, turns, offset, angle, wave, colour_db, warp = memory
    motion, column = np.empty((6, GROUPS), np.float32), np.empty(GROUPS, np.int32)
    ends = np.empty(GROUPS, np.int64)
    level_db, shift_db, gains = np.empty(PARTIALS, np.float32), np.empty(PARTIALS, np.float32), np.empty(PARTIALS, np.float32)
    band_shift_db, powers = np.empty(BANDS, np.float32), np.empty(BANDS, np.float32)
    faster = math.log2(controls[MOTION_SPEED])
    nyquist_hz = np.float32(0.5 * rate_hz)
    damping = np.float32(0.5857864 * 10 ** (-controls[RESONANCE] / 10))
    tilt_db, noise_db = controls[BRIGHTNESS], controls[NOISE_DB]
    for r in range(count):
        row = rows[r]
        s = row.slot
        v = table[s]
        out = partials[row.entry, row.index]
        if v.stage == FADING:
            out[0], out[1], row_noise[r] = 0, 0, 0
            f0_hz = 440 * 2 ** ((row.pitch - 69) / 12)
            for k in range(PARTIALS):
                out[2, k] = f0_hz * warp[k]
            used[row.entry] = v.used
            v.peak = 0.0
            continue
        if v.note > 0:
            _shape_sample(row, v, release_attenuation_db[s], fall_db[s], controls, channels, rate_hz, out, pan[row.entry])
            row_noise[r], used[row.entry] = 0, v.used
            continue
        if row.input >= 0:
            for i in range(FRAME_SIZE):         # as arrays this takes seconds longer to compile
                ahead[s, i] = frames[row.input, i]
        frame = held[s]
        if row.fraction > 0:
            to, fraction = ahead[s], np.float32(row.fraction)
            for i in range(FRAME_SIZE):
                frame[i] += fraction * (to[i] - frame[i])
        dt_s = row.dt_s
        _envelope(v, dt_s, controls)

        # motion that all partials share
        fade = min(max((row.age_s - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0) * controls[MOTION]
        v.vibrato += dt_s * frame[VIBRATO.start + 1] * controls[MOTION_SPEED]
        v.added += dt_s * controls[VIBRATO_HZ]
        lfo = fade * math.cos(TURN * v.vibrato)
        hops = row.age_s * TABLE_RATE_HZ
        moment = int(hops)
        between = np.float32(hops - moment)
        i = (moment + offset[s, 0]) & (TABLE_SIZE - 1)
        jitter = wave[i, JITTER, 0] + between * (wave[i + 1, JITTER, 0] - wave[i, JITTER, 0])
        cents = frame[VIBRATO.start] * lfo + frame[VIBRATO.start + 2] * fade * math.sqrt(2.0) * jitter
        depth = controls[VIBRATO_CENTS] + controls[WHEEL_CENTS] * channels[v.channel, WHEEL]
        late = min(max((row.age_s - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0)
        cents += depth * late * math.sin(TURN * v.added)
        f0_hz = 440 * 2 ** ((row.pitch - 69) / 12 + cents / 1200)

        move_groups(frame, dt_s, fade, faster, turns[s], motion, column)
        if v.stage == RELEASED:
            advance_release(frame, dt_s, v.longest_release_s, controls[RELEASE_TIMES], v.shortest_release_s, release_attenuation_db[s])

        # gains that all partials share
        pressure = min(channels[v.channel, PRESSURE] + v.key_pressure, 1.0)
        common_db = controls[GAIN_DB] + v.stroke_db + v.level_db + channels[v.channel, LEVEL_DB] + PRESSURE_DB * pressure
        tilt = v.tilt_db + PRESSURE_TILT_DB * pressure
        level = v.envelope * exp2(OCTAVES * common_db)
        closed = math.log2(20000 / controls[CUTOFF])                    # octaves; a filter quite open follows no key
        cutoff_hz = controls[CUTOFF] * 2 ** (
            controls[TRACKING] * (row.pitch - 60) / 12 * min(closed, 1.0) + controls[FILTER_ENVELOPE] * v.filter_envelope
            + controls[FILTER_VELOCITY] * (v.filter_velocity / 127 - 0.5) * 2 + 2 * pressure * min(closed, 1.0))
        per_cutoff = np.float32(1 / min(max(cutoff_hz, 10.0), 40000.0))

        hz = out[2]
        for k in range(PARTIALS):
            level_db[k] = frame[LEVEL.start + ORDER[k]]
            hz[k] = f0_hz * (warp[k] + frame[DEVIATION.start + ORDER[k]])
        k = 0
        for g in range(GROUPS):
            moved_db = frame[LFO_GAIN.start + g] * lfo - release_attenuation_db[s, g]
            edge = _EDGES[g] / f0_hz
            while k < PARTIALS and warp[k] < edge:
                shift_db[k] = moved_db
                k += 1
            ends[g] = k
        if row.beyond_s > 0:
            for k in range(PARTIALS):
                if level_db[k] > LEVEL_FLOOR_DB and hz[k] < nyquist_hz:
                    fall_db[s, k] += row.beyond_s * slopes[s, ORDER[k]]
            for b in range(BANDS):
                fall_db[s, PARTIALS + b] += row.beyond_s * slopes[s, PARTIALS + b]
        for k in range(PARTIALS):
            shift_db[k] += np.float32(colour_db[k] + min(tilt * (LOG2_RATIO[k] - 2), MOST_TILT_DB)) + fall_db[s, k]
        partial_gains(level_db, shift_db, hz, np.float32(level), np.float32(QUIETEST_DB - common_db), nyquist_hz, per_cutoff, damping,
                      gains)
        peak, last = np.float32(0), PARTIALS
        for k in range(PARTIALS):
            out[0, k], out[1, k] = gains[k], 0
            peak = max(peak, gains[k])
        while last > 0 and gains[last - 1] <= LEAST:
            last -= 1
        begin = 0
        for g in range(GROUPS):
            end = min(ends[g], last)
            if motion[AMOUNT, g] > SMALL_FUZZ:
                plain, low, high = motion[PLAIN, g], motion[LOW, g], motion[HIGH, g]
                cosine, sine, c = motion[COSINE, g], motion[SINE, g], column[g]
                for k in range(begin, end):
                    gain = gains[k]
                    if gain > INAUDIBLE:
                        i = (moment + offset[s, k]) & (TABLE_SIZE - 1)
                        re = wave[i, c, 0] + between * (wave[i + 1, c, 0] - wave[i, c, 0])
                        im = wave[i, c, 1] + between * (wave[i + 1, c, 1] - wave[i, c, 1])
                        re_high = wave[i, c + 1, 0] + between * (wave[i + 1, c + 1, 0] - wave[i, c + 1, 0])
                        im_high = wave[i, c + 1, 1] + between * (wave[i + 1, c + 1, 1] - wave[i, c + 1, 1])
                        a, b = angle[s, k, 0], angle[s, k, 1]
                        out[0, k] = gain * (plain + low * re + high * re_high + a * cosine - b * sine)
                        out[1, k] = gain * (low * im + high * im_high + a * sine + b * cosine)
            begin = end
        v.peak = peak if peak > LEAST else 0.0
        v.used = max(last, 1)
        used[row.entry] = v.used if row.index == 0 else max(used[row.entry], v.used)

        where = min(max(channels[v.channel, PANNING] + controls[WIDTH] * (row.pitch - 60) / SPREAD_KEYS, -1.0), 1.0)
        left, right = math.cos((where + 1) * TURN / 8), math.sin((where + 1) * TURN / 8)
        left, right = left * math.sqrt(2.0), right * math.sqrt(2.0)
        pan[row.entry, 0], pan[row.entry, 1] = left, right
        log2_f0, slope = math.log2(f0_hz), tilt_db + tilt
        for b in range(BANDS):
            band_shift_db[b] = (noise_db - release_attenuation_db[s, _BAND_GROUP[b]] + fall_db[s, PARTIALS + b]
                                + min(slope * (_LOG2_BAND[b] - log2_f0), MOST_TILT_DB))
        total = band_powers(frame[NOISE.start:NOISE.stop], band_shift_db, np.float32(level), np.float32(QUIETEST_BAND_DB - common_db),
                            per_cutoff, damping, powers)
        of_left, of_right = np.float32(left * left), np.float32(right * right)
        for b in range(BANDS):
            row_noise[r, 0, b], row_noise[r, 1, b] = powers[b] * of_left, powers[b] * of_right
        v.peak = max(v.peak, math.sqrt(total))
