"""Audio devices: which ones exist, and which one a name or number refers to. PortAudio through sounddevice."""
import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

from hummingface.instrument.audio.devices.device_names import distinct, same_device
from hummingface.instrument.audio.devices.jack_names import quiet_jack
from hummingface.models.playing.checked_json import parse_json

USUAL_BLOCK_SAMPLES = 256
LISTING_S = 20.0                    # a process that lists devices for longer hangs


class DeviceError(OSError):
    """A device that is missing or does not open; the text names it and says what to do."""


@dataclass(frozen=True)
class Device:
    """An output device. `number` is PortAudio's, which changes as devices come and go; settings store `name`."""

    number: int
    name: str                           # with its system, as in "system, JACK"; no other device has it
    system: str                         # PortAudio's host API: "ALSA", "JACK", "Core Audio", "Windows WASAPI", ...
    channels: int
    rate_hz: int
    is_default: bool = False

    def as_dict(self) -> dict:
        return {"name": self.name, "system": self.system, "channels": self.channels, "rate_hz": self.rate_hz,
                "default": self.is_default}


def portaudio() -> ModuleType:
    """The sounddevice module, with PortAudio initialised. Raises DeviceError where the PortAudio library is missing."""
    quiet_jack()
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(f"There is no sound: {error}. On Debian: sudo apt-get install libportaudio2") from error
    if not sounddevice._initialized:
        sounddevice._initialize()
    return sounddevice


def terminate() -> None:
    """Terminate PortAudio until it is needed again. Never while a stream is open.

    While it is at work it is a client of the JACK server, if there is one, that the server has to wait for in every period, loses a period
    for when our process ends, and whose own end PortAudio answers, at the latest when the process ends, by hanging or with an abort.
    """
    sounddevice = sys.modules.get("sounddevice")
    while sounddevice is not None and sounddevice._initialized:
        sounddevice._terminate()


def rescan() -> None:
    """Rescan the devices: PortAudio sees new ones only after it was terminated. Never while a stream is open."""
    terminate()
    portaudio()


@contextlib.contextmanager
def portaudio_for_a_moment() -> Iterator[None]:
    """A context in which PortAudio is initialised, for a process that plays nothing itself. Raises DeviceError."""
    portaudio()
    try:
        yield
    finally:
        terminate()


def all_outputs() -> list[Device]:
    """Every output, the default one marked."""
    sounddevice = portaudio()
    systems = sounddevice.query_hostapis()
    devices = sounddevice.query_devices()
    default = _default_number(systems)
    outputs = [(number, d, systems[d["hostapi"]]["name"]) for number, d in enumerate(devices) if d["max_output_channels"] > 0]
    names = distinct(f"{system}, {d['name']}" for _, d, system in outputs)        # in this order: a number behind it is the name's
    return [Device(number, f"{name.removeprefix(f'{system}, ')}, {system}", system, d["max_output_channels"],
                   round(d["default_samplerate"]), number == default)
            for (number, d, system), name in zip(outputs, names, strict=True)]


def outputs_afresh() -> list[dict]:
    """The current outputs, listed by a process of its own: this one would have to stop its sound to rescan. None where that one hangs."""
    code = "import json; from hummingface.instrument.audio.devices.devices import all_outputs; "\
           "print(json.dumps([d.as_dict() for d in all_outputs()]))"
    try:
        found = subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LISTING_S,
                               check=False)
        devices = parse_json(found.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError, OSError, subprocess.TimeoutExpired):
        return []
    return devices if isinstance(devices, list) else []


def _default_number(systems: Sequence[dict]) -> int:
    """A running JACK server, which has the sound card and the lowest latency; else the system's default."""
    jack = [s["default_output_device"] for s in systems if s["name"].startswith("JACK")]
    others = [s["default_output_device"] for s in systems if not s["name"].startswith("JACK")]
    sounddevice = portaudio()
    try:
        chosen = [sounddevice.query_devices(kind="output")["index"]]
    except (ValueError, sounddevice.PortAudioError):
        chosen = []
    return next((number for number in [*jack, *chosen, *others] if number >= 0), -1)


def find(wanted: str | None) -> Device:
    """The output with this name, number or part of a name; None is the default. A card whose number has changed is known by the rest of its
    name. Raises DeviceError, listing the devices."""
    outputs = all_outputs()
    if not outputs:
        raise DeviceError("There is no sound device here." if wanted is None else
                          f'The audio device "{wanted}" does not exist, nor does any other.')
    if wanted is None:
        return next((d for d in outputs if d.is_default), outputs[0])
    exact = [d for d in outputs if wanted in (d.name, str(d.number), d.name.rsplit(", ", 1)[0])]
    if not exact and (renumbered := [d for d in outputs if same_device(wanted, d.name)]):
        return renumbered[0]
    partly = [d for d in outputs if wanted.lower() in d.name.lower()]
    for found in (exact, partly):
        if len(found) == 1 or len({d.name for d in found}) == 1:
            return found[0]
        if found:
            raise DeviceError(f'"{wanted}" may be any of these audio devices: {_names(found)}. Name one of them in full.')
    raise DeviceError(f'The audio device "{wanted}" does not exist. There are: {_names(outputs)}.')


def _names(devices: list[Device]) -> str:
    return "; ".join(d.name for d in devices)
