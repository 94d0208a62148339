"""OSC over UDP: every control, notes, panic and patches, on a thread of its own; what is moved elsewhere is sent back.

Messages take the way of the window's: stamped, in order. Of a flood the thread takes so many packets at a time that the performer is not
held up; of values of one control that come together the newest counts. What is malformed or means nothing is passed over, and logged once.
"""
import contextlib
import logging
import select
import socket
import threading
import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from hummingface.instrument.patches import osc_addresses
from hummingface.instrument.patches.osc_addresses import NOTE, PANIC, PATCH, SYNC
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.controls import Controls
from hummingface.instrument.performance.events import PlayerEvent
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn, Set

if TYPE_CHECKING:
    from pythonosc.osc_packet import OscPacket

BUFFER_BYTES = 1 << 20              # of packets that wait: what comes beyond is lost, as UDP has it
LARGEST_PACKET = 8192               # bytes; larger ones are passed over
LONGEST_NAME = 200
MOST_AT_ONCE = 32                   # packets between two pauses,
PAUSE_S = 0.004                     # which are so long while more wait
ECHO_S = 0.05                       # between two looks at what has moved
HUSH_S = 0.2                        # after a control was set from there, until its moves elsewhere are sent back
ECHOED_S = 30.0                     # so long after its last message a sender that nobody named is told of moves
SOURCE = "osc"                      # as `HeldBySource` takes it
LOOPBACK = "127.0.0.1"
Address = tuple[str, int]
log = logging.getLogger(__name__)


class OscError(OSError):
    """A port that cannot be opened; the text names it and says what to do."""


class Controlled(Protocol):
    """What is used of a performer."""
    @property
    def controls(self) -> Controls: ...


class Played(Protocol):
    """What is used of an engine."""
    @property
    def performer(self) -> Controlled: ...
    def receive(self, event: PlayerEvent, source: Hashable = None) -> None: ...
    def panic(self) -> None: ...


def place_of(text: str, host: str = LOOPBACK) -> Address:
    """The address in "9000" or "HOST:9000". Raises ValueError."""
    name, _, port = text.strip().rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536 or len(name) > 253:
        raise ValueError(f"{text!r:.60} is not a port for OSC, 1 to 65535, or HOST:PORT")
    return name.strip("[]") or host, int(port)


