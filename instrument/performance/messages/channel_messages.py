"""What MIDI's channels say, taken to the lines of controls and to the pedals: bend, pressure, controllers, RPN, NRPN, MPE's zones.

What comes on the master of an MPE zone reaches all its members (`mpe.py`). A member plays one note at a time, and its next note may begin
while the one before still rings: a voice whose key is up is given a line of its own, where it stays as it was.
"""
from collections.abc import Callable, Iterable
from typing import NamedTuple

from hummingface.instrument.patches.nrpn_numbers import BY_NUMBER
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.controls import INDEX, Controls
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.arpeggiator import Arpeggiator
from hummingface.instrument.performance.messages.channel_state import (
    BEND_RANGE,
    HOLDS,
    HOLDS_FULLY,
    NO_RPN,
    RANGE_RPN,
    ZONES_RPN,
    ChannelState,
)
from hummingface.instrument.performance.messages.controller_map import STRUCTURAL, ControllerMap
from hummingface.instrument.performance.messages.fine_values import FIRST_NRPN, PAIRS, TOP, FineValues
from hummingface.instrument.performance.messages.key_pitches import KeyPitches
from hummingface.instrument.performance.messages.midi import Bend, Controller, KeyPressure, Mpe, Pressure
from hummingface.instrument.performance.messages.mpe import MASTER_RANGE, MEMBER_RANGE, Zones
from hummingface.instrument.performance.voices.voice_allocation import WHOLE_MIDI, Voices

_PEDALS = {midi.SUSTAIN: "pedal", midi.SOSTENUTO: "sostenuto", midi.SOFT: "soft"}
_LEVELS = {midi.VOLUME: "volume", midi.EXPRESSION: "expression"}
_FINE = {midi.MOD_WHEEL, midi.VOLUME, midi.PAN, midi.EXPRESSION}      # of 14 bits, besides those that the player's map has so


class MessageTargets(NamedTuple):
    """What the messages move."""
    controls: Controls
    voices: Voices
    arpeggiator: Arpeggiator
    key_pitches: KeyPitches


