"""The engine as a JACK client: sound out and MIDI in, in one compiled process callback.

PortAudio can play the sound, but MIDI would then come through another client (RtMidi), which delivers a period's
events at its start, loses their offsets, and needs the interpreter lock in JACK's process thread, where a
busy interpreter holds up every client of the server. Here an event's stamp is exact: the position of the period's
first sample plus the event's offset in the period. JACK also reports freewheeling, and then the audio thread waits for
the performer.

Real-time: `_process` allocates nothing, locks nothing, calls no Python; it wakes the performer by writing a byte into a
non-blocking socket.

JACK's notification thread counts, compiled as well, which input has lost a source; the process callback puts that in its place among the
messages (`jack_inputs.py`).
"""
import ctypes
import ctypes.util
import sys
import time

import llvmlite.binding
import numpy as np
from numba import types

from hummingface.compiled import c_callback, c_function, carray
from hummingface.instrument.audio.devices.devices import Device, DeviceError
from hummingface.instrument.audio.devices.jack_inputs import (
    EVENTS,
    INPUTS,
    IS_INPUT,
    IS_OUTPUT,
    LONG,
    LONGEST,
    REGISTERED,
    JackInputs,
    names_of,
)
from hummingface.instrument.synthesis.atomic import load_acquire, pointer_at, store_release
from hummingface.instrument.synthesis.callback import OUTPUT_UNDERFLOW, serve
from hummingface.instrument.synthesis.state import state_dtype

CLIENT_NAME = b"HummingFace"
AUDIO_TYPE = b"32 bit float mono audio"
NO_START_SERVER = 1
SWITCH_S = 2.0                      # the longest that a server may take to begin its next period
LONGEST_PERIOD = 8192               # JACK's own limit

shared_dtype = np.dtype([
    ("state", "i8"), ("audio", "i8", 2), ("midi", "i8", INPUTS),        # addresses: the state block, the ports,
    ("client", "i8"),                                           # JACK's client
    ("inputs", "i8"),                                           # ports for MIDI in use
    ("left", "i8", INPUTS), ("left_seen", "i8", INPUTS),        # how often each has lost a source: as notified, and as passed on
    ("registered", "i8"), ("registered_ids", "u4", REGISTERED),         # ports of others that came, in a ring
    ("channels", "i8"), ("wake", "i8"),                         # `wake`: a file descriptor to write a byte to
    ("written", "i8"), ("taken", "i8"), ("lost", "i8"),         # MIDI messages so far
    ("done_until", "i8"),                                       # every message stamped before this sample has been written
    ("period", "i8"), ("xruns", "i8"), ("xruns_told", "i8"), ("ended", "i8"),
    ("time", "i8", EVENTS), ("size", "i4", EVENTS), ("bytes", "u1", (EVENTS, 4)), ("input", "i4", EVENTS),   # size 0: it has lost a source
    ("long", "u1", (LONG, LONGEST)), ("long_written", "i8"), ("long_taken", "i8"),      # longer messages, that tune: in a ring of their own
    ("event_time", "u4"), ("event_pad", "u4"), ("event_size", "u8"), ("event_data", "i8"),     # jack_midi_event_t
    ("scratch", "f4", LONGEST_PERIOD * 2),
], align=True)
_EVENT_OFFSET = dict(shared_dtype.fields or {})["event_time"][1]

_get_time = c_function("jack_get_time", types.uint64())
_get_buffer = c_function("jack_port_get_buffer", types.voidptr(types.voidptr, types.uint32))
_port_by_id = c_function("jack_port_by_id", types.intp(types.voidptr, types.uint32))
_event_count = c_function("jack_midi_get_event_count", types.uint32(types.voidptr))
_event_get = c_function("jack_midi_event_get", types.int32(types.voidptr, types.voidptr, types.uint32))
_write = c_function("write", types.intp(types.int32, types.voidptr, types.uintp))


