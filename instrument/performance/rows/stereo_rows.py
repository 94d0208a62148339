"""Stereo of a voice: its note's balances and coherences, at the player's width, into the sides of its partials and noise. Compiled."""
import math

import numpy as np

from hummingface.compiled import FASTER, inlined
from hummingface.instrument.performance.rows.fast_math import exp2
from hummingface.instrument.performance.voices.voice_laws import OCTAVES, hz_of, swayed
from hummingface.instrument.performance.voices.voice_state import BAND_GROUP, GROUP_EDGES, ORDER
from hummingface.instrument.synthesis.noise import COHERENCE
from hummingface.instrument.synthesis.state import BANDS, PARTIALS
from hummingface.models.playing.frame import GROUPS
from hummingface.models.playing.stereo import SIDE_SIGN

# What each group has in both channels, rows of VoiceState.spread: for partials that turn one way the left channel's complex gain and that
# of right over left; for noise the gains of left and right, and their product's excess over that of mono noise.
LEFT_RE, LEFT_IM, TURN_RE, TURN_IM, GAIN_LEFT, GAIN_RIGHT, EXCESS = range(7)
_SIGN = SIDE_SIGN[ORDER]
_MONO_ANGLE = math.acos(COHERENCE)


@inlined(fastmath=FASTER)
def spread_groups(s, state, width):
    """Bring what slot `s` has in each group up to date with its note's values and the width."""
    if state.spread_width[s] == width:
        return
    state.spread_width[s] = width
    values, spread = state.stereo[s], state.spread[s]
    for g in range(GROUPS):
        cosine = min(max(values[GROUPS + g], -1.0), 1.0)                  # of the phase between left and right
        if width < 1:
            cosine = math.cos(width * math.acos(cosine))
        ratio = exp2(OCTAVES * width * values[g])
        left = math.sqrt(2 / (1 + ratio * ratio))
        spread[LEFT_RE, g], spread[LEFT_IM, g] = left * math.sqrt((1 + cosine) / 2), -left * math.sqrt((1 - cosine) / 2)
        spread[TURN_RE, g], spread[TURN_IM, g] = ratio * cosine, ratio * math.sqrt(1 - cosine * cosine)
        spread[GAIN_LEFT, g], spread[GAIN_RIGHT, g] = left, ratio * left
        spread[EXCESS, g] = ratio * left * left * (cosine - COHERENCE)


@inlined(fastmath=FASTER)
def write_sides(row, state, width, shaped):
    """The sides of a voice's partials, once for all of a hop or of a start."""
    s = row.slot
    wide = state.wide[s] != 0 and width > 0
    if row.index != 0:
        return
    shaped.wide[row.entry] = 1 if wide else 0
    if not wide:
        return
    spread_groups(s, state, width)
    spread, out = state.spread[s], shaped.sides[row.entry]
    per_f0 = 1 / swayed(hz_of(row.pitch, 0.0), row)
    k = 0
    for g in range(GROUPS):
        edge = GROUP_EDGES[g] * per_f0
        while k < PARTIALS and state.warp[k] < edge:
            out[0, k], out[1, k] = spread[LEFT_RE, g], _SIGN[k] * spread[LEFT_IM, g]
            out[2, k], out[3, k] = spread[TURN_RE, g], _SIGN[k] * spread[TURN_IM, g]
            k += 1


@inlined(fastmath=FASTER)
def write_noise(row, r, state, width, powers, left, right, shaped):
    """The noise of a row: `powers` [BANDS] of a voice that is panned by the gains `left` and `right`."""
    s = row.slot
    out, of_left, of_right = shaped.noise[r], np.float32(left * left), np.float32(right * right)
    if state.wide[s] != 0 and width > 0:
        spread_groups(s, state, width)
        spread, of_both = state.spread[s], np.float32(left * right)
        for b in range(BANDS):
            g = BAND_GROUP[b]
            out[0, b] = powers[b] * of_left * spread[GAIN_LEFT, g] * spread[GAIN_LEFT, g]
            out[1, b] = powers[b] * of_right * spread[GAIN_RIGHT, g] * spread[GAIN_RIGHT, g]
            out[2, b] = powers[b] * of_both * spread[EXCESS, g]
        return
    excess = np.float32(left * right * (math.cos(width * _MONO_ANGLE) - COHERENCE)) if width < 1 else np.float32(0)
    for b in range(BANDS):
        out[0, b], out[1, b], out[2, b] = powers[b] * of_left, powers[b] * of_right, powers[b] * excess
