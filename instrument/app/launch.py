"""Starts the instrument: with its window, in a terminal, or, without a display and a sound device, as a rendered file."""
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hummingface.instrument.app.display import why_no_display

if TYPE_CHECKING:
    from hummingface.instrument.session.startup import StartOptions


def why_no_sound(wanted: str | None = None) -> str | None:
    """The reason why nothing can sound here, or None if there is a device. Raises DeviceError if there are devices, but not the one
    `wanted`.
    """
    from hummingface.instrument.audio.devices import devices
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


def _check_midi_port(wanted: str) -> None:
    """Raise ValueError, listing the ports, unless there is a MIDI port of this name."""
    from hummingface.instrument.audio.devices.device_names import matching
    from hummingface.instrument.audio.ports.midi_ports import list_ports
    names, problem = list_ports(jack=True)
    if not wanted or not matching(wanted, names):
        there = f"There are: {'; '.join(names)}." if names else f"There is none. {problem}".strip().rstrip(".") + "."
        raise ValueError(f'The MIDI port "{wanted}" does not exist. {there} Without --midi-port all are opened, and new ones as they come.')


def _takes() -> Path:
    """The folder of the player's takes."""
    from hummingface.instrument.recording import naming
    from hummingface.instrument.session import settings
    chosen = settings.load()[0].take_folder
    return Path(chosen) if chosen else naming.folder()


def _demo(folder: Path | None, patch: str | None, model: str | None, quiet: bool) -> Callable[[str], int]:
    """What renders the demo to files, given why; returns the exit status."""
    def perform(why: str) -> int:
        from hummingface.instrument.app import demo
        from hummingface.instrument.app.terminal import Terminal
        from hummingface.instrument.audio.precompile import finish
        terminal = Terminal(quiet)
        terminal.say(f"{why}\nThe demo is rendered to files instead.")
        finish(terminal.say)
        wav, png = demo.perform(folder or _takes(), terminal, patch=patch, model=model)
        terminal.say(f"sound:   {wav}\npicture: {png}")
        return 0
    return perform


def play(options: "StartOptions", *, headless: bool, record: str | None = None, folder: Path | None = None, file: Path | None = None,
         quiet: bool = False) -> int:
    """Open the instrument; returns the exit status. `folder`: where takes and the demo go without a window. `file`: opened as if it were
    dropped on the window; without one, a patch. `quiet`: nothing is printed. Raises ValueError or OSError, before anything starts, for a
    patch, a model or a device that was named and cannot be used."""
    if options.midi_port is not None:
        _check_midi_port(options.midi_port)
    missing = [why for why in (None if headless else why_no_display(), why_no_sound(options.audio_device)) if why]
    heard = options.patch or (str(file.absolute()) if file is not None else None)           # without a window
    demo = _demo(folder, heard, options.model, quiet)
    if missing:
        return demo("\n".join(missing))
    if options.model is not None:
        from hummingface.instrument.patches.library import load_model
        load_model(options.model)
    if headless:
        from hummingface.instrument.app.headless import run as run_headless
        return run_headless(replace(options, patch=heard), record=record, folder=folder, quiet=quiet)
    from hummingface.instrument.gui.app import run
    return run(options, file, no_window=demo)
