"""Files and values that nobody should trust, for the tests of everything that reads files."""
import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HUGE = "1" + "0" * 400
MARKUP = 'Pad <img src="file:///dev/zero"> & <b>more</b>'

TEXTS = {
    "empty": b"", "half": b'{"format": ', "no object": b"[]", "null": b"null", "a number": b"3", "not UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"), "lists without end": b"[" * 100_000, "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "NaN": b'{"format": NaN}', "Infinity": b'{"window": {"x": [-Infinity]}}',
    "1e999": b'{"gain_db": 1e999}', "401 digits": b'{"gain_db": ' + HUGE.encode() + b"}",
    "5,000 digits": b'{"gain_db": ' + b"9" * 5000 + b"}",
    "a long fraction": b'{"gain_db": 0.' + b"1" * 100_000 + b"}", "twice the same field": b'{"name": "a", "name": "b"}',
    "a NUL": b"\0" * 100, "spaces": b" " * (5 << 20),
}


def places(values: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of keys and indices of everything within plain values, themselves included."""
    yield path
    inner = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


def replaced(values: Any, path: tuple, value: Any) -> Any:
    """A copy with one value in another's place."""
    if not path:
        return value
    copy = json.loads(json.dumps(values))
    here = copy
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return copy


WRONG = (None, True, "x", "\0", "\ud800", -1, 10 ** 400, 2 ** 60, -1e308, float("nan"), float("inf"), [], {}, [[]], {"": None})


def unprivileged() -> dict[str, Any]:
    """Options for a process that may write only where modes let it, though it be root's."""
    if sys.platform != "linux" or os.getuid() != 0:
        return {}

    def drop() -> None:
        for capability in range(5):                     # to change owners and modes, and to read and write whatever they say
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)            # PR_CAPBSET_DROP
    return {"preexec_fn": drop}


def refusal(kind: type[Exception], act: Callable[[], Any]) -> str:
    """What an error of this kind says; empty where there is none. Any other error goes on."""
    try:
        act()
    except kind as error:
        return str(error)
    return ""


def not_files(folder: Path, suffix: str) -> dict[str, Path]:
    """What is no regular file although it is called like one: a folder, a pipe, a loop, a link to a device, one to nothing."""
    made: dict[str, Callable[[Path], Any]] = {
        "folder": Path.mkdir, "pipe": os.mkfifo, "loop": lambda path: path.symlink_to(path),
        "device": lambda path: path.symlink_to("/dev/zero"), "nothing": lambda path: path.symlink_to("/nowhere")}
    paths = {name: folder / f"{name}{suffix}" for name in made}
    for name, make in made.items():
        make(paths[name])
    return paths


def sparse(path: Path, size_bytes: int) -> Path:
    """A file of this size that takes no room."""
    with path.open("wb") as file:
        file.truncate(size_bytes)
    return path
