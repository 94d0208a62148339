"""Writes files whole or not at all, and renames files that cannot be used; it never removes them."""
import contextlib
import datetime
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hummingface.models.playing.file_names import beside


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """An open file for the new content of `file`, which takes its name when the block ends: the content is on disk before it has the name,
    so that even a power cut leaves one or the other.

    Where `file` is a link, the file that it leads to is replaced or made, and the link stays. It is as readable as the file before it was,
    or as any new file. Raises OSError, and leaves nothing beside it, also where the block raises.
    """
    file = _behind_links(file)
    partial = file.with_name(f".{beside(file.name)}.{secrets.token_hex(4)}.tmp")
    try:
        with partial.open("x+b") as stream:
            yield stream
            stream.flush()
            _make_as_readable(stream, file)
            os.fsync(stream.fileno())
        os.replace(partial, file)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    _sync_folder(file.parent)


def _behind_links(file: Path) -> Path:
    """The file that a link leads to, if its folder is there; the file itself where it is no link, or leads in a circle."""
    there = Path(os.path.realpath(file)) if file.is_symlink() else file
    return there if there.parent.is_dir() and not there.is_symlink() else file


def _make_as_readable(stream: BinaryIO, file: Path) -> None:
    with contextlib.suppress(OSError, AttributeError):          # no file was there before, or a system without modes
        os.fchmod(stream.fileno(), stat.S_IMODE(file.stat().st_mode))


def replace_file(file: Path, content: bytes | memoryview | str) -> None:
    """Replace a file's content as `replacing` does; text is written as UTF-8. Raises OSError."""
    with replacing(file) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def set_aside(file: Path) -> Path | None:
    """Rename an unusable file to `NAME.bad-DATE`, never over an existing one. Returns its new path; None where that cannot be done."""
    day = datetime.date.today().isoformat()
    for number in range(1, 1000):
        aside = file.with_name(f"{file.name}.bad-{day}" + (f"-{number}" if number > 1 else ""))
        if not os.path.lexists(aside):
            try:
                os.rename(file, aside)
            except OSError:
                return None
            return aside
    return None


def _sync_folder(folder: Path) -> None:
    """Sync the folder, so that the new name, too, is on disk (where the system supports it)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
