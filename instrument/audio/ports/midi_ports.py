"""MIDI inputs: any port, ports that appear and disappear while the process runs, and a virtual port of our own where the system has them.

The system's inputs (`midi_system.py`) call back on their own threads; JACK's events come through `jack_inputs.py` with
exact times. `update`, called about once a second, compares what is there with what is connected, and tries again what could not be
connected yet. A port that went and came back meanwhile is another one, though its name is the same.
Listing ports may raise on a system without MIDI; that is shown as a problem and is no error.
"""
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

from hummingface.instrument.audio.devices.device_names import distinct, matching, stable_name
from hummingface.instrument.audio.devices.jack_inputs import INPUTS
from hummingface.instrument.audio.devices.jack_names import midi_sources
from hummingface.instrument.audio.devices.output_stream import MidiInput
from hummingface.instrument.audio.ports import midi_system
from hummingface.instrument.audio.ports.midi_system import OUR_OUTPUT, Address

BRIDGES = ("a2j", "Midi-Bridge", "system:midi")     # JACK clients through which ALSA's ports are in JACK already


def list_ports(jack: bool) -> tuple[list[str], str]:
    """(names of all inputs, why there may be none), including those of a running JACK server. Never raises."""
    ports = MidiPorts(lambda message, source: None, virtual=False)
    names, problem = ports.names(), ports.problem
    ports.close()
    sources = midi_sources() if jack else None
    return (names, problem) if sources is None else ([*names, *sources], "")


class _Open(NamedTuple):
    """An open input of the system's: its shown name, the library's port, what stands for it as a source, and how many ports of its name
    there were."""
    name: str
    port: Any
    source: object
    alike: int


class MidiPorts:
    """The open inputs. `receive(message bytes, source)` and `leave(source)`, when a source has gone, are called on MIDI's own threads.
    Attributes: `open` (names), `problem` (text)."""

    def __init__(self, receive: Callable[[bytes, Hashable], None], leave: Callable[[Hashable], None] = lambda source: None, *,
                 virtual: bool = True):
        self._receive, self._leave = receive, leave
        self._inputs: dict[Address, _Open] = {}     # the system's
        self._virtual: object = None
        self._jack: MidiInput | None = None
        self._offered: set[str] = set()             # JACK ports that were connected once: a player may have cut them since
        self._were_open: list[str] = []             # when they were looked at last: JACK's go by themselves
        self.wanted: list[str] | None = None        # None: all
        self._system, self._why_none = midi_system.choose()
        self.problem = self._why_none
        if virtual and self._system is not None:
            try:
                self._virtual = self._system.open_virtual(lambda message: receive(message, "virtual"))
            except Exception as error:              # RtMidi raises classes of its own, which differ between versions
                self.problem = f"No virtual MIDI port: {error}"

    def use_jack(self, jack: MidiInput | None) -> None:
        """Listen through this JACK client as well (it is not closed here)."""
        if self._jack is not None:
            for number in range(INPUTS):
                self._leave(number)
        self._jack, self._offered = jack, set()
        self.problem = "" if jack is not None else self._why_none       # where JACK has the MIDI, the system's need not

    def want(self, names: list[str] | None) -> None:
        """Listen to these ports only, as soon as they exist; None is all."""
        self.wanted, self._offered = names, set()
        self.update()

    @property
    def open(self) -> list[str]:
        """Names of the ports that are open now."""
        jack = self._jack.connected() if self._jack else []
        return sorted({*(each.name for each in self._inputs.values()), *jack})

    def names(self) -> list[str]:
        """All existing ports."""
        return sorted({*self._system_ports().values(), *self._jack_sources()})

    def _jack_sources(self) -> list[str]:
        """JACK's, but for what we send ourselves."""
        return [name for name in self._jack.sources() if OUR_OUTPUT not in name] if self._jack else []

    def update(self) -> bool:
        """Open new ports, close those that have disappeared. Returns whether anything changed."""
        self._update_system()
        if self._jack:
            self._update_jack(self._jack)
        before, self._were_open = self._were_open, self.open
        return before != self._were_open

    def _update_system(self) -> None:
        if self._system is not None and self._system.stale():
            self._close_inputs(list(self._inputs))
        present = self._system_ports()
        wanted, alike = self._wanted(present.values()), Counter(address.name for address in present)
        self._close_inputs([address for address, each in self._inputs.items() if present.get(address) not in wanted
                            or each.alike != alike[address.name] or not self._is_heard(address, each)])
        for address, name in present.items():
            if name in wanted and address in self._inputs:
                self._inputs[address] = self._inputs[address]._replace(name=name)
            elif name in wanted:
                self._open(address, name, alike[address.name])

    def _is_heard(self, address: Address, each: _Open) -> bool:
        assert self._system is not None
        return self._system.is_heard(address, each.port)

    def _update_jack(self, jack: MidiInput) -> None:
        self._offered -= jack.came()
        sources, connected = self._jack_sources(), jack.connected()
        wanted = self._wanted(sources)
        for name in connected if self.wanted is not None else []:
            if name not in wanted:
                jack.disconnect(name)
        for name in sources:
            if name in wanted and name not in self._offered and (name in connected or jack.connect(name)):
                self._offered.add(name)
        self._offered &= set(sources)               # a port that returns is connected again

    def _close_inputs(self, addresses: list[Address]) -> None:
        for address in addresses:
            closed = self._inputs.pop(address)
            assert self._system is not None
            self._system.close(closed.port)
            self._leave(closed.source)

    def close(self) -> None:
        """Close all."""
        if self._system is not None:
            for port in [*(each.port for each in self._inputs.values()), self._virtual]:
                if port is not None:
                    self._system.close(port)
            self._system.end()
        self._inputs, self._virtual, self._system = {}, None, None

    def _wanted(self, present: Iterable[str]) -> set[str]:
        """The ports that are wanted, of these."""
        present = list(present)
        return set(present) if self.wanted is None else {name for wanted in self.wanted for name in matching(wanted, present)}

    def _system_ports(self) -> dict[Address, str]:
        """The names by which the player knows the system's ports."""
        if self._system is None or (self._jack and any(n.startswith(BRIDGES) for n in self._jack.sources())):
            return {}
        try:
            addresses = [address for address in self._system.addresses() if OUR_OUTPUT not in address.name]
            self.problem = ""
            return dict(zip(addresses, distinct(stable_name(address.name) for address in addresses), strict=True))
        except Exception as error:
            self.problem = f"MIDI ports cannot be listed: {error}"
            return {}

    def _open(self, address: Address, name: str, alike: int) -> None:
        assert self._system is not None
        source = object()                           # another one each time: what an input before held is released
        try:
            port = self._system.open(address, lambda message: self._receive(message, source))
            self._inputs[address] = _Open(name, port, source, alike)
        except Exception as error:
            self.problem = f'The MIDI port "{name}" does not open: {error}. Another program may have it.'
