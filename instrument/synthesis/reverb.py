"""Reverb: a feedback delay network of 16 lines behind a chain of diffusers.

Real-time: no allocation, no locks, no Python; a fixed number of operations a sample. Lines are emptied when the effect
goes on.

Sources: Jot & Chaigne 1991, "Digital delay networks for designing artificial reverberators" (lossless mixing, here a
Hadamard matrix; gains per line for an exact decay time; one low-pass per line for a shorter decay of the treble);
Dattorro 1997, "Effect design 1" (input diffusers). The lines' lengths swing slowly by a fraction of a millisecond, each
pair against another, so that no resonance stands.
"""
import numpy as np

from instrument.synthesis.compiled import inlined, part
from instrument.synthesis.lines import read_between, ring_mask
from instrument.synthesis.partials import TURN, cos_sin

LINES = 16
LINE = 1 << 15                  # samples: 170 ms at 192 kHz
DIFFUSERS = 4                   # per channel
DIFFUSER_LINE = 1 << 12
SHORTEST_MS, LONGEST_MS = 23.0, 79.0            # of the lines, times SMALLEST..LARGEST by size
SMALLEST, LARGEST = 0.4, 1.9
DIFFUSER_MS = ((4.77, 3.60, 12.73, 9.31), (5.03, 3.41, 12.11, 9.77))
DIFFUSION = (0.75, 0.75, 0.625, 0.625)
LEAST_TREBLE = 0.12             # decay time at the highest frequency, of that at the lowest, at full damping
SWING_MS, SWING_HZ = 0.12, 0.43
LEVEL = 1.0                     # of the room for a steady noise, at mix 1, beside the dry sound
TINY = np.float32(1e-18)        # keeps tails out of the slow denormal numbers
WET, SIZE = 0, 1
_STRETCH = np.linspace(0, 1, LINES) + 0.013 * np.sin(7.0 * np.arange(LINES))        # not quite even: no common rhythm
LENGTHS_S = (1e-3 * SHORTEST_MS * (LONGEST_MS / SHORTEST_MS) ** _STRETCH).astype(np.float32)

reverb_dtype = np.dtype([
    ("begin", "f4", 2),         # WET, SIZE (factor of the lines' lengths)
    ("slope", "f4", 2),
    ("gain", "f4", (2, LINES)),                 # per pass of each line: at the segment's begin, change per sample
    ("dark", "f4", (2, LINES)),                 # coefficient of its low-pass
    ("on", "i4"),
    ("phase", "i4"),
    ("size", "f4"),             # glides after SIZE
    ("write", "i8"),
    ("mask", "i8"),             # of the part of the lines in use at this rate
    ("diffuser_delay", "i8", (2, DIFFUSERS)),   # samples
    ("low", "f4", LINES),                       # memory of the low-passes
    ("flow", "f4", LINES),
    ("length", "f4", LINES),                    # samples, at size 1
    ("diffuser", "f4", (2, DIFFUSERS, DIFFUSER_LINE)),
    ("line", "f4", (LINES, LINE)),
], align=True)


def prepare_reverb(reverb, rate_hz: int) -> None:
    """Set what follows from the sample rate."""
    reverb["mask"] = ring_mask(LENGTHS_S.max() * LARGEST * rate_hz + 0.002 * rate_hz)
    reverb["length"] = LENGTHS_S * rate_hz
    reverb["diffuser_delay"] = np.round(np.array(DIFFUSER_MS) * 1e-3 * rate_hz)


@part
def aim_reverb(reverb, mix, decay_s, size, damping, sample_rate_hz, length):
    """Begin a segment; each control is a pair of its values at the segment's begin and end."""
    for end in range(2):
        scale = SMALLEST * (LARGEST / SMALLEST) ** size[end]
        treble = 1 - (1 - LEAST_TREBLE) * damping[end]
        power = 0.0
        for i in range(LINES):
            passes = reverb.length[i] * scale / (sample_rate_hz * decay_s[end])       # of the decay time
            gain = 10.0 ** (-3 * passes)
            # a one-pole low-pass (1 - b) / (1 - b / z), for the ratio of decay times at the two ends of the spectrum
            dark = min(np.log(10.0) / 4 * 3 * passes * (1 / (treble * treble) - 1), 0.85)
            power += gain * gain / LINES
            if end == 0:
                reverb.gain[0, i], reverb.dark[0, i] = gain, dark
            else:
                reverb.gain[1, i], reverb.dark[1, i] = (gain - reverb.gain[0, i]) / length, (dark - reverb.dark[0, i]) / length
        values = (mix[end] * LEVEL * np.sqrt(1 - power), scale)     # as loud for any decay
        for i in range(2):
            if end == 0:
                reverb.begin[i] = values[i]
            else:
                reverb.slope[i] = (values[i] - reverb.begin[i]) / length
    if reverb.on == 0:                  # nothing sounds in it yet, so nothing needs to glide
        reverb.begin[SIZE], reverb.slope[SIZE] = values[SIZE], 0


