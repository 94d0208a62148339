"""A folder of prepared notes: its files and their formats.

A part is some notes that were made together: `NAME.rows.npy` [notes, ROWS, FRAME_SIZE] float16, `NAME.phase.npy` [notes, PARTIALS]
float16, `NAME.late.npy` [notes, LATE, FRAME_SIZE] float16 if any of them sounds on beyond the rows, `NAME.stereo.npy` [notes,
STEREO_SIZE] float16 (models/playing/stereo.py) if any of them is stereo, and `NAME.json` with the description of each note. It is complete
when its JSON is there. `data.json` describes the whole folder: the source of its notes, and which of them the last command did not request
(they stay, so a later command can use them again). A note's `loudness_db` is its K-weighted loudness, and its rows are louder by its
`raised_db` than it is (0 where that is missing): loudness_normalisation.py. `skipped.json` lists the notes that could not be used, with
reasons.

Format 4 is written. Format 3 had no stereo: its notes are mono. Formats 1 and 2 (parts of one instrument, velocity and length, without
data.json; in the first, silence was -100 dB of level and -110 dB of noise) can be read.
"""
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from hummingface.models.playing.atomic_file import replace_file, replacing
from hummingface.models.playing.checked_json import read_json
from hummingface.models.playing.frame import LEVEL, LEVEL_FLOOR_DB, NOISE, NOISE_FLOOR_DB
from hummingface.models.playing.stereo import MONO
from hummingface.train.notes.note import Labels

FORMAT = 4
READ_FORMATS = (3, FORMAT)         # beside those of 1 and 2
LARGEST_BYTES = 1 << 28            # of a file that describes notes: the training set of NSynth has 289,205
LATE_S = (4.4, 4.9, 5.5, 6.2, 7.0, 8.0, 9.0, 10.2, 11.5)
"""Times of the rows beyond those of the note image, for notes that die away slowly."""


