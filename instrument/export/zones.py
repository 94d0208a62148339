"""Which keys and velocities are sampled, which range each sample covers, and the names of the sample files."""
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hummingface.models.playing.file_names import plain

NOTES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")       # no sharps: `#` begins a directive in an SFZ file
SINGLE_VELOCITY = 100               # with a single layer


@dataclass(frozen=True)
class Zone:
    """Keys `low`..`high`, played from a sample of `key`."""
    key: int
    low: int
    high: int


@dataclass(frozen=True)
class Layer:
    """Velocities `low`..`high`, played from a sample at `velocity`."""
    velocity: int
    low: int
    high: int


def zones(low: int, high: int, every: int) -> list[Zone]:
    """All keys `low`..`high`, one in `every` of them sampled: the middle of its zone, so none is moved by more than half of that."""
    firsts = range(low, high + 1, every)
    return [Zone(min(first + every // 2, high), first, min(first + every - 1, high)) for first in firsts]


def sounding(of: list[Zone], keys: set[int]) -> list[Zone]:
    """The zones of which any of these keys is one, sampled at the nearest of them."""
    within = [(zone, [key for key in range(zone.low, zone.high + 1) if key in keys]) for zone in of]
    return [Zone(nearest(zone.key, some), zone.low, zone.high) for zone, some in within if some]


def nearest(key: float, of: Sequence[int]) -> int:
    """The nearest of some keys."""
    return min(of, key=lambda one: abs(one - key))


def layers(count: int) -> list[Layer]:
    """`count` layers of about equal width over velocities 1..127, each sampled in its middle; softest first."""
    edges = [round(127 * i / count) for i in range(count + 1)]
    spans = [(below + 1, top) for below, top in pairwise(edges)]
    return [Layer(SINGLE_VELOCITY if count == 1 else (low + high + 1) // 2, low, high) for low, high in spans]


def note_name(key: int) -> str:
    """ "C4" for 60."""
    return f"{NOTES[key % 12]}{key // 12 - 1}"


def instrument_name(name: str) -> str:
    """A name that every file system and export format accepts; "Instrument" if nothing is left of it."""
    return plain(name) or "Instrument"


def sample_name(key: int, velocity: int, name: str) -> str:
    """"060 C4 v064 Glass Reed.wav": sorts by key, and is understood wherever it is dragged."""
    return f"{key:03} {note_name(key)} v{velocity:03} {instrument_name(name)}.wav"
