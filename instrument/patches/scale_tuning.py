"""A tuning from Scala's files: a scale (.scl), a keyboard mapping (.kbm), or both, as text that patches and settings carry.

The files are checked here, line by line; Surge's tuning-library reads and computes the scale (docs/decisions/tuning.md). Keys outside the
range that a mapping names are silent, as those that it leaves out with an `x`: ZynAddSubFX and MTS-ESP do so, too.
Sources: https://www.huygens-fokker.org/scala/scl_format.html, https://www.huygens-fokker.org/scala/help.htm#mappings
"""
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hummingface.models.playing.checked_json import read_file
from hummingface.models.playing.frame import hz_to_pitch

KEYS = 128
SCALE_SUFFIX, MAPPING_SUFFIX = ".scl", ".kbm"
LARGEST_BYTES, MOST_LINES, LONGEST_LINE, LONGEST_NAME = 64 << 10, 4096, 400, 80
MOST_NOTES = 2048
MOST_CENTS = 24_000.0               # of a note of a scale, either way
REFERENCE_HZ = 4.0, 20_000.0        # that a mapping may give to its reference key
LOWEST_PITCH, HIGHEST_PITCH = -36.0, 160.0      # MIDI pitches, 1 Hz and 84 kHz: keys beyond are silent
MOST_REMEMBERED = 64
_AND = " · "                            # between the names of a scale and a mapping
_TWELVE = ["", "12", *(f"{100 * step}." for step in range(1, 13))]
_RATIO, _CENTS, _WHOLE = (re.compile(pattern) for pattern in (
    r"\s*(-?\d+)(?:\s*/\s*(\d+))?(?!\s*[\d.,/])", r"\s*([+-]?(?:\d+\.\d*|\.\d+))(?![\d,])", r"\s*(-?\d+)(?![\d.,])"))
_MAPPING = ("size of the map", "first key", "last key", "middle key", "reference key", "reference frequency", "scale degree of the octave")


class _Mapping(NamedTuple):
    """What a keyboard mapping says. `degrees` of the scale for each key of the map, None where it is silent; none: every key its own."""
    first: int
    last: int
    middle: int
    reference: int
    reference_hz: float
    octave: int                         # the degree by which the map repeats; 0: as many degrees as the map has keys
    degrees: list[int | None]


class ScaleError(ValueError):
    """A tuning that cannot be used; the text names the file, the line and what is wrong."""


@dataclass(frozen=True)
class ScaleTuning:
    """The lines of a .scl and of a .kbm file. Without `scale` the mapping is applied to equal temperament; without `mapping` the scale
    begins at C4, which has its pitch of equal temperament."""
    name: str
    scale: tuple[str, ...] = ()
    mapping: tuple[str, ...] = ()

    @property
    def names_frequency(self) -> bool:
        """Whether it says itself at how many Hz it sounds."""
        return bool(self.mapping)

    @property
    def description(self) -> str:
        """What its scale says of itself."""
        return next(_content(self.scale), (0, ""))[1].strip()

    def pitches(self) -> np.ndarray:
        """The fractional MIDI pitch of each key, NaN where it is silent. float64 [KEYS], not to be written to. Raises ScaleError."""
        return _pitches(self.scale, self.mapping, self.name)

    def to_json(self) -> dict:
        """Plain values, for patches, settings and messages."""
        return {"name": self.name, "scale": list(self.scale)} | ({"mapping": list(self.mapping)} if self.mapping else {})


def from_json(values: object, where: str) -> ScaleTuning:
    """The tuning in these values, checked. `where` names their source in errors. Raises ScaleError."""
    if not isinstance(values, dict) or set(values) - {"name", "scale", "mapping"}:
        raise ScaleError(f"{where}: is not an object with name, scale and mapping")
    name = values.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise ScaleError(f"{where}: its name is not a text of 1 to {LONGEST_NAME} characters")
    lines = []
    for field in ("scale", "mapping"):
        value = values.get(field, [])
        if not isinstance(value, list) or len(value) > MOST_LINES or not all(
                isinstance(line, str) and len(line) <= LONGEST_LINE and line.isprintable() for line in value):
            raise ScaleError(f"{where}: {field} is not a list of up to {MOST_LINES} lines")
        lines.append(tuple(value))
    if not any(lines):
        raise ScaleError(f"{where}: has neither a scale nor a mapping")
    _pitches(*lines, where)
    return ScaleTuning(name, *lines)


def is_tuning(values: object) -> bool:
    """Whether `from_json` takes these values."""
    try:
        from_json(values, "")
    except ScaleError:
        return False
    return True


