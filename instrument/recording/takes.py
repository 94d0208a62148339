"""Lists the takes in a folder for the window, with outlines of their sound. Imports nothing heavy."""
import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from hummingface.instrument.recording import flac, riff
from hummingface.instrument.recording.naming import SOUNDS, UNFINISHED

MOST_SHOWN = 300
READ_FRAMES = 1 << 16           # read whole up to this many frames per column; of longer files a stretch in each
STRETCH_FRAMES = 1024


@dataclass(frozen=True)
class TakeEntry:
    """A take: its sound file, modification time (so that a changed file is read again), and size in bytes."""
    path: Path
    changed_ns: int
    size_bytes: int

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def files(self) -> list[Path]:
        """All files of the take that other programs can use: the sound, and the MIDI beside it."""
        midi = self.path.with_suffix(".mid")
        return [self.path, midi] if midi.exists() else [self.path]


def entries(folder: Path) -> list[TakeEntry]:
    """The takes in a folder, the newest first. Never raises: a missing folder has none."""
    found, paths = [], []
    with contextlib.suppress(OSError):
        paths = list(folder.iterdir())
    for path in paths:
        with contextlib.suppress(OSError):              # a file that has just been deleted, or a broken link, hides no other
            if path.suffix.lower() in SOUNDS and path.is_file():
                status = path.stat()
                found.append(TakeEntry(path, status.st_mtime_ns, status.st_size))
    return sorted(found, key=lambda entry: (entry.changed_ns, entry.name), reverse=True)[:MOST_SHOWN]


def is_take(path: Path) -> bool:
    """Whether a sound file contains a performance log, or its `.part` beside it does; any other file is just a recording."""
    try:
        if path.suffix.lower() == ".wav" and any(name == riff.TAKE_CHUNK for name, _, _ in riff.chunks_of(path)):
            return True
        if path.suffix.lower() == ".flac" and flac.played(path) is not None:
            return True
    except (OSError, riff.RiffError, flac.FlacError):
        return False
    return path.suffix.lower() in SOUNDS and path.with_suffix(UNFINISHED).is_file()


@dataclass(frozen=True)
class Picture:
    """The outline of a take: `low` and `high` [columns], -1..1, and its length."""
    low: np.ndarray
    high: np.ndarray
    seconds: float


def picture(path: Path, columns: int) -> Picture:
    """The outline of a sound in this many columns. Raises OSError where it cannot be read."""
    low, high = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
    try:
        with soundfile.SoundFile(path) as file:
            for column in range(columns):
                begin, end = (file.frames * k // columns for k in (column, column + 1))
                if end > begin:
                    file.seek(begin)
                    count = end - begin if file.frames <= READ_FRAMES * columns // 16 else min(end - begin, STRETCH_FRAMES)
                    block = file.read(count, dtype="float32", always_2d=True)
                    if len(block):
                        low[column], high[column] = block.min(), block.max()
            return Picture(low, high, file.frames / file.samplerate)
    except soundfile.LibsndfileError as error:
        raise OSError(f"{path}: cannot be read ({error.error_string})") from error
