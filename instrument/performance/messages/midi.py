"""MIDI events as values, and the decoder of MIDI bytes (for files see `score.py`).

`decode` never raises: bytes that are not MIDI, or that an instrument ignores, give None.
This file only reads; `performer.py` gives events their meaning. Events are plain values, so that they can be logged and replayed.
"""
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.messages import tuning_sysex
from hummingface.instrument.performance.messages.tuning_events import TuneKeys, TuneOctave

BANK_MSB, BANK_LSB = 0, 32
MOD_WHEEL, VOLUME, PAN, EXPRESSION, SUSTAIN, SOSTENUTO, SOFT, SLIDE = 1, 7, 10, 11, 64, 66, 67, 74
DATA_MSB, DATA_LSB, NRPN_LSB, NRPN_MSB, RPN_LSB, RPN_MSB = 6, 38, 98, 99, 100, 101
ALL_SOUND_OFF, RESET_CONTROLLERS, ALL_NOTES_OFF = 120, 121, 123          # 124..127 also release all notes
USUAL_RELEASE = 64                  # the release velocity of keyboards that do not sense it
RESERVED = {BANK_MSB, MOD_WHEEL, DATA_MSB, VOLUME, PAN, EXPRESSION, BANK_LSB, DATA_LSB, SUSTAIN, *range(96, 102), *range(120, 128)}
CONTROLS = {p.cc: p.id for p in PARAMETERS.values() if p.cc is not None}   # controller number -> parameter, at the start


class MidiError(ValueError):
    """MIDI that cannot be played; the text says why, and names the file."""


@dataclass(frozen=True, slots=True)
class NoteOn:
    channel: int
    note: int
    velocity: int             # 1..127


@dataclass(frozen=True, slots=True)
class NoteOff:
    """Ends `ends` of the strikes that hold a key: one, unless it is known how many its sender has made."""
    channel: int
    note: int
    ends: int = 1             # 0 where another hand holds the key, and this one does not
    velocity: int = USUAL_RELEASE       # 0..127, of the release


@dataclass(frozen=True, slots=True)
class ArpeggiatorNote:
    """A note that the arpeggiator has made begins, or ends (velocity 0). For the record: a performer that hears it does nothing."""
    channel: int
    note: int
    velocity: int             # 0..127

    @property
    def heard(self) -> NoteOn | NoteOff:
        """What its listeners hear."""
        return NoteOn(self.channel, self.note, self.velocity) if self.velocity else NoteOff(self.channel, self.note)


@dataclass(frozen=True, slots=True)
class KeyPressure:
    channel: int
    note: int
    value: float              # 0..1


@dataclass(frozen=True, slots=True)
class Pressure:
    channel: int
    value: float              # 0..1


@dataclass(frozen=True, slots=True)
class Bend:
    channel: int
    value: float              # -1..1, exactly 0 at rest


@dataclass(frozen=True, slots=True)
class Controller:
    channel: int
    number: int
    value: int                # 0..127


@dataclass(frozen=True, slots=True)
class Program:
    channel: int
    number: int               # 0..127


@dataclass(frozen=True, slots=True)
class Set:
    """A control of `parameters.PARAMETERS`, moved by the window."""
    id: str
    value: float


@dataclass(frozen=True, slots=True)
class Panic:
    """Silences everything at once."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """A new tempo of the MIDI clock, in beats (quarter notes) per minute."""
    bpm: float


@dataclass(frozen=True, slots=True)
class Mpe:
    """How the player has MPE, by a name of `mpe.MODES`; where the controller says it, with so many members of its zones now."""
    mode: str
    lower: int = 0
    upper: int = 0


Event = NoteOn | NoteOff | ArpeggiatorNote | KeyPressure | Pressure | Bend | Controller | Program | Set | Panic | Tempo | Mpe
_KINDS = {kind.__name__: kind for kind in Event.__args__}


def decode(data: Iterable[int]) -> Event | TuneKeys | TuneOctave | None:
    """One MIDI message, a sequence of whole bytes with its status byte first; None where there is nothing to play or to tune."""
    try:
        data = [int(byte) for byte in data]
    except (TypeError, ValueError):
        return None
    if not data or not 0x80 <= data[0] < 0xF0:
        if data == [0xFF]:                                      # a system reset silences
            return Panic()
        return tuning_sysex.decode(data) if data and data[0] == tuning_sysex.BEGIN else None      # others mean nothing here
    kind, channel = data[0] & 0xF0, data[0] & 0x0F
    size = 1 if kind in (0xC0, 0xD0) else 2
    values = data[1:1 + size]
    if len(values) < size or any(not 0 <= value < 128 for value in values):
        return None
    if kind == 0x90 and values[1]:
        return NoteOn(channel, *values)
    if kind in (0x80, 0x90):
        return NoteOff(channel, values[0], velocity=values[1] if kind == 0x80 else USUAL_RELEASE)
    if kind == 0xA0:
        return KeyPressure(channel, values[0], values[1] / 127)
    if kind == 0xB0:
        return Controller(channel, *values)
    if kind == 0xC0:
        return Program(channel, values[0])
    if kind == 0xD0:
        return Pressure(channel, values[0] / 127)
    bend = values[0] + 128 * values[1] - 8192
    return Bend(channel, bend / (8191 if bend > 0 else 8192))


def encode(event: object, controllers: dict[int, str] = CONTROLS) -> bytes | None:
    """The MIDI message for an event, or None where there is none. `controllers`: number -> control, as the player has mapped them."""
    match event:
        case NoteOn(channel, note, velocity):
            return bytes((0x90 | channel, note, velocity))
        case NoteOff(_, _, 0):                                  # elsewhere it would end what another hand holds
            return None
        case NoteOff(channel, note, _, velocity):
            return bytes((0x80 | channel, note, velocity))
        case KeyPressure(channel, note, value):
            return bytes((0xA0 | channel, note, round(value * 127)))
        case Controller(channel, number, value):
            return bytes((0xB0 | channel, number, value))
        case Program(channel, number):
            return bytes((0xC0 | channel, number))
        case Pressure(channel, value):
            return bytes((0xD0 | channel, round(value * 127)))
        case Bend(channel, value):
            bend = min(8192 + round(value * (8191 if value > 0 else 8192)), 16383)
            return bytes((0xE0 | channel, bend & 0x7F, bend >> 7))
        case Set(id_, value):
            moving = [controller for controller, moved in controllers.items() if moved == id_]
            return bytes((0xB0, moving[0], round(PARAMETERS[id_].to_travel(value) * 127))) if moving else None
        case Panic():
            return bytes((0xB0, ALL_SOUND_OFF, 0))
    return None


def to_json(event: Event) -> dict:
    """The event as plain values, for a log: `{"event": "NoteOn", "channel": 0, ...}`."""
    values = {"event": type(event).__name__, **asdict(event)}
    if isinstance(event, NoteOff):                               # left out where they are usual, as nearly always
        values = {name: value for name, value in values.items() if (name, value) not in (("ends", 1), ("velocity", USUAL_RELEASE))}
    return values


def from_json(values: dict) -> Event:
    """The event that `to_json` wrote. Raises `MidiError` for anything else."""
    try:
        values = dict(values)
        return _KINDS[values.pop("event")](**values)
    except (KeyError, TypeError, ValueError) as error:
        raise MidiError(f"not an event: {values!r:.80}") from error