def of_files(paths: Iterable[str | Path], onto: ScaleTuning | None = None) -> ScaleTuning:
    """The tuning in a .scl file, a .kbm file, or one of each; a .kbm alone is applied to the scale of `onto`. Raises ScaleError."""
    found: dict[str, tuple[Path, tuple[str, ...]]] = {}
    for path in map(Path, paths):
        kind = path.suffix.lower()
        if kind not in (SCALE_SUFFIX, MAPPING_SUFFIX):
            raise ScaleError(f"{path}: is neither a scale (.scl) nor a keyboard mapping (.kbm)")
        if kind in found:
            raise ScaleError(f"{path}: a second {kind} file; a tuning has one")
        found[kind] = path, _lines_of(path)
    if not found:
        raise ScaleError("a tuning is made of a scale (.scl), a keyboard mapping (.kbm), or both")
    names, where = list[str](), ""
    scale, mapping = tuple[str, ...](), tuple[str, ...]()
    if onto is not None and SCALE_SUFFIX not in found and onto.scale:
        names, scale = [onto.name.partition(_AND)[0]], onto.scale
    for kind, (path, lines) in sorted(found.items(), reverse=True):         # each by itself first: errors name its file
        where = str(path)
        names.append("".join(c if c.isprintable() else " " for c in path.stem).strip() or "Scale")
        if kind == SCALE_SUFFIX:
            scale = lines
            _scale_text(lines, where)
        else:
            mapping = lines
            _mapping_of(lines, where)
    _pitches(scale, mapping, where)
    return ScaleTuning(_AND.join(names)[:LONGEST_NAME], scale, mapping)


