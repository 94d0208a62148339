"""What the player has set of the engine: remembered by the client, so that another audio process begins with everything as it was."""
import secrets
import time
from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

from hummingface.instrument.audio.protocol import AudioChoice
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.performance.messages.mpe import AUTOMATIC


class ProcessConfig(TypedDict):
    """What an audio process is told when it starts; `patch` and the others as `EngineSettings` has them."""
    authkey: str                            # hexadecimal, for its socket
    began: float                            # Unix time at which the start began
    audio: dict[str, Any]                   # as the command `open_audio`
    midi_ports: list[str] | None
    midi_map: list | None
    mpe: str
    velocity_curve: list[int] | None
    tuning: dict | None
    osc: dict[str, Any]                     # as the command `osc`
    patch: dict | None
    model: str | None
    fallback: NotRequired[bool]             # whether the system's device may play in place of one that is not there
    log_events: NotRequired[str | None]     # a file
    verbose: NotRequired[bool]


class EngineSettings:
    """As the first process is started with; `remember` keeps them up to date. `patch`: as JSON, None: the instrument's first. `model`: the
    model, by name or file, that the player named at the start for the patches of the first patch's model.
    """

    def __init__(self, audio: AudioChoice, midi_ports: list[str] | None, patch: dict | None, midi_map: list | None,
                 velocity_curve: list[int] | None, model: str | None, tuning: dict | None = None,
                 osc: tuple[str | None, str | None] = (None, None), mpe: str = AUTOMATIC):
        self.audio, self.midi_ports, self.midi_map, self.velocity_curve = audio, midi_ports, midi_map, velocity_curve
        self.patch, self._model, self.tuning, self.osc, self.mpe = patch, model, tuning, osc, mpe
        self._first_model = patch["model"]["name"] if patch else ""
        self._values: dict[str, float] = {}         # controls moved since the patch
        self._listening = False                     # to incoming velocities
        self._midi_out = False                      # whether what is played goes to other programs

    def model_of(self, name: str) -> str:
        """The model, by name or file, that plays patches of this one: another one if the player named it at the start."""
        return self._model if self._model is not None and name == self._first_model else name

    def remember(self, message: dict[str, Any]) -> None:
        """Take over what a command sets, or an event says that the engine has set by itself."""
        match message.get("do") or message.get("tell"):
            case "set":
                self._values[message["id"]] = message["value"]
            case "patch":
                self.patch = message["patch"]
                self._first_model = self._first_model or message["patch"]["model"]["name"]
                self._values = {id_: value for id_, value in self._values.items() if not _in_patches(id_)}
            case "open_audio":
                self.audio = AudioChoice.of(message)
            case "audio":                           # what plays: the device before, where the wanted one does not open
                self.audio = AudioChoice.of(message["choice"])
            case "open_midi":
                self.midi_ports = message["ports"]
            case "midi_map":
                self.midi_map = message["map"]
            case "mpe":
                self.mpe = message["mode"]
            case "midi_out":
                self._midi_out = message["on"]
            case "velocity_curve":
                self.velocity_curve = message["table"]
            case "osc":
                self.osc = message["listen"], message["echo"]
            case "tuning" if "do" in message:
                self.tuning = message["tuning"]
            case "listen_velocities":
                self._listening = message["on"]

    def config(self, safe: bool) -> ProcessConfig:
        """The configuration of a process. `safe`: on the system's own device, with the first patch."""
        return {"authkey": secrets.token_hex(32), "began": time.time(), "audio": (AudioChoice() if safe else self.audio).command(),
                "midi_ports": self.midi_ports, "midi_map": self.midi_map, "mpe": self.mpe, "velocity_curve": self.velocity_curve,
                "tuning": self.tuning, "osc": self.osc_command(),
                "patch": None if safe else self.patch, "model": None if safe else self._model}

    def osc_command(self) -> dict[str, Any]:
        """What OSC is to do."""
        return {"do": "osc", "listen": self.osc[0], "echo": self.osc[1]}

    def controls(self) -> Iterator[dict[str, Any]]:
        """Commands for what has been moved since the patch."""
        for id_, value in self._values.items():
            yield {"do": "set", "id": id_, "value": value}

    def touch(self) -> Iterator[dict[str, Any]]:
        """Commands for what belongs to the player: the velocity curve, MPE, whether the window shows incoming velocities, MIDI out,
        the tuning."""
        if self.velocity_curve is not None:
            yield {"do": "velocity_curve", "table": self.velocity_curve}
        yield {"do": "mpe", "mode": self.mpe}
        yield {"do": "listen_velocities", "on": self._listening}
        if self._midi_out:
            yield {"do": "midi_out", "on": True}
        if self.tuning is not None:
            yield {"do": "tuning", "tuning": self.tuning}


def _in_patches(id_: str) -> bool:
    """Whether a control belongs to the sound, so that a new patch sets it; the others are the player's own."""
    return id_ in patch_file.IDS or id_.startswith("latent.")
