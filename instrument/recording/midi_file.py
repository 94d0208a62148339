"""A standard MIDI file that grows during a recording. One tick is one sample (at all rates but odd ones), so its times are exact.

A control moved in the window is written as its MIDI controller, if it has one; the take's performance log has the
exact values. mido reads these files; it can write only whole files, and a take must be on disk while it is played.
"""
import os
from pathlib import Path

from hummingface.models.playing.file_names import fitting

_MOST_TICKS = 32767                 # in a quarter note, the most that a file can express
_END = b"\x00\xff\x2f\x00"
LONGEST_DELTA = 0x0FFFFFFF
LONGEST_TEXT = 200                  # bytes of a title or a marker


def clock(rate_hz: int) -> tuple[int, int, int]:
    """(ticks in a quarter note, microseconds of a quarter note, ticks in a second): a quarter is half a second, or less at high rates."""
    for shift in range(8):
        if (rate_hz >> 1 >> shift) <= _MOST_TICKS and rate_hz % (2 << shift) == 0:
            return rate_hz >> 1 >> shift, 500_000 >> shift, rate_hz
    return 24_000, 500_000, 48_000


def _number(value: int) -> bytes:
    """A quantity of variable length."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def _meta(kind: int, data: bytes) -> bytes:
    return bytes((0xFF, kind)) + _number(len(data)) + data


class MidiFile:
    """A new file of format 0, which must not be there yet. Every `write` leaves it whole. Raises OSError."""

    def __init__(self, path: str | Path, rate_hz: int, title: str = ""):
        quarter, tempo_us, self._ticks_hz = clock(rate_hz)
        self._rate_hz = rate_hz
        self.path = Path(path)
        self._file = self.path.open("xb", buffering=0)
        self._now = 0
        self._length = 0
        self._file.write(b"MThd" + (6).to_bytes(4) + bytes((0, 0, 0, 1)) + quarter.to_bytes(2) + b"MTrk" + (0).to_bytes(4))
        self._add(b"\0" + _meta(0x03, fitting(title, LONGEST_TEXT).encode()) + b"\0" + _meta(0x51, tempo_us.to_bytes(3)))

    def write(self, messages: list[tuple[int, bytes]]) -> None:
        """Add (sample, message) pairs in order; one that comes before an earlier one is put beside it."""
        data = b""
        for sample, message in messages:
            data += _number(self._pass_to(sample)) + message
        if data:
            self._add(data)

    def mark(self, sample: int, text: str) -> None:
        """Add a marker."""
        self.write([(sample, _meta(0x06, fitting(text, LONGEST_TEXT).encode()))])

    def close(self, sample: int) -> None:
        """End the track at `sample`, and put the file on the disk itself."""
        try:
            self._add(b"", _number(self._pass_to(sample)) + _END[1:])
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _pass_to(self, sample: int) -> int:
        """Ticks from the newest message to `sample`."""
        delta = min(max(sample * self._ticks_hz // self._rate_hz - self._now, 0), LONGEST_DELTA)
        self._now += delta
        return delta

    def _add(self, data: bytes, end: bytes = _END) -> None:
        self._file.seek(22 + self._length)
        made = memoryview(data + end)
        written = 0
        while written < len(made):
            written += self._file.write(made[written:])
        self._length += len(data)
        self._file.seek(18)
        self._file.write((self._length + len(end)).to_bytes(4))
