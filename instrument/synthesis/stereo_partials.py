"""The sum of a voice's partials in two channels: each partial's right channel is its left, at a gain and a phase of its own.

Real-time: no allocation, no locks, no Python. With T = u + k v the partial of `partials.py` (whose gain moves linearly), and D the step
that its sinusoids make at that gain, any shifted sinusoid of the same frequency is p T + q D. The left channel's gain and phase are in the
oscillator itself. The ramp is inside the recurrence,
    v += dv;  T += D + v;  D += dv - kappa T;  dv -= kappa v
and p and q hold for a segment, or move linearly in it. The loops are unrolled by hand: with the step in an inlined function of its own, to
the same bits, the moving one costs 1.7 times what mono oscillators do, and not 1.6.
"""
import numpy as np

from hummingface.compiled import part
from hummingface.instrument.synthesis.partials import sin_half_turns, start_oscillators

STEP = 4                                # samples in one pass over the partials: with two channels, more do not fit into registers
MIX, SLOPE = 5, 7                       # rows of oscillators: p and q, and their slopes per sample
LEAST_COSINE = np.float32(0.1)          # of half a step: nearer to half of the rate, where partials have faded, phases are not exact
LEAST_SINE = np.float32(1e-7)           # of a step: slower partials stand
_HALF, _ONE, _ZERO = (np.float32(c) for c in (0.5, 1, 0))
_HALF_TURN = np.float32(2.0 ** -31)


@part
def pack_sides(count, partial, sides, packed):
    """Copy the sides [2, 4, PARTIALS] of `partial` [count] int32 to the front of `packed`, in their order."""
    plain = partial[count - 1] == count - 1                         # nearly always: then it is done by vectors
    for end in range(2):
        for row in range(4):
            from_row, to_row = sides[end, row], packed[end, row]
            if plain:
                for i in range(count):
                    to_row[i] = from_row[i]
            else:
                for i in range(count):
                    to_row[i] = from_row[partial[i]]


@part
def turn_to_left(count, length, sides, gain):
    """Put the left channel's complex gain into `gain` [4, count], which is that of both (re, im, slopes per sample).

    sides: [2, 4, count], at the begin and at the end of a segment of `length` samples.
    """
    samples, per_sample = np.float32(length), _ONE / np.float32(length)
    for i in range(count):
        re, im = gain[0, i], gain[1, i]
        to_re, to_im = re + gain[2, i] * samples, im + gain[3, i] * samples
        a, b, c, d = sides[0, 0, i], sides[0, 1, i], sides[1, 0, i], sides[1, 1, i]
        from_re, from_im = re * a - im * b, re * b + im * a
        gain[0, i], gain[1, i] = from_re, from_im
        gain[2, i] = (to_re * c - to_im * d - from_re) * per_sample
        gain[3, i] = (to_re * d + to_im * c - from_im) * per_sample


@part
def mix_of_right(count, step, length, sides, oscillators):
    """Set p and q of oscillators [9, count], and their slopes, for the right channel over the left (rows 2 and 3 of `sides`)."""
    per_sample = _ONE / np.float32(length)
    for i in range(count):
        half = np.float32(step[i]) * (_HALF_TURN * _HALF)           # half of a step, in half turns: 0..1/2
        sh, ch = sin_half_turns(half), max(sin_half_turns(_HALF - half), LEAST_COSINE)
        tangent, per_sine = sh / ch, _HALF / max(sh * ch, LEAST_SINE)
        re, im, to_re, to_im = sides[0, 2, i], sides[0, 3, i], sides[1, 2, i], sides[1, 3, i]
        oscillators[MIX, i], oscillators[MIX + 1, i] = re + im * tangent, im * per_sine
        oscillators[SLOPE, i] = ((to_re - re) + (to_im - im) * tangent) * per_sample
        oscillators[SLOPE + 1, i] = (to_im - im) * per_sine * per_sample


@part
def start_stereo_oscillators(voices, v, count, length):
    """Set a voice's oscillators to the first sample of a segment of `length` samples, from what is packed."""
    if count == 0:
        return
    pack_sides(count, voices.packed_partial, voices.sides[v], voices.packed_sides)
    turn_to_left(count, length, voices.packed_sides, voices.packed_gain)
    start_oscillators(count, voices.packed_phase, voices.packed_step, voices.packed_gain, voices.oscillators[v])
    mix_of_right(count, voices.packed_step, length, voices.packed_sides, voices.oscillators[v])


@part
def run_stereo_oscillators(count, oscillators, first, samples, left, right):
    """Write the sum of `count` oscillators to left and right [first:first + samples]; samples is a multiple of STEP."""
    work = oscillators
    for k in range(first, first + samples, STEP):
        a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = _ZERO
        for i in range(count):
            t, d, v, dv, kappa, p, q = work[0, i], work[1, i], work[2, i], work[3, i], work[4, i], work[MIX, i], work[MIX + 1, i]
            a0 += t
            b0 += p * t
            b0 += q * d
            v += dv
            t += d
            t += v
            d += dv
            d -= kappa * t
            dv -= kappa * v
            a1 += t
            b1 += p * t
            b1 += q * d
            v += dv
            t += d
            t += v
            d += dv
            d -= kappa * t
            dv -= kappa * v
            a2 += t
            b2 += p * t
            b2 += q * d
            v += dv
            t += d
            t += v
            d += dv
            d -= kappa * t
            dv -= kappa * v
            a3 += t
            b3 += p * t
            b3 += q * d
            v += dv
            t += d
            t += v
            d += dv
            work[0, i] = t
            work[1, i] = d - kappa * t
            work[2, i] = v
            work[3, i] = dv - kappa * v
        left[k], left[k + 1], left[k + 2], left[k + 3] = a0, a1, a2, a3
        right[k], right[k + 1], right[k + 2], right[k + 3] = b0, b1, b2, b3


@part
def run_moving_oscillators(count, oscillators, first, samples, left, right):
    """The same, where p and q move."""
    work = oscillators
    for k in range(first, first + samples, STEP):
        a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = _ZERO
        for i in range(count):
            t, d, v, dv, kappa, p, q = work[0, i], work[1, i], work[2, i], work[3, i], work[4, i], work[MIX, i], work[MIX + 1, i]
            p_slope, q_slope = work[SLOPE, i], work[SLOPE + 1, i]
            a0 += t
            b0 += p * t
            b0 += q * d
            p += p_slope
            q += q_slope
            v += dv
            t += d
            t += v
            d += dv
            d -= kappa * t
            dv -= kappa * v
            a1 += t
            b1 += p * t
            b1 += q * d
            p += p_slope
            q += q_slope
            v += dv
            t += d
            t += v
            d += dv
            d -= kappa * t
            dv -= kappa * v
            a2 += t
            b2 += p * t
            b2 += q * d
            p += p_slope
            q += q_slope
            v += dv
            t += d
            t += v
            d += dv
            d -= kappa * t
            dv -= kappa * v
            a3 += t
            b3 += p * t
            b3 += q * d
            p += p_slope
            q += q_slope
            v += dv
            t += d
            t += v
            d += dv
            work[0, i] = t
            work[1, i] = d - kappa * t
            work[2, i] = v
            work[3, i] = dv - kappa * v
            work[MIX, i] = p
            work[MIX + 1, i] = q
        left[k], left[k + 1], left[k + 2], left[k + 3] = a0, a1, a2, a3
        right[k], right[k + 1], right[k + 2], right[k + 3] = b0, b1, b2, b3
