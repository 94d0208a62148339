"""Runs an export in a process of its own, for the window: `python -m hummingface.instrument.export.export_process`.

The first line of its input is a request in JSON: {"kind": "sfz" .. "wavetable", "patch": {..}, "out": path, "options": {..}}. When the
input ends, the process ends and leaves no files. It writes JSON objects, one a line: {"done", "of"} repeatedly, then {"out", "text"} or
{"problem"}.
"""
import contextlib
import json
import logging
import os
import sys
import threading
from typing import Any

from hummingface.instrument.logs import log_files
from hummingface.models.playing.checked_json import parse_json

NICENESS = 10                       # under the sound and the window


class Ended(Exception):
    """The window has cancelled the export."""


def _tell(**message: Any) -> None:
    print(json.dumps(message), flush=True)


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
        from hummingface.instrument.export import export
        from hummingface.instrument.patches.patch import from_json
        from hummingface.instrument.performance import sound_bank
        sound = sound_bank.open_sound(from_json(request["patch"]))
        report = export.export(request["kind"], sound, request["out"], request["options"], progress)
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
