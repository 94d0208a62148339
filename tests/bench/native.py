"""`jack_probe.c`, compiled and driven: the native clients that measurements stand beside."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("jack_probe.c")


def compile_probe(folder: Path) -> Path:
    """The compiled probe. Raises RuntimeError, saying what is missing, where it cannot be compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise RuntimeError("no C compiler here: apt-get install gcc")
    probe = folder / "jack_probe"
    made = subprocess.run([compiler, "-O2", "-o", str(probe), str(SOURCE), "-ljack", "-lm"], capture_output=True, text=True,
                          check=False)
    if made.returncode:
        raise RuntimeError(f"jack_probe.c cannot be compiled (apt-get install libjack-jackd2-dev): {made.stderr[:300]}")
    return probe


class Probe:
    """A running probe. `synth` and `keys` end with `close`, `record` by itself."""

    def __init__(self, probe: Path, *arguments: str):
        self.process = subprocess.Popen([str(probe), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready", f"{arguments}: JACK does not take it"

    def go(self) -> None:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(5)


class Keyboard:
    """A MIDI keyboard on the server, until it is closed: a process of its own, as one whose JACK callback is Python's may hang when it goes
    (the thread is cancelled where it stands, with the interpreter's lock)."""

    def __init__(self, probe: Path, name: str):
        self._probe = Probe(probe, "keys", name)

    def play(self, status: int, first: int, second: int = 0) -> None:
        self._probe.process.stdin.write(f"{status} {first} {second}\n")
        self._probe.process.stdin.flush()

    def close(self) -> None:
        self._probe.close()


class Recording:
    """Records `sources` (JACK ports) for some seconds, in the background: `begin()`, then `end()`."""

    def __init__(self, probe: Path, sources: list[str], seconds: float, client, name: str = "probe_rec"):
        self._folder = Path(tempfile.mkdtemp())
        self._seconds, self._count = seconds, len(sources)
        self._probe = Probe(probe, "record", name, str(self._folder / "sound"), str(seconds), os.devnull, str(len(sources)))
        for i, source in enumerate(sources):
            client.connect(source, f"{name}:in_{i + 1}")

    def begin(self) -> None:
        self._probe.go()

    def end(self) -> tuple[np.ndarray, np.ndarray, int]:
        """(sound [S, N], JACK's time of each period's first frame [P], xruns that the recorder was told of)"""
        said, _ = self._probe.process.communicate(timeout=self._seconds + 60)
        sound = np.fromfile(self._folder / "sound", np.float32).reshape(self._count, -1).T
        times = np.fromfile(self._folder / "sound.frames", np.uint32).astype(np.int64)
        shutil.rmtree(self._folder)
        return sound, times, int(said.split()[-1])


class Playing:
    """Play `events` [(frame, 3 bytes)] to `targets`: `begin()`, `end() -> JACK's time of frame 0`."""

    def __init__(self, probe: Path, events: list[tuple[int, bytes]], targets: list[str], seconds: float, client,
                 name: str = "probe_keys"):
        self._folder = Path(tempfile.mkdtemp())
        self._seconds = seconds
        (self._folder / "events").write_text("".join(f"{frame} {' '.join(map(str, data))}\n" for frame, data in events))
        self._probe = Probe(probe, "record", name, str(self._folder / "none"), str(seconds), str(self._folder / "events"), "0")
        for target in targets:
            client.connect(f"{name}:midi_out", target)

    def begin(self) -> None:
        self._probe.go()

    def end(self) -> np.ndarray:
        """JACK's time of each of its periods; an event at frame f of its own stands f frames after the first, gaps aside."""
        self._probe.process.communicate(timeout=self._seconds + 60)
        times = np.fromfile(self._folder / "none.frames", np.uint32).astype(np.int64)
        shutil.rmtree(self._folder)
        return times
