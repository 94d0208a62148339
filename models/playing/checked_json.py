"""The one reader of JSON in the project: it checks every file and message, which may come from anywhere.

Python's own reader accepts NaN, integers of four thousand digits (no float holds them), `1e999` and nesting as deep as its stack. This one
refuses, before or during reading, a text that is longer, deeper or bigger than the caller allows, is not UTF-8, names a field twice or
holds a number that is not finite. The result consists of dict, list, str, bool, None, int (within LARGEST_INTEGER) and float; which fields
there should be, and within which range, is for the caller to check.
"""
import errno
import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

JsonObject = dict[str, Any]         # whose fields the caller checks
LARGEST_BYTES = 4 << 20
DEEPEST = 64                        # lists and objects within each other
LARGEST_INTEGER = 2 ** 63 - 1
LONGEST_NUMBER = 64                 # characters

_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)        # or one that never ends: then nothing is looked at twice
_ALIKE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class JsonError(ValueError):
    """A text that is not JSON, or not within the limits; says what is wrong, and in which file if it is in one."""


def parse_json(data: bytes | str, largest_bytes: int = LARGEST_BYTES, made_of: Callable[[dict], Any] | None = None,
               finite: bool = True) -> Any:
    """The values in a text. Raises JsonError.

    `made_of` takes each object as soon as it is read and gives what stands in its place. `finite` False lets NaN and Infinity through, for
    files of measurements that say so with them.
    """
    data = data.encode(errors="surrogatepass") if isinstance(data, str) else data
    if len(data) > largest_bytes:
        raise JsonError(f"larger than the {_size(largest_bytes)} that are allowed")
    _check_depth(data)
    decoder = _decoder(_object if made_of is None else lambda pairs: made_of(_object(pairs)), finite) if made_of or not finite else _PLAIN
    try:
        return decoder.decode(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise JsonError(f"not UTF-8 (byte {error.start})") from error
    except (json.JSONDecodeError, RecursionError, MemoryError) as error:
        raise JsonError(f"not JSON ({error or type(error).__name__})") from error


def read_json(file: str | Path, largest_bytes: int = LARGEST_BYTES, finite: bool = True) -> Any:
    """The values in a file, as `parse_json` takes them. Raises JsonError, which names it, for what it holds, and OSError where it cannot
    be read."""
    try:
        return parse_json(read_bytes(file, largest_bytes), largest_bytes, finite=finite)
    except JsonError as error:
        raise JsonError(f"{file}: {error}") from error


def open_file(file: str | Path) -> BinaryIO:
    """A regular file, to be read. Never waits for a pipe, or opens a device. Raises OSError, also for what is not a regular file."""
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    except ValueError as error:                         # a NUL in its name
        raise OSError(errno.EINVAL, "not a valid file name", str(file)) from error
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, f"it is a {'folder' if stat.S_ISDIR(mode) else 'device or a pipe'}, not a file", str(file))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_bytes(file: str | Path, largest_bytes: int) -> bytes:
    """The content of a file, and one byte more than `largest_bytes` of a larger one. As `open_file`."""
    with open_file(file) as stream:
        return stream.read(largest_bytes + 1)


def read_file(file: str | Path, largest_bytes: int, error: type[Exception], what: str) -> bytes:
    """The content of a file that should be `what`, as "a patch". Raises `error`, with the file, what is wrong and why."""
    try:
        data = read_bytes(file, largest_bytes)
    except OSError as why:
        raise error(f"{file}: cannot be read ({why.strerror or why})") from why
    if len(data) > largest_bytes:
        raise error(f"{file}: larger than the {_size(largest_bytes)} that are allowed, so it is not {what}")
    return data


def _check_depth(data: bytes) -> None:
    """Checks the nesting by removing innermost brackets, layer by layer, without a stack that could overflow."""
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return
    left = _TEXT.sub(b"", data).translate(_ALIKE, _NO_BRACKETS)
    for _ in range(DEEPEST):
        left, before = left.replace(b"[]", b""), len(left)
        if len(left) == before:                         # unbalanced brackets: no JSON, but is it deep?
            left = left if left.count(b"[") > DEEPEST else b""
            break
    if left:
        raise JsonError(f"lists and objects are nested more than {DEEPEST} deep, or are never closed")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise JsonError(f"an object has two fields of the same name, among {', '.join(repr(name)[:40] for name in list(made)[:4])}")
    return made


def _integer(text: str) -> int:
    value = int(text) if len(text) <= LONGEST_NUMBER else LARGEST_INTEGER + 1
    if abs(value) > LARGEST_INTEGER:
        raise JsonError(f"{_short(text)} is too large a whole number")
    return value


def _float(text: str) -> float:
    value = float(text) if len(text) <= LONGEST_NUMBER else float("inf")
    if value in (float("inf"), float("-inf")):
        raise JsonError(f"{_short(text)} is too large, or has too many digits")
    return value


def _refuse(constant: str) -> Any:
    raise JsonError(f"{constant} is not a number that can be used")


def _decoder(object_of: Callable[[list[tuple[str, Any]]], Any], finite: bool) -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=object_of, parse_int=_integer, parse_float=_float,
                            parse_constant=_refuse if finite else float)


_PLAIN = _decoder(_object, finite=True)


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:12]}… ({len(text)} characters)"


def _size(count: int) -> str:
    return f"{count >> 20} MB" if count >= 1 << 20 else f"{count >> 10} KB"
