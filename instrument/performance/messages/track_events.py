"""Reads a track of a standard MIDI file: what an instrument plays of it, with ticks.

mido makes an object with checks of every message: 30 us and 500 bytes each, so that a megabyte of dense MIDI takes 10 s and 185 MB. This
reader goes over the bytes once, keeps what is played, and passes over everything else by its length.

Source: the Standard MIDI Files specification, RP-001 of the MIDI Association. Data bytes beyond 127 count as 127, as in mido.
"""
from dataclasses import dataclass, field

from hummingface.instrument.performance.messages import tuning_sysex
from hummingface.instrument.performance.messages.midi import (
    Bend,
    Controller,
    KeyPressure,
    MidiError,
    NoteOff,
    NoteOn,
    Pressure,
    Program,
    decode,
)
from hummingface.instrument.performance.messages.tuning_events import TuneKeys, TuneOctave

ChannelEvent = NoteOn | NoteOff | KeyPressure | Pressure | Bend | Controller | Program       # events in a file: one of a channel,
FileEvent = ChannelEvent | TuneKeys | TuneOctave                                             # and what tunes all of them
GM_ON = (0x7E, 0x7F, 0x09)              # system exclusive: General MIDI System On (its second byte is the device's)
LONGEST_NAME = 1000                     # bytes
_META, _NAME, _END, _TEMPO = 0xFF, 0x03, 0x2F, 0x51         # a status byte; kinds of meta events
_UNDEFINED = (0xF4, 0xF5, 0xF9, 0xFD)
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}                 # of data behind a status; of others none


@dataclass
class Track:
    """`events` and `tempos` (microseconds of a quarter note): (tick, what), in order. `name` as it stands in the file."""
    events: list[tuple[int, FileEvent]] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    name: bytes = b""
    named: bool = False
    end: int = 0                        # tick
    general_midi: bool = False          # whether it declares General MIDI


def read_track(data: bytes, most_events: int) -> Track:
    """The track in a chunk's data. Raises EOFError where an event is cut short, MidiError for what cannot be, or too much."""
    track, at, status = Track(), 0, 0
    events, known = track.events, dict[bytes, "ChannelEvent"]()
    try:
        while at < len(data):
            delta, at = _number(data, at)
            track.end += delta
            now = data[at]
            if now >= 0x80:
                at += 1
            else:
                now = status
            if now == _META:
                kind = data[at]
                length, at = _number(data, at + 1)
                if at + length > len(data):
                    raise EOFError
                if kind == _END:
                    break
                _meta(track, kind, data[at:at + length] if length <= LONGEST_NAME else b"")
                at += length
            elif 0x80 <= now < 0xF0:
                status = now
                size = 1 if now & 0xE0 == 0xC0 else 2
                message = bytes((now,)) + data[at:at + size]
                if len(message) <= size:
                    raise EOFError
                at += size
                event = known.get(message)                  # events are values: each is made once
                if event is None:
                    event = known[message] = _event(message)
                events.append((track.end, event))
            elif now in (0xF0, 0xF7):
                length, at = _number(data, at)
                if at + length > len(data):
                    raise EOFError
                track.general_midi |= now == 0xF0 and _declares_general_midi(data[at:at + 5])
                if now == 0xF0 and length <= tuning_sysex.LARGEST_BYTES and (tuned := tuning_sysex.decode(b"\xf0" + data[at:at + length])):
                    events.append((track.end, tuned))
                at += length
            elif not now:
                raise MidiError("a data byte without running status")
            elif now in _UNDEFINED:
                raise MidiError(f"an undefined status, {now:#x}")
            else:
                at += _SYSTEM_BYTES.get(now, 0)
            if len(events) + len(track.tempos) > most_events:
                raise MidiError("more events than are read of one file. Split it")
    except IndexError as error:
        raise EOFError from error
    return track


def _event(message: bytes) -> ChannelEvent:
    event = decode([message[0], *(min(byte, 127) for byte in message[1:])])
    assert isinstance(event, ChannelEvent)
    return event


def _meta(track: Track, kind: int, content: bytes) -> None:
    if kind == _NAME and not track.named:
        track.name, track.named = content, True
    elif kind == _TEMPO:
        if len(content) < 3:
            raise MidiError(f"a tempo of {len(content)} bytes")
        track.tempos.append((track.end, int.from_bytes(content[:3])))


def _declares_general_midi(content: bytes) -> bool:
    return content[:1] + content[2:3] == bytes((GM_ON[0], GM_ON[2])) and content[3:4] in (b"\1", b"\3")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """(a number of variable length, where it ends). Raises IndexError where it is cut off, MidiError beyond four bytes."""
    value = 0
    for place in range(at, at + 4):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    raise MidiError("a number of more than four bytes")
