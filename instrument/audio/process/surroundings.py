"""What the audio process looks after once a second and tells of: MIDI ports, the devices there are, a MIDI clock.

Only the main thread of the audio process calls this, but for `tell_devices`.
"""
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from hummingface.instrument.audio.ports.midi_ports import MidiPorts
from hummingface.instrument.audio.process.announcer import Announcer
from hummingface.instrument.performance.messages.midi import Tempo
from hummingface.instrument.performance.messages.midi_clock import STEP_BPM

if TYPE_CHECKING:
    from hummingface.instrument.audio.devices.output_stream import MidiInput
    from hummingface.instrument.audio.engine.engine import Engine

_NO_CLOCK = {"tell": "clock", "bpm": None, "started": False}


class Surroundings:
    """`receive` takes the bytes of MIDI messages and their source, `leave` a source that is gone. `wanted`: names of the ports to open;
    None for all."""

    def __init__(self, receive: Callable[[bytes, Hashable], None], leave: Callable[[Hashable], None], wanted: list[str] | None,
                 announcer: Announcer) -> None:
        self._announcer = announcer
        self._ports = MidiPorts(receive, leave, virtual=True)
        self._ports.wanted = wanted

    def use_jack(self, jack: "MidiInput | None") -> None:
        """Take MIDI from this JACK client, and tell what there is."""
        self._ports.use_jack(jack)
        self._ports.update()
        self._tell_ports()

    def forget_jack(self) -> None:
        """Its client is about to close."""
        self._ports.use_jack(None)

    def want(self, names: list[str] | None) -> None:
        """Open these ports, and tell what came of it."""
        self._ports.want(names)
        self._tell_ports()

    def look_after(self, engine: "Engine") -> None:
        """Ports that came or went, and the clock that the engine hears."""
        known = self._announcer.newest("midi")
        if self._ports.update() or known is None or self._ports.names() != known["ports"]:
            self._tell_ports()
        clock = engine.clock
        runs = clock.runs(int(engine.state["position"][0])) and clock.bpm > 0
        message = {"tell": "clock", "bpm": clock.bpm if runs else None, "started": clock.started}
        if message != (self._announcer.newest("clock") or _NO_CLOCK):
            self._announcer.tell(message)
        if runs and abs(engine.performer.controls.tempo_bpm - clock.bpm) > STEP_BPM:
            engine.receive(Tempo(clock.bpm))            # a player has moved it meanwhile; the clock leads

    def tell_devices(self) -> None:
        """All audio devices and MIDI ports, looked for again, which takes a while: on a thread of its own."""
        from hummingface.instrument.audio.devices import devices
        self._announcer.tell({"tell": "devices", "audio": devices.outputs_afresh(), "midi": self._ports.names()})

    def close(self) -> None:
        self._ports.close()

    def _tell_ports(self) -> None:
        self._announcer.tell({"tell": "midi", "ports": self._ports.names(), "open": self._ports.open, "problem": self._ports.problem})
