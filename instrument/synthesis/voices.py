"""Voices: each slot's segments one after the other, rendered and mixed to left and right.

Real-time: no allocation, no locks, no Python. What comes from the rings was checked in `segments.py` before it is used here.
"""
import numpy as np

from hummingface.compiled import part
from hummingface.instrument.synthesis.partials import LANES, run_oscillators
from hummingface.instrument.synthesis.samples import CROSS_S, low_pass, read_sample
from hummingface.instrument.synthesis.segments import DONE, begin_voice, close_segment, next_segment
from hummingface.instrument.synthesis.state import CUTOFF_HZ, DAMPING, SLOTS, STARTS
from hummingface.instrument.synthesis.stereo_partials import run_moving_oscillators, run_stereo_oscillators
from hummingface.instrument.synthesis.voice_sides import is_wide

_ONE, _ZERO = np.float32(1), np.float32(0)


@part
def _read_samples(samples, voices, v, first, count):
    """Write `count` samples of a voice that plays a sample to `mono`, from the `first` of its segment on."""
    mono, fading = voices.mono, voices.fading
    gain, slope = voices.sample_gain[v, 0], voices.sample_gain[v, 1]
    for k in range(count):
        mono[k] = fading[k] = _ZERO
    read_sample(samples, voices.sample[v, 0], voices.sample_at[v, 0], voices.sample_step[v, 0], first, count, gain, slope, mono)
    if voices.sample[v, 1] != 0:
        read_sample(samples, voices.sample[v, 1], voices.sample_at[v, 1], voices.sample_step[v, 1], first, count, gain, slope, fading)
        per_sample = _ONE / np.float32(CROSS_S * voices.rate_hz)
        for k in range(count):
            along = min(np.float32(voices.sample_cross[v] + first + k) * per_sample, _ONE)
            mono[k] = fading[k] + along * along * (np.float32(3) - along - along) * (mono[k] - fading[k])
    if voices.filter_on[v] != 0:
        low_pass(voices.filter[v], voices.target[v, CUTOFF_HZ, 0], voices.target[v, DAMPING, 1], voices.rate_hz, count, mono)


@part
def _mix_voice(pool, voices, v, at, stop, left, right):
    """Add a voice to left and right, from sample `at` to `stop`, all within its segment."""
    begin, samples, mono = voices.segment_begin[v], stop - at, voices.mono
    if voices.sample[v, 0] != 0:
        _read_samples(pool, voices, v, at - begin, samples)
        _pan(voices, v, mono, at - begin, samples, 0, left, right)
        return
    other = voices.right if is_wide(voices, v) else mono
    lead = (at - begin) % LANES                 # samples of the first LANES that earlier blocks have taken
    ready = 0
    if lead > 0:
        for k in range(LANES):                  # not as slices: with unequal ones numba takes seconds longer to compile
            mono[k] = voices.tail[0, v, k]
        if is_wide(voices, v):
            for k in range(LANES):
                other[k] = voices.tail[1, v, k]
        ready = LANES
    more = (lead + samples - ready + LANES - 1) // LANES * LANES
    if more > 0:
        if voices.widens[v] != 0:
            run_moving_oscillators(voices.count[v], voices.oscillators[v], ready, more, mono, other)
        elif is_wide(voices, v):
            run_stereo_oscillators(voices.count[v], voices.oscillators[v], ready, more, mono, other)
        else:
            run_oscillators(voices.count[v], voices.oscillators[v], at - begin - lead + ready, ready, more, mono)
        ready += more
    if lead + samples < ready:
        for k in range(LANES):
            voices.tail[0, v, k] = mono[ready - LANES + k]
            voices.tail[1, v, k] = other[ready - LANES + k]
    _pan(voices, v, other, at - begin, samples, lead, left, right)


@part
def _pan(voices, v, other, offset, samples, lead, left, right):
    """Add [lead:lead + samples] of `mono` to left and of `other` to right; it begins `offset` samples after the segment."""
    mono, per_sample = voices.mono, _ONE / np.float32(voices.segment_end[v] - voices.segment_begin[v])
    from_left, from_right = voices.pan[v, 0], voices.pan[v, 1]
    slope_left = (voices.pan_target[v, 0] - from_left) * per_sample
    slope_right = (voices.pan_target[v, 1] - from_right) * per_sample
    for k in range(samples):
        along = np.float32(offset + k)
        left[k] += mono[lead + k] * (from_left + along * slope_left)
        right[k] += other[lead + k] * (from_right + along * slope_right)


@part
def render_voices(state, samples):
    """Add the next `samples` samples (at most PIECE) of all voices to `mix`; returns how many voices play."""
    block = state[0]
    voices, begin = block.voices, block.position
    end = begin + samples
    playing = 0
    for v in range(SLOTS):
        if voices.playing[v] == 0 and voices.waiting[v] < 0:
            continue
        at = begin
        while at < end:
            due = end
            if voices.waiting[v] >= 0:
                due = max(block.starts[voices.waiting[v] % STARTS].time, at)
                if due == at:
                    begin_voice(state, v, at)
                    continue
            if voices.playing[v] == 0:
                at = min(due, end)
                continue
            if at == voices.segment_end[v]:
                close_segment(block.samples, voices, v)
                if voices.ends[v] != 0:
                    voices.playing[v] = 0
                    if voices.start[v] >= 0:
                        block.start_state[voices.start[v] % STARTS] = DONE
                        voices.start[v] = -1
                    continue
                next_segment(state, v, at)
            stop = min(min(end, due), voices.segment_end[v])
            if voices.count[v] > 0 or voices.sample[v, 0] != 0:
                _mix_voice(block.samples, voices, v, at, stop, block.mix[0, at - begin:], block.mix[1, at - begin:])
            at = stop
        playing += voices.playing[v]
    return playing
