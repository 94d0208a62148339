"""Tuning of frames: measures how far a sound's period is from its key, as a pitch detector or a listener would, and corrects it.

The autocorrelation of a sound at a lag of some periods is the sum over partials of power p and frequency f of p cos(2 pi f lag off),
where `off` is how far that partial is from completing whole cycles at the lag. Near its peak that is a mean of the partials' deviations,
weighted by p f^2 and by how near each is: the higher a partial, the more exactly it must agree (YIN: de Cheveigne & Kawahara, 2002). So the
fundamental tunes a high note and the first partials together a low one; those above the sixth hardly count: Moore, Glasberg &
Peters (1985), "Relative dominance of individual partials in determining the pitch of complex tones". Where partials agree on no
period (bars, bells), those about the loudest of the first four do; the others colour such a note and do not tune it.
"""
import math

import numpy as np

from hummingface.compiled import EXACT, compiled
from hummingface.models.playing.frame import DEVIATION, DEVIATION_LIMIT, LEVEL, LEVEL_FLOOR_DB, PARTIALS, SLOT_RATIO

DECIDING = np.flatnonzero(SLOT_RATIO < 6.5)           # slots of the frame, half-harmonics among them
LEADING = 4                                           # first slots, of which the loudest leads
NEAR_KEY_CENTS = 50.0                                 # a partial further off is hardly taken for the key's
LAG_S = 0.02                                          # over which periods are compared; at least one
QUIETEST_DB = 40.0                                    # under the one that weighs most: does not count
IN_TUNE_FROM_S, IN_TUNE_AT_S = 0.05, 0.25             # of a note: its beginning may scoop, what sounds on is in tune
CENTS = 1200 / math.log(2)                            # of a small relative difference of frequency
_RATIO = SLOT_RATIO.astype(np.float64)
_LEVEL, _DEVIATION = LEVEL.start, DEVIATION.start


@compiled(fastmath=EXACT)
def period_cents(frame, f0_hz):
    """Cents that the period of a frame [FRAME_SIZE] lies above the key's; 0 where nothing sounds."""
    count = len(DECIDING)
    weight, cents, leading, centre, most = np.empty(count), np.empty(count), 0.0, 0.0, 0.0
    for i in range(count):
        k = DECIDING[i]
        level_db = frame[_LEVEL + k]
        weight[i] = cents[i] = 0.0
        if level_db > LEVEL_FLOOR_DB + 5:
            power = 10.0 ** (0.1 * level_db)
            weight[i] = power * _RATIO[k] ** 2
            cents[i] = CENTS * math.log(max(1 + frame[_DEVIATION + k] / _RATIO[k], 0.1))
            most = max(most, weight[i])
            leads = power * math.exp(-((cents[i] / NEAR_KEY_CENTS) ** 2))
            if k < LEADING and leads > leading:
                leading, centre = leads, cents[i]
    if leading == 0.0:
        return 0.0
    radians = 2 * math.pi * max(LAG_S * f0_hz, 1.0) / CENTS          # of the first partial's phase over the lag, for each cent
    for _ in range(6):
        total, moment = 0.0, 0.0
        for i in range(count):
            if weight[i] > most * 10.0 ** (-0.1 * QUIETEST_DB):
                off = (cents[i] - centre) * radians * _RATIO[DECIDING[i]]
                near = weight[i] * math.exp(-0.5 * off * off)
                total += near
                moment += near * cents[i]
        if total <= 0.0:
            return centre
        centre = moment / total
    return centre


@compiled(fastmath=EXACT)
def periods_cents(frames, f0_hz):
    """`period_cents` of frames [T, FRAME_SIZE] with f0 [T]: float64 [T]."""
    out = np.empty(len(frames))
    for t in range(len(frames)):
        out[t] = period_cents(frames[t], f0_hz[t])
    return out


@compiled(fastmath=EXACT)
def put_in_tune(frames, pitch, time_s):
    """In place: shift all partials of frames [B, FRAME_SIZE] so that their period is the key's, after the attack."""
    for b in range(len(frames)):
        share = min(max((time_s[b] - IN_TUNE_FROM_S) / (IN_TUNE_AT_S - IN_TUNE_FROM_S), 0.0), 1.0)
        if share == 0.0:
            continue
        cents = share * period_cents(frames[b], 440 * 2 ** ((pitch[b] - 69) / 12))
        if cents == 0.0:
            continue
        by = math.exp(-cents / CENTS)
        for k in range(PARTIALS):
            moved = (_RATIO[k] + frames[b, _DEVIATION + k]) * by - _RATIO[k]
            frames[b, _DEVIATION + k] = min(max(moved, -DEVIATION_LIMIT), DEVIATION_LIMIT)
