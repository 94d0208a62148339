"""Runs an export in a process of its own, for the window: `python -m hummingface.instrument.export.export_process`.

The first line of its input is a request in JSON: {"kind": "sfz" .. "wavetable", "patch": {..}, "out": path, "options": {..}}. When the
input ends, the process ends and leaves no files. It writes JSON objects, one a line: {"done", "of"} repeatedly, then {"out", "text"} or
{"problem"}.
"""
import contextlib
import dataclasses
import json
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from hummingface.instrument.logs import log_files
from hummingface.models.playing.checked_json import parse_json

if TYPE_CHECKING:
    from hummingface.instrument.export.multisample import MultisampleOptions
    from hummingface.instrument.export.wavetable import WavetableOptions

T = TypeVar("T", "WavetableOptions", "MultisampleOptions")
NICENESS = 10                       # under the sound and the window


class Ended(Exception):
    """The window has cancelled the export."""


def _tell(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def _options(kind: type[T], values: dict) -> T:
    known = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in known})


def main() -> int:
    """Returns the exit status: 0 done or cancelled, 1 a problem was reported."""
    log_files.begin("export")
    ended = threading.Event()
    request = parse_json(sys.stdin.buffer.readline())

    def wait() -> None:
        while os.read(0, 1 << 16):          # not through `sys.stdin`, whose lock Python wants when it ends
            pass
        ended.set()
    threading.Thread(target=wait, daemon=True).start()
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)

    def progress(done: int, total: int) -> None:
        if ended.is_set():
            raise Ended
        _tell(done=done, of=total)
    try:
        from hummingface.instrument.export import multisample, wavetable
        from hummingface.instrument.patches.patch import from_json
        from hummingface.instrument.performance import sound_bank
        sound = sound_bank.open_sound(from_json(request["patch"]))
        if request["kind"] == "wavetable":
            report: wavetable.WavetableReport | multisample.MultisampleReport = wavetable.export(
                sound, request["out"], _options(wavetable.WavetableOptions, request["options"]), progress)
        else:
            report = multisample.export(request["kind"], sound, request["out"], _options(multisample.MultisampleOptions,
                                                                                         request["options"]), progress)
        _tell(out=str(report.out), text=str(report))
    except Ended:
        pass
    except (OSError, ValueError) as error:
        logging.getLogger(__name__).exception("%s", error)
        _tell(problem=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