def _load_library() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("jack") or {"linux": "libjack.so.0", "darwin": "libjack.dylib"}.get(sys.platform)
    if sys.platform == "win32" or not name:
        return None
    try:
        library = ctypes.CDLL(name)
        llvmlite.binding.load_library_permanently(name)
    except (OSError, RuntimeError):
        return None
    pointer, text, number, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_ulong
    names = ctypes.POINTER(text)
    for function, result, arguments in (
        ("jack_client_open", pointer, [text, number, pointer]), ("jack_client_close", number, [pointer]),
        ("jack_activate", number, [pointer]), ("jack_get_client_name", text, [pointer]),
        ("jack_get_buffer_size", ctypes.c_uint32, [pointer]), ("jack_get_sample_rate", ctypes.c_uint32, [pointer]),
        ("jack_get_time", ctypes.c_uint64, []), ("jack_port_register", pointer, [pointer, text, text, size, size]),
        ("jack_port_name", text, [pointer]), ("jack_port_get_latency_range", None, [pointer, number, pointer]),
        ("jack_set_process_callback", number, [pointer, pointer, pointer]),
        ("jack_set_xrun_callback", number, [pointer, pointer, pointer]),
        ("jack_set_freewheel_callback", number, [pointer, pointer, pointer]),
        ("jack_set_port_connect_callback", number, [pointer, pointer, pointer]),
        ("jack_set_port_registration_callback", number, [pointer, pointer, pointer]),
        ("jack_on_shutdown", None, [pointer, pointer, pointer]), ("jack_port_by_id", pointer, [pointer, ctypes.c_uint32]),
        ("jack_port_connected", number, [pointer]),
        ("jack_get_ports", names, [pointer, text, text, size]), ("jack_port_by_name", pointer, [pointer, text]),
        ("jack_port_get_all_connections", names, [pointer, pointer]), ("jack_connect", number, [pointer, text, text]),
        ("jack_disconnect", number, [pointer, text, text]), ("jack_free", None, [pointer]),
        ("jack_set_error_function", None, [pointer]), ("jack_set_info_function", None, [pointer]),
    ):
        getattr(library, function).restype, getattr(library, function).argtypes = result, arguments
    return library


_LIBRARY = _load_library()          # before what follows is compiled, which is linked with it


def _process(frames, argument):
    shared = carray(argument, 1, shared_dtype)
    s = shared[0]
    state = carray(pointer_at(s.state), 1, state_dtype)
    samples = np.int64(frames)
    s.period = samples
    begin = state[0].position
    # MIDI first: an event sounds one block after its stamp at the earliest, so the performer has this block to prepare it.
    event = pointer_at(shared.ctypes.data + _EVENT_OFFSET)
    taken, written = load_acquire(shared, "taken"), s.written
    long_taken = load_acquire(shared, "long_taken")
    for n in range(load_acquire(shared, "inputs")):
        if s.left[n] != s.left_seen[n] and written - taken < EVENTS:
            s.left_seen[n] = s.left[n]
            place = written % EVENTS
            s.size[place], s.time[place], s.input[place] = 0, begin, n
            written += 1
        buffer = _get_buffer(pointer_at(s.midi[n]), frames)
        for i in range(np.int64(_event_count(buffer))):
            if _event_get(event, buffer, np.uint32(i)) != 0 or s.event_size < 1 or s.event_size > LONGEST:
                continue
            size = np.int64(s.event_size)
            data = carray(pointer_at(s.event_data), LONGEST, np.uint8)
            if size > 3 and (size < 5 or data[0] != 0xF0 or data[1] < 0x7E or data[3] != 8):
                continue                                        # other system exclusive means nothing to the instrument
            if written - taken >= EVENTS or (size > 3 and s.long_written - long_taken >= LONG):
                s.lost += 1
                continue
            place = written % EVENTS
            if size > 3:
                for j in range(size):
                    s.long[s.long_written % LONG, j] = data[j]
                s.long_written += 1
            else:
                for j in range(size):
                    s.bytes[place, j] = data[j]
            s.size[place], s.time[place], s.input[place] = np.int32(s.event_size), begin + np.int64(s.event_time), n
            written += 1
    news = written > s.written
    store_release(shared, "written", written)
    store_release(shared, "done_until", begin + samples)
    if news:
        _write(np.int32(s.wake), argument, np.uintp(1))
    flags = np.uint64(0)
    if s.xruns > s.xruns_told:
        s.xruns_told = s.xruns
        flags = np.uint64(OUTPUT_UNDERFLOW)
    now_s = np.float64(_get_time()) * 1e-6
    out = carray(pointer_at(s.scratch.ctypes.data), (samples, s.channels), np.float32)
    serve(state, out, samples, now_s, now_s, flags)
    for channel in range(s.channels):
        port = carray(_get_buffer(pointer_at(s.audio[channel]), frames), samples, np.float32)
        for k in range(samples):
            port[k] = out[k, channel]
    return np.int32(0)


@c_callback(types.int32(types.voidptr))
def _xrun(argument):
    shared = carray(argument, 1, shared_dtype)
    shared[0].xruns += 1
    return np.int32(0)


@c_callback(types.void(types.int32, types.voidptr))
def _freewheel(starting, argument):
    shared = carray(argument, 1, shared_dtype)
    carray(pointer_at(shared[0].state), 1, state_dtype)[0].wait = starting


def _connection(one, other, connected, argument):
    shared = carray(argument, 1, shared_dtype)
    s = shared[0]
    if connected == 0:
        first, second = _port_by_id(pointer_at(s.client), one), _port_by_id(pointer_at(s.client), other)
        for n in range(load_acquire(shared, "inputs")):
            if s.midi[n] in (first, second):
                s.left[n] += 1


@c_callback(types.void(types.uint32, types.int32, types.voidptr))
def _registration(port, registered, argument):
    shared = carray(argument, 1, shared_dtype)
    if registered != 0:
        shared[0].registered_ids[shared[0].registered % REGISTERED] = port
        store_release(shared, "registered", shared[0].registered + 1)