def _lines_of(path: Path) -> tuple[str, ...]:
    """The lines of a file: UTF-8, or Latin-1 as Scala's archive has it, with the ends of any system."""
    data = read_file(path, LARGEST_BYTES, ScaleError, "a scale or a keyboard mapping")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = ["".join(c if c.isprintable() else " " for c in line).rstrip() for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ScaleError(f"{path}: is empty")
    if len(lines) > MOST_LINES:
        raise ScaleError(f"{path}: has {len(lines):,} lines; at most {MOST_LINES:,} are read")
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise ScaleError(f"{path}: line {number} is longer than {LONGEST_LINE} characters")
    return tuple(lines)


def _content(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """(number from 1, line) of all lines that are no comments."""
    return ((number, line) for number, line in enumerate(lines, 1) if not line.startswith("!"))


def _scale_text(lines: tuple[str, ...], where: str) -> str:
    """A scale as the library reads it: checked, with nothing but what counts. Raises ScaleError."""
    content = list(_content(lines))
    if len(content) < 2:
        raise ScaleError(f"{where}: ends after line {len(lines)}; a scale has a description, the number of its notes, and these")
    number, line = content[1]
    found = _WHOLE.match(line)
    if not found:
        raise ScaleError(f"{where}: line {number}: {_shown(line)} is not the number of notes")
    count = int(found[1])
    if not 1 <= count <= MOST_NOTES:
        raise ScaleError(f"{where}: line {number}: {count} notes; a scale has 1 to {MOST_NOTES:,}")
    notes = [(number, line) for number, line in content[2:] if line.strip()]
    if len(notes) < count:
        raise ScaleError(f"{where}: line {content[1][0]} says {count} notes, but there are {len(notes)}, up to line {len(lines)}")
    return "\n".join(["scale", str(count), *(_note(number, line, where) for number, line in notes[:count])]) + "\n"


def _note(number: int, line: str, where: str) -> str:
    """A note of a scale in cents. Raises ScaleError."""
    if found := _CENTS.match(line):
        cents = float(found[1])
    elif found := _RATIO.match(line):
        over, under = int(found[1]), int(found[2] or "1")
        if over <= 0 or under <= 0:
            raise ScaleError(f"{where}: line {number}: {_shown(line)} is a ratio that is not above 0")
        cents = 1200 * (math.log2(over) - math.log2(under))
    else:
        raise ScaleError(f"{where}: line {number}: {_shown(line)} is neither a ratio, such as 3/2, nor cents, such as 701.955")
    if abs(cents) > MOST_CENTS:
        raise ScaleError(f"{where}: line {number}: {_shown(line)} is more than {MOST_CENTS / 1200:g} octaves away")
    return f"{cents:.12f}"


def _mapping_of(lines: tuple[str, ...], where: str, count: int = MOST_NOTES) -> _Mapping:
    """The keyboard mapping in these lines, for a scale of `count` notes. Raises ScaleError."""
    content = [(number, line.split("!")[0].strip()) for number, line in _content(lines)]
    while content and not content[-1][1]:
        content.pop()
    if len(content) < len(_MAPPING):
        raise ScaleError(f"{where}: ends after line {len(lines)}, before the {_MAPPING[len(content)]}")
    values = []
    for (number, line), what in zip(content, _MAPPING, strict=False):
        if what == "reference frequency":
            reference_hz = _frequency(number, line, where)
            continue
        found = _WHOLE.match(line)
        value, (low, high) = int(found[1]) if found else -1, (0, KEYS - 1 if "key" in what else MOST_NOTES)
        if not found or not low <= value <= high:
            raise ScaleError(f"{where}: line {number}: {_shown(line)} is not the {what}, {low} to {high}")
        values.append(value)
    size, first, last, middle, reference, octave = values
    keys, numbers = content[len(_MAPPING):], [number for number, _ in content]
    if len(keys) > size:
        number, line = keys[size]
        raise ScaleError(f"{where}: line {number}: {_shown(line)} is one key more than the {size} that its map has")
    degrees = [None if line.lower().startswith("x") else _degree(number, line, where) for number, line in keys]
    degrees += [None] * (size - len(keys))                     # the format lets a file leave unmapped keys at the end away
    if first > last:
        raise ScaleError(f"{where}: line {numbers[2]}: the last key, {last}, is below the first, {first}")
    if size and degrees[(reference - middle) % size] is None:
        raise ScaleError(f"{where}: line {numbers[4]}: the reference key, {reference}, is one that the map leaves out (x)")
    if octave > count:
        raise ScaleError(f"{where}: line {numbers[6]}: the octave is degree {octave}, but the scale has {count} notes: take the mapping "
                         "together with the scale that it was made for")
    return _Mapping(first, last, middle, reference, reference_hz, octave, degrees)


def _frequency(number: int, line: str, where: str) -> float:
    found = re.match(r"\s*(\d+(?:\.\d*)?|\.\d+)(?![\d,])", line)
    value = float(found[1]) if found else math.nan
    if not REFERENCE_HZ[0] <= value <= REFERENCE_HZ[1]:
        raise ScaleError(f"{where}: line {number}: {_shown(line)} is not a reference frequency, "
                         f"{REFERENCE_HZ[0]:g} to {REFERENCE_HZ[1]:g} Hz")
    return value


def _degree(number: int, line: str, where: str) -> int:
    found = _WHOLE.match(line)
    if not found or not 0 <= int(found[1]) <= MOST_NOTES:
        raise ScaleError(f"{where}: line {number}: {_shown(line)} is neither a degree of the scale, from 0 to {MOST_NOTES:,}, nor x")
    return int(found[1])


def _shown(line: str) -> str:
    line = line.strip()
    return f"“{line if len(line) <= 40 else line[:39] + '…'}”"


@lru_cache(MOST_REMEMBERED)
def _pitches(scale: tuple[str, ...], mapping: tuple[str, ...], where: str) -> np.ndarray:
    import tuning_library
    try:
        read = tuning_library.parse_scl_data(_scale_text(scale or tuple(_TWELVE), where))
        if mapping:
            pitches = _mapped(_mapping_of(mapping, where, read.count), [tone.cents for tone in read.tones])
        else:
            tuned = tuning_library.Tuning(read)
            pitches = np.array([12 * tuned.log_scaled_frequency_for_midi_note(key) for key in range(KEYS)])
    except tuning_library.TuningError as error:
        raise ScaleError(f"{where}: {error}") from error
    pitches[~((pitches >= LOWEST_PITCH) & (pitches <= HIGHEST_PITCH))] = math.nan
    if np.isnan(pitches).all():
        raise ScaleError(f"{where}: no key has a pitch that can be heard")
    pitches.flags.writeable = False
    return pitches


def _mapped(mapping: _Mapping, cents: list[float]) -> np.ndarray:
    """The pitches [KEYS] of a scale of these notes under a mapping, by Scala's definition. (The library's own differ from it: see
    docs/decisions/tuning.md.)"""
    notes = [0.0, *cents]

    def interval(degree: int) -> float:
        turns, step = divmod(degree, len(cents))
        return turns * cents[-1] + notes[step]

    def place(key: int) -> float:
        """In cents above the middle key."""
        if not mapping.degrees:
            return interval(key - mapping.middle)
        turns, step = divmod(key - mapping.middle, len(mapping.degrees))
        degree = mapping.degrees[step]
        return math.nan if degree is None else turns * interval(mapping.octave or len(mapping.degrees)) + interval(degree)
    reference = float(hz_to_pitch(mapping.reference_hz))
    return np.array([reference + (place(key) - place(mapping.reference)) / 100 if mapping.first <= key <= mapping.last else math.nan
                     for key in range(KEYS)])
