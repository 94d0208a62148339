"""What MIDI's channels have said that later messages build on: bend and its range, wheel, pressure, slide, volume, pedals, the chosen RPN.

Each is what the channel itself has said; `line` has what follows for its sound, with what the master of its MPE zone adds. Voices that
their channel moves no more have lines of their own behind the sixteen (`controls.CHANNEL_LINES`).
"""
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

import numpy as np

from hummingface.instrument.performance.controls import CHANNEL_LINES
from hummingface.instrument.performance.messages import midi

if TYPE_CHECKING:
    from collections.abc import Mapping

LOUDEST = 127                       # of volume and expression
INAUDIBLE_DB = -40.0                # by volume and expression: at 12 of 127
BEND_RANGE = 2.0                    # semitones, until RPN 0 says otherwise
NO_RPN = 127
RANGE_RPN, ZONES_RPN = [0, 0], [0, 6]     # of pitch bend, and MPE's configuration
HOLDS, HOLDS_FULLY = 64 / 127, 112 / 127        # where a pedal holds; and where, if it may be half down
HALF_FROM = 16 / 127                # where a pedal that may be half down begins to lengthen releases,
SLOWEST_DAMPER = 1 / 64             # at most so many times
# What a snapshot has of it: the bounds of each list of 16. The first four are in the oldest takes.
RANGES = {"bend": (-1.0, 1.0), "bend_range": (0.0, 128.0), "volume": (0, 127), "expression": (0, 127), "wheel": (0.0, 1.0),
          "pressure": (0.0, 1.0), "panning": (-1.0, 1.0), "slide": (0.0, 1.0), "pedal": (0.0, 1.0), "sostenuto": (0.0, 1.0),
          "soft": (0.0, 1.0)}
_DEFAULTS = {"bend_range": BEND_RANGE, "volume": LOUDEST, "expression": LOUDEST, "slide": 0.5}


def gain_db(volume: float, expression: float) -> float:
    """Volume and expression, 0..127 each, as General MIDI has them: 40 log10."""
    return 40 * float(np.log10(max(volume * expression / LOUDEST ** 2, 1e-4)))


class ChannelShown(NamedTuple):
    """What the window shows of a channel, in the order of the state block's `channels`."""
    bend: float = 0.0               # -1..1
    wheel: float = 0.0              # 0..1
    volume: float = LOUDEST         # 0..127
    expression: float = LOUDEST     # 0..127
    pedal: float = 0.0              # 1: down

    @property
    def is_audible(self) -> bool:
        """Whether its volume and expression let anything be heard."""
        return gain_db(self.volume, self.expression) >= INAUDIBLE_DB


class ChannelValues(TypedDict):
    """What the sixteen channels have said, as plain values: each of RANGES, and pairs of MSB and LSB."""
    bend: list[float]
    bend_range: list[float]
    volume: list[float]
    expression: list[float]
    wheel: list[float]
    pressure: list[float]
    panning: list[float]
    slide: list[float]
    pedal: list[float]
    sostenuto: list[float]
    soft: list[float]
    rpn: list[list[int]]
    nrpn: list[list[int]]
    bank: list[list[int]]


