"""A file that has no name until it is complete: a killed process leaves nothing of it, and an older file stays until then."""
import contextlib
import os
import re
import shutil
from pathlib import Path

from hummingface.instrument.files.processes import is_running
from hummingface.models.playing.file_names import beside


class Growing:
    """A file that will be `target`. Write to `fd`; `keep` gives it its name, `drop` discards it. Raises OSError where it cannot be made.

    Linux has files without a name. Elsewhere it is "NAME.PID.tmp" meanwhile, which the next file of this name removes if the process was
    killed.
    """

    def __init__(self, target: Path) -> None:
        self._target = target.resolve()
        self._named = self._target.with_name(f"{beside(target.name)}.{os.getpid()}.tmp")
        self._sweep()
        self.fd, self._nameless = self._open()

    def _open(self) -> tuple[int, bool]:
        with contextlib.suppress(OSError, AttributeError):          # not every file system has them
            return os.open(self._target.parent, os.O_TMPFILE | os.O_RDWR, 0o666), True
        return os.open(self._named, os.O_CREAT | os.O_RDWR | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666), False

    def keep(self) -> None:
        """The file is complete: give it its name."""
        if self._nameless:
            self._name()
        else:
            self._close()                                           # Windows renames no open file
        os.replace(self._named, self._target)

    def _name(self) -> None:
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:                                                        # given a folder, Python follows the link in /proc, else it does not
            os.link(f"/proc/self/fd/{self.fd}", self._named.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:                                             # without /proc
            os.lseek(self.fd, 0, os.SEEK_SET)
            with open(os.dup(self.fd), "rb") as made, self._named.open("wb") as copy:
                shutil.copyfileobj(made, copy)
        finally:
            os.close(folder)

    def drop(self) -> None:
        """Discard the file, unless it was kept."""
        self._close()
        with contextlib.suppress(OSError):
            self._named.unlink(missing_ok=True)

    def why_full(self) -> str:
        """The reason why nothing more can be written to it; empty if it can."""
        try:
            os.lseek(self.fd, 0, os.SEEK_END)
            os.write(self.fd, bytes(1 << 16))
            os.fsync(self.fd)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _close(self) -> None:
        if self.fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self.fd)
            self.fd = -1

    def _sweep(self) -> None:
        """Remove what killed processes left of the same name."""
        pattern = re.compile(re.escape(beside(self._target.name)) + r"\.(\d+)\.tmp")
        with contextlib.suppress(OSError):
            for path in self._target.parent.iterdir():
                if (found := pattern.fullmatch(path.name)) and not is_running(int(found[1])):
                    path.unlink()
