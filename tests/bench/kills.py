"""Processes that write what a player made are killed at random moments: what is found then is whole, and nothing is lost that was done.

    python -m tests.bench.kills [--kills 1000] [--kinds patch take ...] [--seed 1] [--json FILE]

Each kind writes versions of something, one after the other, in a process of its own, and says after each that it is done. SIGKILL comes at
a random moment. Then the last version that was done, or the next, must be there, whole, by the reader that the instrument itself has.
`take` and `window` kill the real audio process while it records and the real window with its engine; they take some seconds each.
"""
import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.bench.kill_recording import engine_of_its_own, kill_one

MOST_LOST_MS = 100.0                # of a take
LONGEST_S = 0.25                    # until a process is killed, beside what one version takes


@dataclass(frozen=True)
class Kind:
    """`write(folder, n)` makes version n, `read(folder)` tells which version is there, whole, or -1."""
    write: Callable[[Path, int], object]
    read: Callable[[Path], int]
    first_s: float = 0.0            # what the first version may take


def patch_kind() -> Kind:
    from hummingface.instrument.patches import library, patch

    def write(folder: Path, n: int) -> None:
        library.save_patch(patch.Patch("Kept", "Test", (n / 1000,) * 16), folder / "kept.json")

    def read(folder: Path) -> int:
        found = {round(z * 1000) for z in patch.load(folder / "kept.json").latents}
        return found.pop() if len(found) == 1 else -1
    return Kind(write, read)


def settings_kind() -> Kind:
    from hummingface.instrument.session import settings

    def write(folder: Path, n: int) -> None:
        settings.Settings(audio_device=f"Device {n}").save(folder / "settings.json")

    def read(folder: Path) -> int:
        found, problem = settings.load(folder / "settings.json")
        return -1 if problem or not found.audio_device else int(found.audio_device.split()[1])
    return Kind(write, read)


def window_state_kind() -> Kind:
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.session.session import Session
    from hummingface.instrument.session.window_state import WindowState, Writer
    from hummingface.instrument.session.window_state import read as read_state
    from hummingface.models.playing.atomic_file import replace_file
    from hummingface.models.playing.checked_json import read_json
    session = Session(lambda message: None, Patch("Kept", "Test", (0.0,) * 16))

    def write(folder: Path, n: int) -> None:
        session.set("latent.1", n / 1e6)
        replace_file(folder / "window-1.json", Writer().text(WindowState(session.snapshot(), {"wheel": n})))

    def read(folder: Path) -> int:
        kept, left_out = read_state(read_json(folder / "window-1.json", 64 << 20))
        n = kept.window["wheel"]
        return n if not left_out and kept.session.state.values["latent.1"] == n / 1e6 else -1
    return Kind(write, read)


def model_kind() -> Kind:
    from hummingface.models.playing.checkpoint import load_model, save_model
    from hummingface.models.playing.untrained import untrained
    model = untrained(latents=4, width=24)

    def write(folder: Path, n: int) -> None:
        tensors = {name: np.full_like(tensor, n / 1e4) for name, tensor in model.weights.items()}
        save_model(replace(model, weights=tensors, card=model.card | {"about": str(n)}), folder / "kept", np.float32)

    def read(folder: Path) -> int:
        found = load_model(folder / "kept")
        n = int(found.card["about"])
        return n if all((tensor == np.float32(n / 1e4)).all() for tensor in found.weights.values()) else -1
    return Kind(write, read)


def export_kind() -> Kind:
    import soundfile

    from hummingface.instrument.export.multisample import MultisampleOptions, export
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.sound_bank import open_sound
    from hummingface.models.playing.untrained import untrained
    from hummingface.train.notes.sfz_reader import read_sfz
    model = untrained(latents=4, width=24)
    sound = open_sound(Patch("Kept", model.name, (0.0,) * 4), model)
    options = MultisampleOptions(every=12, velocities=1, seconds=0.3, low=60, high=72, loop=False)

    def write(folder: Path, n: int) -> None:
        export("sfz", sound, folder / f"{n}.sfz", options)

    def read(folder: Path) -> int:
        done = sorted(folder.glob("*.sfz"), key=lambda path: int(path.stem))
        for path in done:
            samples = {region.sample for region in read_sfz(path).regions}
            if len(samples) != 2 or not all(soundfile.read(sample)[0].any() for sample in samples):
                return -1
        return int(done[-1].stem)
    return Kind(write, read, 20.0)


