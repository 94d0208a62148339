"""Where takes are saved, and their names: by date, patch and key, never over an existing file."""
import contextlib
import datetime
import math
import os
from pathlib import Path

import platformdirs

from hummingface.models.playing.file_names import plain

SOUNDS = (".wav", ".flac")
UNFINISHED = ".part"                # beside a take while it is recorded
NOTES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
# How well each degree fits a key, from the tonic up: Krumhansl & Kessler 1982.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
FEWEST_FOR_A_KEY = 3                # pitch classes; with fewer the lowest note names the take


def folder() -> Path:
    """The user's folder for takes, inside the music folder; `HUMMINGFACE_HOME` moves it."""
    home = os.environ.get("HUMMINGFACE_HOME")
    return Path(home) / "takes" if home else Path(platformdirs.user_music_dir()) / "HummingFace"


def stem(at: datetime.datetime, patch: str, key: str = "") -> str:
    """A take's name without its suffix: "2026-11-23 14.05.09 Glass Reed A minor"."""
    words = plain(patch, also="#&+'", instead=" ") or "take"
    return " ".join(filter(None, (at.strftime("%Y-%m-%d %H.%M.%S"), words, key)))


def key_of(notes: list[tuple[int, float]]) -> str:
    """The key of (MIDI note, seconds) pairs: "A minor"; of one or two pitches the lowest: "A3"; empty where nothing was played."""
    weight = [0.0] * 12
    for note, seconds in notes:
        weight[note % 12] += max(seconds, 0.01)
    if not notes:
        return ""
    if sum(w > 0 for w in weight) < FEWEST_FOR_A_KEY:
        lowest = min(note for note, _ in notes)
        return f"{NOTES[lowest % 12]}{lowest // 12 - 1}"
    fits = {f"{NOTES[tonic]} {name}": _correlation(weight[tonic:] + weight[:tonic], profile)
            for tonic in range(12) for name, profile in (("major", _MAJOR), ("minor", _MINOR))}
    return max(fits, key=lambda name: fits[name])


def _correlation(x: list[float], y: tuple[float, ...]) -> float:
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    both = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return both / math.sqrt(sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y) + 1e-12)


def free_stem(where: Path, wanted: str, suffixes: tuple[str, ...]) -> str:
    """`wanted`, or with a number after it, such that no file with that name and any of the suffixes exists."""
    for number in range(1, 10_000):
        name = wanted if number == 1 else f"{wanted} {number}"
        if not any((where / f"{name}{suffix}").exists() for suffix in suffixes):
            return name
    raise OSError(f"{where}: ten thousand takes are called {wanted!r}")


def move(source: Path, target: Path) -> None:
    """Rename a file, never over another one. Raises OSError, FileExistsError among them."""
    try:
        os.link(source, target)             # fails atomically if the name is taken
    except FileExistsError:
        raise
    except OSError:                         # no such links on this file system
        if target.exists():
            raise FileExistsError(f"{target} already exists") from None
        os.rename(source, target)
    else:
        with contextlib.suppress(OSError):
            source.unlink()
