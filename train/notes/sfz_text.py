"""The text of an SFZ file with its includes and definitions in place, as players read it (ARIA's layouts among them). See sfzformat.com.

Includes are named from the folder of the file that is opened, however deep they are nested; one file may be included many times. A
definition holds from where it stands, on any line, until the next of the same name.
"""
import re
from pathlib import Path

from hummingface.train.notes.note import SourceError

MOST_INCLUDES, LARGEST_BYTES = 2000, 16 << 20
_STEP = re.compile(r'//[^\n]*|/\*.*?\*/|#include[ \t]+"([^"\n]+)"|#define[ \t]+(\$\w+)[ \t]+(\S+)', re.DOTALL)
_NAME = re.compile(r"\$\w+")


def sfz_text(path: Path) -> tuple[str, set[Path]]:
    """(the whole text without comments, the files that it includes). Raises SourceError, naming the file that cannot be read."""
    reader = _Reader(path.parent)
    return reader.text(path, ()), reader.includes


class _Reader:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._defined: dict[str, str] = {}
        self.includes: set[Path] = set()
        self._read_files, self._bytes = 0, 0

    def text(self, path: Path, within: tuple[Path, ...]) -> str:
        if path in within:
            raise SourceError(f"{path}: includes itself, by way of {', '.join(file.name for file in within)}.")
        raw = self._read(path)
        parts, at = [], 0
        for step in _STEP.finditer(raw):
            parts.append(self._filled(raw[at:step.start()]))
            at = step.end()
            if step[1]:
                parts.append(self.text(self._file(self._filled(step[1]), path), (*within, path)))
            elif step[2]:
                self._defined[step[2]] = self._filled(step[3])
            else:
                parts.append(" ")                           # a comment
        return "".join([*parts, self._filled(raw[at:])])

    def _read(self, path: Path) -> str:
        self._read_files += 1
        if self._read_files > MOST_INCLUDES:
            raise SourceError(f"{path}: the mapping has more than {MOST_INCLUDES} includes.")
        try:
            self._bytes += path.stat().st_size
            if self._bytes > LARGEST_BYTES:
                raise SourceError(f"{path}: the mapping is larger than {LARGEST_BYTES >> 20} MiB; it is not an SFZ file.")
            return path.read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror}).") from error

    def _file(self, name: str, includer: Path) -> Path:
        """From the opened file's folder; some collections name it from the including file's."""
        plain = name.replace("\\", "/")
        from_root, beside = self._root / plain, includer.parent / plain
        file = beside if beside.exists() and not from_root.exists() else from_root
        self.includes.add(file.resolve())
        return file

    def _filled(self, text: str) -> str:
        """With the values of what is defined. Of `$KEY` and `$KEY2` the longer name is meant, where both are defined."""
        if "$" not in text or not self._defined:
            return text
        return _NAME.sub(lambda found: self._value(found[0]), text)

    def _value(self, name: str) -> str:
        for end in range(len(name), 1, -1):                 # "$ROOTb" is "$ROOT" and a "b", unless "$ROOTb" is defined
            if name[:end] in self._defined:
                return self._defined[name[:end]] + name[end:]
        return name
