"""Delay: echoes that alternate between left and right, each darker than the one before.

Real-time: no allocation, no locks, no Python; a fixed number of operations a sample. The lines are long, so they are
never cleared: what was written before the effect was switched on counts as silence (`filled`).

The delay time moves as on a tape machine: the read head glides to its new place, and the pitch bends meanwhile. A
delay time at rest is an exact number of samples, rounded.
"""
import numpy as np

from hummingface.compiled import part
from hummingface.instrument.synthesis.delay_line import read_between

LINE = 1 << 19                  # samples: 2.7 s at 192 kHz
LONGEST_S = 2.0
GLIDE_S = 0.08
FASTEST_AWAY, FASTEST_NEARER = 0.5, -1.0     # samples per sample: an octave down, an octave up
DARKEST_HZ, BRIGHTEST_HZ = 700.0, 18_000.0
SPREAD = np.float32(np.sqrt(0.5))       # both channels into one line, at equal power
TINY = np.float32(1e-18)        # keeps tails out of the slow denormal numbers
WET, TIME, FEEDBACK, OPENNESS = 0, 1, 2, 3

delay_dtype = np.dtype([
    ("begin", "f4", 4),         # WET, TIME (samples), FEEDBACK, OPENNESS (coefficient of the low-pass; 1: open)
    ("slope", "f4", 4),
    ("on", "i4"),
    ("head", "f8"),             # samples from the writing to the reading head; in single precision it would stop short of its goal
    ("dark", "f4", 2),          # memory of the low-passes
    ("write", "i8"),
    ("filled", "i8"),           # samples written since the effect went on
    ("mask", "i8"),             # of the part of the lines in use at this rate
    ("line", "f4", (2, LINE)),
], align=True)


@part
def target_delay(delay, mix, time_s, feedback, damping, sample_rate_hz, length):
    """Begin a segment; each control is a pair of its values at the segment's begin and end."""
    for end in range(2):
        cutoff_hz = BRIGHTEST_HZ * (DARKEST_HZ / BRIGHTEST_HZ) ** damping[end]
        open_ = 1.0 if damping[end] == 0 else 1 - np.exp(-2 * np.pi * cutoff_hz / sample_rate_hz)
        values = (mix[end], np.floor(time_s[end] * sample_rate_hz + 0.5), feedback[end], open_)
        for i in range(4):
            if end == 0:
                delay.begin[i] = values[i]
            else:
                delay.slope[i] = (values[i] - delay.begin[i]) / length
    if delay.on == 0:                   # nothing sounds in it yet, so nothing needs to glide
        delay.begin[TIME], delay.slope[TIME] = values[TIME], 0


@part
def render_delay(delay, offset, left, right, sample_rate_hz):
    """Add the echoes in place, from `offset` samples after the segment's begin. At mix 0 nothing happens."""
    if delay.begin[WET] == 0 and delay.slope[WET] == 0:
        delay.on = 0
        return
    if delay.on == 0:
        delay.on, delay.filled, delay.head = 1, 0, delay.begin[TIME]
        delay.dark[0] = delay.dark[1] = np.float32(0)
    line_left, line_right, mask = delay.line[0], delay.line[1], delay.mask
    head, write, filled = delay.head, delay.write, delay.filled
    dark_left, dark_right = delay.dark[0], delay.dark[1]
    towards = 1 / (GLIDE_S * sample_rate_hz)
    for k in range(len(left)):
        at = np.float32(offset + k)
        wet, time = delay.begin[WET] + at * delay.slope[WET], np.float64(delay.begin[TIME] + at * delay.slope[TIME])
        feedback, open_ = delay.begin[FEEDBACK] + at * delay.slope[FEEDBACK], delay.begin[OPENNESS] + at * delay.slope[OPENNESS]
        away = time - head
        if abs(away) < 0.01:
            head = time
        else:
            head += min(max(away * towards, FASTEST_NEARER), FASTEST_AWAY)
        echo_left = echo_right = np.float32(0)
        if filled >= np.int64(head) + 3:
            echo_left = read_between(line_left, mask, write, head)
            echo_right = read_between(line_right, mask, write, head)
        elif filled >= np.int64(head):          # the first echo's edge: beyond it is silence
            echo_left = line_left[(write - np.int64(head)) & mask]
            echo_right = line_right[(write - np.int64(head)) & mask]
        dark_left += open_ * (echo_left - dark_left)
        dark_right += open_ * (echo_right - dark_right)
        slot = write & mask
        line_left[slot] = SPREAD * (left[k] + right[k]) + feedback * dark_right + TINY
        line_right[slot] = feedback * dark_left + TINY
        left[k] += wet * echo_left
        right[k] += wet * echo_right
        write += 1
        filled += 1
    delay.head, delay.write, delay.filled = head, write, filled
    delay.dark[0], delay.dark[1] = dark_left, dark_right
