"""The C callback that PortAudio calls for every block: it renders straight into the device's buffer.

Real-time: this is the audio thread. No allocation, no locks, no Python, no waiting; except in wait mode (freewheel), where
the audio clock stands still: there it sleeps until the performer has published what the block needs, at most
`PATIENCE` times in a row.

    stream = sounddevice._StreamBase(..., callback=ffi.cast("PaStreamCallback *", callback_address()),
                                     userdata=ffi.cast("void *", state.ctypes.data), wrap_callback=None)
"""
import numpy as np
from numba import types

from hummingface.compiled import c_callback, carray, part
from hummingface.instrument.synthesis.atomic import load_acquire, pointer_at, store_release
from hummingface.instrument.synthesis.clock import doze, now_us
from hummingface.instrument.synthesis.render import render_piece
from hummingface.instrument.synthesis.segments import quarter_at
from hummingface.instrument.synthesis.state import CALLBACK_TIMES, PIECE, QUARTERS, state_dtype

OUTPUT_UNDERFLOW, OUTPUT_OVERFLOW = 0x4, 0x8        # PaStreamCallbackFlags
CONTINUE = 0                                        # paContinue
PATIENCE = 20_000                                   # dozes of 0.1 ms (1 ms on Windows)


@part
def ready_until(state, sample):
    """Whether all hops and starts that matter before `sample` are published."""
    hops_needed = quarter_at(sample - 1, state[0].rate_hz) // QUARTERS + 1
    return load_acquire(state, "hops_published") >= hops_needed and load_acquire(state, "published_until") >= sample


@part
def _await_performer(state, sample):
    for _ in range(PATIENCE):
        if ready_until(state, sample):
            return
        doze()
    state[0].waits_given_up += 1


@part
def serve(state, out, frames, now_s, output_s, flags):
    """One block for a device: out [frames, channels], the stream's time now and at the block's first sample, PortAudio's flags."""
    block = state[0]
    began_us = now_us(state)
    version = block.clock_version
    store_release(state, "clock_version", version + 1)
    block.clock_position, block.clock_now_s, block.clock_output_s = block.position, now_s, output_s
    store_release(state, "clock_version", version + 2)
    if flags & OUTPUT_UNDERFLOW:
        block.underflows += 1
    if flags & OUTPUT_OVERFLOW:
        block.overflows += 1
    if block.wait != 0:
        _await_performer(state, block.position + frames)
        began_us = now_us(state)
    channels = out.shape[1]
    stereo = block.stereo
    for begin in range(0, frames, PIECE):
        samples = min(PIECE, frames - begin)
        render_piece(pointer_at(np.int64(state.ctypes.data)), pointer_at(np.int64(stereo.ctypes.data)), samples)
        if channels == 1:
            for k in range(samples):
                out[begin + k, 0] = np.float32(0.5) * (stereo[k, 0] + stereo[k, 1])
        else:
            for k in range(samples):
                out[begin + k, 0], out[begin + k, 1] = stereo[k, 0], stereo[k, 1]
                for channel in range(2, channels):
                    out[begin + k, channel] = np.float32(0)
    block.callback_us[block.callbacks % CALLBACK_TIMES] = np.float32(now_us(state) - began_us)
    store_release(state, "callbacks", block.callbacks + 1)


@c_callback(types.intc(types.voidptr, types.voidptr, types.ulong, types.voidptr, types.ulong, types.voidptr))
def pa_callback(input, output, frames, time_info, flags, user_data):
    """PaStreamCallback: `user_data` is the address of a state block, `output` interleaved float32 of its `channels`."""
    state = carray(user_data, 1, state_dtype)
    times = carray(time_info, 3, np.float64)            # inputBufferAdcTime, currentTime, outputBufferDacTime
    out = carray(output, (np.int64(frames), np.int64(state[0].channels)), np.float32)
    serve(state, out, np.int64(frames), times[1], times[2], np.uint64(flags))
    return CONTINUE


def callback_address() -> int:
    """Address of the compiled callback, for `ffi.cast("PaStreamCallback *", ...)`."""
    return pa_callback.address
