"""Segments of voices: what each slot moves to until the next boundary, when voices begin, and what the rings bring.

Real-time: no allocation, no locks, no Python. Everything from the rings is checked here before it is used: no
index, gain or frequency that the performer could write leads outside the block or makes a sample that is not finite.
"""
import numpy as np

from hummingface.compiled import inlined, part
from hummingface.instrument.synthesis.partials import TURN, start_oscillators
from hummingface.instrument.synthesis.samples import CROSS_S, known, looped, step_of
from hummingface.instrument.synthesis.state import (
    CUTOFF_HZ,
    DAMPING,
    FREQUENCY_HZ,
    GAIN_IM,
    GAIN_RE,
    HOPS,
    PARTIALS,
    QUARTERS,
    QUARTERS_PER_SECOND,
    SLOTS,
    STARTS,
    boundary,
)
from hummingface.instrument.synthesis.stereo_partials import start_stereo_oscillators
from hummingface.instrument.synthesis.voice_sides import begin_sides, hold_sides, is_wide, move_sides

SILENCE = np.float32(3e-7)              # -130 dBFS
LOUDEST = np.float32(1000)              # gains beyond +-60 dBFS are errors
FADE_FROM, SILENT_FROM = np.float32(0.45), np.float32(0.5)      # of the sample rate
FILTER_OPEN = np.float32(0.4)           # of the sample rate: the low-pass of a sample is not heard from there on
WAITING, DONE = 1, 2                    # start_state
_ZERO, _ONE = np.float32(0), np.float32(1)
_boundary = inlined(boundary)


@inlined
def quarter_at(sample, rate_hz):
    """The quarter hop that a sample lies in: the last one whose boundary is not behind it."""
    return ((sample + 1) * QUARTERS_PER_SECOND - 1) // rate_hz


@inlined
def _gain(value, fade):
    return value * fade if abs(value) <= LOUDEST else _ZERO


@inlined
def _frequency(value, rate):
    return min(value, rate) if value >= _ZERO else _ZERO        # NaN compares false


@inlined
def _fade(frequency, rate):
    """Gain of a partial that nears half of the sample rate: 0 from there on, exactly."""
    silent_from = SILENT_FROM * rate
    if frequency >= silent_from:
        return _ZERO
    return min((silent_from - frequency) * (_ONE / (rate * (SILENT_FROM - FADE_FROM))), _ONE)


@inlined
def _step(frequency_hz, rate_hz):
    return np.int32(np.int64(min(frequency_hz / rate_hz, 0.4999999) * TURN + 0.5))


@inlined
def _pack(voices, count, partial, phase, step, re, im, to_re, to_im, per_sample):
    """Note one more partial, unless it is silent at both ends of the segment; returns how many there are."""
    if max(max(abs(re), abs(im)), max(abs(to_re), abs(to_im))) < SILENCE:
        return count
    gain = voices.packed_gain
    voices.packed_partial[count], voices.packed_phase[count], voices.packed_step[count] = partial, phase, step
    gain[0, count], gain[1, count], gain[2, count], gain[3, count] = re, im, (to_re - re) * per_sample, (to_im - im) * per_sample
    return count + 1


@part
def _set_sample_targets(samples, voices, v, row, silent, length):
    """As `_set_targets`, for a voice that plays a sample. Nothing moves where `length` is 0."""
    rate, target = np.float32(voices.rate_hz), voices.target[v]
    gain_before, frequency_before = target[GAIN_RE, 0], target[FREQUENCY_HZ, 0]
    if length > 0:
        target[GAIN_RE, 0] = _ZERO if silent != 0 else _gain(row[GAIN_RE, 0], _ONE)
        if silent == 0:
            target[FREQUENCY_HZ, 0] = _frequency(row[FREQUENCY_HZ, 0], rate)
            target[CUTOFF_HZ, 0] = _frequency(row[CUTOFF_HZ, 0], rate)
            target[DAMPING, 1] = _gain(row[DAMPING, 1], _ONE)
        if voices.used[v] == 0:                                                 # it begins at its target
            gain_before, frequency_before = target[GAIN_RE, 0], target[FREQUENCY_HZ, 0]
    voices.used[v], voices.count[v] = 1, 0
    voices.sample_gain[v, 0] = gain_before
    voices.sample_gain[v, 1] = (target[GAIN_RE, 0] - gain_before) / np.float32(max(length, 1))
    mean_hz = 0.5 * (np.float64(target[FREQUENCY_HZ, 0]) + np.float64(frequency_before))
    for i in range(2):
        voices.sample_step[v, i] = step_of(samples, voices.sample[v, i], mean_hz, voices.rate_hz)
    on = 1 if target[CUTOFF_HZ, 0] < FILTER_OPEN * rate else 0
    if on != voices.filter_on[v]:
        voices.filter_on[v] = on
        for i in range(4):
            voices.filter[v, i] = _ZERO


