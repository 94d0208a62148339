"""What to send along with a report of a fault: versions, devices, what was chosen, and the last lines of the logs. No Qt."""
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hummingface.instrument.audio import registry
from hummingface.instrument.audio.protocol import Message
from hummingface.instrument.logs import log_files, versions
from hummingface.instrument.patches import library
from hummingface.instrument.session.settings import Settings

LOG_LINES = 40                      # of each process
VARIABLES = ("JACK_DEFAULT_SERVER", "PIPEWIRE_LATENCY", "QT_QPA_PLATFORM", "QT_SCALE_FACTOR", "XDG_SESSION_TYPE")


@dataclass(frozen=True)
class Playing:
    """What plays: `told` has the engine's newest message of each kind ("audio", "midi", "devices"), as docs/architecture.md has them."""
    patch: str
    model: str
    told: dict[str, Message]


def text(settings: Settings, playing: Playing) -> str:
    """All of it, to be pasted."""
    audio, midi, devices = (playing.told.get(kind, {}) for kind in ("audio", "midi", "devices"))
    sections = [
        ("HummingFace diagnostics", [f"HummingFace {versions.own_version()}, {time.strftime('%Y-%m-%d %H:%M:%S %z')}", versions.system(),
                                     versions.python(), ", ".join(versions.packages()),
                                     *(f"{name}={os.environ[name]}" for name in VARIABLES if name in os.environ)]),
        ("Sound", [f"patch {playing.patch!r}, model {playing.model!r}", f"plays on {_fields(audio)}", f"MIDI {_fields(midi)}"]),
        ("Chosen", [f"audio device {settings.audio_device!r}, {settings.rate_hz} Hz, blocks of {settings.block_samples}",
                    f"MIDI ports {settings.midi_ports!r}", f"MPE {settings.mpe}, MIDI out {settings.midi_out}",
                    f"takes as {settings.take_format} into {settings.take_folder!r}"]),
        ("Devices", [*(_fields(device) for device in devices.get("audio", ())), *(f"MIDI {port}" for port in devices.get("midi", ()))]),
        ("Library", library.read_problems()),
        ("Log of the window", [log_files.tail("window", LOG_LINES)]),
        ("Log of the audio process", [log_files.tail("audio", LOG_LINES)]),
        ("What libraries said in the audio process", _last(registry.log_path())),
    ]
    return "\n\n".join(f"== {title}\n" + "\n".join(filter(None, lines) if any(lines) else ["nothing"]) for title, lines in sections) + "\n"


def _fields(values: Message) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in values.items() if name != "tell") or "nothing yet"


def _last(path: Path) -> Sequence[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - log_files.TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()[-LOG_LINES // 2:]
    except OSError:
        return []
