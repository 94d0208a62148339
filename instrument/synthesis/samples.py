"""Playback of buffers at any speed: for a voice that plays a whole note in place of partials.

The performer fills a buffer of the pool, describes it in the state block, and only then names it in a start or a hop. A voice moves
through its buffer at `frequency / root_hz` times the buffer's own rate, loops where the note has a loop, and cross-fades into another
buffer, at the same place of the note, when a hop names one. Gain, frequency and pan move as those of any voice.

Buffers are at 16 kHz and hold nothing above 2.1 kHz, so 8 taps of a windowed sinc interpolate with images 90 dB down.
Real-time: no allocation, no locks, no Python; an index outside a buffer reads silence.
"""
import math

import numpy as np

from hummingface.compiled import carray, inlined, part
from hummingface.instrument.synthesis.atomic import pointer_at

BUFFERS = 384                         # numbered from 1; 0 is none
LENGTH = 64_000                       # samples of a note
TAPS, PHASES = 8, 512
LEAD, STRIDE = 8, LENGTH + 32         # silence before a note; size of a buffer, with the padding at its end
RATE_HZ = 16_000
CROSS_S = 0.04                        # of a cross-fade
LEAST_ROOT_HZ, MOST_STEP = 1.0, 64.0
LEAST_LOOP = 64.0                     # samples: not shorter than a step
_ZERO, _ONE = np.float32(0), np.float32(1)

samples_dtype = np.dtype([
    ("pool", "i8"),                                         # address of the buffers, float32 [BUFFERS + 1, STRIDE]; 0: there are none
    ("root_hz", "f8", BUFFERS + 1),                         # the pitch that each has at its own rate
    ("loop_begin", "f8", BUFFERS + 1),                      # in samples of the note; a loop shorter than LEAST_LOOP is none
    ("loop_end", "f8", BUFFERS + 1),
], align=True)


def _taps() -> np.ndarray:
    """Windowed sinc (Kaiser, beta 9) at each phase, and at the next sample again: [PHASES + 1, TAPS]"""
    at = np.arange(TAPS) - (TAPS // 2 - 1) - np.arange(PHASES + 1)[:, None] / PHASES
    window = np.i0(9 * np.sqrt(np.maximum(0, 1 - (at / (TAPS / 2)) ** 2))) / np.i0(9)
    taps = np.sinc(at) * window
    return (taps / taps.sum(1, keepdims=True)).astype(np.float32)


TABLE = _taps()


@inlined
def known(samples, number):
    """A buffer's number, or 0 if there is no such buffer."""
    if 0 < number <= BUFFERS and samples.pool != 0 and samples.root_hz[number] >= LEAST_ROOT_HZ:
        return np.int32(number)
    return np.int32(0)


@inlined
def step_of(samples, number, frequency_hz, rate_hz):
    """Samples of the note that pass in one sample of the sound."""
    return min(frequency_hz / max(samples.root_hz[number], LEAST_ROOT_HZ) * (RATE_HZ / rate_hz), MOST_STEP)


@inlined
def looped(samples, number, at):
    """A place in the note with loops removed."""
    begin, end = samples.loop_begin[number], samples.loop_end[number]
    if at < end or not end >= begin + LEAST_LOOP or not begin >= 0:
        return at
    return at - math.floor((at - begin) / (end - begin)) * (end - begin)


@part
def read_sample(samples, number, at, step, first, count, gain, slope, out):
    """Add to out[:count] the note from place `at` on, `step` a sample, from the `first` sample of the segment on, times `gain` and its
    `slope` a sample."""
    note = carray(pointer_at(samples.pool + 4 * STRIDE * np.int64(number)), STRIDE, np.float32)
    begin, end = samples.loop_begin[number], samples.loop_end[number]
    length = end - begin
    loops = length >= LEAST_LOOP and begin >= 0 and end <= LENGTH
    last = end if loops else np.float64(LENGTH)
    back = at - looped(samples, number, at) if loops else 0.0
    for k in range(count):
        place = at + (first + k) * step - back
        if place >= last:
            if not loops:
                return
            place -= length
            back += length
        place = max(place, 0.0)
        whole = np.int64(place)
        phase = np.float32((place - whole) * PHASES)
        row = np.int64(phase)
        share = phase - np.float32(row)
        low, high = TABLE[row], TABLE[row + 1]
        value, from_ = _ZERO, whole + LEAD - (TAPS // 2 - 1)
        for tap in range(TAPS):
            value += note[from_ + tap] * (low[tap] + share * (high[tap] - low[tap]))
        out[k] += value * (gain + slope * np.float32(first + k))


@part
def low_pass(state, cutoff_hz, damping, rate_hz, count, samples):
    """In place: a resonant low-pass of fourth order, a Butterworth's two sections, the second sharpened (`damping` is that of power, as in
    performance/rows/sample_rows.py). State-variable filters in Zavalishin's form, which stay sound when their cutoff moves. `state` [4]"""
    g = np.float32(math.tan(math.pi * min(max(cutoff_hz, 5.0), 0.49 * rate_hz) / rate_hz))
    for section in range(2):
        k = np.float32(1.8477591) if section == 0 else np.float32(math.sqrt(min(max(damping, 1e-3), 4.0)))
        a1 = _ONE / (_ONE + g * (g + k))
        a2 = g * a1
        a3 = g * a2
        first, second = state[2 * section], state[2 * section + 1]
        for i in range(count):
            high = samples[i] - second
            band = a1 * first + a2 * high
            low = second + a2 * first + a3 * high
            first = band + band - first
            second = low + low - second
            samples[i] = low
        state[2 * section], state[2 * section + 1] = first, second