@part
def _empty(reverb):
    reverb.write, reverb.size = 0, reverb.begin[SIZE]
    used = reverb.mask + 1
    for i in range(LINES):
        reverb.low[i] = np.float32(0)
        reverb.line[i, :used] = np.float32(0)
    reverb.diffuser[:] = np.float32(0)


@inlined
def _diffuse(reverb, side, write, x):
    for i in range(DIFFUSERS):
        line = reverb.diffuser[side, i]
        g = np.float32(DIFFUSION[i])
        late = line[(write - reverb.diffuser_delay[side, i]) & (DIFFUSER_LINE - 1)]
        into = x - g * late
        line[write & (DIFFUSER_LINE - 1)] = into
        x = late + g * into
    return x


@inlined
def _mix_lines(flow):
    """Hadamard transform of 16 values in place, scaled to keep their energy."""
    span = 1
    while span < LINES:
        for first in range(0, LINES, 2 * span):
            for i in range(first, first + span):
                a, b = flow[i], flow[i + span]
                flow[i], flow[i + span] = a + b, a - b
        span *= 2


@part
def render_reverb(reverb, offset, left, right, sample_rate_hz):
    """Add the room in place, from `offset` samples after the segment's begin. At mix 0 nothing happens."""
    if reverb.begin[WET] == 0 and reverb.slope[WET] == 0:
        reverb.on = 0
        return
    if reverb.on == 0:
        reverb.on = 1
        _empty(reverb)
    mask, write, phase, size = reverb.mask, reverb.write, reverb.phase, reverb.size
    flow, low = reverb.flow, reverb.low
    turn = np.int64(SWING_HZ / sample_rate_hz * TURN)
    swing = np.float32(SWING_MS * 1e-3 * sample_rate_hz)
    fastest = np.float32(0.25) / reverb.length[LINES - 1]
    glide = np.float32(1 / (0.1 * sample_rate_hz))
    unit = np.float32(1 / np.sqrt(LINES))
    for k in range(len(left)):
        at = np.float32(offset + k)
        wet, aim = reverb.begin[WET] + at * reverb.slope[WET], reverb.begin[SIZE] + at * reverb.slope[SIZE]
        size += min(max((aim - size) * glide, -fastest), fastest)
        phase = np.int32(phase + turn)
        cos, sin = cos_sin(phase)
        cos, sin = cos * swing, sin * swing
        into_left, into_right = _diffuse(reverb, 0, write, left[k] + TINY), _diffuse(reverb, 1, write, right[k] + TINY)
        out_left = out_right = np.float32(0)
        for i in range(LINES):
            sway = cos if i & 1 else sin
            if i & 2:
                sway = -sway
            x = read_between(reverb.line[i], mask, write, reverb.length[i] * size + sway)
            dark = reverb.dark[0, i] + at * reverb.dark[1, i]
            low[i] = x + dark * (low[i] - x)
            x = low[i] * (reverb.gain[0, i] + at * reverb.gain[1, i])
            flow[i] = x * unit
            if i & 1:
                out_right += x if i & 4 else -x
            else:
                out_left += x if i & 4 else -x
        _mix_lines(flow)
        slot = write & mask
        for i in range(0, LINES, 2):
            reverb.line[i, slot] = flow[i] + into_left * np.float32(0.35355339)
            reverb.line[i + 1, slot] = flow[i + 1] + into_right * np.float32(0.35355339)
        left[k] += wet * out_left
        right[k] += wet * out_right
        write += 1
    reverb.write, reverb.phase, reverb.size = write, phase, size
