"""MIDI inputs: any port, ports that appear and disappear while the process runs, and a virtual port of our own where the system has them.

The system's inputs (`midi_system.py`) call back on their own threads; JACK's events come through `jack_stream.py` with
exact times. No system reports an unplugged port, so `update`, called about once a second, compares names.
Listing ports may raise on a system without MIDI; that is shown as a problem and is no error.
"""
import re
import time
from collections.abc import Callable, Iterable, Sequence

from hummingface.instrument.audio import midi_system
from hummingface.instrument.audio.jack_names import midi_sources
from hummingface.instrument.audio.output_stream import MidiInput
from hummingface.instrument.performance.held_notes import HeldNotes
from hummingface.instrument.performance.midi import ALL_NOTES_OFF, SUSTAIN, Controller, NoteOff, decode, encode
from hummingface.instrument.performance.midi_clock import GONE_S
from hummingface.instrument.performance.midi_clock import STATUS as CLOCK

BRIDGES = ("a2j", "Midi-Bridge", "system:midi")     # JACK clients through which ALSA's ports are in JACK already


def stable_name(port: str) -> str:
    """A port's name without the numbers that ALSA assigns, which change: "Keys:Keys MIDI 1 24:0" is "Keys:Keys MIDI 1"."""
    return re.sub(r" \d+:\d+$", "", port)


def list_ports(jack: bool) -> tuple[list[str], str]:
    """(names of all inputs, why there may be none), including those of a running JACK server. Never raises."""
    ports = MidiPorts(lambda message: None, virtual=False)
    names, problem = ports.names(), ports.problem
    ports.close()
    sources = midi_sources() if jack else None
    return (names, problem) if sources is None else ([*names, *sources], "")


class MidiPorts:
    """The open inputs. `receive(message bytes)` is called on MIDI's own threads. Attributes: `open` (names), `problem` (text)."""

    def __init__(self, receive: Callable[[bytes], None], *, virtual: bool = True):
        self._receive = receive
        self._inputs: dict[str, tuple[object, HeldNotes]] = {}     # the system's inputs by port name, each with its held notes
        self._virtual: object = None
        self._jack: MidiInput | None = None
        self._offered: set[str] = set()             # JACK ports that were connected once: a player may have cut them since
        self._were_open: list[str] = []             # when they were looked at last: JACK's go by themselves
        self.wanted: list[str] | None = None        # None: all
        self._clock_from: object = None             # the input whose clock is followed,
        self._clock_at = 0.0                        # and when it was heard last: two clocks at once would make one twice as fast
        self._system, self._why_none = midi_system.choose()
        self.problem = self._why_none
        if virtual and self._system is not None:
            try:
                self._virtual = self._system.open_virtual(self._ear(HeldNotes()))
            except Exception as error:              # RtMidi raises classes of its own, which differ between versions
                self.problem = f"No virtual MIDI port: {error}"

    def use_jack(self, jack: MidiInput | None) -> None:
        """Listen through this JACK client as well (it is not closed here)."""
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
        return sorted({*map(stable_name, self._inputs), *jack})

    def names(self) -> list[str]:
        """All existing ports."""
        jack = self._jack.sources() if self._jack else []
        return sorted({*map(stable_name, self._system_ports()), *jack})

    def update(self) -> bool:
        """Open new ports, close those that have disappeared. Returns whether anything changed."""
        closed: set[str] = set()
        if self._system is not None and self._system.stale():
            self._close_inputs(list(self._inputs), closed)
        present = self._system_ports()
        self._close_inputs([n for n in self._inputs if n not in present or not self._is_wanted(n, present)], closed)
        for name in present:
            if name not in self._inputs and self._is_wanted(name, present):
                self._open(name)
        if self._jack:
            sources = self._jack.sources()
            for name in sources:
                if name not in self._offered and self._is_wanted(name, sources):
                    self._jack.connect(name)
                    self._offered.add(name)
            for name in self._jack.connected() if self.wanted is not None else []:
                if not self._is_wanted(name, sources):
                    self._jack.disconnect(name)
            self._offered &= set(sources)           # a port that returns is connected again
        before, self._were_open = self._were_open, self.open
        if set(before) - set(self._were_open) - closed:     # JACK merges its ports' events: which port held a key is unknown
            self._release([Controller(channel, number, 0) for channel in range(16) for number in (SUSTAIN, ALL_NOTES_OFF)])
        return before != self._were_open

    def _close_inputs(self, names: list[str], closed: set[str]) -> None:
        for name in names:
            midi_input, down = self._inputs.pop(name)
            closed.add(stable_name(name))
            assert self._system is not None
            self._system.close(midi_input)
            self._release(down.release_all())

    def _release(self, ups: Sequence[NoteOff | Controller]) -> None:
        """A port is gone: releases its keys and pedals, so that no note hangs."""
        for event in ups:
            self._receive(encode(event) or b"")

    def close(self) -> None:
        """Close all."""
        if self._system is not None:
            for midi_input in [*(port for port, _ in self._inputs.values()), self._virtual]:
                if midi_input is not None:
                    self._system.close(midi_input)
            self._system.end()
        self._inputs, self._virtual, self._system = {}, None, None

    def _is_wanted(self, name: str, present: Iterable[str]) -> bool:
        """Whether the port's name is wanted, or contains a wanted name that no port in `present` has in full."""
        if self.wanted is None:
            return True
        there = {*present, *map(stable_name, present)}
        return any(w in (name, stable_name(name)) or (w not in there and w.lower() in name.lower()) for w in self.wanted)

    def _system_ports(self) -> list[str]:
        if self._system is None or (self._jack and any(n.startswith(BRIDGES) for n in self._jack.sources())):
            return []
        try:
            names = self._system.names()
            self.problem = ""
            return names
        except Exception as error:
            self.problem = f"MIDI ports cannot be listed: {error}"
            return []

    def _open(self, name: str) -> None:
        assert self._system is not None
        down = HeldNotes()
        try:
            self._inputs[name] = self._system.open(name, self._ear(down)), down
        except Exception as error:
            self.problem = f'The MIDI port "{stable_name(name)}" does not open: {error}. Another program may have it.'

    def _ear(self, down: HeldNotes) -> midi_system.Hear:
        """The callback of an input, called with each message on a thread of its own."""
        return lambda message: self._hear(message, down)

    def _hear(self, message: bytes, down: HeldNotes) -> None:
        if message[:1] and message[0] in CLOCK:
            now_s = time.monotonic()
            if self._clock_from is not down and now_s - self._clock_at < GONE_S:        # each input has one of its own
                return
            self._clock_from, self._clock_at = down, now_s
        else:
            down.hear(decode(message))
        self._receive(message)
