"""Starting to play: with the window, in a terminal, or, where that cannot be, into a file."""
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instrument.audio.client import Client
    from instrument.patch import Patch
    from instrument.settings import Settings


COMPILES = "Compiling for this machine. Only the first start takes so long."


def must_compile() -> bool:
    """Whether the engine has never been compiled on this machine, which takes a minute or two."""
    from instrument.synthesis.compiled import cache_folder
    return next(cache_folder().rglob("*.nbi"), None) is None


def why_no_display() -> str | None:
    """Why no window can open here, or None where one can."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return None
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return None
    return "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)."


def why_no_sound(wanted: str | None = None) -> str | None:
    """Why nothing can sound here, or None where a device is found. Raises DeviceError where there are some, but not the one `wanted`."""
    from instrument.audio import devices
    try:
        devices.portaudio()
    except devices.DeviceError as error:            # the PortAudio library itself is missing
        return str(error)
    with devices.portaudio_for_a_moment():
        if not devices.all_outputs():
            return "There is no sound device here."
        if wanted is not None:
            devices.find(wanted)
    return None


@dataclass
class Beginning:
    """What playing begins with; `said` is what the player should know of it, `client` is not started yet."""

    settings: "Settings"
    client: "Client"
    patch: "Patch | None"           # None: the engine's first
    said: list[str]


def prepare(patch: str | None = None, model: str | None = None, audio_device: str | None = None, block_samples: int | None = None,
            midi_port: str | None = None) -> Beginning:
    """Settings and engine for these options; what is left out is as it was the last time.

    Raises ValueError for a patch that was named and is not there; one that was only the last is not insisted on.
    """
    from instrument import library
    from instrument import settings as settings_file
    from instrument.audio.client import Client
    from instrument.audio.protocol import AudioChoice
    named = library.load_patch(patch) if patch is not None else None
    settings, unreadable = settings_file.load()
    choice, last_patch, trouble = settings.begin()
    said = [text for text in (unreadable, trouble) if text]
    first, wishes = named, []           # wishes: what is insisted on where an engine plays already
    if named is not None:
        wishes.append({"do": "patch", "patch": named.to_json()})
    elif last_patch is not None and model is None:
        try:
            first = library.load_patch(last_patch)
        except ValueError as error:                 # it was deleted or renamed since: begin with another
            said.append(f"{error} The first patch is used instead.")
    if audio_device is not None or block_samples is not None:
        choice = AudioChoice(audio_device or choice.device, choice.rate_hz, block_samples or choice.block_samples)
        wishes.append(choice.command())
    ports = [midi_port] if midi_port else settings.midi_ports
    if midi_port:
        wishes.append({"do": "open_midi", "ports": ports})
    client = Client(choice, ports, first.to_json() if first else None, settings.midi_map, model=model, attach=model is None,
                    wishes=wishes)
    return Beginning(settings, client, first, said)


def play(*, patch: str | None, model: str | None, audio_device: str | None, block_samples: int | None,
         midi_port: str | None, headless: bool, record: str | None = None) -> int:
    """Open the instrument; returns the exit status. Raises ValueError or OSError, before anything starts, for a patch, a model or a
    device that was named and cannot be used."""
    missing = [why for why in (None if headless else why_no_display(), why_no_sound(audio_device)) if why]
    if missing:
        from instrument.demo import perform
        print(*missing, "The demo is performed into files instead.", *([COMPILES] if must_compile() else []), sep="\n", flush=True)
        wav, png = perform(Path.cwd(), patch=patch, model=model)
        print(f"sound:   {wav}\npicture: {png}")
        return 0
    if model is not None:
        from instrument.library import load_model
        load_model(model)
    options: dict[str, Any] = {"patch": patch, "model": model, "audio_device": audio_device, "block_samples": block_samples,
               "midi_port": midi_port}
    if headless:
        from instrument.audio import headless as terminal
        return terminal.run(**options, record=record)
    from instrument.gui.app import run
    return run(**options)
