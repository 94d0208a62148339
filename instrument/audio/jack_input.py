"""MIDI straight from a JACK server, each event with its exact place inside the period.

The usual library (RtMidi) hands a period's events over at its start and throws their places away; asked from Python it also needs the interpreter's lock
in JACK's process thread, where a busy interpreter would hold up every client of the server. Here the process callback is compiled:
it copies events with their sample times into a ring and wakes the performer through a socket. It allocates nothing and waits for nothing.

JACK's frame clock and the engine's position differ by a constant, as long as no period is lost. In each period the position reads either as at the
period's start (our output has not been computed yet) or one period more, so the least difference of late is the true one.
"""
import ctypes
import ctypes.util
import sys

import llvmlite.binding
import numpy as np
from numba import carray, types

from instrument.synthesis.atomic import load_acquire, pointer_at, store_release
from instrument.synthesis.compiled import c_callback, compiled

EVENTS = 1024
PATIENCE_PERIODS = 64           # after so many periods of a larger difference, a smaller one from before no longer counts
CLIENT_NAME, PORT_NAME = b"HummingFace MIDI", b"in"
MIDI_TYPE = b"8 bit raw midi"
IS_INPUT, IS_OUTPUT = 1, 2
NO_START_SERVER = 1

shared_dtype = np.dtype([
    ("client", "i8"), ("port", "i8"), ("position", "i8"),       # addresses; `position` that of the engine's counter
    ("wake", "i8"),                                             # file descriptor to write a byte to
    ("written", "i8"), ("taken", "i8"), ("lost", "i8"),
    ("periods", "i8"), ("frame", "i8"), ("done_until", "i8"),   # all events before this position are in the ring
    ("offset", "i8"), ("candidate", "i8"), ("larger_for", "i8"),
    ("alive", "i8"),
    ("time", "i8", EVENTS), ("size", "i4", EVENTS), ("bytes", "u1", (EVENTS, 4)),
    ("event_time", "u4"), ("event_pad", "u4"), ("event_size", "u8"), ("event_data", "i8"),     # jack_midi_event_t
], align=True)
_EVENT_OFFSET = shared_dtype.fields["event_time"][1]

_last_frame_time = types.ExternalFunction("jack_last_frame_time", types.uint32(types.voidptr))
_get_buffer = types.ExternalFunction("jack_port_get_buffer", types.voidptr(types.voidptr, types.uint32))
_event_count = types.ExternalFunction("jack_midi_get_event_count", types.uint32(types.voidptr))
_event_get = types.ExternalFunction("jack_midi_event_get", types.int32(types.voidptr, types.voidptr, types.uint32))
_write = types.ExternalFunction("write", types.intp(types.int32, types.voidptr, types.uintp))


