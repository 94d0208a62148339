"""The command `hummingface install train`, in a terminal, or with JSON lines for the window.

To the window: `{"tell": "size", "download_mb", "disk_mb"}`, `{"tell": "step", "text"}`, `{"tell": "progress", "mb"}` (what is on the
disk so far), and at the end `{"tell": "done"}` or `{"tell": "failed", "text"}`. When its standard input ends, it is cancelled.
"""
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable

from hummingface.instrument.installing import torch_build
from hummingface.instrument.installing.steps import Cancelled, InstallError
from hummingface.instrument.installing.training_extra import install

PROGRESS_S = 1.0


def run(cuda: bool, tell: bool, quiet: bool = False) -> int:
    """Returns the exit status. `quiet`: only what fails is said."""
    cancelled = threading.Event()
    if tell:
        threading.Thread(target=_until_left, args=(cancelled,), daemon=True).start()
    say = _json if tell else _failures if quiet else _text
    say("size", download_mb=torch_build.CUDA_MB if cuda else torch_build.CPU_MB,
        disk_mb=torch_build.CUDA_DISK_MB if cuda else torch_build.CPU_DISK_MB)
    try:
        install(lambda text: say("step", text=text), cuda=cuda, cancelled=cancelled, watch=_Watch(say).look if tell else lambda: None)
    except InstallError as error:
        say("failed", text=f"{error} Nothing that plays was changed; the same command resumes it.")
        return 1
    except Cancelled:
        say("failed", text="Cancelled.")
        return 130
    say("done")
    return 0


def _json(kind: str, **values: object) -> None:
    print(json.dumps({"tell": kind, **values}), flush=True)


def _text(kind: str, **values: object) -> None:
    match kind:
        case "size":
            print(f"About {values['download_mb']} MB to download, {values['disk_mb']} MB on the disk.", flush=True)
        case "step":
            print(values["text"], flush=True)
        case "failed":
            print(f"hummingface: {values['text']}", file=sys.stderr)
        case "done":
            print("Training, learning from recordings and reports can be used now.")


def _failures(kind: str, **values: object) -> None:
    if kind == "failed":
        _text(kind, **values)


def _until_left(cancelled: threading.Event) -> None:
    """Sets it when standard input ends: the parent process is gone, or has cancelled."""
    while os.read(0, 4096):
        pass
    cancelled.set()


class _Watch:
    """Reports how much has been downloaded: by how much the environment has grown, independent of the installer's output."""

    def __init__(self, say: Callable[..., None]) -> None:
        self._say, self._looked_s = say, 0.0
        self._begin, self._most = size_mb(), 0.0

    def look(self) -> None:
        if time.monotonic() - self._looked_s < PROGRESS_S:
            return
        self._looked_s = time.monotonic()
        self._most = max(self._most, size_mb() - self._begin)
        self._say("progress", mb=round(self._most))


def size_mb() -> float:
    """The size of the environment."""
    total = 0
    for folder, _, files in os.walk(sys.prefix):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total / 1e6
