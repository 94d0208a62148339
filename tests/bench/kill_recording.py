"""What a take loses when its process is killed: `python -m tests.bench.kill_recording [--kills 50]`.

The real audio process on a real JACK server (dummy driver), a note sounding, a take running; after a random time `kill -9`. How far
the sound had come is read from the shared memory that the process leaves behind; how much of it is in the file is what Python's
`wave`, sox and ffmpeg read there. They must agree.
"""
import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PERIOD, FRAME_BYTES = 256, 6
SHORTEST_S, LONGEST_S = 0.2, 2.0


@contextmanager
def engine_of_its_own(name: str) -> Iterator[tuple[dict, Path]]:
    """(patch of a small model of random weights, a user's folder that has it), and a JACK server of that name meanwhile."""
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as home:
        os.environ["HUMMINGFACE_HOME"] = home
        from hummingface.instrument.patches.patch import Patch
        from hummingface.models.playing.checkpoint import save_model
        from hummingface.models.playing.untrained import untrained
        from tests.jack_server import DEFAULT, JackServer
        model = untrained(seed=1, width=64)
        save_model(model, Path(home) / "models" / "test")
        server = JackServer(f"{name}-{os.getpid()}", PERIOD)
        os.environ[DEFAULT] = server.name
        try:
            yield Patch("Test", model.name, (0.5,) * model.latents).to_json(), Path(home)
        finally:
            server.close()


def wait(client, told: list[dict], tell: str) -> dict:
    """The first message of this kind."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        told += client.poll()
        for message in told:
            if message["tell"] == tell:
                return message
        time.sleep(0.01)
    raise SystemExit(f"the engine never said {tell!r}")


def kill_one(patch: dict, folder: Path, seconds: float) -> tuple[int, int, int]:
    """(samples that were played since the take began, that are in the file, that its MIDI knows of the note: 1 or 0)."""
    from hummingface.instrument.audio.client import Client
    from hummingface.instrument.performance.messages import midi, score
    from tests.recording.readers import by_all
    client = Client(patch=patch, attach=False)
    told: list[dict] = []
    client.start()
    wait(client, told, "ready")
    client.send({"do": "record", "on": True, "folder": str(folder), "format": "wav24"})
    begin = wait(client, told, "recording")["begin"]
    client.send({"do": "note_on", "note": 60, "velocity": 100})
    time.sleep(seconds)
    state = client._state
    os.kill(client._link.process.pid, signal.SIGKILL)
    client._link.process.wait()
    played = int(state["position"][0]) - begin
    client.close()
    path = next(folder.glob("*.wav"))
    events = [event for _, event in score.read_file(path.with_suffix(".mid"))]
    return played, by_all(path), int(any(isinstance(event, midi.NoteOn) for event in events))


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill the process that records, again and again, and count what is lost.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    chance, rows = random.Random(1), []
    with engine_of_its_own("kill-recording") as (patch, home):
        for n in range(args.kills):
            rows.append(kill_one(patch, home / f"takes-{n}", chance.uniform(SHORTEST_S, LONGEST_S)))
            print(f"{n + 1:3}: {rows[-1][0]} samples played, {rows[-1][1]} in the file", file=sys.stderr, flush=True)
    played, kept, notes = np.array(rows).T
    lost_ms = (played - kept) / 48
    print(f"{len(rows)} kills: lost {np.median(lost_ms):.1f} ms in the middle, {lost_ms.max():.1f} ms at most, "
          f"{(played - kept).sum() * FRAME_BYTES} bytes of {played.sum() * FRAME_BYTES} in all; every file read by wave, sox and ffmpeg; "
          f"{notes.sum()} of {len(rows)} MIDI files have the note")
    if args.json:
        args.json.write_text(json.dumps({"kills": len(rows), "lost_ms": lost_ms.tolist()}))
    return 0 if lost_ms.max() <= 100 else 1


if __name__ == "__main__":
    sys.exit(main())
