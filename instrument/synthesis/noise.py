"""The noise of all voices together: looped band noise, whose gains move linearly from boundary to boundary.

Real-time: no allocation, no locks, no Python. The tables (`noise_tables.py`) are read-only; a sample's place in a loop
follows from its position alone, so block sizes change nothing.

Each ear hears sqrt(power) of (c m +- s d), where m and d are the same loop read at two distant places. With independent
ears (c = s) the breath of a note in the middle would be everywhere, and 3 dB too soft on a mono device; with equal ones
(s = 0) it would be a point in the head. `COHERENCE` = c^2 - s^2 = 0.9 keeps it centred, a little wide, and loses 0.2 dB
in mono.
"""
import numpy as np

from hummingface.compiled import carray, inlined, part
from hummingface.instrument.synthesis.atomic import fetch, pointer_at
from hummingface.instrument.synthesis.noise_tables import PADDING
from hummingface.instrument.synthesis.segments import DONE, quarter_at
from hummingface.instrument.synthesis.state import BANDS, HOPS, QUARTERS, START_ROWS, STARTS, boundary

COHERENCE = 0.9
_MIDDLE, _SIDE = np.float32(np.sqrt((1 + COHERENCE) / 2)), np.float32(np.sqrt((1 - COHERENCE) / 2))
LOUDEST = np.float32(1e6)               # powers beyond +60 dBFS are errors
CACHE_LINE = 64                         # bytes
AHEAD = QUARTERS * 8                    # boundaries for which powers of starts can be kept
_ZERO, _ONE = np.float32(0), np.float32(1)
_boundary = inlined(boundary)


@inlined
def _power(value):
    return value if _ZERO <= value <= LOUDEST else _ZERO        # NaN compares false


@part
def _retarget(noise, quarter_end):
    """The gains at the segment's end: the sum of hops and starts."""
    slot = quarter_end % AHEAD
    known = noise.pending_quarter[slot] == quarter_end
    for side in range(2):
        for band in range(BANDS):
            power = noise.base[side, band]
            if known:
                power += noise.pending[slot, side, band]
            noise.target[side, band] = np.sqrt(power)


@part
def next_noise_segment(state, at):
    """Begin the quarter at boundary `at`."""
    block = state[0]
    noise, rate_hz = block.noise, block.rate_hz
    quarter = quarter_at(at, rate_hz)
    now = quarter // QUARTERS
    newest = min(now, block.hops_known - 1)
    noise.segment_begin, noise.segment_end = at, _boundary(quarter + 1, rate_hz)
    for side in range(2):
        for band in range(BANDS):
            noise.gain[side, band] = noise.target[side, band]
    if newest >= 0:
        hop = block.hops[newest % HOPS]
        row = quarter % QUARTERS if newest == now else QUARTERS - 1
        for side in range(2):
            for band in range(BANDS):
                noise.base[side, band] = _ZERO if hop.flush != 0 else _power(hop.noise[row, side, band])
    _retarget(noise, quarter + 1)


@part
def begin_noise(state, number, at):
    """Add the noise of start `number`, which begins at sample `at` of the segment."""
    block = state[0]
    noise, start = block.noise, block.starts[number % STARTS]
    quarter = quarter_at(at, block.rate_hz)
    along = np.float32(at - noise.segment_begin) / np.float32(noise.segment_end - noise.segment_begin)
    for side in range(2):
        for band in range(BANDS):
            gain = noise.gain[side, band] + along * (noise.target[side, band] - noise.gain[side, band])
            noise.gain[side, band] = np.sqrt(gain * gain + _power(start.noise[0, side, band]))
    noise.segment_begin = at
    for row in range(1, min(max(start.rows, 1), START_ROWS)):
        when = start.first_quarter + row - 1
        if quarter < when < quarter + AHEAD:
            slot = when % AHEAD
            if noise.pending_quarter[slot] != when:
                noise.pending_quarter[slot] = when
                noise.pending[slot] = _ZERO
            for side in range(2):
                for band in range(BANDS):
                    noise.pending[slot, side, band] += _power(start.noise[row, side, band])
    _retarget(noise, quarter + 1)


@part
def _add_bands(noise, at, samples, left, right):
    """Add all bands to left and right, from sample `at`, all within the segment."""
    per_sample = _ONE / np.float32(noise.segment_end - noise.segment_begin)
    offset = at - noise.segment_begin
    for band in range(BANDS):
        from_left, from_right = noise.gain[0, band], noise.gain[1, band]
        to_left, to_right = noise.target[0, band], noise.target[1, band]
        if from_left + from_right + to_left + to_right == _ZERO:
            continue
        slope_left, slope_right = (to_left - from_left) * per_sample, (to_right - from_right) * per_sample
        length = noise.length[band]
        table = noise.tables + 4 * noise.begin[band]
        from_middle = table + 4 * ((at + noise.offset[band, 0]) % length)
        from_side = table + 4 * ((at + noise.offset[band, 1]) % length)
        middle = carray(pointer_at(from_middle), samples, np.float32)
        side = carray(pointer_at(from_side), samples, np.float32)
        for line in range(4 * samples, 4 * min(2 * samples, PADDING), CACHE_LINE):  # prefetch: too many streams for the processor to guess
            fetch(from_middle + line)
            fetch(from_side + line)
        for k in range(samples):
            m, s, along = _MIDDLE * middle[k], _SIDE * side[k], np.float32(offset + k)
            left[k] += (m + s) * (from_left + along * slope_left)
            right[k] += (m - s) * (from_right + along * slope_right)


@part
def render_noise(state, samples):
    """Add the next `samples` samples (at most PIECE) of noise to `mix`."""
    block = state[0]
    noise, begin = block.noise, block.position
    at, end = begin, begin + samples
    while at < end:
        if at == noise.segment_end or at == 0:
            next_noise_segment(state, at)
        while True:                         # starts that begin here
            stop, first = min(end, noise.segment_end), -1
            for number in range(noise.starts_heard, block.starts_known):
                if noise.heard[number % STARTS] == number + 1:
                    continue
                time = max(block.starts[number % STARTS].time, at)
                if time < stop:
                    stop, first = time, number
            if first < 0 or stop > at:
                break
            begin_noise(state, first, at)
            noise.heard[first % STARTS] = first + 1
            while noise.starts_heard < block.starts_known and noise.heard[noise.starts_heard % STARTS] == noise.starts_heard + 1:
                noise.starts_heard += 1
        _add_bands(noise, at, stop - at, block.mix[0, at - begin:], block.mix[1, at - begin:])
        at = stop


@part
def release_rings(state):
    """Free the ring entries that neither voices nor noise need any more; returns the new (hops_taken, starts_taken)."""
    block = state[0]
    quarter = quarter_at(block.position, block.rate_hz)
    hops_taken = max(min(block.hops_known, quarter // QUARTERS) - 2, block.hops_taken)
    taken = block.starts_taken
    while taken < block.noise.starts_heard and block.start_state[taken % STARTS] == DONE:
        block.start_state[taken % STARTS] = 0
        taken += 1
    return hops_taken, taken
