"""Which keys of a SoundFont's presets sound: the ranges of their zones (SoundFont Technical Specification 2.04, chapter 7)."""
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from hummingface.train.notes.soundfont_tables import tables

KEY_RANGE, INSTRUMENT, SAMPLE = 43, 41, 53         # generators
KEYS = (0, 127)
_RECORDS = {"phdr": "<20sHHHIII", "pbag": "<HH", "pgen": "<Hh", "inst": "<20sH", "ibag": "<HH", "igen": "<Hh"}
MOST_ZONES = 1_000_000                             # of all presets, each with those of its instruments
Zone = tuple[tuple[int, int], int]                 # keys, and the instrument or sample that plays there


def key_ranges(path: Path) -> dict[tuple[int, int], tuple[int, int]]:
    """{(bank, program): (lowest, highest) key that any zone plays}. Raises OSError, and ValueError where the file is damaged."""
    try:
        read = {name: list(struct.iter_unpack(_RECORDS[name], data)) for name, data in tables(path) if name in _RECORDS}
        instruments = [{keys for keys, _ in zones} for zones in _zones(read["inst"], 1, read["ibag"], read["igen"], SAMPLE)]
        found, passed = {}, 0
        for head, zones in zip(read["phdr"], _zones(read["phdr"], 3, read["pbag"], read["pgen"], INSTRUMENT), strict=False):
            passed += sum(len(instruments[which]) for _, which in zones)
            if passed > MOST_ZONES:
                raise ValueError(f"more than {MOST_ZONES:,} zones")
            inside = [(max(low, lowest), min(high, highest)) for (low, high), which in zones for lowest, highest in instruments[which]]
            if inside := [(low, high) for low, high in inside if low <= high]:
                found[head[2], head[1]] = min(low for low, _ in inside), max(high for _, high in inside)
    except (ValueError, struct.error, KeyError, IndexError) as error:
        raise ValueError(f"{path}: a SoundFont whose tables are damaged ({error})") from error
    return found


def _zones(heads: list[tuple], at: int, bags: list[tuple], generators: list[tuple], what: int) -> Iterator[list[Zone]]:
    """The zones of each preset or instrument. Its first one, if it plays nothing, has the others' defaults. Raises ValueError where they do
    not follow one another."""
    for numbers in ([head[at] for head in heads], [bag[0] for bag in bags]):
        if any(one > following for one, following in pairwise(numbers)):
            raise ValueError("zones that overlap")
    for head, following in pairwise(heads):
        whole, zones = KEYS, []
        for bag in range(head[at], following[at]):
            keys, plays = whole, None
            for kind, amount in generators[bags[bag][0]:bags[bag + 1][0]]:
                if kind == KEY_RANGE:
                    keys = (amount & 0xFF, (amount >> 8) & 0xFF)
                elif kind == what:
                    plays = amount & 0xFFFF
            if plays is None and bag == head[at]:
                whole = keys
            elif plays is not None:
                zones.append((keys, plays))
        yield zones