class ChannelState:
    """All arrays are [CHANNEL_LINES]; their bounds are in `RANGES`, `bend_range` is in semitones. `rpn` and `nrpn`: [MSB, LSB] of each
    channel; one of them at most is chosen."""

    def __init__(self) -> None:
        (self.bend, self.bend_range, self.volume, self.expression, self.wheel, self.pressure, self.panning, self.slide, self.pedal,
         self.sostenuto, self.soft) = (np.full(CHANNEL_LINES, float(_DEFAULTS.get(name, 0.0))) for name in RANGES)
        self.rpn, self.nrpn = ([[NO_RPN, NO_RPN] for _ in range(16)] for _ in range(2))
        self.bank = [[0, 0] for _ in range(16)]             # MSB, LSB

    def capture(self) -> ChannelValues:
        """A copy of what the sixteen channels have said, as plain values."""
        pairs = {name: [list(pair) for pair in getattr(self, name)] for name in ("rpn", "nrpn", "bank")}
        return cast("ChannelValues", {name: getattr(self, name)[:16].tolist() for name in RANGES} | pairs)

    def restore(self, values: ChannelValues) -> None:
        """Take over what `capture` gave."""
        by_name: Mapping[str, object] = values
        for name in RANGES:
            getattr(self, name)[:16] = by_name[name]
        self.rpn, self.nrpn, self.bank = ([list(pair) for pair in pairs] for pairs in (values["rpn"], values["nrpn"], values["bank"]))

    def copy(self, channel: int, line: int) -> None:
        """A line goes on with what a channel has said up to now."""
        for name in RANGES:
            getattr(self, name)[line] = getattr(self, name)[channel]

    def reset(self, channel: int) -> None:
        """Reset All Controllers, CC 121 (MIDI RP-015): not volume, pan and bank."""
        for name in ("bend", "expression", "wheel", "pressure", "slide", "pedal", "sostenuto", "soft"):
            getattr(self, name)[channel] = _DEFAULTS.get(name, 0.0)
        self.rpn[channel], self.nrpn[channel] = [NO_RPN, NO_RPN], [NO_RPN, NO_RPN]

    def semitones(self, line: int) -> float:
        """How far the pitch is bent."""
        return float(self.bend[line] * self.bend_range[line])

    def level_db(self, line: int) -> float:
        """What volume and expression do."""
        return gain_db(self.volume[line], self.expression[line])

    def line(self, line: int, master: int | None, half_pedal: bool) -> tuple[float, ...]:
        """What the sound of a line follows, by the columns of `Controls.channels`; a member's with that of its master."""
        own = (self.semitones(line), float(self.wheel[line]), float(self.pressure[line]), self.level_db(line), float(self.panning[line]),
               float(self.slide[line]), _damper(self.furthest("pedal", line, master)) if half_pedal else 1.0)
        if master is None:
            return own
        bend, wheel, pressure, level_db, panning, slide, damper = own
        return (bend + self.semitones(master), min(wheel + self.wheel[master], 1.0), min(pressure + self.pressure[master], 1.0),
                level_db + self.level_db(master), min(max(panning + self.panning[master], -1.0), 1.0),
                min(max(slide + self.slide[master] - 0.5, 0.0), 1.0), damper)

    def furthest(self, pedal: str, line: int, master: int | None) -> float:
        """Where a pedal is for a line, 0..1: its own or its master's, whichever is further down."""
        where = getattr(self, pedal)
        return float(where[line] if master is None else max(where[line], where[master]))

    def to_be_heard(self) -> list[midi.Controller]:
        """What brings back the channels that volume or expression have made inaudible."""
        return [midi.Controller(channel, number, LOUDEST) for channel in range(16) if self.level_db(channel) < INAUDIBLE_DB
                for number in (midi.VOLUME, midi.EXPRESSION)]

    def has_chosen(self, channel: int) -> bool:
        """Whether data entry means an RPN or an NRPN now."""
        return self.rpn[channel] != [NO_RPN, NO_RPN] or self.nrpn[channel] != [NO_RPN, NO_RPN]

    def choose(self, channel: int, number: int, value: int) -> None:
        """A controller that chooses the RPN or NRPN that data entry sets."""
        chosen, other = (self.rpn, self.nrpn) if number in (midi.RPN_MSB, midi.RPN_LSB) else (self.nrpn, self.rpn)
        chosen[channel][number in (midi.RPN_LSB, midi.NRPN_LSB)] = value
        other[channel] = [NO_RPN, NO_RPN]

    def enter_range(self, channel: int, number: int, value: int) -> float:
        """Data entry for RPN 0, MSB or LSB: semitones or cents. Returns the new range."""
        semitones, cents = divmod(round(self.bend_range[channel] * 100), 100)
        semitones, cents = (value, cents) if number == midi.DATA_MSB else (semitones, min(value, 99))
        return semitones + cents / 100


def _damper(pedal: float) -> float:
    """How fast releases pass under a pedal that may be half down: 1 where it is up."""
    pressed = min(max((pedal - HALF_FROM) / (HOLDS_FULLY - HALF_FROM), 0.0), 1.0)
    return max((1 - pressed) ** 2, SLOWEST_DAMPER)
