"""Reads the mapping of samples to keys and velocities in an SFZ file: the opcodes that say which note a sample is, and how loud it plays.

See sfzformat.com. Of several articulations on key switches, the one that plays at first is read; of pairs of microphones that sound
together, the first.
"""
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hummingface.train.notes.names import ALTERS, STEPS, note_name
from hummingface.train.notes.note import SourceError
from hummingface.train.notes.sfz_text import sfz_text

_HEADER = re.compile(r"<(\w+)>")
_OPCODE = re.compile(r"(?:^|(?<=\s))(\w+)=")                 # begins there alone, so no word is looked at twice
MOST_REGIONS, MOST_OPCODES = 1 << 14, 1_000_000             # opcodes: of all regions, with those of the levels about them
LONGEST_NAME = 1024                                         # of a sample, in characters; LONGEST_PART bytes between two slashes
LONGEST_PART = 255
_VOLUMES = ("volume", "group_volume", "master_volume", "global_volume")
LEVELS = ("control", "global", "master", "group", "region")
SILENT_DB = -100.0


@dataclass(frozen=True)
class Region:
    """One sample of a mapping. `pitch` is its root key; `velocity` None where one layer takes all. `gain_db`: by how much it is played
    louder than it was recorded, by its volume and its velocity curve, at its velocity."""
    sample: Path
    pitch: int
    velocity: int | None
    offset: int = 0                # samples of the file left out at its beginning
    gain_db: float = 0.0


@dataclass
class Mapping:
    """What an SFZ file maps. `includes`: the other files that it is made of. `left_out`: how many regions were not read, by the reason."""
    regions: list[Region] = field(default_factory=list)
    includes: set[Path] = field(default_factory=set)
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


@dataclass
class _Playing:
    """What plays as the mapping is read: the samples of each place on the keyboard, and the articulation's key switch."""
    samples: dict[tuple, Path] = field(default_factory=dict)
    switch: int | None = None


def read_sfz(path: Path) -> Mapping:
    """All regions that are notes (not released keys, not control). Raises SourceError where the file cannot be read."""
    text, includes = sfz_text(path)
    mapping, levels = Mapping(includes=includes), {name: dict[str, str]() for name in LEVELS}
    playing = _Playing()
    regions = opcodes_read = 0
    for header, body in _sections(text):
        if header not in levels:
            continue
        opcodes = {key: value for line in body.splitlines() for key, value in _opcodes(line)}
        for inner in LEVELS[LEVELS.index(header):]:
            if inner != "control":
                levels[inner] = {}
        levels[header] |= opcodes
        if header == "region":
            regions += 1
            opcodes_read += sum(map(len, levels.values()))
            if regions > MOST_REGIONS or opcodes_read > MOST_OPCODES:
                raise SourceError(f"{path}: more than {MOST_REGIONS:,} regions, or {MOST_OPCODES:,} opcodes of regions. Give a part of it.")
            _add(mapping, path, {k: v for level in levels.values() for k, v in level.items()}, playing)
    return mapping


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """(a header's name, what stands behind it) of each."""
    header, begin = "", 0
    for found in _HEADER.finditer(text):
        if header:
            yield header, text[begin:found.start()]
        header, begin = found[1], found.end()
    if header:
        yield header, text[begin:]


def _opcodes(line: str) -> Iterator[tuple[str, str]]:
    """(name, value) of each opcode in a line. A value goes to the next one, or to a `<`, and may have spaces in it."""
    found = list(_OPCODE.finditer(line))
    for one, following in zip(found, [*(next_one.start() for next_one in found[1:]), len(line)], strict=False):
        yield one[1], line[one.end():following].partition("<")[0].strip()


def _add(mapping: Mapping, path: Path, opcodes: dict[str, str], playing: _Playing) -> None:
    """Add a region, unless it is no note, or not the one that plays there."""
    sample = opcodes.get("sample", "")
    if not sample or sample.startswith("*"):
        return
    reason = _why_no_file(sample) or _why_no_note(opcodes) or _another_articulation(opcodes, playing)
    sample = (opcodes.get("default_path", "") + sample).replace("\\", "/")
    file = path.parent / sample
    sounds_with = tuple(opcodes.get(name, "") for name in ("lokey", "hikey", "key", "lovel", "hivel", "seq_position", "lorand", "hirand"))
    if not reason and playing.samples.setdefault(sounds_with, file) != file:
        reason = "sounds together with another sample, as a second microphone does"
    if reason:
        mapping.leave_out(reason)
    else:
        mapping.regions.append(_region(file, opcodes))