class OscServer:
    """Listens at `place` until it is closed. `engine()` is the one that plays now; `load_patch(name)` is called for /patch. `echo`: where
    moves are sent; None: to whoever sent last. Raises OscError."""

    def __init__(self, place: Address, engine: Callable[[], Played], load_patch: Callable[[str], None], echo: Address | None = None):
        self._engine, self._load_patch, self._echo = engine, load_patch, echo
        try:
            family, kind, proto, _, address = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, proto)
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            self._socket.bind(address)
        except OSError as error:
            raise OscError(f"OSC cannot listen at {place[0]}:{place[1]} ({error.strerror or error}). Choose another port, or end the "
                           "program that has it.") from error
        self.place: Address = self._socket.getsockname()[:2]
        self._sender: tuple[Address | None, float] | None = None           # address, and when it was heard
        self._shown = np.array(engine().performer.controls.goal[:len(PARAMETERS)])      # values that were sent, or came from there,
        self._came_at: dict[int, float] = {}                    # and when these came
        self._patch = ""                                        # that was asked for; of many in a row the newest is loaded
        self._logged: set[str] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="OSC", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._closing.set()
        self._thread.join(1)
        self._socket.close()

    def _run(self) -> None:
        from pythonosc.osc_packet import OscPacket
        logging.getLogger().addFilter(_not_of_the_library)
        looked = time.monotonic()
        while not self._closing.is_set():
            ready = select.select([self._socket], [], [], ECHO_S)[0]
            taken = self._take(OscPacket) if ready else 0
            now = time.monotonic()
            if now - looked >= ECHO_S:
                looked = now
                self._send_moves()
                if self._patch:
                    name, self._patch = self._patch, ""
                    self._load_patch(name)
            if taken >= MOST_AT_ONCE:
                time.sleep(PAUSE_S)

    def _take(self, packet: "type[OscPacket]") -> int:
        """Take packets that wait. Returns how many."""
        events: list[PlayerEvent] = []
        sets: dict[str, int] = {}                               # where in `events` a control was set since the last note
        count = 0
        while count < MOST_AT_ONCE:
            try:
                data, sender = self._socket.recvfrom(LARGEST_PACKET + 1)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:                                     # an earlier answer found nobody there, as Windows says here
                data, sender = b"", None
            count += 1
            if len(data) > LARGEST_PACKET:
                self._once(f"a packet of more than {LARGEST_PACKET} bytes")
                continue
            try:
                messages = packet(data).messages
            except Exception as error:                          # the library raises whatever damage leads to
                self._once(f"a damaged packet ({type(error).__name__})")
                continue
            self._sender = sender, time.monotonic()
            for timed in messages:
                try:
                    self._hear(timed.message.address, list(timed.message.params), events, sets)
                except (KeyError, ValueError, TypeError, OverflowError) as error:
                    self._once(f"{timed.message.address:.60}: {error}")
        engine = self._engine()
        for event in events:
            engine.receive(event, SOURCE)
        return count

    def _hear(self, address: str, arguments: list[object], events: list[PlayerEvent], sets: dict[str, int]) -> None:
        """Raises KeyError, ValueError, TypeError, OverflowError for what means nothing."""
        match address:
            case _ if address == NOTE:
                channel, key, velocity = (_whole(*bounds) for bounds in zip(arguments, (1, 0, 0), (16, 127, 127), strict=True))
                events.append(NoteOn(channel - 1, key, velocity) if velocity else NoteOff(channel - 1, key))
                sets.clear()
            case _ if address == PANIC:
                self._engine().panic()
            case _ if address == PATCH:
                (name,) = arguments
                if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
                    raise ValueError("a patch is named by a text")
                self._patch = name
            case _ if address == SYNC:
                self._shown[:] = np.nan
                self._came_at.clear()
            case _:
                control, normalised = osc_addresses.target_of(address)
                (argument,) = arguments
                value = osc_addresses.value_of(PARAMETERS[control], argument, normalised)
                if control in sets:
                    events[sets[control]] = Set(control, value)
                else:
                    sets[control] = len(events)
                    events.append(Set(control, value))
                self._shown[_PLACE[control]], self._came_at[_PLACE[control]] = value, time.monotonic()

    def _send_moves(self) -> None:
        """Send the controls that stand elsewhere than was said."""
        to, now = self._echo, time.monotonic()
        if to is None and self._sender is not None and now - self._sender[1] < ECHOED_S:
            to = self._sender[0]
        goal = self._engine().performer.controls.goal[:len(PARAMETERS)].copy()
        if to is None:
            self._shown = goal
            return
        from pythonosc.osc_message_builder import OscMessageBuilder
        for place in np.flatnonzero(~(np.abs(goal - self._shown) <= 1e-6 * np.maximum(np.abs(goal), 1e-3))):
            if now - self._came_at.get(int(place), 0.0) < HUSH_S:       # it is on its way to where its sender has it
                continue
            self._shown[place] = goal[place]
            message = OscMessageBuilder(osc_addresses.address_of(_NAMES[place]))
            message.add_arg(float(goal[place]), "f")
            with contextlib.suppress(OSError):                  # nobody there, or no way there
                self._socket.sendto(message.build().dgram, to)

    def _once(self, what: str) -> None:
        """Log what was passed over, the first time, and not more than a few kinds of it."""
        if what not in self._logged and len(self._logged) < 20:
            self._logged.add(what)
            log.warning("OSC: passed over %s", what)


def _not_of_the_library(record: logging.LogRecord) -> bool:
    """The library logs damaged packets, each of them, by the root logger."""
    return "pythonosc" not in record.pathname


_NAMES = list(PARAMETERS)
_PLACE = {name: place for place, name in enumerate(_NAMES)}


def _whole(value: object, lowest: int, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value) or not lowest <= value <= highest:
        raise ValueError(f"{value!r:.40} is not a whole number from {lowest} to {highest}")
    return int(value)
