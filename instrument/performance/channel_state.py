"""What MIDI's 16 channels have said that later messages build on: pitch bend and its range, volume, expression, the chosen RPN.

What follows from it for the sound (semitones, dB) is in `controls.py`.
"""
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from hummingface.instrument.performance import midi

LOUDEST = 127                       # of volume and expression
INAUDIBLE_DB = -40.0                # by volume and expression: at 12 of 127
BEND_RANGE = 2.0                    # semitones, until RPN 0 says otherwise
NO_RPN = 127
# What a snapshot has of it: the bounds of each list of 16.
RANGES = {"bend": (-1.0, 1.0), "bend_range": (0.0, 128.0), "volume": (0, 127), "expression": (0, 127)}


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


class ChannelState:
    """All arrays are [16]: `bend` -1..1, `bend_range` in semitones, `volume` and `expression` 0..127. `rpn`: [MSB, LSB] of each channel."""

    def __init__(self) -> None:
        self.bend = np.zeros(16)
        self.bend_range = np.full(16, BEND_RANGE)
        self.volume, self.expression = np.full(16, LOUDEST), np.full(16, LOUDEST)
        self.rpn = [[NO_RPN, NO_RPN] for _ in range(16)]

    def capture(self) -> dict[str, Any]:
        """A copy, as plain values."""
        return {name: getattr(self, name).tolist() for name in RANGES} | {"rpn": [list(pair) for pair in self.rpn]}

    def restore(self, values: Mapping[str, Any]) -> None:
        """Take over what `capture` gave."""
        for name in RANGES:
            getattr(self, name)[:] = values[name]
        self.rpn = [list(pair) for pair in values["rpn"]]

    def reset(self, channel: int) -> None:
        """Reset All Controllers, CC 121 (MIDI RP-015): not volume."""
        self.bend[channel], self.expression[channel] = 0, LOUDEST
        self.rpn[channel] = [NO_RPN, NO_RPN]

    def semitones(self, channel: int) -> float:
        """How far the pitch is bent."""
        return self.bend[channel] * self.bend_range[channel]

    def level_db(self, channel: int) -> float:
        """What volume and expression do."""
        return gain_db(self.volume[channel], self.expression[channel])

    def to_be_heard(self) -> list[midi.Controller]:
        """What brings back the channels that volume or expression have made inaudible."""
        return [midi.Controller(channel, number, LOUDEST) for channel in range(16) if self.level_db(channel) < INAUDIBLE_DB
                for number in (midi.VOLUME, midi.EXPRESSION)]

    def has_chosen(self, channel: int) -> bool:
        """Whether data entry means an RPN now."""
        return self.rpn[channel] != [NO_RPN, NO_RPN]

    def choose(self, channel: int, number: int, value: int) -> None:
        """A controller that chooses the RPN that data entry sets; no NRPN is known here."""
        if number in (midi.RPN_MSB, midi.RPN_LSB):
            self.rpn[channel][number == midi.RPN_LSB] = value
        else:
            self.rpn[channel] = [NO_RPN, NO_RPN]

    def enter(self, channel: int, number: int, value: int) -> bool:
        """Data entry, MSB or LSB: the bend range, semitones and cents, if RPN 0 is chosen. Returns whether it has moved."""
        if self.rpn[channel] != [0, 0]:
            return False
        semitones, cents = divmod(round(self.bend_range[channel] * 100), 100)
        semitones, cents = (value, cents) if number == midi.DATA_MSB else (semitones, min(value, 99))
        self.bend_range[channel] = semitones + cents / 100
        return True
