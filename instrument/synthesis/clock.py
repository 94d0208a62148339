"""Clock and sleep for compiled code, straight from the C library: no lock, no Python.

Real-time: reading the clock takes tens of nanoseconds and no system call. `doze` sleeps: it is for wait mode alone,
never for real time.
"""
import sys

from numba import types

from hummingface.compiled import c_function, part
from hummingface.instrument.synthesis.atomic import address_of

if sys.platform == "win32":
    _counter = c_function("QueryPerformanceCounter", types.int32(types.voidptr))
    _frequency = c_function("QueryPerformanceFrequency", types.int32(types.voidptr))
    _sleep = c_function("Sleep", types.void(types.uint32))

    @part
    def now_us(state):
        """Microseconds of a monotonic clock."""
        _frequency(address_of(state, "ticks"))
        per_second = state[0].ticks
        _counter(address_of(state, "ticks"))
        return state[0].ticks * (1e6 / per_second)

    @part
    def doze():
        """Let others work for a millisecond."""
        _sleep(1)
else:
    _clock_gettime = c_function("clock_gettime", types.int32(types.int32, types.voidptr))
    _usleep = c_function("usleep", types.int32(types.uint32))
    _MONOTONIC = 6 if sys.platform == "darwin" else 1

    @part
    def now_us(state):
        """Microseconds of a clock that only goes forward."""
        _clock_gettime(_MONOTONIC, address_of(state, "ticks"))      # writes a struct timespec: two 64-bit integers
        return state[0].ticks * 1e6 + state[0].ticks_more * 1e-3

    @part
    def doze():
        """Let others work for a tenth of a millisecond."""
        _usleep(100)
