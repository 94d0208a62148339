"""The MIDI Tuning Standard's system-exclusive messages as events. Anything else, and what is cut short, gives None.

Source: MIDI 1.0 detailed specification, "MIDI Tuning" (CA-020, CA-021, RP-020). Tuning programs and banks are not kept: what is sent
is in force, as in most synthesizers. Checksums of dumps are not looked at, since devices compute them differently.
"""
from collections.abc import Sequence

from hummingface.instrument.performance.messages.tuning_events import KEYS, TuneKeys, TuneOctave

BEGIN, END = 0xF0, 0xF7
REAL_TIME, NOT_REAL_TIME, TUNING = 0x7F, 0x7E, 0x08
LARGEST_BYTES = 9 + 4 * 127             # single notes, with a bank: the longest of them
_NAME = 16                              # bytes of a dump's name
_NO_CHANGE = (0x7F, 0x7F, 0x7F)


def is_tuning(message: Sequence[int]) -> bool:
    """Whether a message is one of these, whatever it says."""
    return len(message) > 4 and message[0] == BEGIN and message[1] in (REAL_TIME, NOT_REAL_TIME) and message[3] == TUNING


def decode(message: Sequence[int]) -> TuneKeys | TuneOctave | None:
    """The event of a message, from F0 to F7."""
    if not is_tuning(message) or message[-1] != END or any(byte > 127 for byte in message[1:-1]):
        return None
    sounding, kind, rest = message[1] == REAL_TIME, message[4], message[5:-1]
    match kind:
        case 0x01 if not sounding:                              # dump: program, name, keys, checksum
            return _keys([(key, *rest[1 + _NAME + 3 * key:4 + _NAME + 3 * key]) for key in range(KEYS)], False)
        case 0x04 if not sounding:                              # the same, with a bank
            return _keys([(key, *rest[2 + _NAME + 3 * key:5 + _NAME + 3 * key]) for key in range(KEYS)], False)
        case 0x02 if sounding and len(rest) >= 2:               # single notes: program, how many
            return _changes(rest[1], rest[2:], True)
        case 0x07 if len(rest) >= 3:                            # the same, with a bank
            return _changes(rest[2], rest[3:], sounding)
        case 0x08 | 0x09 if len(rest) >= 3:                     # an octave: channels, cents in one byte or two
            return _octave(_channels(rest[:3]), rest[3:], 1 if kind == 0x08 else 2, sounding)
        case 0x05 | 0x06 if not sounding:                       # its dumps, for all channels: bank, program, name, cents, checksum
            return _octave(tuple(range(16)), rest[2 + _NAME:-1], 1 if kind == 0x05 else 2, False)
    return None


def _changes(count: int, data: Sequence[int], sounding: bool) -> TuneKeys | None:
    if len(data) != 4 * count:
        return None
    return _keys([tuple(data[4 * i:4 * i + 4]) for i in range(count)], sounding)


def _keys(entries: Sequence[Sequence[int]], sounding: bool) -> TuneKeys | None:
    """Of (key, semitone, fraction's upper and lower seven bits) each."""
    if any(len(entry) != 4 for entry in entries):
        return None
    pitches = {key: semitone + (upper << 7 | lower) / (1 << 14) for key, semitone, upper, lower in entries
               if (semitone, upper, lower) != _NO_CHANGE}
    return TuneKeys(tuple(pitches), tuple(pitches.values()), sounding) if pitches else None


def _channels(mask: Sequence[int]) -> tuple[int, ...]:
    """Of three bytes: channels 15 and 16, 8 to 14, 1 to 7."""
    bits = (mask[0] & 3) << 14 | mask[1] << 7 | mask[2]
    return tuple(channel for channel in range(16) if bits >> channel & 1)


def _octave(channels: tuple[int, ...], data: Sequence[int], size: int, sounding: bool) -> TuneOctave | None:
    if len(data) != 12 * size or not channels:
        return None
    if size == 1:
        cents = [float(byte - 64) for byte in data]
    else:
        cents = [((data[2 * i] << 7 | data[2 * i + 1]) - 8192) / 8192 * 100 for i in range(12)]
    return TuneOctave(channels, tuple(cents), sounding)
