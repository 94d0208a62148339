"""What the instrument starts with, in a window or a terminal: settings, patch and engine, as the command line or the last session says."""
from dataclasses import dataclass
from typing import Any, TypedDict

from hummingface.instrument.audio.client import Client
from hummingface.instrument.audio.protocol import AudioChoice
from hummingface.instrument.patches import library, velocity_curve
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.session import settings as settings_file
from hummingface.instrument.session.settings import Settings


def library_trouble() -> str:
    """A notice about files in the library that cannot be used: the first by name with the reason, and how many more."""
    problems = library.read_problems()
    if not problems:
        return ""
    more = f" So are {len(problems) - 1} more; `hummingface patches` and `hummingface models` name them." if len(problems) > 1 else ""
    return f"{problems[0].rstrip('.')}. It is left out; everything else plays.{more}"


@dataclass
class Prepared:
    """What the instrument starts with; `notices` are texts for the player, `client` is not started yet."""

    settings: Settings
    client: Client
    patch: Patch | None             # None: the engine's first
    notices: list[str]


class StartOptions(TypedDict, total=False):
    """What is asked for at the start; see `prepare`."""
    patch: str | None
    model: str | None
    audio_device: str | None
    block_samples: int | None
    midi_port: str | None
    osc: str | None
    osc_echo: str | None


def prepare(patch: str | None = None, model: str | None = None, audio_device: str | None = None, block_samples: int | None = None,
            midi_port: str | None = None, osc: str | None = None, osc_echo: str | None = None, left: Patch | None = None) -> Prepared:
    """Settings and engine for these options; options that are None are as in the last session. `left` is the sound of the window state that
    is restored.

    Raises ValueError for a patch that was named and is not there; one that was only the last is not insisted on.
    """
    named = library.load_patch(patch) if patch is not None else None
    settings, unreadable = settings_file.load()
    choice, last_patch, trouble = settings.begin(left=left.name if left is not None and patch is None and model is None else None)
    notices = [text for text in (unreadable, trouble, library_trouble()) if text]
    first = named
    overrides: list[dict[str, Any]] = []           # commands for a running engine, where the options say so
    if named is not None:
        overrides.append({"do": "patch", "patch": named.to_json()})
    elif left is not None:
        first = left if last_patch is not None and model is None else None
    elif last_patch is not None and model is None:
        try:
            first = library.load_patch(last_patch)
        except ValueError as error:                 # it was deleted or renamed since: begin with another
            notices.append(f"{error} The first patch is used instead.")
    if audio_device is not None or block_samples is not None:
        choice = AudioChoice(audio_device or choice.device, choice.rate_hz, block_samples or choice.block_samples)
        overrides.append(choice.command())
    ports = [midi_port] if midi_port else settings.midi_ports
    curve = velocity_curve.from_json(settings.velocity_curve)
    if midi_port:
        overrides.append({"do": "open_midi", "ports": ports})
    heard = osc or settings.osc, osc_echo or settings.osc_echo
    if osc or osc_echo:
        overrides.append({"do": "osc", "listen": heard[0], "echo": heard[1]})
    client = Client(choice, ports, first.to_json() if first else None, settings.midi_map,
                    velocity_curve=curve.table, mpe=settings.mpe, model=model, tuning=settings.tuning, osc=heard, attach=model is None,
                    overrides=overrides)
    if settings.midi_out:
        client.send({"do": "midi_out", "on": True})         # remembered until there is a process
    return Prepared(settings, client, first, notices)


