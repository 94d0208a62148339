"""The system's MIDI inputs: through RtMidi where it works, else through PortMidi, else none, with the reason.

RtMidi (python-rtmidi) has wheels up to Python 3.12. A build from source may lack the system's MIDI API, so this file asks which APIs it was
compiled with. PortMidi is a system library that mido uses; it has no virtual port for other programs, and sees new
ports only after a restart, so `stale` says when a restart is due. Each input calls `hear(message bytes)` on a thread
of its own.
"""
import ctypes
import ctypes.util
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from hummingface.instrument.performance.messages import tuning_sysex

if TYPE_CHECKING:
    import rtmidi
    from mido.ports import BaseInput

OUR_NAME, PORTMIDI_NAME = "HummingFace", "PortMidi"         # as ALSA's sequencer lists them
OUR_OUTPUT = "HummingFace out"
Hear = Callable[[bytes], None]
CLOSE_S = 1.0
_SEQUENCER = Path("/proc/asound/seq/clients")
_INSTALL = {"darwin": "brew install portmidi", "win32": "pip install python-rtmidi"}
_HOMEBREW = ("/opt/homebrew/lib/libportmidi.dylib", "/usr/local/lib/libportmidi.dylib")
_ON_LINUX = "sudo apt-get install libportmidi0 (elsewhere the package may be called portmidi)"


Port = TypeVar("Port")                  # of the library that hears it


class Address(NamedTuple):
    """An input as the system knows it: its name, and which one of that name it is, from 0."""
    name: str
    number: int


class System(Protocol[Port]):
    """An interface to the system's MIDI: its inputs, and how to open and close each."""

    def addresses(self) -> list[Address]: ...
    def open(self, address: Address, hear: Hear) -> Port: ...
    def open_virtual(self, hear: Hear) -> Port | None: ...
    def close(self, port: Port) -> None: ...
    def is_heard(self, address: Address, port: Port) -> bool:
        """Whether an open input still gets its messages; one whose device went and came back gets none."""
    def stale(self) -> bool: ...
    def end(self) -> None: ...


def _numbered(names: Sequence[str]) -> list[Address]:
    return [Address(name, list(names[:i]).count(name)) for i, name in enumerate(names)]


class NotThere(OSError):
    """A MIDI library is not installed, or does not support this system."""


def choose() -> tuple[System[Any] | None, str]:
    """(the best MIDI interface that works, why there is none and what to do)."""
    whys = []
    for kind in (RtMidi, PortMidi):
        try:
            return kind(), ""
        except NotThere as error:
            whys.append(str(error))
        except Exception as error:                  # RtMidi raises classes of its own, which differ between versions
            cure = " Type: sudo modprobe snd-seq" if sys.platform == "linux" else ""
            return None, f"The system's MIDI does not open: {str(error).rstrip('.')}.{cure}"
    return None, f"No MIDI from the system. Type: {_INSTALL.get(sys.platform, _ON_LINUX)}; or play through JACK. ({'; '.join(whys)})"


def open_virtual_output(api: int | None = None) -> "rtmidi.MidiOut":
    """A port that other programs can listen to: of ALSA, JACK or Core MIDI. `api`: the one of RtMidi's to use. Raises OSError, which says
    why there is none."""
    if sys.platform == "win32":
        raise OSError("Windows has no virtual MIDI ports: MIDI out is not there")
    try:
        import rtmidi
    except ImportError as error:
        raise OSError(f"MIDI out needs python-rtmidi. Type: {sys.executable} -m pip install python-rtmidi") from error
    dummy = getattr(rtmidi, "API_RTMIDI_DUMMY", None)
    apis = [each for each in rtmidi.get_compiled_api() if each != dummy] if api is None else [api]
    why = "python-rtmidi was compiled without MIDI of this system"
    for each in sorted(apis, key=lambda kind: kind == rtmidi.API_UNIX_JACK):     # the system's own before JACK's
        try:
            port = rtmidi.MidiOut(each, name=OUR_OUTPUT)
            port.open_virtual_port(OUR_OUTPUT)
            return port
        except Exception as error:                  # RtMidi raises classes of its own, which differ between versions
            why = str(error).rstrip(".")
    raise OSError(f'The MIDI port "{OUR_OUTPUT}" does not open: {why}')