def _why_no_file(name: str) -> str:
    """Why no file can have this name; empty if one can."""
    bad = not name.isprintable() or len(name) > LONGEST_NAME or any(len(part.encode()) > LONGEST_PART for part in name.split("/"))
    return "its sample's name cannot be a file's" if bad else ""


def _why_no_note(opcodes: dict[str, str]) -> str:
    """Why a region is not the sound of a struck key; empty if it is."""
    if opcodes.get("trigger", "attack") not in ("attack", "first"):
        return "sounds when a key is released"
    if any(_whole(value, 0) > 0 for name, value in opcodes.items() if "locc" in name and re.fullmatch(r"(on_)?locc\d+", name)):
        return "sounds only while a controller is up, as a pedal is"
    return ""


def _another_articulation(opcodes: dict[str, str], playing: _Playing) -> str:
    """Why a region belongs to another articulation than the one on `sw_default`, or else the first; empty if it does not."""
    switch = _key(opcodes.get("sw_last", opcodes.get("sw_down")))
    if switch is None:
        return ""
    default = _key(opcodes.get("sw_default"))
    playing.switch = default if default is not None else switch if playing.switch is None else playing.switch
    return "" if switch == playing.switch else f"another articulation, of the key switch {note_name(switch)}"


def _region(file: Path, opcodes: dict[str, str]) -> Region:
    key = _key(opcodes.get("key"))
    low, high = _key(opcodes.get("lokey", opcodes.get("key"))), _key(opcodes.get("hikey", opcodes.get("key")))
    root = _key(opcodes.get("pitch_keycenter"))
    pitch = root if root is not None else key if key is not None else (low + high) // 2 if low is not None and high is not None else 60
    softest, loudest = _whole(opcodes.get("lovel"), 0), _whole(opcodes.get("hivel"), 127)
    velocity = None if softest <= 1 and loudest >= 127 else max(1, min(127, (max(softest, 1) + loudest + 1) // 2))
    gain_db = sum(_number(opcodes.get(name), 0.0) for name in _VOLUMES) + _amplitude_db(opcodes)
    if velocity is not None:
        gain_db += velocity_db(velocity, opcodes)
    return Region(file, pitch, velocity, max(0, _whole(opcodes.get("offset"), 0)), round(gain_db, 2))


def velocity_db(velocity: int, opcodes: dict[str, str]) -> float:
    """The gain of a velocity by `amp_veltrack` (100 where absent) and the points of `amp_velcurve_N`; without points the curve is the
    square of velocity / 127, which is 40 dB for a factor of 10."""
    points = {int(name.removeprefix("amp_velcurve_")): _number(value, 1.0) for name, value in opcodes.items()
              if re.fullmatch(r"amp_velcurve_\d{1,3}", name) and int(name.removeprefix("amp_velcurve_")) <= 127}
    curve = _between({0: 0.0, 127: 1.0} | points, velocity) if points else (velocity / 127) ** 2
    track = max(-100.0, min(100.0, _number(opcodes.get("amp_veltrack"), 100.0))) / 100
    gain = 1 - track * (1 - curve) if track >= 0 else 1 + track * curve
    return max(SILENT_DB, 20 * math.log10(max(gain, 1e-6)))


def _between(points: dict[int, float], velocity: int) -> float:
    before = max(v for v in points if v <= velocity)
    after = min(v for v in points if v >= velocity)
    return points[before] if before == after else (
        points[before] + (points[after] - points[before]) * (velocity - before) / (after - before))


def _amplitude_db(opcodes: dict[str, str]) -> float:
    percent = _number(opcodes.get("amplitude"), 100.0)
    return max(SILENT_DB, 20 * math.log10(max(percent / 100, 1e-6)))


def _key(text: str | None) -> int | None:
    """A key as a number or a name (c4 is 60)."""
    if text is None:
        return None
    found = re.fullmatch(r"([a-g])([#b]?)(-?\d{1,2})", text.strip().lower())
    value = STEPS[found[1]] + ALTERS.get(found[2], 0) + 12 * (int(found[3]) + 1) if found else _whole(text, -1)
    return value if 0 <= value <= 127 else None


def _number(text: str | None, default: float) -> float:
    try:
        value = float(text) if text is not None else default
    except ValueError:
        return default
    return value if math.isfinite(value) else default


def _whole(text: str | None, default: int) -> int:
    return int(_number(text, default))


