"""Recording for long while playing: `python -m tests.bench.record_soak [--minutes 60]`.

The real audio process on a JACK server's dummy driver. What the file has is compared, as it grows, with what the engine rendered, sample
for sample; the memory of the process is looked at all the while.
"""
import argparse
import os
import random
import sys
import time
from collections import deque
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FRAME_BYTES, STEP_S = 6, 0.25
SETTLED_S = 90.0                    # until the ring of the last minute has been used once
ROUNDING = 2.0 ** -24 * 1.01


def resident_mb(pid: int) -> float:
    """Memory of a process that is in use."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


class Comparison:
    """Of a growing take with what the engine says that it rendered. `worst` is the largest difference, `frames` how many were compared."""

    def __init__(self, path: Path, begin: int):
        from instrument.recording.riff import chunks_of
        self._file = path.open("rb")
        self._data = next(at for name, at, _ in chunks_of(path) if name == b"data")
        self._begin, self._waiting = begin, deque()
        self.frames, self.worst, self.missed = 0, 0.0, 0
        self._next: int | None = None

    def rendered(self, end: int, samples: np.ndarray) -> None:
        """Samples up to position `end`, as the engine's ring has them."""
        first = end - len(samples)
        if self._next is not None:
            self.missed += max(0, first - self._next)   # by us, who looked too late
        self._next = end
        skip = max(0, self._begin - first)
        if skip < len(samples):
            self._waiting.append((first + skip - self._begin, samples[skip:].copy()))

    def compare(self) -> None:
        """What is on disk by now."""
        size = os.fstat(self._file.fileno()).st_size
        while self._waiting:
            at, samples = self._waiting[0]
            if self._data + (at + len(samples)) * FRAME_BYTES > size:
                return
            self._file.seek(self._data + at * FRAME_BYTES)
            raw = np.frombuffer(self._file.read(len(samples) * FRAME_BYTES), np.uint8).reshape(-1, 3)
            whole = np.zeros((len(raw), 4), np.uint8)
            whole[:, 1:] = raw
            written = whole.view("<i4")[:, 0].reshape(-1, 2) / 2.0 ** 31
            self.worst = max(self.worst, float(np.abs(written - samples).max(initial=0)))
            self.frames += len(samples)
            self._waiting.popleft()


def main() -> int:
    parser = argparse.ArgumentParser(description="Record for long while playing; compare, and watch the memory.")
    parser.add_argument("--minutes", type=float, default=60)
    args = parser.parse_args()
    from tests.bench.kill_recording import engine_of_its_own, wait
    with engine_of_its_own("record-soak") as (patch, home):
        from instrument.audio.client import Client
        client = Client(patch=patch, attach=False)
        told: list[dict] = []
        try:
            client.start()
            wait(client, told, "ready")
            client.send({"do": "record", "on": True, "folder": str(home), "format": "wav24"})
            on = wait(client, told, "recording")
            comparison = Comparison(Path(on["path"]), on["begin"])
            pid, chance, memory = client._link.process.pid, random.Random(1), []
            position, began, keys = 1 << 62, time.monotonic(), deque()
            before = client.telemetry()
            while (passed := time.monotonic() - began) < args.minutes * 60:
                keys.append(chance.randrange(36, 84))
                client.send({"do": "note_on", "note": keys[-1], "velocity": chance.randrange(30, 120)})
                client.send({"do": "set", "id": "filter.cutoff_hz", "value": chance.uniform(500, 15000)})
                if len(keys) > 4:
                    client.send({"do": "note_off", "note": keys.popleft()})
                position, samples = client.output_since(position)
                comparison.rendered(position, samples)
                comparison.compare()
                memory.append((passed, resident_mb(pid)))
                time.sleep(STEP_S)
            now = client.telemetry()
            client.send({"do": "record", "on": False, "folder": None, "format": "wav24"})
            take = wait(client, told, "take")
        finally:
            client.close()
    settled = [mb for passed, mb in memory if passed > min(SETTLED_S, args.minutes * 30)]
    print(f"{take['seconds'] / 60:.1f} minutes recorded, problem: {take['problem'] or 'none'}; {comparison.frames} frames compared "
          f"with what was rendered ({comparison.missed} seen too late), largest difference {comparison.worst:.1e} (rounding: 6.0e-8); "
          f"memory {settled[0]:.1f} MB, then {min(settled):.1f} to {max(settled):.1f}, at the end {settled[-1]:.1f}; "
          f"{now.late_hops - before.late_hops} late frames, {now.underruns - before.underruns} drop-outs")
    return 0 if not take["problem"] and comparison.worst <= ROUNDING and max(settled) - settled[0] < 5 else 1


if __name__ == "__main__":
    sys.exit(main())