class RtMidi:
    """ALSA, Core MIDI or Windows. `api`: another one that RtMidi was compiled with."""

    def __init__(self, api: int | None = None) -> None:
        try:
            import rtmidi
        except ImportError as error:
            raise NotThere("python-rtmidi is not installed") from error
        others = (rtmidi.API_UNIX_JACK, getattr(rtmidi, "API_RTMIDI_DUMMY", None))
        of_system = [api for api in rtmidi.get_compiled_api() if api not in others]
        if api is None and not of_system:
            raise NotThere(f"python-rtmidi was compiled without {'ALSA' if sys.platform == 'linux' else 'MIDI of this system'}")
        self._rtmidi, self._api = rtmidi, of_system[0] if api is None else api
        self._lister = self._new()
        self._heard: set[Address] = set()           # inputs that ALSA said were connected

    def _new(self) -> "rtmidi.MidiIn":
        return self._rtmidi.MidiIn(self._api, name=OUR_NAME)

    def addresses(self) -> list[Address]:
        return _numbered(self._lister.get_ports())

    def open(self, address: Address, hear: Hear) -> "rtmidi.MidiIn":
        port = self._new()
        try:
            port.open_port(self.addresses().index(address), name=OUR_NAME)
        except Exception:
            self.close(port)
            raise
        return self._listen(port, hear)

    def open_virtual(self, hear: Hear) -> "rtmidi.MidiIn | None":
        if sys.platform == "win32":                 # which has none
            return None
        port = self._new()
        port.open_virtual_port(OUR_NAME)
        return self._listen(port, hear)

    @staticmethod
    def _listen(port: "rtmidi.MidiIn", hear: Hear) -> "rtmidi.MidiIn":
        port.ignore_types(sysex=False, timing=False, active_sense=True)
        port.set_callback(lambda event, _: _hear_what_counts(bytes(event[0]), hear))
        return port

    @staticmethod
    def close(port: "rtmidi.MidiIn") -> None:
        with suppress(Exception):                   # its device is gone
            port.cancel_callback()
            port.close_port()
            port.delete()

    def is_heard(self, address: Address, port: "rtmidi.MidiIn") -> bool:
        if not port.is_port_open():
            return False
        of_alsa = re.search(r"\d+:\d+$", address.name) if self._api == getattr(self._rtmidi, "API_LINUX_ALSA", None) else None
        sources = _connected_from(OUR_NAME) if of_alsa else None
        if of_alsa is None or sources is None:
            return True
        were = address in self._heard
        (self._heard.add if of_alsa[0] in sources else self._heard.discard)(address)
        return of_alsa[0] in sources or not were

    def stale(self) -> bool:
        return False

    def end(self) -> None:
        self.close(self._lister)


class PortMidi:
    """The PortMidi library, through mido."""

    def __init__(self) -> None:
        import mido
        try:
            with _found_by_mido():
                self._backend = mido.Backend("mido.backends.portmidi", load=True)
            self._backend.get_input_names()
        except Exception as error:                  # ctypes' errors for a missing library, of several kinds
            raise NotThere("there is no PortMidi library") from error
        self._seen, self._sources = _sequencer(), 0

    def addresses(self) -> list[Address]:
        return _numbered(self._backend.get_input_names())

    def open(self, address: Address, hear: Hear) -> "BaseInput":
        with _the_one(self._backend.module, address):
            port = self._backend.open_input(address.name)
        # set when the port is whole: a callback that is given to `open_input` may be called before it is
        port.callback = lambda message: None if message.type == "active_sensing" else _hear_what_counts(bytes(message.bytes()), hear)
        return port

    def open_virtual(self, hear: Hear) -> None:
        return None                                 # it has none

    @staticmethod
    def close(port: "BaseInput") -> None:
        def end() -> None:
            with suppress(Exception):
                port.close()
        closing = threading.Thread(target=end, daemon=True)     # mido waits for the port's thread for ever, though its device has ended it
        closing.start()
        closing.join(CLOSE_S)

    def is_heard(self, address: Address, port: "BaseInput") -> bool:
        return True                                 # `stale` says it of all together

    def stale(self) -> bool:
        """Whether ports came or went since the last look, or lost their connection: all that is open must be closed and opened again."""
        before, self._seen = self._seen, _sequencer()
        sources, self._sources = self._sources, len(_connected_from(PORTMIDI_NAME) or [])
        return before != self._seen or self._sources < sources

    def end(self) -> None:
        pass


def _hear_what_counts(message: bytes, hear: Hear) -> None:
    """Of system-exclusive messages those that tune; others, which may be long and many, go no further."""
    if message[:1] != b"\xf0" or tuning_sysex.is_tuning(message):
        hear(message)


@contextmanager
def _found_by_mido() -> Iterator[None]:
    """mido asks for a library name that only the development package installs: this context gives it the installed one."""
    plain = ctypes.CDLL

    def load(name: Any, *options: Any, **more: Any) -> Any:
        there = ctypes.util.find_library("portmidi") or next((path for path in _HOMEBREW if Path(path).exists()), name)
        return plain(there if name is None or "portmidi" in str(name) else name, *options, **more)
    ctypes.CDLL = load                                          # type: ignore[assignment, misc]
    try:
        yield
    finally:
        ctypes.CDLL = plain                                     # type: ignore[misc]


@contextmanager
def _the_one(backend: Any, address: Address) -> Iterator[None]:
    """mido opens the first input of a name: this context gives it the one that is meant."""
    by_name = backend._get_named_device
    device = [each for each in backend.get_devices() if each["is_input"] and each["name"] == address.name][address.number]
    backend._get_named_device = lambda name, get_input: device
    try:
        yield
    finally:
        backend._get_named_device = by_name


def _sequencer() -> list[str]:
    """ALSA's clients and ports, without PortMidi's own. Empty where there is no sequencer."""
    found, ours = [], False
    for line in _sequencer_lines():
        if re.match(r"Client +\d+ :", line):
            ours = PORTMIDI_NAME in line
        if not ours and re.match(r"Client +\d+ :| +Port +\d+ :", line):
            found.append(line)
    return found


def _connected_from(client: str) -> list[str] | None:
    """The addresses ("24:0") of ALSA's ports that clients of this name hear; None where ALSA knows no such client."""
    found: list[str] | None = None
    ours = False
    for line in _sequencer_lines():
        if re.match(r"Client +\d+ :", line):
            ours = f'"{client}"' in line
            if ours and found is None:
                found = []
        elif ours and found is not None and (sources := re.match(r" +Connected From: (.*)", line)):
            found += re.findall(r"(\d+:\d+)(?:\[[^\]]*\])*", sources[1])
    return found


def _sequencer_lines() -> list[str]:
    try:
        return _SEQUENCER.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
