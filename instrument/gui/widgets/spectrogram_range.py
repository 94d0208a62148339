"""What part of frequency and time a spectrogram shows: zooming, the marks beside it, and pictures of one range as those of another."""
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hummingface.instrument.offline.spectra import HIGHEST_HZ, LOWEST_HZ, frequency_of_row, row_of_frequency

SECONDS = 10.0
LEAST_SECONDS, MOST_SECONDS = 2.5, 40.0
LEAST_RATIO = 1.5                       # of the highest to the lowest frequency
FEWEST_MARKS = 4
_DECADES = [10.0 ** decade for decade in range(5)]
# From coarse to fine: the marks are the first that has enough in sight.
_MARKS = ([50, 100, 200, 500, 1000, 2000, 5000, 10000], [digit * ten for ten in _DECADES for digit in (1, 2, 3, 4, 5, 7)],
          [digit * ten / 10 for ten in _DECADES for digit in range(10, 100, 2)])


@dataclass(frozen=True)
class ShownRange:
    """The lowest and highest frequency in sight, and how many seconds the width is."""
    lowest_hz: float = LOWEST_HZ
    highest_hz: float = HIGHEST_HZ
    seconds: float = SECONDS

    @property
    def is_whole(self) -> bool:
        """Whether all frequencies are in sight."""
        return self.lowest_hz <= LOWEST_HZ and self.highest_hz >= HIGHEST_HZ

    def zoomed(self, closer: float, hz: float) -> "ShownRange":
        """`closer` times (below 1: less) as close, with `hz` where it is."""
        octaves = np.log2(self.highest_hz / self.lowest_hz) / closer
        ratio = float(2 ** np.clip(octaves, np.log2(LEAST_RATIO), np.log2(HIGHEST_HZ / LOWEST_HZ)))
        above = np.log(self.highest_hz / hz) / np.log(self.highest_hz / self.lowest_hz)
        return self._at(float(hz * ratio ** above), ratio)

    def moved(self, octaves: float) -> "ShownRange":
        """Another part of frequency, just as close."""
        return self._at(self.highest_hz * 2 ** octaves, self.highest_hz / self.lowest_hz)

    def _at(self, highest_hz: float, ratio: float) -> "ShownRange":
        highest_hz = min(max(highest_hz, LOWEST_HZ * ratio), HIGHEST_HZ)
        return replace(self, lowest_hz=max(highest_hz / ratio, LOWEST_HZ), highest_hz=highest_hz)

    def over(self, seconds: float) -> "ShownRange":
        """The same frequencies over another time."""
        return replace(self, seconds=min(max(seconds, LEAST_SECONDS), MOST_SECONDS))

    def hz_at(self, row: float, rows: int) -> float:
        """The frequency at a height; row 0 is the top."""
        return float(frequency_of_row(row, rows, self.lowest_hz, self.highest_hz))

    def row_at(self, hz: float, rows: int) -> float:
        """The height of a frequency."""
        return float(row_of_frequency(hz, rows, self.lowest_hz, self.highest_hz))

    def marks(self) -> list[tuple[float, str]]:
        """Frequencies with their names, few of them."""
        found: list[float] = []
        for marks in _MARKS:
            found = [hz for hz in marks if self.lowest_hz < hz < self.highest_hz]
            if len(found) >= FEWEST_MARKS:
                break
        return [(hz, f"{hz:g}" if hz < 1000 else f"{hz / 1000:g}k") for hz in found]


def redrawn(pictures: Sequence[tuple[ShownRange, np.ndarray]], shown: ShownRange, rows: int, columns: int) -> np.ndarray:
    """uint8 [rows, columns] of the range `shown`, from pictures of other ranges, whose later ones cover earlier ones; the newest column of
    each is of the same moment. 0 where they know nothing."""
    made = np.zeros((rows, columns), np.uint8)
    hz = frequency_of_row(np.arange(rows), rows, shown.lowest_hz, shown.highest_hz)
    age_s = (np.arange(columns)[::-1] + 0.5) * shown.seconds / columns
    for other, levels in pictures:
        high, wide = levels.shape
        row = np.round(row_of_frequency(hz, high, other.lowest_hz, other.highest_hz)).astype(int)
        column = wide - 1 - np.floor(age_s * wide / other.seconds).astype(int)
        known = np.ix_((row >= 0) & (row < high), column >= 0)
        made[known] = levels[np.ix_(row[(row >= 0) & (row < high)], column[column >= 0])]
    return made