@c_callback(types.void(types.voidptr))
def _shutdown(argument):
    shared = carray(argument, 1, shared_dtype)
    shared[0].ended = 1


@c_callback(types.void(types.voidptr))
def _say_nothing(text):
    pass                                                        # JACK's own messages mean nothing to a player


_callback = c_callback(types.int32(types.uint32, types.voidptr))(_process) if _LIBRARY else None
_connection_callback = c_callback(types.void(types.uint32, types.uint32, types.int32, types.voidptr))(_connection) if _LIBRARY else None


class JackStream:
    """A running client, connected to `device`: an `OutputStream`; `midi_input` is its `MidiInput`.

    `wake`: a file descriptor that gets a byte when messages have come. Raises DeviceError.
    """

    def __init__(self, state: np.ndarray, device: Device, wake: int):
        if _LIBRARY is None or _callback is None:
            raise DeviceError("The JACK library is not installed.")
        self._library, self.device = _LIBRARY, device
        self._library.jack_set_error_function(_say_nothing.address)
        self._library.jack_set_info_function(_say_nothing.address)
        self._client = self._library.jack_client_open(CLIENT_NAME, NO_START_SERVER, None)
        if not self._client:
            raise DeviceError("No JACK server is running. Start it, or choose another device.")
        self.rate_hz = int(self._library.jack_get_sample_rate(self._client))
        if self.rate_hz != int(state["rate_hz"][0]):
            self._library.jack_client_close(self._client)
            raise DeviceError(f"The JACK server runs at {self.rate_hz} Hz.")
        self._targets = self._ports(AUDIO_TYPE, IS_INPUT, device.name.rsplit(", ", 1)[0])[:2]
        channels = max(len(self._targets), 1)
        state["channels"] = channels
        self._state = state                                     # alive for as long as the callback
        self._shared = np.zeros(1, shared_dtype)
        ports = [self._library.jack_port_register(self._client, name, AUDIO_TYPE, IS_OUTPUT, 0)
                 for name in (b"out_1", b"out_2")[:channels]]
        shared = self._shared[0]
        shared["state"], shared["client"], shared["channels"], shared["wake"] = state.ctypes.data, self._client, channels, wake
        self.midi_input = JackInputs(self._library, self._client, self._shared)
        shared["audio"][:channels] = ports
        shared["period"] = self._library.jack_get_buffer_size(self._client)
        address = self._shared.ctypes.data
        for register, callback in (("jack_set_process_callback", _callback), ("jack_set_xrun_callback", _xrun),
                                   ("jack_set_freewheel_callback", _freewheel), ("jack_set_port_connect_callback", _connection_callback),
                                   ("jack_set_port_registration_callback", _registration), ("jack_on_shutdown", _shutdown)):
            assert callback is not None
            getattr(self._library, register)(self._client, callback.address, address)
        if not all(ports) or not self.midi_input.add() or self._library.jack_activate(self._client) != 0:
            self._library.jack_client_close(self._client)
            raise DeviceError("The JACK server does not accept another client.")
        for port, target in zip(ports, self._targets, strict=False):
            self._library.jack_connect(self._client, self._library.jack_port_name(port), target.encode())

    @property
    def block_samples(self) -> int:
        """The server's period."""
        return int(self._shared["period"][0])

    @property
    def output_latency_s(self) -> float:
        """From the end of a period until it is heard, as the server reports it."""
        span = (ctypes.c_uint32 * 2)()
        for target in self._targets[:1]:
            port = self._library.jack_port_by_name(self._client, target.encode())
            self._library.jack_port_get_latency_range(port, 1, ctypes.byref(span))      # 1: of playback
        return span[1] / self.rate_hz

    @property
    def time_s(self) -> float:
        return self._library.jack_get_time() * 1e-6

    @property
    def active(self) -> bool:
        return not self._shared["ended"][0]

    def play(self, state: np.ndarray, wake: int) -> bool:
        """Play another state block from the next period on, keeping every connection. No other thread may call `take` meanwhile."""
        shared = self._shared[0]
        state["channels"], state["wait"] = self._state["channels"], self._state["wait"]
        shared["wake"] = wake
        shared["state"] = state.ctypes.data
        self._before, self._state = self._state, state          # the old block is kept: the callback may be at work on it
        begin, end = int(state["position"][0]), time.monotonic() + SWITCH_S
        while int(state["position"][0]) == begin and time.monotonic() < end:
            time.sleep(0.001)
        self.midi_input.take()                                  # what came by the old block's clock
        return True

    def close(self) -> None:
        """Leave the server, if it still runs: leaving a dead one may hang."""
        self.midi_input.close()
        if self._client and self.active:
            self._library.jack_client_close(self._client)
        self._client = None

    def _ports(self, kind: bytes, flags: int, client: str = "") -> list[str]:
        names = names_of(self._library, self._library.jack_get_ports(self._client, None, kind, flags))
        return [name for name in names if not client or name.startswith(client + ":")]
