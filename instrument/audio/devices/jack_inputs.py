"""MIDI from JACK: the inputs of our client, what is connected to them, and the messages that its process callback has stored.

Each source that the instrument connects has an input of its own (`midi_in`, then `midi_in_2`, ... as they are needed), so that it is known
which source holds which keys and pedals. Sources that a player connects to one input by hand count as one.
"""
import ctypes

import numpy as np

from hummingface.compiled import compiled
from hummingface.instrument.performance.messages import tuning_sysex
from hummingface.instrument.synthesis.atomic import load_acquire, store_release

MIDI_NAME, MIDI_TYPE = b"midi_in", b"8 bit raw midi"
IS_INPUT, IS_OUTPUT = 1, 2
INPUTS = 16                         # at most; further sources share the first
REGISTERED = 256                    # ports registered between two looks at them
EVENTS = 1024                       # MIDI messages that may wait for the performer,
LONG, LONGEST = 64, tuning_sysex.LARGEST_BYTES          # of them with more than three bytes; bytes of one


class JackInputs:
    """A `MidiInput`. `shared` is the memory shared with the callbacks of `jack_stream.py`. `add` makes the first input."""

    def __init__(self, library: ctypes.CDLL, client: int, shared: np.ndarray) -> None:
        self._library, self._client, self._shared = library, client, shared
        self._ports: list[int] = []
        self._told = 0                                          # registrations that `came` has told of
        self._closed = False

    @property
    def _active(self) -> bool:
        return not self._closed and not self._shared["ended"][0]

    def close(self) -> None:
        """The client leaves: nothing can be asked for any more, but for the messages that have come."""
        self._closed = True

    def sources(self) -> list[str]:
        """Names of all MIDI ports that send."""
        return names_of(self._library, self._library.jack_get_ports(self._client, None, MIDI_TYPE, IS_OUTPUT)) if self._active else []

    def connected(self) -> list[str]:
        """Names of the connected ports."""
        return [name for port in self._ports for name in self._connected_to(port)] if self._active else []

    def came(self) -> set[str]:
        """Names of ports that were registered since the last call: whatever was connected to an earlier port of such a name is not
        connected to this one."""
        count, before = int(_registered(self._shared)), self._told
        self._told = count
        ids = [int(self._shared[0]["registered_ids"][n % REGISTERED]) for n in range(max(before, count - REGISTERED), count)]
        ports = [self._library.jack_port_by_id(self._client, port) for port in ids] if self._active else []
        names = [self._library.jack_port_name(port) for port in ports if port]
        return {name.decode(errors="replace") for name in names if name}

    def connect(self, source: str) -> bool:
        """Connect a port, to an input of its own. False where its client is not active yet, or has just gone."""
        if source in self.connected():                          # meanwhile, by somebody else
            return True
        return self._library.jack_connect(self._client, source.encode(), self._library.jack_port_name(self._idle())) == 0

    def disconnect(self, source: str) -> None:
        """Disconnect a port."""
        for port in self._ports:
            if source in self._connected_to(port):
                self._library.jack_disconnect(self._client, source.encode(), self._library.jack_port_name(port))

    def add(self) -> bool:
        """Register one more input. Whether JACK has it."""
        count = len(self._ports)
        name = MIDI_NAME + (b"_%d" % (count + 1) if count else b"")
        port = self._library.jack_port_register(self._client, name, MIDI_TYPE, IS_INPUT, 0)
        if port:
            self._ports.append(port)
            self._shared[0]["midi"][count] = port
            _use_inputs(self._shared, count + 1)
        return bool(port)

    @property
    def done_until(self) -> int:
        """Every message stamped before this sample can be taken."""
        return int(_done_until(self._shared))

    def take(self) -> list[tuple[int, bytes, int]]:
        """The messages that have arrived: (stamp, message, number of the input) each, in order; an empty message: the input has lost a
        source. One thread only."""
        shared = self._shared[0]
        first, end = int(shared["taken"]), int(_written(self._shared))
        messages, long = [], int(shared["long_taken"])
        for place in (n % EVENTS for n in range(first, end)):
            size = int(shared["size"][place])
            data = shared["bytes"][place] if size <= 3 else shared["long"][long % LONG]
            long += size > 3
            messages.append((int(shared["time"][place]), data[:size].tobytes(), int(shared["input"][place])))
        _long_taken(self._shared, long)
        _taken(self._shared, end)
        return sorted(messages, key=lambda message: message[0]) if len(self._ports) > 1 else messages

    def _connected_to(self, port: int) -> list[str]:
        return names_of(self._library, self._library.jack_port_get_all_connections(self._client, port))

    def _idle(self) -> int:
        """The first input without a source; if there is none, another; the first, if there can be no more."""
        idle = next((port for port in self._ports if not self._library.jack_port_connected(port)), None)
        return idle or (self._ports[-1] if len(self._ports) < INPUTS and self.add() else self._ports[0])


def names_of(library: ctypes.CDLL, found) -> list[str]:
    """The names in a list that JACK gave, which is freed."""
    names: list[str] = []
    if found:
        while found[len(names)] is not None:
            names.append(found[len(names)].decode(errors="replace"))
        library.jack_free(ctypes.cast(found, ctypes.c_void_p))
    return names


@compiled()
def _written(shared):
    return load_acquire(shared, "written")


@compiled()
def _done_until(shared):
    return load_acquire(shared, "done_until")


@compiled()
def _registered(shared):
    return load_acquire(shared, "registered")


@compiled()
def _use_inputs(shared, count):
    store_release(shared, "inputs", count)


@compiled()
def _long_taken(shared, count):
    store_release(shared, "long_taken", count)


@compiled()
def _taken(shared, count):
    store_release(shared, "taken", count)