@part
def _cross_over(samples, voices, v, wanted):
    """Begin to cross over into another buffer, at the same place of the note, unless the last cross-fade still goes on."""
    number = known(samples, wanted)
    if number == 0 or number == voices.sample[v, 0] or voices.sample[v, 0] == 0 or voices.sample[v, 1] != 0:
        return
    at = voices.sample_at[v, 0]
    voices.sample[v, 1], voices.sample_at[v, 1] = voices.sample[v, 0], at
    voices.sample[v, 0], voices.sample_at[v, 0] = number, looped(samples, number, at)
    voices.sample_cross[v] = 0


@part
def _start_packed(voices, v, count, length):
    """Start the oscillators of the partials that are packed, for a segment of `length` samples."""
    voices.count[v] = count
    if is_wide(voices, v):
        start_stereo_oscillators(voices, v, count, length)
    else:
        start_oscillators(count, voices.packed_phase, voices.packed_step, voices.packed_gain, voices.oscillators[v])


@part
def _set_targets(voices, v, row, used, silent, length):
    """Begin a segment of `length` samples: from the targets so far to those of `row` [3, PARTIALS], or to silence (1)."""
    rate_hz = voices.rate_hz
    rate, per_sample = np.float32(rate_hz), _ONE / np.float32(length)
    target, phase, step = voices.target[v], voices.phase[v], voices.step[v]
    before = np.int64(voices.used[v])
    used = before if silent != 0 else min(max(used, 0), PARTIALS)
    count = 0
    for p in range(max(used, before)):
        frequency_before, re_before, im_before = target[FREQUENCY_HZ, p], target[GAIN_RE, p], target[GAIN_IM, p]
        frequency, re, im = frequency_before, _ZERO, _ZERO
        if p < used and silent == 0:
            frequency = _frequency(row[FREQUENCY_HZ, p], rate)
            fade = _fade(frequency, rate)
            re, im = _gain(row[GAIN_RE, p], fade), _gain(row[GAIN_IM, p], fade)
        if p >= before:
            frequency_before, re_before, im_before = frequency, _ZERO, _ZERO
        target[GAIN_RE, p], target[GAIN_IM, p], target[FREQUENCY_HZ, p] = re, im, frequency
        step[p] = _step(0.5 * (np.float64(frequency) + np.float64(frequency_before)), rate_hz)
        count = _pack(voices, count, p, phase[p], step[p], re_before, im_before, re, im, per_sample)
    voices.used[v] = used
    _start_packed(voices, v, count, length)


@part
def _aim(block, v, row, used, silent, length):
    """`_set_targets` of a voice of either kind."""
    if block.voices.sample[v, 0] != 0:
        _set_sample_targets(block.samples, block.voices, v, row, silent, length)
    else:
        _set_targets(block.voices, v, row, used, silent, length)


@part
def _hold(block, v):
    """Begin a segment in which nothing moves."""
    voices = block.voices
    if voices.sample[v, 0] != 0:
        _set_sample_targets(block.samples, voices, v, voices.target[v], np.int64(0), np.int64(0))
        return
    target, phase, step = voices.target[v], voices.phase[v], voices.step[v]
    count = 0
    for p in range(voices.used[v]):
        step[p] = _step(np.float64(target[FREQUENCY_HZ, p]), voices.rate_hz)
        re, im = target[GAIN_RE, p], target[GAIN_IM, p]
        count = _pack(voices, count, p, phase[p], step[p], re, im, re, im, _ZERO)
    hold_sides(voices, v)
    _start_packed(voices, v, count, 1)


@part
def close_segment(samples, voices, v):
    """Move phases and pans on to the segment's end."""
    length = voices.segment_end[v] - voices.segment_begin[v]
    phase, step = voices.phase[v], voices.step[v]
    for p in range(voices.used[v]):
        phase[p] = np.int32(phase[p] + length * step[p])
    voices.pan[v, 0], voices.pan[v, 1] = voices.pan_target[v, 0], voices.pan_target[v, 1]
    if voices.sample[v, 0] != 0:
        for i in range(2):
            at = voices.sample_at[v, i] + length * voices.sample_step[v, i]
            voices.sample_at[v, i] = looped(samples, voices.sample[v, i], at)
        voices.sample_cross[v] += length
        if voices.sample_cross[v] >= CROSS_S * voices.rate_hz:
            voices.sample[v, 1] = 0


@part
def _overdue(state, v, newest):
    """Whether a hop that this voice never came to look at has ended it."""
    voices = state[0].voices
    for h in range(max(voices.hop_seen[v] + 1, newest - HOPS + 2), newest):
        entry = voices.entry[h % HOPS, v]
        if state[0].hops[h % HOPS].flush != 0 or (entry >= 0 and state[0].hops[h % HOPS].last[entry] != 0):
            return True
    return False