class ChannelMessages:
    """`moved(id, value)` is called for controls that MIDI moves, `retuned()` when keys have other pitches, `shown(channel)` for channels
    whose state has changed.

    Attributes: `channels`, what each has said; `zones`; `controllers`, the player's map.
    """

    def __init__(self, played: MessageTargets, moved: Callable[[str, float], None], retuned: Callable[[], None],
                 shown: Callable[[int], None]) -> None:
        self._controls, self._voices, self._arpeggiator, self._key_pitches = played
        self._moved, self._retuned, self._shown = moved, retuned, shown
        self.channels, self.zones, self.fine = ChannelState(), Zones(), FineValues()
        self.controllers = ControllerMap()
        self._half_pedal = False

    @property
    def _whole_midi(self) -> bool:
        """Whether zones, the other pedals, fine halves and NRPNs count: in takes of before they do not."""
        return self._voices.rules >= WHOLE_MIDI

    # Notes

    def note_begins(self, channel: int) -> None:
        """Call it before the voice of a note begins: what a controller has said of it holds from its first sample."""
        if self.zones.master_of(channel) is not None and not len(self._voices.listening(channel)):
            self._controls.snap_line(channel)

    def note_ended(self, channel: int) -> None:
        """Call it after a key is up: its voice rings on as it is."""
        if self.zones.master_of(channel) is None:
            return
        for slot in self._voices.detach_lifted(channel):
            self.channels.copy(channel, line := 16 + int(slot))
            self._controls.copy_line(channel, line)

    # Messages

    def bend(self, event: Bend) -> None:
        self.channels.bend[event.channel] = event.value
        self._follow(event.channel)
        self._shown(event.channel)

    def pressure(self, event: Pressure) -> None:
        self.channels.pressure[event.channel] = event.value
        self._follow(event.channel)

    def key_pressure(self, event: KeyPressure) -> None:
        table = self._voices.table
        table["key_pressure"][(table["channel"] == event.channel) & (table["key"] == event.note)] = event.value

    def controller(self, event: Controller) -> None:
        channel, number, value = event.channel, event.number, event.value
        if self._is_mapped(event):
            for name, moved in self.controllers.hear(event, self._travel):
                self._moved(name, moved)
        elif number in (midi.RPN_MSB, midi.RPN_LSB, midi.NRPN_MSB, midi.NRPN_LSB):
            self.channels.choose(channel, number, value)
        elif number in (midi.DATA_MSB, midi.DATA_LSB):
            self._enter(channel, number, value)
        elif number == midi.ALL_SOUND_OFF:
            for each in self._reached(channel):
                self._voices.silence(each)
                self._arpeggiator.silence(each)
        elif number == midi.RESET_CONTROLLERS:
            for each in self._reached(channel):
                self.reset(each)
            self._shown(channel)
        elif number >= midi.ALL_NOTES_OFF:
            for each in self._reached(channel):
                self._arpeggiator.release_all(each)
                self._voices.all_notes_off(each)
        elif number in (midi.BANK_MSB, midi.BANK_LSB):
            self.channels.bank[channel][number == midi.BANK_LSB] = value
        elif self._whole_midi and self._is_fine(number):
            self._continuous(channel, number - PAIRS, self.fine.fine(channel, number - PAIRS, value))
        elif self._whole_midi and number < PAIRS:
            self._continuous(channel, number, self.fine.coarse(channel, number, value))
        else:
            self._continuous(channel, number, value)

    def configure(self, event: Mpe) -> None:
        """The player chooses how MPE is played."""
        before = dict(self.zones.members)
        self.zones.use(event.mode, event.lower, event.upper)
        if self.zones.members != before:
            self._begin_zones(range(16))

    def use_half_pedal(self, on: bool) -> None:
        if on != self._half_pedal:
            self._half_pedal = on
            for channel in range(16):
                self._follow(channel)
                self._step_on(channel)

    def reset(self, channel: int) -> None:
        """Reset All Controllers, CC 121 (MIDI RP-015): not volume, pan and program."""
        self.channels.reset(channel)
        self._voices.table["key_pressure"][self._voices.table["channel"] == channel] = 0
        self._follow(channel)
        self._step_on(channel)

    def restored(self) -> None:
        """The state was put back: the pedals stand as it says."""
        for channel in range(16):
            self._step_on(channel)

    def softness(self, line: int) -> float:
        """How far down the soft pedal is for a line, 0..1."""
        return self.channels.furthest("soft", line, self._master_of_line(line))

    # What they move

    def _continuous(self, channel: int, number: int, value: float) -> None:
        """A controller at a value of 0..127."""
        if number == midi.SUSTAIN:
            self._pedal(channel, number, value)
        elif number == midi.SLIDE and self._slides(channel):
            self.channels.slide[channel] = value / 128 if value <= 64 else 0.5 + (value - 64) / 126
            self._follow(channel)
        elif number == midi.MOD_WHEEL:
            self.channels.wheel[channel] = value / TOP
            self._follow(channel)
            self._shown(channel)
        elif number in _LEVELS:
            getattr(self.channels, _LEVELS[number])[channel] = value
            self._follow(channel)
            self._shown(channel)
        elif number == midi.PAN:
            self.channels.panning[channel] = min(max((value - 64) / 63, -1.0), 1.0)
            self._follow(channel)
        elif number in _PEDALS and self._whole_midi:
            self._pedal(channel, number, value)

    def _is_mapped(self, event: Controller) -> bool:
        """Whether the player's map has this controller in place of its usual meaning. Within a zone the slide is one; data entry means what
        an RPN chose."""
        number, channel = event.number, event.channel
        if number in STRUCTURAL or not self.controllers.takes(number, channel) or (number == midi.SLIDE and self._slides(channel)):
            return False
        return number not in (midi.DATA_MSB, midi.DATA_LSB) or not self.channels.has_chosen(channel)

    def _slides(self, channel: int) -> bool:
        """Whether a channel is of a zone, so that controller 74 is a slide."""
        return self._whole_midi and (self.zones.is_master(channel) or self.zones.master_of(channel) is not None)

    def _travel(self, name: str) -> float:
        """Where a control stands, 0..1."""
        return PARAMETERS[name].to_travel(float(self._controls.goal[INDEX[name]]))

    def _is_fine(self, number: int) -> bool:
        """Whether this is the fine half of a controller that moves anything."""
        return number - PAIRS in _FINE

    def _pedal(self, channel: int, number: int, value: float) -> None:
        getattr(self.channels, _PEDALS[number])[channel] = value / TOP
        self._step_on(channel)
        if self._half_pedal:
            self._follow(channel)
        self._shown(channel)

    def _step_on(self, channel: int) -> None:
        """The pedals of a channel, and of those that it reaches, hold as they stand."""
        for each in self._reached(channel):
            master = self.zones.master_of(each)
            down = self.channels.furthest("pedal", each, master) >= (HOLDS_FULLY if self._half_pedal else HOLDS)
            self._arpeggiator.pedal(each, down and self._arpeggiator.on)      # under it the pedal holds keys, not what is made of them
            self._voices.pedal(each, down and not self._arpeggiator.on)
            self._voices.sostenuto(each, self.channels.furthest("sostenuto", each, master) >= HOLDS)

    def _follow(self, channel: int) -> None:
        """The lines of a channel, and of those that it reaches, follow what has been said."""
        reached = self._reached(channel)
        for line in [*reached, *self._voices.own_lines(reached)]:
            self._controls.set_line(line, self.channels.line(line, self._master_of_line(line), self._half_pedal))

    def _reached(self, channel: int) -> list[int]:
        """The channels that a message on this one reaches."""
        return [channel, *self.zones.members_of(channel)]

    def _master_of_line(self, line: int) -> int | None:
        return self.zones.master_of(line if line < 16 else int(self._voices.channel[line - 16]))

    # Data entry

    def _enter(self, channel: int, number: int, value: int) -> None:
        rpn = self.channels.rpn[channel]
        if rpn == RANGE_RPN:
            bends = self.channels.enter_range(channel, number, value)
            master = self.zones.master_of(channel)
            for each in [channel] if master is None else self.zones.members_of(master):     # a member's holds for all of them
                self.channels.bend_range[each] = bends
                self._follow(each)
        elif rpn == ZONES_RPN and number == midi.DATA_MSB and self._whole_midi:
            before = [*self._reached(0), *self._reached(15)]
            if self.zones.configure(channel, value):
                self._begin_zones({*before, *self._reached(0), *self._reached(15)})
        elif self._key_pitches.enter(channel, rpn, number, value):
            self._retuned()
        elif self._whole_midi and (nrpn := self.channels.nrpn[channel]) != [NO_RPN, NO_RPN]:
            self._enter_control(channel, nrpn[0] << 7 | nrpn[1], number, value)

    def _enter_control(self, channel: int, nrpn: int, number: int, value: int) -> None:
        """Data entry for an NRPN, which moves a control."""
        parameter = PARAMETERS.get(BY_NUMBER.get(nrpn, ""))
        if parameter is not None:
            halves = self.fine.coarse if number == midi.DATA_MSB else self.fine.fine
            self._moved(parameter.id, parameter.from_travel(halves(channel, FIRST_NRPN + nrpn, value) / TOP))

    def _begin_zones(self, channels: Iterable[int]) -> None:
        """Zones have changed: as MPE has it, their channels start over and no note stays held."""
        for channel in sorted(channels):
            member = self.zones.master_of(channel) is not None
            self.channels.bend_range[channel] = MEMBER_RANGE if member else MASTER_RANGE if self.zones.is_master(channel) else BEND_RANGE
            self.reset(channel)
            self._arpeggiator.release_all(channel)
            self._voices.all_notes_off(channel)
            self._shown(channel)
