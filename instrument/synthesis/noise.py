"""The noise of all voices together: looped band noise, whose gains move linearly from boundary to boundary.

Real-time: no allocation, no locks, no Python. The tables (`noise_tables.py`) are read-only; a sample's place in a loop
follows from its position alone, so block sizes change nothing.

Each ear hears sqrt(power) of (c m +- s d), where m and d are the same loop read at two distant places. With independent
ears (c = s) the breath of a note in the middle would be everywhere, and 3 dB too soft on a mono device; with equal ones
(s = 0) it would be a point in the head. `COHERENCE` = c^2 - s^2 = 0.9 keeps it centred, a little wide, and loses 0.2 dB
in mono. Stereo sounds have a coherence of their own: a band's follows from the sum of EXCESS over its voices.
"""
import numpy as np

from hummingface.compiled import carray, inlined, part
from hummingface.instrument.synthesis.atomic import fetch, pointer_at
from hummingface.instrument.synthesis.noise_tables import PADDING
from hummingface.instrument.synthesis.segments import DONE, quarter_at
from hummingface.instrument.synthesis.state import BANDS, EXCESS, HOPS, QUARTERS, START_ROWS, STARTS, boundary

COHERENCE = 0.9
_MIDDLE, _SIDE = np.float32(np.sqrt((1 + COHERENCE) / 2)), np.float32(np.sqrt((1 - COHERENCE) / 2))
LOUDEST = np.float32(1e6)               # powers beyond +60 dBFS are errors
CACHE_LINE = 64                         # bytes
AHEAD = QUARTERS * 8                    # boundaries for which powers of starts can be kept
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_COHERENCE = np.float32(COHERENCE)
_EQUAL = np.float32(1e-5)               # as near to a coherence of 1, both ears hear the same samples
_boundary = inlined(boundary)


@inlined
def _power(value):
    return value if _ZERO <= value <= LOUDEST else _ZERO        # NaN compares false


@inlined
def _excess(value):
    return value if abs(value) <= LOUDEST else _ZERO


@inlined
def _mix(left, right, excess):
    """Shares of the middle and of the side signal in both ears, for their gains and the band's EXCESS."""
    both = left * right
    coherence = _COHERENCE + (excess / both if both > np.float32(1e-20) else _ZERO)
    coherence = min(max(coherence, -_ONE), _ONE)
    if coherence > _ONE - _EQUAL:
        coherence = _ONE
    return np.sqrt((_ONE + coherence) * _HALF), np.sqrt((_ONE - coherence) * _HALF)


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
    for band in range(BANDS):
        noise.excess[1, band] = noise.base[EXCESS, band] + (noise.pending[slot, EXCESS, band] if known else _ZERO)


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
    for band in range(BANDS):
        noise.excess[0, band] = noise.excess[1, band]
    if newest >= 0:
        hop = block.hops[newest % HOPS]
        row = quarter % QUARTERS if newest == now else QUARTERS - 1
        for side in range(2):
            for band in range(BANDS):
                noise.base[side, band] = _ZERO if hop.flush != 0 else _power(hop.noise[row, side, band])
        for band in range(BANDS):
            noise.base[EXCESS, band] = _ZERO if hop.flush != 0 else _excess(hop.noise[row, EXCESS, band])
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
    for band in range(BANDS):
        moved = along * (noise.excess[1, band] - noise.excess[0, band])
        noise.excess[0, band] += moved + _excess(start.noise[0, EXCESS, band])
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
            for band in range(BANDS):
                noise.pending[slot, EXCESS, band] += _excess(start.noise[row, EXCESS, band])
    _retarget(noise, quarter + 1)


@part
def _add_stereo_band(noise, band, offset, samples, middle, side, left, right):
    """Add a band whose coherence is not that of mono noise: the gains of both signals in both ears move linearly."""
    per_sample = _ONE / np.float32(noise.segment_end - noise.segment_begin)
    from_left, from_right, to_left, to_right = noise.gain[0, band], noise.gain[1, band], noise.target[0, band], noise.target[1, band]
    from_m, from_s = _mix(from_left, from_right, noise.excess[0, band])
    to_m, to_s = _mix(to_left, to_right, noise.excess[1, band])
    if from_left * from_right == _ZERO:                 # a band that begins, or ends, has the mix of its other end
        from_m, from_s = to_m, to_s
    elif to_left * to_right == _ZERO:
        to_m, to_s = from_m, from_s
    lm, ls, rm, rs = from_left * from_m, from_left * from_s, from_right * from_m, from_right * from_s
    lm_slope, ls_slope = (to_left * to_m - lm) * per_sample, (to_left * to_s - ls) * per_sample
    rm_slope, rs_slope = (to_right * to_m - rm) * per_sample, (to_right * to_s - rs) * per_sample
    for k in range(samples):
        m, s, along = middle[k], side[k], np.float32(offset + k)
        left[k] += m * (lm + along * lm_slope) + s * (ls + along * ls_slope)
        right[k] += m * (rm + along * rm_slope) - s * (rs + along * rs_slope)


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
        if noise.excess[0, band] != _ZERO or noise.excess[1, band] != _ZERO:
            _add_stereo_band(noise, band, offset, samples, middle, side, left, right)
            continue
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
