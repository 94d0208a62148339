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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import rtmidi
    from mido.ports import BaseInput

OUR_NAME = "HummingFace"
Hear = Callable[[bytes], None]
CLOSE_S = 1.0
_SEQUENCER = Path("/proc/asound/seq/clients")
_INSTALL = {"darwin": "brew install portmidi", "win32": "pip install python-rtmidi"}
_HOMEBREW = ("/opt/homebrew/lib/libportmidi.dylib", "/usr/local/lib/libportmidi.dylib")
_ON_LINUX = "sudo apt-get install libportmidi0 (elsewhere the package may be called portmidi)"


Port = TypeVar("Port")                  # of the library that hears it


class System(Protocol[Port]):
    """An interface to the system's MIDI: names of inputs, and how to open and close each."""

    def names(self) -> list[str]: ...
    def open(self, name: str, hear: Hear) -> Port: ...
    def open_virtual(self, hear: Hear) -> Port | None: ...
    def close(self, port: Port) -> None: ...
    def stale(self) -> bool: ...
    def end(self) -> None: ...


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


class RtMidi:
    """ALSA, Core MIDI or Windows. `api`: another one that RtMidi was compiled with."""

    def __init__(self, api: int | None = None) -> None:
        try:
            import rtmidi
        except ImportError as error:
            raise NotThere("python-rtmidi is not installed") from error
        of_system = [api for api in rtmidi.get_compiled_api() if api not in (rtmidi.API_UNIX_JACK, rtmidi.API_RTMIDI_DUMMY)]
        if api is None and not of_system:
            raise NotThere(f"python-rtmidi was compiled without {'ALSA' if sys.platform == 'linux' else 'MIDI of this system'}")
        self._rtmidi, self._api = rtmidi, of_system[0] if api is None else api
        self._lister = self._new()

    def _new(self) -> "rtmidi.MidiIn":
        return self._rtmidi.MidiIn(self._api, name=OUR_NAME)

    def names(self) -> list[str]:
        return self._lister.get_ports()

    def open(self, name: str, hear: Hear) -> "rtmidi.MidiIn":
        port = self._new()
        try:
            port.open_port(self.names().index(name), name=OUR_NAME)
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
        port.ignore_types(sysex=True, timing=False, active_sense=True)
        port.set_callback(lambda event, _: hear(bytes(event[0])))
        return port

    @staticmethod
    def close(port: "rtmidi.MidiIn") -> None:
        with suppress(Exception):                   # its device is gone
            port.cancel_callback()
            port.close_port()
            port.delete()

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
        self._seen = _sequencer()

    def names(self) -> list[str]:
        return list(dict.fromkeys(self._backend.get_input_names()))

    def open(self, name: str, hear: Hear) -> "BaseInput":
        port = self._backend.open_input(name)
        # set when the port is whole: a callback that is given to `open_input` may be called before it is
        port.callback = lambda message: None if message.type in ("sysex", "active_sensing") else hear(bytes(message.bytes()))
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

    def stale(self) -> bool:
        """Whether ports came or went since it began: all that is open must be closed, and opened again."""
        before, self._seen = self._seen, _sequencer()
        return before != self._seen

    def end(self) -> None:
        pass


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


def _sequencer() -> list[str]:
    """ALSA's clients and ports, without PortMidi's own. Empty where there is no sequencer."""
    try:
        text = _SEQUENCER.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found, ours = [], False
    for line in text.splitlines():
        if re.match(r"Client +\d+ :", line):
            ours = "PortMidi" in line
        if not ours and re.match(r"Client +\d+ :| +Port +\d+ :", line):
            found.append(line)
    return found
