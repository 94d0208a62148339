"""What the instrument starts with, in a window or a terminal: settings, patch and engine, as the command line or the last session says."""
from collections.abc import Iterator
from dataclasses import dataclass

from hummingface.instrument.audio.client import Client
from hummingface.instrument.audio.engine_settings import PlayersChoices
from hummingface.instrument.audio.protocol import AudioChoice, Message
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


@dataclass(frozen=True)
class StartOptions:
    """What is asked for at the start: `patch` and `model` by name or file. None: as in the last session."""
    patch: str | None = None
    model: str | None = None
    audio_device: str | None = None
    block_samples: int | None = None
    midi_port: str | None = None
    osc: str | None = None
    osc_echo: str | None = None


def prepare(options: StartOptions, left: Patch | None = None) -> Prepared:
    """Settings and engine for these options. `left` is the sound of the window state that is restored.

    Raises ValueError for a patch that was named and is not there; one that was only the last is not insisted on.
    """
    named = library.load_patch(options.patch) if options.patch is not None else None
    settings, unreadable = settings_file.load()
    insisted = named is not None or options.model is not None
    audio, last_patch, trouble = settings.begin(left=left.name if left is not None and not insisted else None)
    notices = [text for text in (unreadable, trouble, library_trouble()) if text]
    first = named
    if named is None and left is not None:
        first = left if last_patch is not None and options.model is None else None
    elif named is None and last_patch is not None and options.model is None:
        try:
            first = library.load_patch(last_patch, own_first=True)
        except ValueError as error:                 # it was deleted or renamed since: begin with another
            notices.append(f"{error} The first patch is used instead.")
    choices = _choices(settings, audio, options)
    client = Client(first.to_json() if first else None, choices, model=options.model, attach=options.model is None,
                    overrides=list(_overrides(named, choices, options)))
    return Prepared(settings, client, first, notices)


def _choices(settings: Settings, audio: AudioChoice, options: StartOptions) -> PlayersChoices:
    """The player's choices, where `audio` is the device that the settings name."""
    device = AudioChoice(options.audio_device or audio.device, audio.rate_hz, options.block_samples or audio.block_samples)
    return PlayersChoices(
        device, [options.midi_port] if options.midi_port else settings.midi_ports, settings.midi_map,
        velocity_curve.from_json(settings.velocity_curve).table, settings.mpe, settings.tuning,
        (options.osc or settings.osc, options.osc_echo or settings.osc_echo), settings.midi_out)


def _overrides(named: Patch | None, choices: PlayersChoices, options: StartOptions) -> Iterator[Message]:
    """Commands for an engine that plays already, where the options say so."""
    if named is not None:
        yield {"do": "patch", "patch": named.to_json()}
    if options.audio_device is not None or options.block_samples is not None:
        yield choices.audio.command()
    if options.midi_port:
        yield {"do": "open_midi", "ports": choices.midi_ports}
    if options.osc or options.osc_echo:
        yield choices.osc_command()
