"""What the player keeps of sounds beside them: stars, what was loaded lately, and whether the browser plays what is selected. No Qt.

    {"format": "hummingface-marks", "version": 1, "starred": ["factory/00-evening-grand.json", ..], "recent": [..], "hear": true}

One file for all windows, beside their states: each change reads it first. Patches know nothing of it.
"""
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.session import state_file
from hummingface.models.playing.atomic_file import replace_file, set_aside
from hummingface.models.playing.checked_json import JsonError, read_json
from hummingface.models.playing.checks import is_text

FORMAT, VERSION, FILE = "hummingface-marks", 1, "patch-marks.json"
LARGEST_BYTES = 1 << 20
MOST_RECENT, MOST_STARRED, LONGEST_KEY = 50, 3000, 300


@dataclass(frozen=True)
class PatchMarks:
    """Sounds by their keys, as `key_of` gives them; `recent` has the last one first."""
    starred: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    hear: bool = True


def key_of(entry: LibraryEntry) -> str:
    """By which a sound is known from start to start."""
    return f"preset/{entry.model}/{entry.preset}" if entry.preset else f"{'factory' if entry.factory else 'own'}/{entry.path.name}"


def file() -> Path:
    return state_file.folder() / FILE


def read() -> PatchMarks:
    """The marks that there are. Never raises: a file that cannot be used is renamed, and there are none."""
    try:
        values = read_json(file(), LARGEST_BYTES)
        if not isinstance(values, dict) or values.get("format") != FORMAT or values.get("version") != VERSION:
            raise JsonError(f"{file()}: no marks of patches")
    except FileNotFoundError:
        return PatchMarks()
    except (OSError, JsonError):
        set_aside(file())
        return PatchMarks()
    return PatchMarks(_keys(values.get("starred"), MOST_STARRED), _keys(values.get("recent"), MOST_RECENT), values.get("hear") is not False)


def star(entry: LibraryEntry, on: bool) -> PatchMarks:
    """Give a sound a star, or take it away. Raises OSError, as the others, where that cannot be kept."""
    key = key_of(entry)
    return _change(lambda marks: replace(marks, starred=(*(k for k in marks.starred if k != key), *([key] if on else []))[-MOST_STARRED:]))


def loaded(entry: LibraryEntry) -> PatchMarks:
    """A sound has been loaded."""
    key = key_of(entry)
    return _change(lambda marks: replace(marks, recent=(key, *(k for k in marks.recent if k != key))[:MOST_RECENT]))


def moved(before: str, after: str) -> PatchMarks:
    """A sound has another key."""
    def renamed(keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(after if key == before else key for key in keys)
    return _change(lambda marks: replace(marks, starred=renamed(marks.starred), recent=renamed(marks.recent)))


def hear(on: bool) -> PatchMarks:
    """Whether the browser plays what is selected."""
    return _change(lambda marks: replace(marks, hear=on))


def _keys(values: object, most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if is_text(v, LONGEST_KEY)))[:most] if isinstance(values, list) else ()


def _change(changed: Callable[[PatchMarks], PatchMarks]) -> PatchMarks:
    before = read()
    marks = changed(before)
    if marks != before:
        values = {"format": FORMAT, "version": VERSION, "starred": marks.starred, "recent": marks.recent, "hear": marks.hear}
        file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(file(), json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    return marks
