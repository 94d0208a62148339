"""The loudness of a note computed from its frames: K-weighted power of ITU-R BS.1770-5 in its loudest 0.4 s ("momentary" loudness).
Compiled.

Partials and noise bands add up in power, as they do in a sound of many partials. So a model's note has a loudness before it is played,
and the instrument can remove it and apply the player's in its place (`instrument/performance/dynamics.py`).
"""
import math

import numpy as np

from hummingface.compiled import EXACT, compiled
from hummingface.models.playing.frame import (
    BAND_CENTRES_HZ,
    BANDS,
    FLOOR_FADE_DB,
    GROUP_EDGES_HZ,
    GROUPS,
    HARMONICS,
    LEVEL,
    LEVEL_FLOOR_DB,
    LFO_GAIN,
    NOISE,
    NOISE_FLOOR_DB,
    PARTIALS,
    SLOT_RATIO,
)
from hummingface.models.playing.motion_generator import FADE_FROM_S, FADE_OVER_S

# Of a note, moments that are listened to; dense where attacks are. Beside 120 moments: off by 0.08 dB (Atlas), 0.20 dB (Dream).
MOMENTS_S = np.array([0.003, 0.008, 0.015, 0.025, 0.04, 0.06, 0.085, 0.12, 0.17, 0.24, 0.33, 0.44, 0.58, 0.78], np.float32)
FEW_MOMENTS_S = MOMENTS_S[[1, 3, 5, 7, 9, 11, 12, 13]].copy()    # where time is short: off by 0.3 dB. A network answers four in one go
WINDOW_S = 0.4
OFFSET_LUFS = -0.691                  # of BS.1770, for power 1
SILENT_LUFS = -120.0
HIGHEST_HZ = 24000.0                  # inaudible above, and dependent on the sample rate
MOST_TILT_DB = 24.0                   # as a tilt is limited in the instrument
# BS.1770-5, tables 1 and 2: the head's shelf, then the high-pass; coefficients for 48 kHz
SHELF = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585])
HIGH_PASS = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
_STEPS_PER_OCTAVE, _LOWEST_HZ, _OCTAVES = 12, 8.0, 12           # of the table of weights


def k_weight(hz: np.ndarray) -> np.ndarray:
    """Power gain of the K-weighting at frequencies in Hz, up to 24 kHz."""
    z = np.exp(-2j * np.pi * np.minimum(hz, 23999.0) / 48000)
    power = np.ones(np.shape(hz))
    for b, a in (SHELF, HIGH_PASS):
        power = power * np.abs((b[0] + b[1] * z + b[2] * z * z) / (a[0] + a[1] * z + a[2] * z * z)) ** 2
    return power


_WEIGHTS = k_weight(_LOWEST_HZ * 2.0 ** (np.arange(_OCTAVES * _STEPS_PER_OCTAVE + 2) / _STEPS_PER_OCTAVE))
_BAND_WEIGHTS = k_weight(BAND_CENTRES_HZ)
_LOG2_BANDS = np.log2(BAND_CENTRES_HZ)
_RATIO = SLOT_RATIO.astype(np.float64)
_LOG2_RATIO = np.log2(_RATIO)
_EDGES = GROUP_EDGES_HZ.astype(np.float64)
_DB = math.log(10) / 10


@compiled(fastmath=EXACT)
def _weight(hz):
    """`k_weight` of one frequency, from a table; 0 beyond HIGHEST_HZ."""
    if hz >= HIGHEST_HZ:
        return 0.0
    place = max(math.log2(hz / _LOWEST_HZ), 0.0) * _STEPS_PER_OCTAVE
    i = min(int(place), len(_WEIGHTS) - 2)
    return _WEIGHTS[i] + (place - i) * (_WEIGHTS[i + 1] - _WEIGHTS[i])


@compiled(fastmath=EXACT)
def swing(db):
    """Mean power of a level that oscillates by +-dB as a sine, relative to a constant one: the Bessel function I0 of that many nepers of
    power.
    """
    x = 0.25 * (_DB * db) ** 2
    return 1 + x * (1 + x * (0.25 + x * (1 / 36 + x * (1 / 576 + x / 14400))))


