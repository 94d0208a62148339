"""The sum of a voice's partials: oscillators whose complex gain moves linearly while their frequency stands.

Real-time: no allocation, no locks, no Python; cost is proportional to partials that sound x samples.

Within a segment partial i is Re((a + b k) exp(j (phase + k step))), k samples after the segment's begin. With z = exp(j
..) and the first sample of a stretch taken as 0 this is u[k] + k v[k], where u and v are plain sinusoids (of complex
amplitudes a and b). Each is run by the leapfrog recurrence
    u += du;  du -= kappa u;   kappa = 4 sin(step / 2)**2
which is a sampled sine, exactly, and whose rounding errors stay small from the lowest frequencies up to 0.45 of the
rate (the plain cosine recurrence loses low notes). Six operations for a partial and sample, on vectors of partials.
Each segment begins from exact integer phases, so errors never build up. Oscillators always run LANES samples at a time
from a segment's begin, wherever blocks cut it: so block sizes change nothing, to the bit.
"""
import numpy as np

from hummingface.compiled import inlined, part

TURN = 2.0 ** 32                # a whole turn in units of phase
LANES = 8                       # samples computed in one pass over the partials
# sin(pi m) for -1/2 <= m <= 1/2 as an odd polynomial; relative error 5e-9, below float32 (fitted by reweighted least squares)
_S1, _S3, _S5, _S7, _S9 = (np.float32(c) for c in (
    3.1415926368942246, -5.167709684728635, 2.5500697252095508, -0.5982421198125003, 0.07756037417026737))
_HALF, _ONE, _TWO, _FOUR = (np.float32(c) for c in (0.5, 1, 2, 4))
_HALF_TURN = np.float32(2.0 ** -31)


@inlined
def sin_half_turns(m):
    """sin(pi m) of a float32 m in -1/2..1/2."""
    s = m * m
    return m * (_S1 + s * (_S3 + s * (_S5 + s * (_S7 + s * _S9))))


@inlined
def cos_sin(phase):
    """Cosine and sine of an int32 phase (2**32 is a turn), float32."""
    x = np.float32(phase) * _HALF_TURN
    m = abs(x)
    s = sin_half_turns(min(m, _ONE - m))
    return sin_half_turns(_HALF - m), (s if x >= np.float32(0) else -s)


@part
def start_oscillators(count, phase, step, gain, oscillators):
    """Set oscillators [5, count] (u, du, v, dv, kappa) to a segment's first sample.

    phase, step: [count] int32; gain: [4, count] float32, re, im at that sample and their slopes per sample.
    """
    for i in range(count):
        c, s = cos_sin(phase[i])
        half = np.float32(step[i]) * (_HALF_TURN * _HALF)           # half of a step, in half turns: 0..1/2
        sh, ch = sin_half_turns(half), sin_half_turns(_HALF - half)
        # z (exp(j step) - 1): how the rotating line moves within one sample
        move = _TWO * sh
        move_re, move_im = -move * (c * sh + s * ch), move * (c * ch - s * sh)
        oscillators[0, i] = gain[0, i] * c - gain[1, i] * s
        oscillators[1, i] = gain[0, i] * move_re - gain[1, i] * move_im
        oscillators[2, i] = gain[2, i] * c - gain[3, i] * s
        oscillators[3, i] = gain[2, i] * move_re - gain[3, i] * move_im
        oscillators[4, i] = move * move


@part
def run_oscillators(count, oscillators, made, first, samples, out):
    """Write the sum of `count` oscillators to out[first:first + samples], which the segment's samples from `made` on are.

    samples and made are multiples of LANES.
    """
    work = oscillators
    k0 = np.float32(made)
    for k in range(first, first + samples, LANES):
        k1, k2, k3 = k0 + _ONE, k0 + _TWO, k0 + np.float32(3)
        k4, k5, k6, k7 = k0 + _FOUR, k0 + np.float32(5), k0 + np.float32(6), k0 + np.float32(7)
        y0 = y1 = y2 = y3 = y4 = y5 = y6 = y7 = np.float32(0)
        for i in range(count):
            u, du, v, dv, kappa = work[0, i], work[1, i], work[2, i], work[3, i], work[4, i]
            y0 += u + k0 * v
            u += du
            v += dv
            du -= kappa * u
            dv -= kappa * v
            y1 += u + k1 * v
            u += du
            v += dv
            du -= kappa * u
            dv -= kappa * v
            y2 += u + k2 * v
            u += du
            v += dv
            du -= kappa * u
            dv -= kappa * v
            y3 += u + k3 * v
            u += du
            v += dv
            du -= kappa * u
            dv -= kappa * v
            y4 += u + k4 * v
            u += du
            v += dv
            du -= kappa * u
            dv -= kappa * v
            y5 += u + k5 * v
            u += du
            v += dv
            du -= kappa * u
            dv -= kappa * v
            y6 += u + k6 * v
            u += du
            v += dv
            du -= kappa * u
            dv -= kappa * v
            y7 += u + k7 * v
            u += du
            v += dv
            work[0, i] = u
            work[1, i] = du - kappa * u
            work[2, i] = v
            work[3, i] = dv - kappa * v
        out[k], out[k + 1], out[k + 2], out[k + 3] = y0, y1, y2, y3
        out[k + 4], out[k + 5], out[k + 6], out[k + 7] = y4, y5, y6, y7
        k0 += np.float32(LANES)
