"""Controllers of 14 bits: 0 to 31 have the coarse half, those 32 above them the fine one (MIDI 1.0). NRPNs have their halves in data entry.

A coarse half alone counts as 7 bits, so that its ends are reached; where fine halves come as well, it stands for the lowest value that it
can mean, as the standard has it.
"""
from collections.abc import Iterable

PAIRS = 32
TOP, FULL = 127, (1 << 14) - 1
FIRST_NRPN = 128                    # what is moved: a controller by its number, an NRPN by its number and this


class FineValues:
    """The coarse halves, and whether fine ones have come: by (channel, what they move)."""

    def __init__(self) -> None:
        self._coarse: dict[tuple[int, int], tuple[int, bool]] = {}

    def coarse(self, channel: int, what: int, value: int) -> float:
        """The value, 0..127, after a coarse half 0..127."""
        fine = self._coarse.get((channel, what), (0, False))[1]
        self._coarse[channel, what] = value, fine
        return (value << 7) * TOP / FULL if fine else float(value)

    def fine(self, channel: int, what: int, value: int) -> float:
        """The value, 0..127, after a fine half 0..127."""
        coarse = self._coarse.get((channel, what), (0, False))[0]
        self._coarse[channel, what] = coarse, True
        return (coarse << 7 | value) * TOP / FULL

    def capture(self) -> list[list[int]]:
        """A copy, as plain values."""
        return [[channel, what, coarse, int(fine)] for (channel, what), (coarse, fine) in self._coarse.items()]

    def restore(self, values: Iterable[list[int]]) -> None:
        """Take over what `capture` gave."""
        self._coarse = {(channel, what): (coarse, bool(fine)) for channel, what, coarse, fine in values}
