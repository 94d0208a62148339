"""Everything at once for an hour: `python -m tests.bench.soak [--minutes 60] [--json FILE]`.

The real audio process on a real JACK server (dummy driver), two native clients beside it: one that does nothing but count, and one that
computes in each period as long as the engine did on average in the round before: what that one loses, a program that does as much loses.
In each round of 40 s keys are struck without end from two sides (the window and a MIDI port), every controller and every control moves,
latents too, patches of all models follow one another, takes begin and end, and MIDI ports come and go. Then all hands are lifted. Every
tenth round the server is killed, and started again.

Looked at in each round: samples that are not finite, periods that do not go on where the one before ended (of the engine and of the native
clients), voices that never end, takes that were not written, the process's memory, open files and threads.
"""
import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.audio.rendered import Rendered
from tests.bench.native import Keyboard, Probe, Recording, compile_probe
from tests.bench.record_soak import resident_mb
from tests.bench.stress import engine_breaks, native_breaks, recorder_lost

ROUND_S, PERIOD, STEP_S = 40.0, 128, 0.05
LIFTED_S = 40.0                     # the longest release, and the time to notice that a port is gone
USUAL_LOAD = 0.35                   # the engine's here, before a round has measured it
SERVER_ROUNDS = 10                  # after so many the server is killed
FLAT_MB, FLAT_FILES = 24.0, 4
NOT_MOVED = ("master.volume_db", "master.voices")        # the player's: at most 64 voices sound, as the instrument begins


@dataclass(frozen=True)
class Round:
    number: int
    breaks_engine: int
    breaks_native: int              # of the client that only counts
    breaks_working: int             # of the client that computes as long as the engine
    load: float                     # the engine's, on average
    recorder_lost: int
    not_finite: int                 # samples
    peak: float
    stuck_voices: int
    late: int                       # hops and notes
    takes: int
    takes_missing: int
    resident_mb: float
    files: int
    threads: int


