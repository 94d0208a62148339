"""Compiles everything that the first note needs, in two processes side by side, since numba compiles one function at a time.

    python -m hummingface.instrument.audio.precompile

compiles both halves, and then, at low priority, what may be needed later. `finish` waits for the two halves, whichever process compiles
them: each holds a lock while it works, and leaves a mark when it is done.
"""
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from hummingface.compiled import cache_folder, remove_old_folders
from hummingface.instrument.files.locks import alone
from hummingface.instrument.files.processes import own_environment

COMPILES = "Compiling for this machine. Only the first start takes so long."
BEHIND = 19                         # how nice it is to everything else


def synthesis() -> None:
    """The audio thread's half: the render function and the device callbacks."""
    import hummingface.instrument.synthesis.callback
    import hummingface.instrument.synthesis.render  # noqa: F401


def performance() -> None:
    """The performer's half, with the decoder: plays a few notes of the first patch without rendering them."""
    from hummingface.instrument.performance import sound_bank
    from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
    from hummingface.instrument.performance.performer import Performer
    from hummingface.instrument.synthesis.state import new_state
    sound = sound_bank.open_sound()
    performer = Performer(new_state(48000), sound.source, sound.patch)
    for note in (60, 64, 67):
        performer.receive(NoteOn(0, note, 100), 0)
    performer.receive(NoteOff(0, 60), 100)
    performer.advance(1024)


def later() -> None:
    """Functions that only some players need: JACK's callbacks, a mix of several parts. Also removes what other versions left."""
    import numpy as np

    from hummingface.instrument.synthesis.limiter import limit_mix, limiter_dtype
    limit_mix(np.zeros(1, limiter_dtype), np.zeros((64, 2), np.float32), 48000)
    with contextlib.suppress(OSError):
        import hummingface.instrument.audio.devices.jack_stream  # noqa: F401
    remove_old_folders()


HALVES: dict[str, Callable[[], None]] = {"synthesis": synthesis, "performance": performance}


def _folder(half: str) -> Path:
    """Where a half's mark is kept: a folder of its own for each version of its sources."""
    source = "synthesis/render.py" if half == "synthesis" else "performance/performer.py"
    folder = cache_folder(Path(__file__).parents[1] / source)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _mark(half: str) -> Path:
    """The file that exists once a half is compiled, for this Python and this processor."""
    from llvmlite.binding import get_host_cpu_name
    return _folder(half) / f"{half}-{sys.implementation.cache_tag}-{get_host_cpu_name()}.done"


def missing() -> list[str]:
    """The halves that were never completely compiled on this machine."""
    return [half for half in HALVES if not _mark(half).exists()]


def finish(say: Callable[[str], None] = lambda text: None) -> None:
    """Returns when everything that a start needs is compiled; `say` gets a text if that takes a while. Does nothing the next time.

    Functions that cannot be cached on disk are compiled where they are used.
    """
    if not missing():
        return
    say(COMPILES)
    workers = [_begin(half) for half in missing() if _can_write(half)]
    for worker in workers:
        worker.wait()
    if workers and not missing():
        behind = _begin("later")
        threading.Thread(target=behind.wait, daemon=True).start()       # nothing waits for it, but its end must be collected


def _begin(what: str) -> subprocess.Popen:
    """Compile a half, or the functions needed "later", in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "hummingface.instrument.audio.precompile", what], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=own_environment())


def _can_write(half: str) -> bool:
    return os.access(_folder(half), os.W_OK)


def compile_half(half: str) -> None:
    """Compile a half, or load it, and mark it as done."""
    with alone(_folder(half) / f"{half}.lock"):
        if not _mark(half).exists():
            HALVES[half]()
            _mark(half).touch()


def main(words: list[str]) -> int:
    from hummingface.instrument.logs.log_failures import begin_at_failure
    begin_at_failure("compiling")
    if words == ["later"]:
        with contextlib.suppress(OSError, AttributeError):
            os.nice(BEHIND)
        later()
    elif words:
        compile_half(words[0])
    else:
        finish()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
