"""Feeds every reader of files from outside with damaged files, and counts: `python -m tests.bench.fuzz --minutes 60 [--readers midi sfz]`.

With atheris (`pip install atheris`) what is run through guides the damage: one process for each reader. Without it the damage is random.
A case that ends in any other error than the reader's own, takes more than SLOWEST_S of the processor or more than MOST_MB is written to
--findings.
"""
import argparse
import importlib.util
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from hashlib import sha256
from pathlib import Path

TOLD = 1000                             # cases between two lines
SLOWEST_S, MOST_MB = 2.0, 1500          # memory: of the whole process, which has some 600 MB before it reads anything


class Round:
    """Runs cases of one reader; `count` of them so far."""

    def __init__(self, name: str, folder: Path, findings: Path) -> None:
        from tests.fuzzing import READERS
        self.reader, self.name, self.findings, self.count = READERS[name], name, findings, 0
        self.found: set[str] = set()            # each kind once
        self._file = folder / f"case{self.reader.suffix}"

    def one(self, data: bytes) -> None:
        self._file.write_bytes(data)
        self.count += 1
        if self.count % TOLD == 0:
            self.tell()                         # libFuzzer ends the process without a last word
        began_s, why = time.process_time(), ""
        try:
            self.reader.read(self._file)
        except self.reader.errors:
            pass
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        if time.process_time() - began_s > SLOWEST_S:
            why = f"took more than {SLOWEST_S:.0f} s"
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > MOST_MB << 10:
            why = f"the process has taken more than {MOST_MB} MB"
        if why and why not in self.found:
            self._keep(data, why)

    def tell(self) -> None:
        print(f"{self.name}: {self.count:,} cases, {len(self.found)} findings", flush=True)

    def _keep(self, data: bytes, why: str) -> None:
        self.found.add(why)
        self.findings.mkdir(parents=True, exist_ok=True)
        (self.findings / f"{self.name}-{sha256(data).hexdigest()[:12]}{self.reader.suffix}").write_bytes(data)
        print(f"{self.name}: {why[:300]}", flush=True)


def at_random(round_: Round, seconds: float, seed: int) -> None:
    """Damage that nothing guides, for so long."""
    from tests.fuzzing import mutated
    rng, end_s = random.Random(seed), time.monotonic() + seconds
    while time.monotonic() < end_s:
        round_.one(mutated(round_.reader, rng))


def guided(round_: Round, seconds: float, seed: int, corpus: Path) -> None:
    """atheris: what the reader runs through is measured, and damage that leads to new places is kept. Never returns."""
    import atheris
    for number, data in enumerate(round_.reader.seeds):
        (corpus / f"seed-{number}").write_bytes(data)
    ours = ("hummingface.train.notes.", "hummingface.instrument.recording.", "hummingface.instrument.performance.messages.score",
            "hummingface.instrument.performance.messages.track_events", "hummingface.instrument.patches.patch",
            "hummingface.models.playing.checked",
            "hummingface.models.playing.recorded_note")
    for module in [module for name, module in sys.modules.items() if name.startswith(ours)]:
        for name, value in list(vars(module).items()):
            if callable(value) and hasattr(value, "__code__") and value.__module__ == module.__name__:
                setattr(module, name, atheris.instrument_func(value))
    atheris.Setup([sys.argv[0], f"-max_total_time={max(1, round(seconds))}", f"-seed={seed or 1}", "-max_len=65536", "-verbosity=0",
                   "-rss_limit_mb=4096", str(corpus)], round_.one)
    atheris.Fuzz()


def main() -> int:
    from tests.fuzzing import READERS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="in all")
    parser.add_argument("--readers", nargs="+", choices=tuple(READERS), default=tuple(READERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--random", action="store_true", help="without atheris, even if it is there")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"), help="where cases are put")
    parser.add_argument("--within", action="store_true", help=argparse.SUPPRESS)        # here, the one reader that is named
    args = parser.parse_args()
    seconds, guide = args.minutes * 60 / len(args.readers), not args.random and importlib.util.find_spec("atheris") is not None
    if args.within:
        with tempfile.TemporaryDirectory() as folder:
            round_ = Round(args.readers[0], Path(folder), args.findings)
            if guide:
                (Path(folder) / "corpus").mkdir()
                guided(round_, seconds, args.seed, Path(folder) / "corpus")
            at_random(round_, seconds, args.seed)
            round_.tell()
        return 0
    print("guided by atheris" if guide else "at random: `pip install atheris` to have the damage guided", flush=True)
    for name in args.readers:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-m", "tests.bench.fuzz", "--within", "--readers", name, "--minutes", str(seconds / 60),
                            "--seed", str(args.seed), "--findings", str(args.findings), *(["--random"] if args.random else [])],
                           env=os.environ | {"TMPDIR": folder}, check=False)
    return 1 if args.findings.exists() and any(args.findings.iterdir()) else 0


if __name__ == "__main__":
    sys.exit(main())