def wait_until(is_true: Callable[[], Any], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Soak:
    """`told` has what the engine said; `folder` gets the takes."""

    def __init__(self, client, told, folder: Path, probe: Path):
        from hummingface.instrument.patches import library
        from hummingface.instrument.patches.parameters import PARAMETERS
        from hummingface.instrument.patches.patch import load
        self._client, self._told, self._folder, self._probe = client, told, folder, probe
        self._chance = random.Random(1)
        self._patches = [load(entry.path) for entry in library.patches()]
        self._controls = [p for p in PARAMETERS.values() if p.id not in NOT_MOVED]
        self._struck: list[int] = []
        self._keyboard: Keyboard | None = None
        self._recording, self._takes, self._load = False, 0, USUAL_LOAD

    # what hands do -----------------------------------------------------------------------------------------------
    def step(self) -> None:
        chance, send = self._chance, self._client.send
        for _ in range(chance.choice((0, 1, 1, 2))):
            self._struck.append(chance.randrange(21, 109))
            send({"do": "note_on", "note": self._struck[-1], "velocity": chance.randrange(1, 128)})
        while len(self._struck) > 8:
            send({"do": "note_off", "note": self._struck.pop(0)})
        control = chance.choice(self._controls)
        send({"do": "set", "id": control.id, "value": chance.uniform(control.lowest, control.highest)})
        send({"do": "set", "id": f"latent.{chance.randrange(1, 17)}", "value": chance.uniform(-3, 3)})
        if self._keyboard is None:
            self._keyboard = Keyboard(self._probe, f"keyboard {chance.randrange(3)}")
        channel = chance.randrange(16)
        key = chance.randrange(128)
        for data in ((0x90, key, chance.randrange(128)), (0x80, key, 64), (0xB0, chance.randrange(120), chance.randrange(128)),
                     (0xE0, chance.randrange(128), chance.randrange(128)), (0xD0, chance.randrange(128)),
                     (0xA0, key, chance.randrange(128))):
            if chance.random() < 0.5:
                self._keyboard.play(data[0] | channel, *data[1:])
        if chance.random() < 0.02:                                      # unplugged, with all that it holds
            self._keyboard.close()
            self._keyboard = None
        if chance.random() < 0.03:
            send({"do": "patch", "patch": chance.choice(self._patches).to_json()})
        if chance.random() < 0.01:
            send({"do": "panic"})
        if chance.random() < 0.02:
            self.record(not self._recording)

    def record(self, on: bool) -> None:
        self._client.send({"do": "record", "on": on, "folder": str(self._folder), "format": "wav24"})
        self._takes += self._recording and not on
        self._recording = on

    def lift(self) -> int:
        """Lift all hands. Returns how many voices still sound long afterwards."""
        if self._recording:
            self.record(False)
        if self._keyboard is not None:
            self._keyboard.close()
            self._keyboard = None
        for key in self._struck:
            self._client.send({"do": "note_off", "note": key})
        self._struck.clear()
        for channel in range(16):
            self._client.send({"do": "midi", "bytes": [0xB0 | channel, 64, 0]})
            self._client.send({"do": "midi", "bytes": [0xB0 | channel, 66, 0]})
        wait_until(lambda: self._client.telemetry().voices == 0, LIFTED_S)
        return self._client.telemetry().voices

    # a round -------------------------------------------------------------------------------------------------------
    def round(self, number: int, helper) -> Round:
        client = self._client
        natives = (Probe(self._probe, "synth", "native"),
                   Probe(self._probe, "synth", "working", f"{self._load * PERIOD / client.telemetry().rate_hz * 1e6:.0f}"))
        recording = Recording(self._probe, ["HummingFace:out_1", "native:count", "working:count"], ROUND_S, helper)
        before, rendered = client.telemetry(), Rendered(client)
        self._takes = 0
        recording.begin()
        loads, end = [], time.monotonic() + ROUND_S + 1
        while time.monotonic() < end:
            self.step()
            loads.append(client.telemetry().load)
            self._told.find()
            time.sleep(STEP_S)
        sound, times, _ = recording.end()
        position, ours = rendered.end()
        for native in natives:
            native.close()
        self._load = round(float(np.mean(loads)), 3)
        stuck = self.lift()
        wait_until(lambda: len(self._written()) >= self._takes, 20)
        written = self._written()
        now, pid = client.telemetry(), client._link.process.pid
        process = Path(f"/proc/{pid}")
        done = Round(number, engine_breaks(sound[:, 0], times, position, ours[:, 0], PERIOD), native_breaks(sound[:, 1], times, PERIOD),
                     native_breaks(sound[:, 2], times, PERIOD), self._load, recorder_lost(times, PERIOD),
                     int((~np.isfinite(ours)).sum()), round(float(np.abs(ours).max()), 3), stuck,
                     now.late - before.late, self._takes, self._takes - len(written), round(resident_mb(pid), 1),
                     len(list((process / "fd").iterdir())), len(list((process / "task").iterdir())))
        for path in self._folder.iterdir():
            path.unlink()
        self._told.forget()
        return done

    def _written(self) -> list[Path]:
        import soundfile
        return [path for path in self._folder.glob("*.wav") if path.stat().st_size > 1000 and soundfile.info(path).frames > 0]


def server_goes_and_comes(server, client, told) -> None:
    """Kill the server, and wait until the engine plays on a new one."""
    told.forget()
    server.kill()
    told.wait(tell="engine", state="restarting")
    server.start()
    told.wait(tell="ready", seconds=600)
    wait_until(lambda: told.find(tell="audio") and any(m["tell"] == "audio" and m["device"] for m in told.messages), 120)


def run(minutes: float, folder: Path) -> list[Round]:
    import jack

    from hummingface.instrument.audio.client import Client
    from tests.audio.conftest import Told
    from tests.jack_server import DEFAULT, JackServer
    os.environ["HUMMINGFACE_HOME"] = str(folder / "home")
    takes = folder / "takes"
    takes.mkdir()
    probe = compile_probe(folder)
    server = JackServer(f"soak-{os.getpid()}", PERIOD)
    os.environ[DEFAULT] = server.name
    client, rounds = Client(attach=False), []
    try:
        client.start()
        told = Told(client)
        told.wait(tell="ready", seconds=600)
        soak, end = Soak(client, told, takes, probe), time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            if rounds and len(rounds) % SERVER_ROUNDS == 0:
                server_goes_and_comes(server, client, told)
            helper = jack.Client("helper", no_start_server=True)
            rounds.append(soak.round(len(rounds), helper))
            helper.close()
            print(json.dumps(asdict(rounds[-1])), file=sys.stderr, flush=True)
    finally:
        client.close()
        server.close()
    return rounds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rounds = run(args.minutes, Path(folder))
    if args.json:
        args.json.write_text(json.dumps([asdict(one) for one in rounds], indent=1))
    half = len(rounds) // 2
    first, last = rounds[:half] or rounds, rounds[half:]
    most_mb = [max(one.resident_mb for one in part) for part in (first, last)]
    files, threads = ([max(getattr(one, name) for one in part) for part in (first, last)] for name in ("files", "threads"))

    def total(name: str) -> int:
        return sum(getattr(one, name) for one in rounds)
    print("; ".join([
        f"{len(rounds)} rounds of {ROUND_S:.0f} s: breaks {total('breaks_engine')}, of a native client that computes as long "
        f"{total('breaks_working')}, of one that only counts {total('breaks_native')}",
        f"samples that are not finite {total('not_finite')}, peak {max(one.peak for one in rounds)}",
        f"stuck voices {total('stuck_voices')}; {total('takes')} takes, missing {total('takes_missing')}",
        f"late hops and notes {total('late')}; at most in the first and in the second half: {most_mb} MB, {files} open files, "
        f"{threads} threads"]))
    broken = total("breaks_engine") > min(total("breaks_working"), total("breaks_native"))
    bad = total("not_finite") or total("stuck_voices") or total("takes_missing") or broken
    grown = most_mb[1] - most_mb[0] > FLAT_MB or files[1] - files[0] > FLAT_FILES or threads[1] > threads[0]
    return 1 if bad or grown else 0


if __name__ == "__main__":
    sys.exit(main())
