"""The player's settings, kept between starts: audio device, MIDI ports and map, last patch. One JSON file. (The state of the window is kept
in `session/state_file.py`.)

Written whole or not at all, and checked when read: a value that makes no sense is ignored, and a file that cannot be
used is renamed, never lost. Safe start: what is about to be used is stored as `trying` first and cleared once it works. If it is still
there at the next start, the last one crashed or hung, so it is not used again until the player chooses it.
"""
import contextlib
import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

import platformdirs

from hummingface.instrument.audio.protocol import BLOCK_SAMPLES, TAKE_FORMATS, AudioChoice
from hummingface.instrument.patches import scale_tuning, velocity_curve
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.messages import controller_map
from hummingface.instrument.performance.messages.mpe import AUTOMATIC, MODES
from hummingface.instrument.synthesis.state import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from hummingface.models.playing.atomic_file import replace_file, set_aside
from hummingface.models.playing.checked_json import JsonError, JsonObject, read_json
from hummingface.models.playing.checks import is_number, is_text, list_of, or_none, whole

FILE = "settings.json"
LARGEST_BYTES = 1 << 20
LONGEST_TEXT = 1000


def path() -> Path:
    """Where settings are kept for this user; `HUMMINGFACE_HOME` moves it."""
    if home := os.environ.get("HUMMINGFACE_HOME"):
        return Path(home) / FILE
    return Path(platformdirs.user_config_dir("hummingface", appauthor=False)) / FILE


@dataclass
class Settings:
    """All settings, with the defaults of a first start. None leaves the choice to the system (`midi_ports`: all of them)."""

    audio_device: str | None = None
    rate_hz: int | None = None
    block_samples: int | None = None
    midi_ports: list[str] | None = None
    midi_map: list | None = None                # which controllers move which controls, for all patches; None: the table's own
    midi_out: bool = False                      # whether what is played goes to other programs
    mpe: str = AUTOMATIC                        # how MPE is played: a name of `mpe.MODES`
    velocity_curve: str | list = velocity_curve.LINEAR.name     # the player's, as `velocity_curve.from_json` takes it
    own_velocity_curve: list | None = None      # the last one that is no preset, to be chosen again
    patch: str | None = None                    # name or file of the last one
    controls: dict[str, float] = field(default_factory=dict)   # the player's own (volume, tuning, ...), which no patch holds
    take_format: str = TAKE_FORMATS[0]
    take_folder: str | None = None              # where takes go; None: within the user's music
    toured: bool = False                        # whether the player was shown round
    trying: JsonObject | None = None        # what is being tried, or failed last time
    midi_map_name: str | None = None            # of `midi_map`, if it was saved or is ready-made
    midi_maps: dict[str, list] = field(default_factory=dict)       # saved maps, by name
    tuning: dict | None = None                  # for all patches that have none of their own, as `scale_tuning.from_json` takes it
    osc: str | None = None                      # where OSC is heard: a port of this machine, or HOST:PORT; None: nowhere
    osc_echo: str | None = None                 # where OSC sends what moves; None: to its last sender

    @property
    def audio(self) -> AudioChoice:
        return AudioChoice(self.audio_device, self.rate_hz, self.block_samples)

    @audio.setter
    def audio(self, choice: AudioChoice) -> None:
        self.audio_device, self.rate_hz, self.block_samples = choice.device, choice.rate_hz, choice.block_samples

    def begin(self, file: Path | None = None, left: str | None = None) -> tuple[AudioChoice, str | None, str]:
        """What to start with: (audio, patch, notices for the player). Stores it as being tried. `left`: the name of the sound that a window
        left, which takes precedence over the last patch.

        What was being tried when the last start failed is dropped.
        """
        failed, notices = self.trying or {}, []
        audio, patch = self.audio, left if left is not None else self.patch
        if failed and failed.get("audio") == asdict(audio) and audio != AudioChoice():
            notices.append(f'The last start with the audio device "{audio.device or "of the system"}" failed, so the '
                        "system's own settings are used. Choose it again in the audio settings if you want it.")
            audio = self.audio = AudioChoice()
        elif failed and failed.get("patch") is not None and failed["patch"] == patch:
            notices.append(f'The last start with the patch "{patch}" failed, so the first patch is used.')
            patch = self.patch = None
        self.trying = {"audio": asdict(audio), "patch": patch}
        try:
            self.save(file)
        except OSError as error:                # a full or read-only disk must not keep anybody from playing
            notices.append(f"{error}.")
        return audio, patch, " ".join(notices)

    def settled(self, file: Path | None = None) -> None:
        """What was tried works. Writing errors are ignored here, since `begin` has reported them."""
        if self.trying is not None:
            self.trying = None
            with contextlib.suppress(OSError):
                self.save(file)

    def save(self, file: Path | None = None) -> None:
        """Write the file whole or not at all. Raises OSError, naming it."""
        file = file or path()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, json.dumps(asdict(self), indent=1, allow_nan=False).encode())
        except OSError as error:
            raise OSError(f"{file}: the settings cannot be saved ({error.strerror or error})") from error


