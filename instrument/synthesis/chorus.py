"""Chorus: each channel gets a copy with an oscillating delay, left and right a quarter cycle apart.

Real-time: no allocation, no locks, no Python; a fixed number of operations a sample.
"""
import numpy as np

from hummingface.compiled import part
from hummingface.instrument.synthesis.delay_line import read_between
from hummingface.instrument.synthesis.partials import TURN, cos_sin

LINE = 1 << 12                  # samples: 21 ms at 192 kHz
MIDDLE_S = 0.008
MOST_SWING_S = 0.004
MOST_DETUNE = 0.02              # of the frequency (34 cents): fast turning swings less far
WET, RATE, SWING = 0, 1, 2

chorus_dtype = np.dtype([
    ("begin", "f4", 3),         # WET, RATE (2**32 is a turn per sample), SWING (samples) at the segment's begin
    ("slope", "f4", 3),
    ("phase", "i4"),
    ("on", "i4"),
    ("write", "i8"),
    ("line", "f4", (2, LINE)),
], align=True)


@part
def target_chorus(chorus, mix, rate_hz, depth, sample_rate_hz, length):
    """Begin a segment: mix (0..1), rate and depth (0..1) are pairs of their values at its begin and end."""
    for end in range(2):
        swing_s = depth[end] * min(MOST_SWING_S, MOST_DETUNE / (2 * np.pi * rate_hz[end]))
        values = (mix[end], rate_hz[end] / sample_rate_hz * TURN, swing_s * sample_rate_hz)
        for i in range(3):
            if end == 0:
                chorus.begin[i] = values[i]
            else:
                chorus.slope[i] = (values[i] - chorus.begin[i]) / length


@part
def render_chorus(chorus, offset, left, right, sample_rate_hz):
    """Add the copies in place, from `offset` samples after the segment's begin. At mix 0 nothing happens."""
    if chorus.begin[WET] == 0 and chorus.slope[WET] == 0:
        chorus.on = 0
        return
    if chorus.on == 0:
        chorus.on, chorus.write, chorus.phase = 1, 0, 0
        chorus.line[:] = np.float32(0)
    middle = np.float32(MIDDLE_S * sample_rate_hz)
    line_left, line_right = chorus.line[0], chorus.line[1]
    phase, write = chorus.phase, chorus.write
    for k in range(len(left)):
        at = np.float32(offset + k)
        wet = chorus.begin[WET] + at * chorus.slope[WET]
        swing = chorus.begin[SWING] + at * chorus.slope[SWING]
        phase = np.int32(phase + np.int64(chorus.begin[RATE] + at * chorus.slope[RATE]))
        cos, sin = cos_sin(phase)
        slot = write & (LINE - 1)
        line_left[slot], line_right[slot] = left[k], right[k]
        level = np.float32(1) / np.sqrt(np.float32(1) + wet * wet)
        left[k] = level * (left[k] + wet * read_between(line_left, LINE - 1, write, middle + swing * cos))
        right[k] = level * (right[k] + wet * read_between(line_right, LINE - 1, write, middle + swing * sin))
        write += 1
    chorus.phase, chorus.write = phase, write