@compiled(fastmath=EXACT)
def note_weights(f0_hz, tilt_db, gains, groups):
    """What does not change while a note sounds at f0: `gains` [PARTIALS + BANDS], what its partials' and bands' power counts, tilted by dB
    an octave about its fourth harmonic, and the group of each partial, `groups` [PARTIALS]."""
    group = 0
    for k in range(PARTIALS):
        if k == HARMONICS:                                            # half-harmonics begin at the bottom again
            group = 0
        hz = f0_hz * _RATIO[k]
        while group < GROUPS - 1 and hz >= _EDGES[group + 1]:
            group += 1
        groups[k] = group
        gains[k] = _weight(hz) * math.exp(_DB * min(tilt_db * (_LOG2_RATIO[k] - 2), MOST_TILT_DB))      # amplitude a, two sides: 2 a^2 / 2
    for b in range(BANDS):
        gains[PARTIALS + b] = 2 * _BAND_WEIGHTS[b] * math.exp(_DB * min(tilt_db * (_LOG2_BANDS[b] - math.log2(4 * f0_hz)), MOST_TILT_DB))


@compiled(fastmath=EXACT)
def frame_power(frame, gains, groups, motion, more):
    """K-weighted power of both channels of a frame [FRAME_SIZE], by `note_weights`, with so much of its vibrato's swing in level (0..1 and
    more). `more` [GROUPS] is overwritten."""
    for g in range(GROUPS):
        more[g] = swing(motion * frame[LFO_GAIN.start + g])
    power = 0.0
    for k in range(PARTIALS):
        level_db = frame[LEVEL.start + k]
        if level_db > LEVEL_FLOOR_DB and gains[k] > 0:
            fade = min((level_db - LEVEL_FLOOR_DB) / FLOOR_FADE_DB, 1.0)
            power += more[groups[k]] * gains[k] * fade * fade * math.exp(_DB * level_db)
    for b in range(BANDS):
        level_db = frame[NOISE.start + b]
        if level_db > NOISE_FLOOR_DB:
            fade = min((level_db - NOISE_FLOOR_DB) / FLOOR_FADE_DB, 1.0)
            power += gains[PARTIALS + b] * fade * fade * math.exp(_DB * level_db)
    return power


@compiled(fastmath=EXACT)
def weighted_power(frame, f0_hz, tilt_db, motion):
    """`frame_power` of a frame [FRAME_SIZE] of a note at f0, alone."""
    gains, groups = np.empty(PARTIALS + BANDS), np.empty(PARTIALS, np.int64)
    note_weights(f0_hz, tilt_db, gains, groups)
    return frame_power(frame, gains, groups, motion, np.empty(GROUPS))


@compiled(fastmath=EXACT)
def loudest_lufs(power, time_s):
    """Loudness of the loudest 0.4 s, from the power at moments [T] that rise: LUFS."""
    count = len(power)
    total = np.zeros(count)
    for i in range(1, count):
        total[i] = total[i - 1] + 0.5 * (power[i] + power[i - 1]) * (time_s[i] - time_s[i - 1])
    most = 0.0                                                          # power times seconds, of windows that end at a moment
    for i in range(count):
        begin = time_s[i] - WINDOW_S
        if i < count - 1 and begin < time_s[0]:
            if time_s[i + 1] > time_s[0] + WINDOW_S:                          # the first whole window
                share = (time_s[0] + WINDOW_S - time_s[i]) / (time_s[i + 1] - time_s[i])
                most = max(most, total[i] + share * (total[i + 1] - total[i]))
            continue
        j = 0
        while j < count - 2 and time_s[j + 1] <= begin:
            j += 1
        share = (begin - time_s[j]) / (time_s[j + 1] - time_s[j])
        most = max(most, total[i] - total[j] - share * (total[j + 1] - total[j]))
    return OFFSET_LUFS + 10 * math.log10(max(most / WINDOW_S, 1e-12))


@compiled(fastmath=EXACT)
def loudness_lufs(frames, f0_hz, tilt_db, time_s, motion):
    """Loudness of notes whose frames [B, T, FRAME_SIZE] at moments [T] are given, at f0 [B], with a tilt [B] and so much of their motion
    (1: as the model says): LUFS [B]."""
    out, power = np.empty(len(frames)), np.empty(len(time_s))
    gains, groups, more = np.empty(PARTIALS + BANDS), np.empty(PARTIALS, np.int64), np.empty(GROUPS)
    for b in range(len(frames)):
        note_weights(f0_hz[b], tilt_db[b], gains, groups)
        for t in range(len(time_s)):
            begun = min(max((time_s[t] - FADE_FROM_S) / FADE_OVER_S, 0.0), 1.0)
            power[t] = frame_power(frames[b, t], gains, groups, motion * begun, more)
        out[b] = loudest_lufs(power, time_s)
    return out
