"""Reverb: a feedback delay network of 16 lines behind a chain of diffusers.

Real-time: no allocation, no locks, no Python; a fixed number of operations a sample. Lines are emptied when the effect
goes on.

Sources: Jot & Chaigne 1991, "Digital delay networks for designing artificial reverberators" (lossless mixing, here a
Hadamard matrix; gains per line for an exact decay time; one low-pass per line for a shorter decay of the treble);
Dattorro 1997, "Effect design 1" (input diffusers). The lines' lengths swing slowly by a fraction of a millisecond, each
pair against another, so that no resonance stands.
"""
import numpy as np

from hummingface.compiled import inlined, part
from hummingface.instrument.synthesis.delay_line import lagrange, ring_mask
from hummingface.instrument.synthesis.partials import TURN, cos_sin

LINES = 16
LINE = 1 << 15                  # samples: 170 ms at 192 kHz
BLOCK = 16                      # samples computed together: fewer than the shortest line has at any rate
DIFFUSERS = 4                   # per channel
DIFFUSER_LINE = 1 << 12
SHORTEST_MS, LONGEST_MS = 23.0, 79.0            # of the lines, times SMALLEST..LARGEST by size
SMALLEST, LARGEST = 0.4, 1.9
DIFFUSER_MS = ((4.77, 3.60, 12.73, 9.31), (5.03, 3.41, 12.11, 9.77))
DIFFUSION = (0.75, 0.75, 0.625, 0.625)
LEAST_TREBLE = 0.12             # decay time at the highest frequency, of that at the lowest, at full damping
SWING_MS, SWING_HZ = 0.12, 0.43
LEVEL = 1.0                     # level of the reverb for steady noise, at mix 1, relative to the dry sound
TINY = np.float32(1e-18)        # keeps tails out of the slow denormal numbers
WET, SIZE = 0, 1
_STRETCH = np.linspace(0, 1, LINES) + 0.013 * np.sin(7.0 * np.arange(LINES))        # not quite even: no common rhythm
LENGTHS_S = (1e-3 * SHORTEST_MS * (LONGEST_MS / SHORTEST_MS) ** _STRETCH).astype(np.float32)
# how the lengths swing, each pair against another
_SIN, _COS = (np.array([(-1 if i & 2 else 1) * (i % 2 == side) for i in range(LINES)], np.float32) for side in range(2))
_INTO, _UNIT, _ONE = np.float32(0.35355339), np.float32(1 / np.sqrt(LINES)), np.float32(1)
_1, _2, _3 = np.uint64(1), np.uint64(2), np.uint64(3)

# Room to compute a block in. Lines are run one by one, so that most loops over a block are a few vectors.
_room_dtype = np.dtype([
    ("size", "f4", BLOCK), ("cos", "f4", BLOCK), ("sin", "f4", BLOCK),
    ("into", "f4", (2, BLOCK)),                 # what the diffusers give
    ("whole", "i4", BLOCK), ("between", "f4", BLOCK),       # a line's delay
    ("came", "f4", BLOCK),                      # outputs of the lines
    ("flow", "f4", (LINES, BLOCK)),             # inputs of the lines
    ("out", "f4", (2, BLOCK)),
], align=True)

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
    ("room", _room_dtype),
    ("length", "f4", LINES),                    # samples, at size 1
    ("diffuser", "f4", (2, DIFFUSERS, DIFFUSER_LINE)),
    ("line", "f4", (LINES, LINE)),
], align=True)


def prepare_reverb(reverb, rate_hz: int) -> None:
    """Compute what depends on the sample rate."""
    reverb["mask"] = ring_mask(LENGTHS_S.max() * LARGEST * rate_hz + 0.002 * rate_hz)
    reverb["length"] = LENGTHS_S * rate_hz
    reverb["diffuser_delay"] = np.round(np.array(DIFFUSER_MS) * 1e-3 * rate_hz)


@part
def target_reverb(reverb, mix, decay_s, size, damping, sample_rate_hz, length):
    """Begin a segment; each control is a pair of its values at the segment's begin and end."""
    if mix[0] == 0 and mix[1] == 0:
        reverb.begin[WET] = reverb.slope[WET] = 0
        return
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
        late = line[np.uint64((write - reverb.diffuser_delay[side, i]) & (DIFFUSER_LINE - 1))]
        into = x - g * late
        line[np.uint64(write & (DIFFUSER_LINE - 1))] = into
        x = late + g * into
    return x


