"""Reads the mapping of samples to keys and velocities in an SFZ file: the opcodes that say which note a sample is. See sfzformat.com."""
import re
from dataclasses import dataclass
from pathlib import Path

from hummingface.train.notes.names import _ALTERS, STEPS
from hummingface.train.notes.note import SourceError

_HEADER = re.compile(r"<(\w+)>")
_OPCODE = re.compile(r"(\w+)=(.*?)(?=\s+\w+=|\s*<|$)")
_INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"', re.MULTILINE)
_DEFINE = re.compile(r"^\s*#define\s+(\$\w+)\s+(\S+)", re.MULTILINE)
MOST_INCLUDES, LARGEST_BYTES = 100, 16 << 20


@dataclass(frozen=True)
class Region:
    """One sample of a mapping. `pitch` is its root key; `velocity` None where one layer takes all."""
    sample: Path
    pitch: int
    velocity: int | None
    offset: int = 0                # samples of the file left out at its beginning


def read_sfz(path: Path) -> list[Region]:
    """All regions that are notes (not released keys, not control). Raises SourceError where the file cannot be read."""
    text = _text(path, set())
    for name, value in sorted(_DEFINE.findall(text), key=lambda pair: -len(pair[0])):
        text = text.replace(name, value)
    regions: list[Region] = []
    levels: dict[str, dict[str, str]] = {"control": {}, "global": {}, "master": {}, "group": {}, "region": {}}
    order = list(levels)
    parts = _HEADER.split(re.sub(r"//[^\n]*|/\*.*?\*/|^\s*#\w+[^\n]*", "", text, flags=re.MULTILINE | re.DOTALL))
    for header, body in zip(parts[1::2], parts[2::2], strict=True):
        if header not in levels:
            continue
        opcodes = {key: value.strip() for line in body.splitlines() for key, value in _OPCODE.findall(line)}
        for inner in order[order.index(header):]:
            if inner != "control":
                levels[inner] = {}
        levels[header] |= opcodes
        if header == "region":
            region = _region(path, {k: v for level in levels.values() for k, v in level.items()})
            if region:
                regions.append(region)
    return regions


def _text(path: Path, seen: set[Path]) -> str:
    if path in seen or len(seen) > MOST_INCLUDES:
        raise SourceError(f"{path}: included recursively, or more than {MOST_INCLUDES} includes.")
    seen.add(path)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise SourceError(f"{path}: larger than {LARGEST_BYTES >> 20} MiB; it is not an SFZ file.")
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}).") from error
    return _INCLUDE.sub(lambda found: _text(path.parent / found[1].replace("\\", "/"), seen), text)


def _region(path: Path, opcodes: dict[str, str]) -> Region | None:
    sample = opcodes.get("sample", "")
    if not sample or sample.startswith("*") or opcodes.get("trigger", "attack") not in ("attack", "first"):
        return None
    file = path.parent / (opcodes.get("default_path", "") + sample).replace("\\", "/")
    key = _key(opcodes.get("key"))
    low, high = _key(opcodes.get("lokey", opcodes.get("key"))), _key(opcodes.get("hikey", opcodes.get("key")))
    root = _key(opcodes.get("pitch_keycenter"))
    pitch = root if root is not None else key if key is not None else (low + high) // 2 if low is not None and high is not None else 60
    softest, loudest = _whole(opcodes.get("lovel"), 0), _whole(opcodes.get("hivel"), 127)
    velocity = None if softest <= 1 and loudest >= 127 else max(1, min(127, (max(softest, 1) + loudest + 1) // 2))
    return Region(file, pitch, velocity, max(0, _whole(opcodes.get("offset"), 0)))


def _key(text: str | None) -> int | None:
    """A key as a number or a name (c4 is 60)."""
    if text is None:
        return None
    found = re.fullmatch(r"([a-g])([#b]?)(-?\d+)", text.strip().lower())
    if found:
        return STEPS[found[1]] + _ALTERS.get(found[2], 0) + 12 * (int(found[3]) + 1)
    value = _whole(text, -1)
    return value if 0 <= value <= 127 else None


def _whole(text: str | None, default: int) -> int:
    try:
        return int(float(text)) if text is not None else default
    except (ValueError, OverflowError):
        return default
