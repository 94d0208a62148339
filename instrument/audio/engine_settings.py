"""What the player has set of the engine: remembered by the client, so that another audio process begins with everything as it was."""
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NotRequired, TypedDict

from hummingface.instrument.audio.protocol import AudioChoice, Message
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.performance.messages.mpe import AUTOMATIC


class ProcessConfig(TypedDict):
    """What an audio process is told when it starts; `patch` and the others as `EngineSettings` has them."""
    authkey: str                            # hexadecimal, for its socket
    began: float                            # Unix time at which the start began
    audio: Message                   # as the command `open_audio`
    midi_ports: list[str] | None
    midi_map: list | None
    mpe: str
    velocity_curve: list[int] | None
    tuning: dict | None
    osc: Message                     # as the command `osc`
    patch: dict | None
    model: str | None
    fallback: NotRequired[bool]             # whether the system's device may play in place of one that is not there
    log_events: NotRequired[str | None]     # a file
    verbose: NotRequired[bool]


@dataclass(frozen=True)
class PlayersChoices:
    """What the player has chosen of the engine, for all sounds; None: its own.

    `midi_ports`: names, None for all. `midi_map` is as `controller_map.to_json` writes it, `velocity_curve` a `VelocityCurve.table`, `mpe`
    a name of `mpe.MODES`, `tuning` that for all patches, as JSON, `osc` is where to listen and where to send moves, as
    `osc_server.place_of` takes them, `midi_out` whether what is played goes to other programs.
    """
    audio: AudioChoice = field(default_factory=AudioChoice)
    midi_ports: list[str] | None = None
    midi_map: list | None = None
    velocity_curve: Sequence[int] | None = None
    mpe: str = AUTOMATIC
    tuning: dict | None = None
    osc: tuple[str | None, str | None] = (None, None)
    midi_out: bool = False

    def osc_command(self) -> Message:
        """What OSC is to do."""
        listen, echo = self.osc
        return {"do": "osc", "listen": listen, "echo": echo}


class EngineSettings:
    """As the first process is started with; `remember` keeps them up to date. `patch`: as JSON, None: the instrument's first. `model`: the
    model, by name or file, that the player named at the start for the patches of the first patch's model.
    """

    def __init__(self, patch: dict | None, choices: PlayersChoices, model: str | None = None):
        self.patch, self.choices, self._model = patch, choices, model
        self._first_model = patch["model"]["name"] if patch else ""
        self._values: dict[str, float] = {}         # controls moved since the patch
        self._listening = False                     # to incoming velocities

    def model_of(self, name: str) -> str:
        """The model, by name or file, that plays patches of this one: another one if the player named it at the start."""
        return self._model if self._model is not None and name == self._first_model else name

    def remember(self, message: Message) -> None:
        """Take over what a command sets, or an event says that the engine has set by itself."""
        match message.get("do") or message.get("tell"):
            case "set":
                self._values[message["id"]] = message["value"]
            case "patch":
                self.patch = message["patch"]
                self._first_model = self._first_model or message["patch"]["model"]["name"]
                self._values = {id_: value for id_, value in self._values.items() if not _in_patches(id_)}
            case "listen_velocities":
                self._listening = message["on"]
            case "audio":                           # what plays: the device before, where the wanted one does not open
                self.choices = replace(self.choices, audio=AudioChoice.of(message["choice"]))
            case _ if "do" in message:
                self.choices = _chosen(self.choices, message)

    def config(self, safe: bool) -> ProcessConfig:
        """The configuration of a process. `safe`: on the system's own device, with the first patch."""
        chosen = self.choices
        return {"authkey": secrets.token_hex(32), "began": time.time(), "audio": (AudioChoice() if safe else chosen.audio).command(),
                "midi_ports": chosen.midi_ports, "midi_map": chosen.midi_map, "mpe": chosen.mpe,
                "velocity_curve": None if chosen.velocity_curve is None else list(chosen.velocity_curve),
                "tuning": chosen.tuning, "osc": chosen.osc_command(),
                "patch": None if safe else self.patch, "model": None if safe else self._model}

    def controls(self) -> Iterator[Message]:
        """Commands for what has been moved since the patch."""
        for id_, value in self._values.items():
            yield {"do": "set", "id": id_, "value": value}

    def touch(self) -> Iterator[Message]:
        """Commands for what belongs to the player: the velocity curve, MPE, whether the window shows incoming velocities, MIDI out,
        the tuning."""
        chosen = self.choices
        if chosen.velocity_curve is not None:
            yield {"do": "velocity_curve", "table": list(chosen.velocity_curve)}
        yield {"do": "mpe", "mode": chosen.mpe}
        yield {"do": "listen_velocities", "on": self._listening}
        if chosen.midi_out:
            yield {"do": "midi_out", "on": True}
        if chosen.tuning is not None:
            yield {"do": "tuning", "tuning": chosen.tuning}


def _chosen(before: PlayersChoices, command: Message) -> PlayersChoices:
    """The choices after a command."""
    match command["do"]:
        case "open_audio":
            return replace(before, audio=AudioChoice.of(command))
        case "open_midi":
            return replace(before, midi_ports=command["ports"])
        case "midi_map":
            return replace(before, midi_map=command["map"])
        case "mpe":
            return replace(before, mpe=command["mode"])
        case "midi_out":
            return replace(before, midi_out=command["on"])
        case "velocity_curve":
            return replace(before, velocity_curve=command["table"])
        case "osc":
            return replace(before, osc=(command["listen"], command["echo"]))
        case "tuning":
            return replace(before, tuning=command["tuning"])
    return before


def _in_patches(id_: str) -> bool:
    """Whether a control belongs to the sound, so that a new patch sets it; the others are the player's own."""
    return id_ in patch_file.IDS or id_.startswith("latent.")