@part
def next_segment(state, v, at):
    """Begin the segment at sample `at` of a playing voice, as far as hops up to `hops_known` tell."""
    block = state[0]
    voices, rate_hz = block.voices, block.rate_hz
    quarter = quarter_at(at, rate_hz)
    now = quarter // QUARTERS
    newest = min(now, block.hops_known - 1)
    quarter_end = _boundary(quarter + 1, rate_hz)
    hop_end = _boundary((now + 1) * QUARTERS, rate_hz)
    voices.segment_begin[v] = at
    hop = block.hops[max(newest, 0) % HOPS]
    overdue = _overdue(state, v, newest)
    flush = newest >= 0 and hop.flush != 0 and (newest == now or newest > voices.hop_seen[v])
    if newest >= 0:
        voices.hop_seen[v] = max(voices.hop_seen[v], newest)

    if overdue or flush:
        end = hop_end if flush and newest == now else quarter_end
        hold_sides(voices, v)
        voices.segment_end[v], voices.ends[v] = end, 1
        _aim(block, v, hop.partials[0, 0], np.int64(0), np.int64(1), end - at)
        return

    if voices.start[v] >= 0:
        start = block.starts[voices.start[v] % STARTS]
        row = max(quarter + 2 - start.first_quarter, 1)
        if row < start.rows:
            voices.segment_end[v] = quarter_end
            hold_sides(voices, v)
            _aim(block, v, start.partials[row], np.int64(start.used), np.int64(0), quarter_end - at)
            return
        block.start_state[voices.start[v] % STARTS] = DONE
        voices.start[v] = -1

    entry = -1
    if newest > voices.first_hop[v]:                # entries of older hops belong to the slot's previous voice
        entry = voices.entry[newest % HOPS, v]
    if entry < 0:
        voices.segment_end[v] = quarter_end
        _hold(block, v)
        return
    many = hop.rows[entry] > 1
    row, end, left = QUARTERS - 1 if many else 0, quarter_end, 1
    if newest == now:
        if many:
            row = quarter % QUARTERS
            left = QUARTERS - row
        else:
            end = hop_end
    _cross_over(block.samples, voices, v, hop.sample[entry])
    last = hop.last[entry] != 0 and (newest < now or end == hop_end)
    voices.segment_end[v], voices.ends[v] = end, 1 if last else 0
    for side in range(2):
        pan = _gain(hop.pan[entry, side], _ONE)
        voices.pan_target[v, side] = voices.pan[v, side] + (pan - voices.pan[v, side]) / np.float32(left)
    move_sides(voices, v, hop.wide[entry], hop.sides[entry], np.float32(left))
    _aim(block, v, hop.partials[entry, row], np.int64(hop.used[entry]), np.int64(1 if last else 0), end - at)


@part
def begin_voice(state, v, at):
    """Begin the voice that waits for slot v, at sample `at`."""
    block = state[0]
    voices, rate_hz = block.voices, block.rate_hz
    number = voices.waiting[v]
    start = block.starts[number % STARTS]
    if start.time < at:
        block.late_starts += 1
    if voices.start[v] >= 0:
        block.start_state[voices.start[v] % STARTS] = DONE
    voices.start[v], voices.playing[v], voices.ends[v] = number, 1, 0
    voices.first_hop[v] = voices.hop_seen[v] = quarter_at(at, rate_hz) // QUARTERS
    voices.segment_begin[v] = voices.segment_end[v] = at
    voices.used[v] = 0
    voices.sample[v, 0], voices.sample[v, 1], voices.filter_on[v] = known(block.samples, start.sample), 0, 0
    voices.sample_at[v, 0] = voices.sample_at[v, 1] = 0.0
    for side in range(2):
        voices.pan[v, side] = voices.pan_target[v, side] = _gain(start.pan[side], _ONE)
    begin_sides(voices, v, start.wide, start.sides)
    _aim(block, v, start.partials[0], np.int64(start.used), np.int64(0), np.int64(1))
    for p in range(PARTIALS if voices.sample[v, 0] == 0 else 0):       # what is silent yet begins alike, whoever had the slot before
        turns = np.float64(start.phase[p]) * (0.5 / np.pi) if p < voices.used[v] else 0.0
        voices.phase[v, p] = np.int32(np.int64((turns - np.floor(turns)) * TURN)) if abs(turns) < 1e6 else np.int32(0)
    voices.waiting[v] = -1
    for n in range(number + 1, block.starts_known):             # the same slot may be needed again soon
        if block.start_state[n % STARTS] == 0 and block.starts[n % STARTS].slot == v:
            voices.waiting[v] = n
            block.start_state[n % STARTS] = WAITING
            break


@part
def look_at_rings(state, hops_published, starts_published):
    """Take note of new hops and starts: which entry is whose, which slot waits for what."""
    block = state[0]
    voices = block.voices
    for h in range(block.hops_known, hops_published):
        hop = block.hops[h % HOPS]
        for v in range(SLOTS):
            voices.entry[h % HOPS, v] = -1
        for e in range(min(max(hop.count, 0), SLOTS)):
            if 0 <= hop.slot[e] < SLOTS:
                voices.entry[h % HOPS, hop.slot[e]] = e
    block.hops_known, block.starts_known = hops_published, starts_published
    for n in range(block.starts_taken, starts_published):
        if block.start_state[n % STARTS] == 0:
            slot = block.starts[n % STARTS].slot
            if not 0 <= slot < SLOTS:
                block.start_state[n % STARTS] = DONE
            elif voices.waiting[slot] < 0:
                voices.waiting[slot] = n
                block.start_state[n % STARTS] = WAITING