def load(file: Path | None = None) -> tuple[Settings, str]:
    """(the settings, a notice for the player). Never raises: what cannot be used gets its default."""
    file = file or path()
    try:
        values = read_json(file, LARGEST_BYTES)
        if not isinstance(values, dict):
            raise JsonError(f"{file}: not an object")
    except FileNotFoundError:
        return Settings(), ""
    except OSError as error:                        # renamed, too: the next save would replace it
        return Settings(), _put_aside(file, f"{file}: {error.strerror or error}")
    except JsonError as error:
        return Settings(), _put_aside(file, str(error))
    settings, bad = Settings(), []
    for name, value in values.items():
        if name in _GONE:
            continue
        if name == "midi_map" and isinstance(value, dict) and controller_map.is_map(value):         # as it was before
            value = controller_map.to_json(controller_map.from_json(value))
        if name in _CHECKS and _CHECKS[name](value):
            setattr(settings, name, value)
        else:
            bad.append(f"{name} ({velocity_curve.problem(value)})" if name == "velocity_curve" else name[:40])
    return settings, f"{file}: left out, because unknown or out of range: {', '.join(bad)}." if bad else ""


def _put_aside(file: Path, why: str) -> str:
    """Rename a file that holds no settings. Returns a notice for the player."""
    aside = set_aside(file)
    kept = f"It was renamed to {aside.name}, in the same folder" if aside else "It cannot be renamed"
    return f"The settings cannot be used: {why}. {kept}; the defaults are used."


def _text(value: object) -> bool:
    return is_text(value, LONGEST_TEXT) and "\0" not in value


def _within_range(id_: str, value: object) -> bool:
    return id_ in PARAMETERS and is_number(value, PARAMETERS[id_].lowest, PARAMETERS[id_].highest)


def _is_place(value: object) -> bool:
    return _text(value) and re.fullmatch(r"(.+:)?\d{1,5}", str(value)) is not None


def _is_midi_map(value: object) -> bool:
    return isinstance(value, list) and controller_map.is_map(value)


_GONE = ("window",)                 # fields of earlier versions: the window keeps its state in a file of its own
_CHECKS = {
    "audio_device": or_none(_text),
    "rate_hz": or_none(whole(LOWEST_RATE_HZ, HIGHEST_RATE_HZ)),
    "block_samples": or_none(whole(*BLOCK_SAMPLES)),
    "midi_ports": or_none(list_of(_text)),
    "midi_map": or_none(_is_midi_map),
    "midi_map_name": or_none(_text),
    "midi_maps": lambda value: isinstance(value, dict) and all(_text(name) and _is_midi_map(table) for name, table in value.items()),
    "midi_out": lambda value: isinstance(value, bool),
    "toured": lambda value: isinstance(value, bool),
    "mpe": lambda value: value in list(MODES),
    "tuning": or_none(scale_tuning.is_tuning),
    "osc": or_none(_is_place),
    "osc_echo": or_none(_is_place),
    "patch": or_none(_text),
    "controls": lambda value: isinstance(value, dict) and all(_within_range(id_, v) for id_, v in value.items()),
    "take_format": lambda value: value in TAKE_FORMATS,
    "take_folder": or_none(_text),
    "velocity_curve": lambda value: not velocity_curve.problem(value),
    "own_velocity_curve": or_none(lambda value: isinstance(value, list) and not velocity_curve.problem(value)),
    "trying": or_none(lambda value: isinstance(value, dict)),
}