def _library() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("jack") or {"linux": "libjack.so.0", "darwin": "libjack.dylib"}.get(sys.platform)
    if sys.platform == "win32" or not name:
        return None
    try:
        library = ctypes.CDLL(name)
        llvmlite.binding.load_library_permanently(name)
    except (OSError, RuntimeError):
        return None
    for function, result, arguments in (
        ("jack_client_open", ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]),
        ("jack_client_close", ctypes.c_int, [ctypes.c_void_p]),
        ("jack_activate", ctypes.c_int, [ctypes.c_void_p]),
        ("jack_get_client_name", ctypes.c_char_p, [ctypes.c_void_p]),
        ("jack_get_buffer_size", ctypes.c_uint32, [ctypes.c_void_p]),
        ("jack_get_sample_rate", ctypes.c_uint32, [ctypes.c_void_p]),
        ("jack_port_register", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_ulong]),
        ("jack_port_name", ctypes.c_char_p, [ctypes.c_void_p]),
        ("jack_set_process_callback", ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
        ("jack_get_ports", ctypes.POINTER(ctypes.c_char_p), [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong]),
        ("jack_port_get_all_connections", ctypes.POINTER(ctypes.c_char_p), [ctypes.c_void_p, ctypes.c_void_p]),
        ("jack_connect", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
        ("jack_disconnect", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
        ("jack_free", None, [ctypes.c_void_p]),
        ("jack_set_error_function", None, [ctypes.c_void_p]),
        ("jack_set_info_function", None, [ctypes.c_void_p]),
    ):
        getattr(library, function).restype, getattr(library, function).argtypes = result, arguments
    return library


_LIBRARY = _library()           # loaded before what follows is compiled, which is linked with it


@c_callback(types.void(types.voidptr))
def _say_nothing(text):
    pass                                                        # JACK's own messages say nothing to a player


def _process(frames, argument):
    shared = carray(argument, 1, shared_dtype)
    s = shared[0]
    frame = np.int64(_last_frame_time(pointer_at(s.client)))
    position = carray(pointer_at(s.position), 1, np.int64)[0]
    step = (frame - s.frame) & 0xFFFFFFFF                       # JACK counts frames in 32 bits
    s.frame = s.frame + step if s.periods else frame
    s.periods += 1
    candidate = position - s.frame
    if s.periods == 1 or candidate < s.offset:
        s.offset, s.larger_for = candidate, 0
    elif candidate > s.offset:
        s.candidate = candidate if s.larger_for == 0 else min(candidate, s.candidate)
        s.larger_for += 1
        if s.larger_for > PATIENCE_PERIODS:
            s.offset, s.larger_for = s.candidate, 0
    else:
        s.larger_for = 0
    buffer = _get_buffer(pointer_at(s.port), frames)
    count = np.int64(_event_count(buffer))
    taken = load_acquire(shared, "taken")
    written = s.written
    event = pointer_at(shared.ctypes.data + _EVENT_OFFSET)
    for i in range(count):
        if _event_get(event, buffer, np.uint32(i)) != 0 or s.event_size < 1 or s.event_size > 3:
            continue                                            # system exclusive says nothing to an instrument
        if written - taken >= EVENTS:
            s.lost += 1
            continue
        place = written % EVENTS
        data = carray(pointer_at(s.event_data), 3, np.uint8)
        for j in range(s.event_size):
            s.bytes[place, j] = data[j]
        s.size[place] = s.event_size
        s.time[place] = s.frame + s.event_time + s.offset
        written += 1
    news = written > s.written
    store_release(shared, "written", written)
    store_release(shared, "done_until", s.frame + frames + s.offset)
    if news and s.wake >= 0:
        _write(np.int32(s.wake), argument, np.uintp(1))
    return np.int32(0)


_callback = c_callback(types.int32(types.uint32, types.voidptr))(_process) if _LIBRARY else None


class JackInput:
    """A client of a running JACK server with one MIDI input; `connect` it to ports as they come.

    `position`: array whose one int64 is the engine's sample counter. Raises OSError where there is no server to join.
    """

    def __init__(self, position: np.ndarray, wake: int = -1):
        self._library = _LIBRARY
        if self._library is None:
            raise OSError("the JACK library is not installed")
        self._library.jack_set_error_function(_say_nothing.address)
        self._library.jack_set_info_function(_say_nothing.address)
        self._client = self._library.jack_client_open(CLIENT_NAME, NO_START_SERVER, None)
        if not self._client:
            raise OSError("no JACK server is running")
        self._port = self._library.jack_port_register(self._client, PORT_NAME, MIDI_TYPE, IS_INPUT, 0)
        self._position = position                               # kept alive: the callback reads it
        self.shared = np.zeros(1, shared_dtype)
        self.shared["client"], self.shared["port"], self.shared["wake"] = self._client, self._port, wake
        self.shared["position"] = position.ctypes.data
        self._library.jack_set_process_callback(self._client, _callback.address, self.shared.ctypes.data)
        if not self._port or self._library.jack_activate(self._client) != 0:
            self._library.jack_client_close(self._client)
            raise OSError("the JACK server refused a MIDI input")
        self.name = self._library.jack_port_name(self._port).decode()

    @property
    def period_samples(self) -> int:
        """The server's period."""
        return int(self._library.jack_get_buffer_size(self._client))

    def sources(self) -> list[str]:
        """Names of all MIDI ports that send."""
        return self._names(self._library.jack_get_ports(self._client, None, MIDI_TYPE, IS_OUTPUT))

    def connected(self) -> list[str]:
        """Names of the ports that we listen to."""
        return self._names(self._library.jack_port_get_all_connections(self._client, self._port))

    def connect(self, source: str) -> bool:
        return self._library.jack_connect(self._client, source.encode(), self.name.encode()) == 0

    def disconnect(self, source: str) -> None:
        self._library.jack_disconnect(self._client, source.encode(), self.name.encode())

    @property
    def done_until(self) -> int:
        """All events stamped before this sample are in the ring."""
        return int(_done_until(self.shared))

    def take(self) -> list[tuple[int, bytes]]:
        """What arrived: (stamp, message) each, in the order of arrival. One thread only."""
        written = int(_written(self.shared))
        taken = int(self.shared["taken"][0])
        events = [(int(self.shared["time"][0, n % EVENTS]),
                   self.shared["bytes"][0, n % EVENTS, :self.shared["size"][0, n % EVENTS]].tobytes())
                  for n in range(taken, written)]
        _taken(self.shared, written)
        return events

    @property
    def lost(self) -> int:
        """Events for which the ring had no room."""
        return int(self.shared["lost"][0])

    def close(self) -> None:
        """Leave the server."""
        if self._client:
            self._library.jack_client_close(self._client)
            self._client = None

    def _names(self, found) -> list[str]:
        names = []
        if found:
            while found[len(names)] is not None:
                names.append(found[len(names)].decode(errors="replace"))
            self._library.jack_free(ctypes.cast(found, ctypes.c_void_p))
        return names


@compiled()
def _written(shared):
    return load_acquire(shared, "written")


@compiled()
def _done_until(shared):
    return load_acquire(shared, "done_until")


@compiled()
def _taken(shared, count):
    store_release(shared, "taken", count)
