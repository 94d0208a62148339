"""The text that `hummingface devices` prints."""
from hummingface.instrument.audio.devices import DeviceError, all_outputs
from hummingface.instrument.audio.midi_ports import list_ports


def describe() -> str:
    """Audio outputs and MIDI inputs, as text."""
    lines, outputs = ["Audio outputs (* is the default):"], []
    try:
        outputs = all_outputs()
        lines += [f"{'*' if d.is_default else ' '} {d.number:3}  {d.name}  ({d.channels} channels, {d.rate_hz} Hz)"
                  for d in outputs] or ["  none"]
    except DeviceError as error:
        lines.append(f"  {error}")
    ports, problem = list_ports(any(d.system.startswith("JACK") for d in outputs))
    lines += ["MIDI inputs:", *([f"       {name}" for name in ports] or ["  none"])]
    if problem:
        lines.append(f"  ({problem})")
    return "\n".join(lines)
