"""Sound files that are written here: the name decides the format, and a file is there whole or not at all.

WAV and FLAC, 24 bits, stereo or mono. (Takes are written while they are played: `recording/wave_file.py`.)
"""
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from hummingface.instrument.files.unnamed_file import Growing
from hummingface.suggestions import close_names

FORMATS = {".wav": "WAV", ".flac": "FLAC"}          # by the end of the file's name
ENCODING = "PCM_24"
Write = Callable[[Sequence[np.ndarray]], None]


class SoundFileError(ValueError):
    """A name that no sound file can be written under; the text names it and what is allowed."""


def format_of(path: str | Path) -> str:
    """"WAV" or "FLAC", by the name. Raises SoundFileError for any other, OSError where something other than a file has the name."""
    path = Path(path)
    if path.exists() and not path.is_file():
        raise OSError(f"{path}: is no file that a sound can be written to")
    if (suffix := path.suffix.lower()) in FORMATS:
        return FORMATS[suffix]
    meant = close_names(suffix, FORMATS) or [".wav"]
    why = f"sound cannot be written as {path.suffix}" if suffix else "the name has no ending that says which format to write"
    raise SoundFileError(f"{path}: {why}. Name it {' or '.join(FORMATS)}, for example {path.with_suffix(meant[0]).name}.")


@contextmanager
def written_whole(paths: Sequence[Path], rate_hz: int, channels: int = 2) -> Iterator[Write]:
    """Takes a block, float32 [n, channels], for each of these files. The files get their names together, once all of them are complete.
    Raises SoundFileError, before anything is opened, and OSError, naming the file and why."""
    import soundfile
    formats = [format_of(path) for path in paths]
    at = paths[0]                                           # the file that is at work
    growing: dict[Path, Growing] = {}
    try:
        with ExitStack() as opened:
            files = []
            for at, kind in zip(paths, formats, strict=True):
                growing[at] = Growing(at)                   # which says why not, where libsndfile says "System error"
                files.append(opened.enter_context(
                    soundfile.SoundFile(growing[at].fd, "w", rate_hz, channels, ENCODING, format=kind, closefd=False)))

            def write(blocks: Sequence[np.ndarray]) -> None:
                nonlocal at
                for path, file, block in zip(paths, files, blocks, strict=True):
                    at = path
                    file.write(block)
            yield write
        for at in paths:
            growing[at].keep()
    except soundfile.LibsndfileError as error:
        raise OSError(f"{at}: cannot be written ({growing[at].why_full() or error.error_string})") from error
    except OSError as error:
        raise OSError(f"{at}: cannot be written ({error.strerror})" if error.strerror else str(error)) from error
    finally:
        for begun in growing.values():
            begun.drop()


def write(path: Path, sound: np.ndarray, rate_hz: int) -> None:
    """Write `sound`, float32 [samples] or [samples, channels], over a file of this name. Raises SoundFileError, OSError."""
    sound = np.asarray(sound, np.float32)
    sound = sound[:, None] if sound.ndim == 1 else sound
    with written_whole([path], rate_hz, sound.shape[1]) as write_block:
        write_block([sound])