class DataError(Exception):
    """A data folder cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Made:
    """A prepared note."""
    key: str
    labels: Labels
    rows: np.ndarray               # [ROWS, FRAME_SIZE], of the sound made louder by known["raised_db"]
    late: np.ndarray | None        # [LATE, FRAME_SIZE] at LATE_S; None where the note is not that long
    phase: np.ndarray              # [PARTIALS]
    known: dict[str, Any]          # f0_hz, valid_rows, peak_db, noise_peak_db, rms_db, loudness_db, raised_db, measured: of the sound
    stereo: np.ndarray | None = None    # [STEREO_SIZE]; None: mono


@dataclass(frozen=True)
class StorePart:
    """The JSON of a part: one entry for each row of its arrays."""
    stem: Path
    notes: list[dict[str, Any]]
    written: int                   # format

    def rows(self) -> np.ndarray:
        rows = np.load(self.stem.with_name(self.stem.name + ".rows.npy"), mmap_mode="r")
        if self.written > 1:
            return rows
        rows = np.array(rows)
        for kind, silence, floor in ((LEVEL, -100, LEVEL_FLOOR_DB), (NOISE, -110, NOISE_FLOOR_DB)):
            rows[..., kind][rows[..., kind] <= silence] = floor
        return rows

    def late(self) -> np.ndarray | None:
        path = self.stem.with_name(self.stem.name + ".late.npy")
        return np.load(path, mmap_mode="r") if path.is_file() else None

    def stereo(self) -> np.ndarray | None:
        """[notes, STEREO_SIZE]; None where all notes are mono."""
        path = self.stem.with_name(self.stem.name + ".stereo.npy")
        return np.load(path, mmap_mode="r") if path.is_file() else None

    def phase(self) -> np.ndarray:
        return np.load(self.stem.with_name(self.stem.name + ".phase.npy"), mmap_mode="r")


def write_array(path: Path, values: np.ndarray) -> None:
    """An array in a .npy file, whole or not at all. Raises OSError."""
    with replacing(path) as stream:
        np.save(stream, values)


def write_part(folder: Path, notes: Sequence[Made]) -> None:
    """Store notes as one part. Raises OSError, and leaves nothing, where the disk is full."""
    name = "part-" + sha256("".join(note.key for note in notes).encode()).hexdigest()[:16]
    about = [{"key": n.key} | asdict(n.labels) | n.known for n in notes]
    stem = folder / name
    arrays = {"rows": [n.rows for n in notes], "phase": [n.phase for n in notes]}
    if any(n.late is not None for n in notes):
        arrays["late"] = [n.rows[-1:].repeat(len(LATE_S), 0) if n.late is None else n.late for n in notes]
    if any(n.stereo is not None for n in notes):
        arrays["stereo"] = [MONO if n.stereo is None else n.stereo for n in notes]
    for kind, values in arrays.items():
        write_array(stem.with_name(f"{name}.{kind}.npy"), np.stack(values).astype(np.float16))
    replace_file(stem.with_name(name + ".json"), json.dumps({"format": FORMAT, "notes": about}))


def nothing_in(folder: Path, instruments: Sequence[str] | None, options: str = "") -> DataError:
    """The error text for a folder without notes, or without the requested instruments."""
    parts = [] if not instruments else [note["instrument"] for path in part_files(folder) for note in read_part(path).notes]
    if parts:
        return DataError(f"{folder}: no notes of {', '.join(instruments or ())}. It has those of {', '.join(sorted(set(parts))[:8])}"
                         f"{' ..' if len(set(parts)) > 8 else ''}.")
    return DataError(f"{folder}: no prepared notes. Make them with `hummingface train prepare SOURCE --out {folder}{options}`.")


def part_files(folder: Path) -> list[Path]:
    return sorted(Path(folder).glob("p*.json"))


def read_part(path: Path) -> StorePart:
    """A part of either format, with the labels of each of its notes. Raises DataError."""
    try:
        card = read_json(path, LARGEST_BYTES, finite=False)
        written = card["format"]
        if written in (1, 2):
            instrument = card["instrument"]
            shared = {"instrument": instrument["name"], "family": instrument["family"], "sustained": instrument["sustained"],
                      "program": instrument["program"], "velocity": card["velocity"], "hold_s": card["hold_s"],
                      "origin": card["soundfont"]}
            notes = [shared | note for note in card["notes"]]
        elif written in READ_FORMATS:
            notes = card["notes"]
        else:
            raise DataError(f"{path}: data of format {written!r}; this program reads 1 to {FORMAT}. Prepare it again.")
        for note in notes:
            if "let_go" in note:                                    # what "released" was called
                note["released"] = note.pop("let_go")
            if missing := {"instrument", "pitch", "velocity"} - set(note):
                raise ValueError(f"a note has no {', '.join(sorted(missing))}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Remove it and prepare again.") from error
    return StorePart(path.with_suffix(""), notes, written)


def read_data(folder: Path) -> dict[str, Any]:
    """`data.json`; empty where there is none (yet)."""
    try:
        data = read_json(Path(folder) / "data.json", LARGEST_BYTES, finite=False)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}/data.json: cannot be read ({error}). Prepare it again: what is there is kept.") from error
    return data if isinstance(data, dict) else {}


def write_data(folder: Path, data: dict[str, Any]) -> None:
    replace_file(folder / "data.json", json.dumps({"format": FORMAT} | data, indent=1))


def read_skipped(folder: Path) -> dict[str, str]:
    """{key: reason} of orders for which no note could be made: they are not tried again."""
    try:
        return dict(read_json(folder / "skipped.json", LARGEST_BYTES, finite=False)["by_key"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write_skipped(folder: Path, skipped: Sequence[tuple[str, str]], by_key: dict[str, str]) -> None:
    """`skipped`: (name, reason) of everything that the last command left out."""
    about = {"notes": [{"name": name, "reason": reason} for name, reason in skipped], "by_key": by_key}
    replace_file(folder / "skipped.json", json.dumps(about, indent=1))


def keys_in(folder: Path) -> set[str]:
    """The keys of all notes that are prepared. Raises DataError for a folder of format 1."""
    keys: set[str] = set()
    for path in part_files(folder):
        for note in read_part(path).notes:
            if "key" not in note:
                raise DataError(f"{folder}: prepared by an earlier version. Train on it as it is; prepare new notes into another folder.")
            keys.add(note["key"])
    return keys


def wanted(parts: Iterable[StorePart], folder: Path) -> list[tuple[StorePart, list[int]]]:
    """Parts with the indices of the notes that the last command requested, each note once."""
    unwanted, seen, found = set(read_data(folder).get("unwanted", ())), set(), []
    for part in parts:
        places = []
        for i, note in enumerate(part.notes):
            key = note.get("key")
            if key is None or (key not in unwanted and key not in seen):
                places.append(i)
                seen.add(key)
        if places:
            found.append((part, places))
    return found
