"""`render(state, out)`: the one entry to the synthesis, for the callback and for the offline player alike.

Real-time: no allocation, no locks, no Python from here down; every loop is bounded; all memory is in the state
block.
"""
import numpy as np
from llvmlite import binding
from numba import types

from hummingface.compiled import c_callback, c_function, carray, compiled, part
from hummingface.instrument.synthesis.atomic import load_acquire, pointer_at, store_release
from hummingface.instrument.synthesis.chain import render_effects
from hummingface.instrument.synthesis.effects import empty_effects
from hummingface.instrument.synthesis.limiter import block_dc, limit
from hummingface.instrument.synthesis.metronome import render_clicks
from hummingface.instrument.synthesis.noise import release_rings, render_noise
from hummingface.instrument.synthesis.segments import look_at_rings
from hummingface.instrument.synthesis.state import OUTPUT_SAMPLES, PIECE, STATE_TYPE, state_dtype
from hummingface.instrument.synthesis.test_tone import render_tone
from hummingface.instrument.synthesis.voices import render_voices

PEAK_FALL_DB_PER_S = 20
FRAME_BYTES = 8                 # two float32
OUT_TYPE = types.Array(types.float32, 2, "C")


@part
def _hand_over(state, out):
    """Copy the piece to `out` and to the ring of the output, and update the peaks."""
    block = state[0]
    samples = len(out)
    left, right, output = block.mix[0], block.mix[1], block.output
    slot = block.position % OUTPUT_SAMPLES
    for k in range(samples):
        out[k, 0], out[k, 1] = left[k], right[k]
        output[slot, 0], output[slot, 1] = left[k], right[k]
        slot = slot + 1 if slot + 1 < OUTPUT_SAMPLES else 0
    fall = np.float32(10.0 ** (-PEAK_FALL_DB_PER_S / 20 * samples / block.rate_hz))
    for side in range(2):
        peak = block.peak[side] * fall
        for k in range(samples):
            peak = max(peak, abs(block.mix[side, k]))
        block.peak[side] = peak


@c_callback(types.void(types.voidptr, types.voidptr, types.int64))
def _piece(state_address, out_address, samples):
    state = carray(state_address, 1, state_dtype)
    out = carray(out_address, (samples, 2), np.float32)
    block = state[0]
    begin = block.position
    left, right = block.mix[0], block.mix[1]
    for k in range(samples):
        left[k] = right[k] = np.float32(0)
    hops_published = load_acquire(state, "hops_published")      # first: a hop's starts are published before it
    look_at_rings(state, hops_published, load_acquire(state, "starts_published"))
    block.voices_playing = render_voices(state, samples)
    render_noise(state, samples)
    render_effects(state, samples)
    render_tone(state, samples)
    ok = block_dc(block.limiter, left, right, samples, block.rate_hz)
    if limit(block.limiter, left, right, samples, block.rate_hz) > 0 or not ok:
        block.faults += 1
        empty_effects(block.effects)
    block.limiter_gain = np.float32(1) - block.limiter.reduction
    _hand_over(state, out)
    render_clicks(state, out)
    store_release(state, "position", begin + samples)
    hops_taken, starts_taken = release_rings(state)
    store_release(state, "hops_taken", hops_taken)
    store_release(state, "starts_taken", starts_taken)


# Called by its name, as C code would be: so `render` and the callback share one compiled engine, and neither compiles it again.
# render_piece(address of the state block, address of out [n, 2], n): make the next n samples, at most PIECE.
binding.add_symbol("hummingface_render_piece", _piece.address)
render_piece = c_function("hummingface_render_piece", types.void(types.voidptr, types.voidptr, types.int64))


@compiled(types.void(STATE_TYPE, OUT_TYPE))
def render(state, out):
    """Fill `out` [n, 2] float32 with the next n samples, left and right, and move `position` on by n. Any n."""
    frames = len(out)
    for begin in range(0, frames, PIECE):
        render_piece(pointer_at(np.int64(state.ctypes.data)), pointer_at(np.int64(out.ctypes.data) + FRAME_BYTES * begin),
                     min(PIECE, frames - begin))