@part
def _read_line(reverb, i, write):
    """The output of line `i` from sample `write` on: a block, in `came`."""
    room, line, came, mask = reverb.room, reverb.line[i], reverb.room.came, reverb.mask
    length, by_cos, by_sin = reverb.length[i], _COS[i], _SIN[i]
    for j in range(BLOCK):
        delay = length * room.size[j] + (by_cos * room.cos[j] + by_sin * room.sin[j])
        room.whole[j] = np.int32(delay)
        room.between[j] = delay - np.float32(room.whole[j])
    least, most = room.whole[0], room.whole[0]
    for j in range(BLOCK):
        least, most = min(least, room.whole[j]), max(most, room.whole[j])
    begin = (write - least - 2) & mask              # the oldest of the first sample's four
    if least == most and begin + BLOCK + 3 <= mask:
        for j in range(BLOCK):
            at = np.uint64(begin + j)               # unsigned: never counted from the line's end, so one plain stretch of memory
            came[j] = lagrange(line[at + _3], line[at + _2], line[at + _1], line[at], room.between[j])
    else:
        for j in range(BLOCK):
            at = write + j - room.whole[j]
            came[j] = lagrange(line[(at + 1) & mask], line[at & mask], line[(at - 1) & mask], line[(at - 2) & mask], room.between[j])


@part
def _mix_lines(flow):
    """Hadamard transform of 16 lines [LINES, BLOCK] in place."""
    span = 1
    while span < LINES:
        for first in range(0, LINES, 2 * span):
            for i in range(first, first + span):
                for j in range(BLOCK):
                    a, b = flow[i, j], flow[i + span, j]
                    flow[i, j], flow[i + span, j] = a + b, a - b
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
    room, mask = reverb.room, reverb.mask
    flow, came = room.flow, room.came
    turn = np.int64(SWING_HZ / sample_rate_hz * TURN)
    swing = np.float32(SWING_MS * 1e-3 * sample_rate_hz)
    fastest = np.float32(0.25) / reverb.length[LINES - 1]
    glide = np.float32(1 / (0.1 * sample_rate_hz))
    for first in range(0, len(left), BLOCK):
        samples = min(BLOCK, len(left) - first)
        write, begin = reverb.write, np.float32(offset + first)
        for j in range(samples):
            goal = reverb.begin[SIZE] + (begin + np.float32(j)) * reverb.slope[SIZE]
            reverb.size += min(max((goal - reverb.size) * glide, -fastest), fastest)
            reverb.phase = np.int32(reverb.phase + turn)
            cos, sin = cos_sin(reverb.phase)
            room.size[j], room.cos[j], room.sin[j] = reverb.size, cos * swing, sin * swing
            room.into[0, j] = _diffuse(reverb, 0, write + j, left[first + j] + TINY) * _INTO
            room.into[1, j] = _diffuse(reverb, 1, write + j, right[first + j] + TINY) * _INTO
        room.out[:] = np.float32(0)
        for i in range(LINES):
            _read_line(reverb, i, write)
            low = reverb.low[i]
            for j in range(samples):
                low = came[j] + (reverb.dark[0, i] + (begin + np.float32(j)) * reverb.dark[1, i]) * (low - came[j])
                came[j] = low
            reverb.low[i] = low
            out, sign = room.out[i & 1], _ONE if i & 4 else -_ONE
            for j in range(BLOCK):
                x = came[j] * (reverb.gain[0, i] + (begin + np.float32(j)) * reverb.gain[1, i])
                flow[i, j] = x * _UNIT
                out[j] += sign * x
        _mix_lines(flow)
        slot = write & mask
        for i in range(LINES):
            line, into = reverb.line[i], room.into[i & 1]
            if samples == BLOCK and slot + BLOCK <= mask + 1:
                for j in range(BLOCK):
                    line[np.uint64(slot + j)] = flow[i, j] + into[j]
            else:
                for j in range(samples):
                    line[(slot + j) & mask] = flow[i, j] + into[j]
        for j in range(samples):
            wet = reverb.begin[WET] + (begin + np.float32(j)) * reverb.slope[WET]
            left[first + j] += wet * room.out[0, j]
            right[first + j] += wet * room.out[1, j]
        reverb.write += samples
