"""The text of an SFZ file with its includes and definitions in place, as players read it (ARIA's layouts among them). See sfzformat.com.

Includes are named from the folder of the file that is opened, however deep they are nested; one file may be included many times. A
definition holds from where it stands, on any line, until the next of the same name.
"""
import re
from pathlib import Path

from hummingface.models.playing.checked_json import read_bytes
from hummingface.train.notes.note import SourceError

MOST_INCLUDES, LARGEST_BYTES = 2000, 8 << 20
DEEPEST = 50                        # includes within each other
LONGEST_VALUE = 4096                # characters of a definition, with those within it
_STEP = re.compile(r'//[^\n]*|/\*(?:.*?\*/|.*)|#include[ \t]+"([^"\n]+)"|#define[ \t]+(\$\w+)[ \t]+(\S+)', re.DOTALL)
_NAME = re.compile(r"\$\w+")


def sfz_text(path: Path) -> tuple[str, set[Path]]:
    """(the whole text without comments, the files that it includes). Raises SourceError, naming the file that cannot be read."""
    reader = _Reader(path)
    return reader.text(path, ()), reader.includes


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path, self._root = path, path.parent
        self._defined: dict[str, str] = {}
        self.includes: set[Path] = set()
        self._read_files, self._bytes, self._longest = 0, 0, 0

    def text(self, path: Path, within: tuple[Path, ...]) -> str:
        if path in within:
            raise SourceError(f"{path}: includes itself, by way of {', '.join(file.name for file in within)}.")
        if len(within) > DEEPEST:
            raise SourceError(f"{path}: is included more than {DEEPEST} files deep.")
        raw = self._read(path)
        parts, at = [], 0
        for step in _STEP.finditer(raw):
            parts.append(self._filled(raw[at:step.start()]))
            at = step.end()
            if step[1]:
                parts.append(self.text(self._file(self._filled(step[1]), path), (*within, path)))
            elif step[2]:
                self._define(step[2], self._filled(step[3]), path)
            else:
                parts.append(" ")                           # a comment
        return "".join([*parts, self._filled(raw[at:])])

    def _read(self, path: Path) -> str:
        self._read_files += 1
        if self._read_files > MOST_INCLUDES:
            raise SourceError(f"{path}: the mapping has more than {MOST_INCLUDES} includes.")
        try:
            data = read_bytes(path, LARGEST_BYTES)
        except OSError as error:
            raise SourceError(f"{str(path).replace(chr(0), '?')}: cannot be read ({error.strerror}).") from error
        self._count(len(data))
        return data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > LARGEST_BYTES:
            raise SourceError(f"{self._path}: the mapping is larger than {LARGEST_BYTES >> 20} MiB with includes and definitions; it is "
                              "not an SFZ file.")

    def _define(self, name: str, value: str, path: Path) -> None:
        if len(value) > LONGEST_VALUE:
            raise SourceError(f"{path}: {name[:40]} stands for more than {LONGEST_VALUE} characters.")
        self._defined[name] = value
        self._longest = max(self._longest, len(name))

    def _file(self, name: str, includer: Path) -> Path:
        """From the opened file's folder; some collections name it from the including file's."""
        plain = name.replace("\\", "/")
        from_root, beside = self._root / plain, includer.parent / plain
        if "\0" in plain:
            raise SourceError(f"{includer}: includes {plain.replace(chr(0), '?')!r:.80}, which is not a valid file name.")
        try:
            file = beside if beside.exists() and not from_root.exists() else from_root
            self.includes.add(file.resolve())
        except (OSError, RuntimeError) as error:                   # a name that is too long, links in a circle
            raise SourceError(f"{includer}: includes {plain!r:.80}, which cannot be read ({error}).") from error
        return file

    def _filled(self, text: str) -> str:
        """With the values of what is defined. Of `$KEY` and `$KEY2` the longer name is meant, where both are defined."""
        if "$" not in text or not self._defined:
            return text
        return _NAME.sub(lambda found: self._value(found[0]), text)

    def _value(self, name: str) -> str:
        for end in range(min(len(name), self._longest), 1, -1):     # "$ROOTb" is "$ROOT" and a "b", unless "$ROOTb" is defined
            if name[:end] in self._defined:
                value = self._defined[name[:end]]
                self._count(len(value))
                return value + name[end:]
        return name
