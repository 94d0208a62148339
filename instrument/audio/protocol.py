"""The messages between the window and the audio process, and the checks that both sides apply to each of them.

A message is one JSON object in one `send_bytes` of a `multiprocessing.connection`: never pickle, so nothing that
arrives can run code. `{"do": ...}` is a command to the audio process, `{"tell": ...}` an event from it. One table lists the fields of
each; anything else raises `ProtocolError`, whose text a person can read. Patches are checked further by
`hummingface.instrument.patches.patch`, where they are used. docs/architecture.md says what each message means.
"""
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hummingface.instrument.patches import blend, routes, scale_tuning, velocity_curve
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.sources import MOST_ROUTES
from hummingface.instrument.performance.messages import controller_map, mpe
from hummingface.instrument.performance.messages.channel_state import ChannelShown as ChannelShown  # what windows read of a channel
from hummingface.instrument.synthesis.state import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from hummingface.models.playing.checked_json import parse_json
from hummingface.models.playing.checks import Check, is_number, is_text, list_of, or_none, whole

if TYPE_CHECKING:
    import numpy as np

Message = dict[str, Any]            # a command or an event, with the fields that its table says
MPE_MODES, MPE_AUTOMATIC = mpe.MODES, mpe.AUTOMATIC        # as windows choose them
LONGEST_MESSAGE = 3 << 20               # bytes; a patch with recordings has at most 2 MB
BLOCK_SAMPLES = (16, 2048)
RATE_HZ = (LOWEST_RATE_HZ, HIGHEST_RATE_HZ)
CLOSING_TAKE_S = 2.0                    # what ending may take: the recorder completes its take,
FAREWELL_S = 1.5                        # and a device that does not close in this time is left to the system
TAKE_FORMATS = ("wav24", "wav32", "flac")
TUNED_BY = ("host", "midi", "patch", "player", "")      # whose tuning is in force: `KeyPitches.by`


class ProtocolError(ValueError):
    """A message that is not in the table; the text says what is wrong with it."""


@dataclass(frozen=True)
class Telemetry:
    """The engine's current state, for the window's meters. Read from shared memory; costs the audio process nothing."""

    position: int = 0                   # samples since the engine started
    rate_hz: int = 48000
    voices: int = 0
    notes: tuple[int, ...] = (0,) * 128     # velocity of what sounds at each MIDI key, 0 silent
    load: float = 0.0                   # audio thread's share of a block's time, smoothed; 1 is all of it
    performer_load: float = 0.0         # performer's share of a hop's time
    decoder_us: float = 0.0
    late: int = 0                       # hops and notes that the performer finished after they were due
    underruns: int = 0
    latency_ms: float = 0.0             # from a key to the ears: our delay and the device's
    peak_db: tuple[float, float] = (-120.0, -120.0)     # left, right, dBFS
    level_db: "np.ndarray | None" = None                # [PARTIALS] the frame that the model is making now
    noise_db: "np.ndarray | None" = None                # [BANDS]
    f0_hz: float = 0.0
    frame_count: int = 0
    channels: "np.ndarray | None" = None                # [16, 5] MIDI's channels, each a `ChannelShown`
    channel: int = 0                                    # the one that was moved last
    sources: "np.ndarray | None" = None                 # [32] of modulation, of the newest voice, in the order of `sources.SOURCES`
    targets: "np.ndarray | None" = None                 # [32] by how much of its travel each route's target is moved


@dataclass(frozen=True)
class AudioChoice:
    """The audio settings that a player chose. None leaves it to the system: its default device, that device's rate and its usual block."""

    device: str | None = None
    rate_hz: int | None = None
    block_samples: int | None = None

    @classmethod
    def of(cls, command: dict) -> "AudioChoice":
        return cls(command["device"], command["rate_hz"], command["block_samples"])

    def command(self) -> dict:
        return {"do": "open_audio", **asdict(self)}


def _boolean(x: object) -> bool:
    return isinstance(x, bool)


def _object(x: object) -> bool:
    return isinstance(x, dict)


def _text(x: object) -> bool:
    return is_text(x, 4000)


