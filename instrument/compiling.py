"""What is compiled for this machine before the first note: two halves side by side, for numba compiles one function at a time.

    python -m instrument.compiling

does both and then, behind them and out of the way, what may be wanted later. `finish` waits for the two halves, whoever is at them: each
holds a lock while it works, and leaves a mark when it is done.
"""
import contextlib
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

COMPILES = "Compiling for this machine. Only the first start takes so long."
PROJECT = Path(__file__).resolve().parents[1]
BEHIND = 19                         # how nice it is to everything else


def synthesis() -> None:
    """The audio thread's half: what renders, and what the sound device calls."""
    import instrument.synthesis.callback
    import instrument.synthesis.render  # noqa: F401


def performance() -> None:
    """The performer's half, with the decoder: a few notes of the first patch, of which nothing is rendered."""
    from instrument import library
    from instrument.performance.midi import NoteOff, NoteOn
    from instrument.performance.performer import Performer
    from instrument.synthesis.state import new_state
    sound = library.open_sound()
    performer = Performer(new_state(48000), sound.timbre, sound.patch)
    for note in (60, 64, 67):
        performer.receive(NoteOn(0, note, 100), 0)
    performer.receive(NoteOff(0, 60), 100)
    performer.advance(1024)


def later() -> None:
    """What only some players want: JACK's callbacks, a mix of several parts."""
    import numpy as np

    from instrument.synthesis.limiter import limit_mix, limiter_dtype
    limit_mix(np.zeros(1, limiter_dtype), np.zeros((64, 2), np.float32), 48000)
    with contextlib.suppress(OSError):
        import instrument.audio.jack_stream  # noqa: F401


HALVES: dict[str, Callable[[], None]] = {"synthesis": synthesis, "performance": performance}


def _folder(half: str) -> Path:
    """Where a half keeps what it compiled: a folder of its own for each version of its sources."""
    if half == "synthesis":
        from instrument.synthesis.compiled import cache_folder
        return cache_folder()
    from instrument.performance.compiled import FOLDER
    return FOLDER


def _mark(half: str) -> Path:
    """There once all of a half is compiled, for this Python, this processor, and the place of these sources, by which numba keeps it."""
    from llvmlite.binding import get_host_cpu_name
    place = hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]
    return _folder(half) / f"{half}-{sys.implementation.cache_tag}-{get_host_cpu_name()}-{place}.done"


def missing() -> list[str]:
    """The halves that were never compiled whole on this machine."""
    return [half for half in HALVES if not _mark(half).exists()]


def finish(say: Callable[[str], None] = lambda text: None) -> None:
    """Returns when all is compiled that playing begins with; `say` hears of it if that takes a while. Does nothing the next time.

    What cannot be kept on disk is compiled by whoever needs it.
    """
    if not missing():
        return
    say(COMPILES)
    workers = [subprocess.Popen([sys.executable, "-m", "instrument.compiling", half], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env=_environment()) for half in missing() if _can_write(half)]
    for worker in workers:
        worker.wait()
    if workers and not missing():
        behind = subprocess.Popen([sys.executable, "-m", "instrument.compiling", "later"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment())
        threading.Thread(target=behind.wait, daemon=True).start()       # nobody waits for it, but somebody must hear that it ended


def _environment() -> dict[str, str]:
    """Ours, with the folder that this package was found in."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH", "")]))}


def _can_write(half: str) -> bool:
    return os.access(_folder(half), os.W_OK)


@contextlib.contextmanager
def _alone(half: str) -> Iterator[None]:
    """While nobody else compiles this half. Where there are no such locks, at once."""
    with contextlib.ExitStack() as opened:
        with contextlib.suppress(OSError, ImportError):
            import fcntl
            file = opened.enter_context(open(_folder(half) / f"{half}.lock", "w"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def compile_half(half: str) -> None:
    """Compile a half, or load it, and mark it as done."""
    with _alone(half):
        if not _mark(half).exists():
            HALVES[half]()
            _mark(half).touch()


def main(words: list[str]) -> int:
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
