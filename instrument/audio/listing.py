"""The text that `hummingface devices` prints."""
from dataclasses import dataclass, field

from hummingface.instrument.audio.devices.devices import Device, DeviceError, all_outputs
from hummingface.instrument.audio.ports.midi_ports import list_ports


@dataclass
class Devices:
    """Audio outputs and MIDI inputs that are there now, and why some may be missing (empty: nothing is)."""
    outputs: list[Device] = field(default_factory=list)
    audio_problem: str = ""
    ports: list[str] = field(default_factory=list)
    midi_problem: str = ""

    def text(self) -> str:
        """For a person, one a line."""
        lines = ["Audio outputs (* is the default):"]
        if self.audio_problem:
            lines.append(f"  {self.audio_problem}")
        else:
            lines += [f"{'*' if d.is_default else ' '} {d.number:3}  {d.name}  ({d.channels} channels, {d.rate_hz} Hz)"
                      for d in self.outputs] or ["  none"]
        lines += ["MIDI inputs:", *([f"       {name}" for name in self.ports] or ["  none"])]
        if self.midi_problem:
            lines.append(f"  ({self.midi_problem})")
        return "\n".join(lines)

    def as_dict(self) -> dict:
        """For a program."""
        return {"audio": [{"number": d.number, **d.as_dict()} for d in self.outputs], "audio_problem": self.audio_problem,
                "midi": self.ports, "midi_problem": self.midi_problem}


def find() -> Devices:
    """What is there now."""
    found = Devices()
    try:
        found.outputs = all_outputs()
    except DeviceError as error:
        found.audio_problem = str(error)
    found.ports, found.midi_problem = list_ports(any(d.system.startswith("JACK") for d in found.outputs))
    return found