def _parameter(x: object) -> bool:
    return isinstance(x, str) and x in PARAMETERS


def _midi_bytes(x: object) -> bool:
    """One channel message: a status byte and its one or two data bytes."""
    if not isinstance(x, list) or not list_of(whole(0, 255), 3)(x) or not x or not 0x80 <= x[0] < 0xF0:
        return False
    return len(x) == (2 if x[0] & 0xF0 in (0xC0, 0xD0) else 3) and all(b < 128 for b in x[1:])


def _hidden(x: object) -> bool:
    return blend.is_blend(x, 0.0)


def _gain_db(x: object) -> bool:
    return blend.is_blend([], x)


def _routes(x: object) -> bool:
    try:
        routes.from_json(x)
    except routes.RouteError:
        return False
    return True


@dataclass(frozen=True)
class Field:
    check: Check
    means: str                          # the allowed values, in words, for errors


_KEY = Field(whole(0, 127), "a MIDI key 0..127")
_SEVEN_BITS = Field(whole(0, 127), "a number 0..127")
_VELOCITY = Field(whole(1, 127), "a velocity 1..127")
_VALUE = Field(is_number, "a finite number")
_ID = Field(_parameter, "the id of a control")
_NAME = Field(or_none(_text), "a name or null")
_PROBLEM = Field(_text, "a text, empty if all is well")
_NAMES = Field(list_of(_text), "a list of names")
_ROUTES = Field(_routes, f"a list of at most {MOST_ROUTES} modulation routes")
_BLEND = {"latents": Field(_hidden, "the latents that have no knobs"), "gain_db": Field(_gain_db, "a gain in dB")}

_FOLDER = Field(or_none(_text), "a folder, or null for the one within the user's music")
_FORMAT = Field(lambda x: x in TAKE_FORMATS, f"one of {', '.join(TAKE_FORMATS)}")

_AUDIO_CHOICE = {
    "device": _NAME,
    "rate_hz": Field(or_none(whole(*RATE_HZ)), f"{RATE_HZ[0]}..{RATE_HZ[1]} or null"),
    "block_samples": Field(or_none(whole(*BLOCK_SAMPLES)), f"{BLOCK_SAMPLES[0]}..{BLOCK_SAMPLES[1]} or null"),
}


def _audio_choice(x: object) -> bool:
    return isinstance(x, dict) and x.keys() == _AUDIO_CHOICE.keys() and all(field.check(x[key]) for key, field in _AUDIO_CHOICE.items())


MOVES = ("set", "routes", "blend")       # commands that move the sound that plays
COMMANDS: dict[str, dict[str, Field]] = {
    "set": {"id": _ID, "value": _VALUE},
    "note_on": {"note": _KEY, "velocity": _VELOCITY},
    "note_off": {"note": _KEY},
    "midi": {"bytes": Field(_midi_bytes, "one MIDI channel message, e.g. [176, 64, 127]")},
    "midi_map": {"map": Field(controller_map.is_map, 'mappings, e.g. [{"cc": 74, "control": "filter.cutoff_hz"}]')},
    "tuning": {"tuning": Field(or_none(scale_tuning.is_tuning), "a tuning with name and scale, or null")},
    "patch": {"patch": Field(_object, "a patch")},
    "routes": {"routes": _ROUTES},
    "blend": _BLEND,
    "renew": {"model": Field(_text, "the name of a model whose file has changed")},
    "mpe": {"mode": Field(lambda x: x in list(MPE_MODES), f"one of {', '.join(MPE_MODES)}")},
    "panic": {},
    "velocity_curve": {"table": Field(velocity_curve.is_table, "128 whole numbers, 0 first, then velocities 1..127 that never fall")},
    "listen_velocities": {"on": Field(_boolean, "true or false")},
    "listen_controllers": {"on": Field(_boolean, "true or false")},
    "open_audio": _AUDIO_CHOICE,
    "open_midi": {"ports": Field(or_none(list_of(_text)), "a list of port names, or null for all")},
    "osc": {"listen": _NAME, "echo": _NAME},
    "midi_out": {"on": Field(_boolean, "true or false")},
    "test_tone": {"on": Field(_boolean, "true or false")},
    "record": {"on": Field(_boolean, "true or false"), "folder": _FOLDER, "format": _FORMAT},
    "capture": {"folder": _FOLDER, "format": _FORMAT},
    "recall": {"path": Field(_text, "a path")},
    "list": {},
    "quit": {},
}

