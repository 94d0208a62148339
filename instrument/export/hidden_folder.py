"""Makes an exported instrument appear whole or not at all: it is written to a hidden folder beside its place, and renamed when it is done.

An export that is stopped, even by `kill -9` or a full disk, leaves nothing under the final name. The next export into the same folder
removes the hidden folder of one that was killed.
"""
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hummingface.instrument.files.paths import refuse_existing
from hummingface.instrument.files.processes import is_running
from hummingface.instrument.recording.naming import move

_HIDDEN = re.compile(r"\.hummingface-export-(\d+)")


class ExportError(ValueError):
    """An export that is not possible; the text says why and what to do."""


@contextmanager
def growing(folder: Path, targets: list[Path]) -> Iterator[Path]:
    """A hidden folder in which all `targets` (in `folder`) are made under their names. At the end they are moved to their places, the main
    file last. Raises OSError, naming the place, and then leaves nothing.
    """
    refuse_existing(*targets, error=ExportError)
    _sweep(folder)
    hidden = folder / f".hummingface-export-{os.getpid()}"
    moved: list[Path] = []
    try:
        hidden.mkdir(parents=False)
        yield hidden
        refuse_existing(*targets, error=ExportError)
        for target in targets:
            made = hidden / target.name
            if made.is_dir():
                os.rename(made, target)
            else:
                move(made, target)
            moved.append(target)
    except BaseException as error:
        for target in moved:
            shutil.rmtree(target, ignore_errors=True)
            with suppress(OSError):
                target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(f"{targets[-1]}: cannot be exported ({error.strerror or error}); no file was left there") from error
        raise
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def sweep_of(folder: Path, pid: int) -> None:
    """Remove the hidden files that process `pid`, which was killed, left in a folder."""
    shutil.rmtree(folder / f".hummingface-export-{pid}", ignore_errors=True)


def _sweep(folder: Path) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            found = _HIDDEN.fullmatch(path.name)
            if found and not is_running(int(found[1])):
                shutil.rmtree(path, ignore_errors=True)