def training_kind() -> Kind:
    import torch

    from hummingface.train.learning.run_state import read_state, write_state
    torch.set_num_threads(1)                        # a process with threads cannot be forked

    def write(folder: Path, n: int) -> None:
        write_state({"kind": "gan", "step": n, "seconds": 0.0, "options": {}, "model": {"w": torch.full((100_000,), float(n))}},
                    folder / "state.pt")

    def read(folder: Path) -> int:
        state = read_state(folder / "state.pt")
        return state["step"] if bool((state["model"]["w"] == state["step"]).all()) else -1
    return Kind(write, read)


KINDS: dict[str, Callable[[], Kind]] = {"patch": patch_kind, "settings": settings_kind, "window state": window_state_kind,
                                        "model": model_kind, "export": export_kind, "training": training_kind}
SHARES = {"patch": 0.2, "settings": 0.15, "window state": 0.15, "model": 0.2, "export": 0.1, "training": 0.15, "take": 0.03, "window": 0.02}


def kill(kind: Kind, folder: Path, chance: random.Random) -> str:
    """What is wrong afterwards; empty if nothing."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            for n in range(1, 1 << 20):
                kind.write(folder, n)
                os.write(theirs, b".")
        finally:
            traceback.print_exc()
            os._exit(1)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as told:
        done = len(told.read(1))                    # the first version is there
        time.sleep(chance.uniform(0, LONGEST_S + kind.first_s / 10))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        done += len(told.read(1 << 20))
    try:
        found = kind.read(folder)
    except Exception as error:
        return f"after version {done}: {type(error).__name__}: {error}"
    return "" if found in (done, done + 1) else f"after version {done} there is {found}"


def of_kind(name: str, count: int, chance: random.Random) -> Iterator[str]:
    kind = KINDS[name]()
    for _ in range(count):
        with tempfile.TemporaryDirectory() as folder:
            yield kill(kind, Path(folder), chance)


def takes(count: int, chance: random.Random) -> Iterator[str]:
    with engine_of_its_own("kills") as (patch, home):
        for n in range(count):
            played, kept, notes = kill_one(patch, home / f"takes-{n}", chance.uniform(0.2, 2.0))
            lost_ms = (played - kept) / 48
            yield "" if lost_ms <= MOST_LOST_MS and notes else f"{lost_ms:.0f} ms lost, {notes} of 1 note in the MIDI"


def windows(count: int, chance: random.Random) -> Iterator[str]:
    """The window, alone or with its engine, while a knob moves without end: the state on disk is whole, and not a second old."""
    from hummingface.instrument.session.window_state import read
    from hummingface.models.playing.checked_json import read_json
    from hummingface.models.playing.checkpoint import save_model
    from hummingface.models.playing.untrained import untrained
    from tests.gui.window_process import WindowProcess, kill_engines
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        save_model(untrained(seed=1, width=64), home / "models" / "test")
        for n in range(count):
            window = WindowProcess(home)
            end, value = time.monotonic() + chance.uniform(1.5, 3.0), 0.0
            at: list[tuple[float, float]] = []
            while time.monotonic() < end:
                value = chance.uniform(-3, 3)
                window.ask(f'window.session.set("latent.1", {value})')
                at.append((time.monotonic(), value))
            window.kill(everything=bool(n % 2))
            killed = time.monotonic()
            kept, left_out = read(read_json(home / "state" / "window-1.json", 64 << 20))
            found = kept.session.state.values["latent.1"]
            ages = [killed - when for when, one in at if one == found]
            yield "" if ages and ages[-1] < 3.0 and not left_out else f"what was kept is {ages[-1:] or 'not any'} s old"
            kill_engines(home)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000, help="in all")
    parser.add_argument("--kinds", nargs="+", choices=tuple(SHARES), default=tuple(SHARES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    shares = {name: SHARES[name] for name in args.kinds}
    result: dict[str, dict] = {}
    for number, (name, share) in enumerate(shares.items()):
        count = max(1, round(args.kills * share / sum(shares.values())))
        chance = random.Random(args.seed + number)
        run = {"take": takes, "window": windows}.get(name)
        problems = list(run(count, chance) if run else of_kind(name, count, chance))
        wrong = [problem for problem in problems if problem]
        result[name] = {"kills": count, "wrong": wrong}
        print(f"{name}: {count} kills, {len(wrong)} found something lost or half-written", *wrong[:5], sep="\n  ", flush=True)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))
    return 1 if any(of["wrong"] for of in result.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