TELLS: dict[str, dict[str, Field]] = {
    "state": {"path": Field(_text, "a path"), "rate_hz": Field(whole(*RATE_HZ), "a rate")},
    "starting": {"text": Field(_text, "a text")},
    "ready": {"seconds": _VALUE},
    "opening": {"device": _NAME},
    "audio": {"device": _NAME, "rate_hz": Field(whole(*RATE_HZ), "a rate"), "block_samples": Field(whole(1, 1 << 16), "a size"),
              "latency_ms": _VALUE, "problem": _PROBLEM,
              "choice": Field(_audio_choice, "a device, rate_hz and block_samples, as in open_audio")},
    "midi": {"ports": _NAMES, "open": _NAMES, "problem": _PROBLEM},
    "devices": {"audio": Field(list_of(_object), "a list of devices"), "midi": _NAMES},
    "set": {"id": _ID, "value": _VALUE},
    "patch": {"patch": Field(_object, "a patch")},
    "routes": {"routes": _ROUTES},
    "blend": _BLEND,
    "tuning": {"by": Field(lambda x: x in TUNED_BY, f"one of {', '.join(map(repr, TUNED_BY))}"), "name": Field(_text, "a name")},
    "recording": {"path": _NAME, "begin": Field(whole(0, 1 << 53), "a sample"), "problem": _PROBLEM,      # path null: not recording,
                  "waits": Field(_boolean, "true or false")},                               # but for the next bar, if it waits
    "clock": {"bpm": Field(or_none(is_number), "a tempo, null while no clock runs"), "started": Field(_boolean, "true or false")},
    "take": {"path": Field(_text, "a path"), "seconds": _VALUE, "problem": _PROBLEM},
    "velocities": {"incoming": Field(list_of(whole(1, 127)), "a list of velocities 1..127")},     # before the curve
    "controller": {"channel": Field(whole(0, 15), "a channel 0..15"), "number": _SEVEN_BITS, "value": _SEVEN_BITS},
    "error": {"text": Field(_text, "a text")},
    # From the client itself, about the process it looks after: "starting", "ready" or "restarting".
    "engine": {"state": Field(_text, "a state"), "text": Field(_text, "a text")},
}


def check(message: object, kind: str) -> dict:
    """The message itself if it is one of the table's: `kind` "do" or "tell". Raises ProtocolError."""
    table = COMMANDS if kind == "do" else TELLS
    if not isinstance(message, dict):
        raise ProtocolError("a message must be a JSON object")
    name = message.get(kind)
    if not isinstance(name, str) or name not in table:
        raise ProtocolError(f'unknown message: "{kind}" is {name!r:.80}; known are {", ".join(table)}')
    fields = table[name]
    for key, wanted in fields.items():
        if key not in message:
            raise ProtocolError(f'message "{name}" lacks "{key}" ({wanted.means})')
        if not wanted.check(message[key]):
            raise ProtocolError(f'message "{name}": "{key}" is {message[key]!r:.80}, but must be {wanted.means}')
    extra = message.keys() - fields.keys() - {kind}
    if extra:
        raise ProtocolError(f'message "{name}" has no "{min(extra):.80}"')
    return message


def encode(message: dict, kind: str) -> bytes:
    """The bytes of a checked message. Raises ProtocolError."""
    try:
        data = json.dumps(check(message, kind), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ProtocolError(str(error)) from error
    if len(data) > LONGEST_MESSAGE:
        raise ProtocolError(f'message "{message[kind]}" is {len(data)} bytes long; at most {LONGEST_MESSAGE} are allowed')
    return data


def decode(data: bytes, kind: str) -> dict:
    """The message in these bytes, checked. Raises ProtocolError."""
    try:
        message = parse_json(data, LONGEST_MESSAGE)
    except ValueError as error:
        raise ProtocolError(f"not a JSON message: {error}") from error
    return check(message, kind)
