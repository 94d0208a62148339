"""The engine's load beside that of another version: `python tests/bench/load_against.py OTHER_FOLDER [--rounds 40] [--json FILE]`.

OTHER_FOLDER is a checkout (`git worktree add`) that this Python's packages can run. Two processes, one a version, play 64 voices, each
struck once a second, in turns of half a second of sound: with latents at rest and with one that always moves. The figure is the median
of the turns' ratios of processor time, so what else the machine does falls on both alike; `spread` is half of what the middle half spans.
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[2]
TURN_S = 0.5
PLAYER = f"""
import sys, time
try:                                                 # versions up to 0.1, which take these names
    from instrument import bench, library
    from instrument.offline import Player
    from instrument.performance.midi import Set
    sound = library.open_sound(None, None)
    player = Player(sound.timbre, sound.patch, rate_hz=48000)
except ImportError:
    from hummingface.instrument.app import bench
    from hummingface.instrument.offline.player import Player
    try:
        from hummingface.instrument.performance.messages.midi import Set
    except ImportError:
        from hummingface.instrument.performance.midi import Set
    from hummingface.instrument.performance.sound_bank import open_sound
    sound = open_sound()
    player = Player(sound.source, sound.patch, rate_hz=48000, shown=True)
player.performer.receive(Set("master.voices", 64), 0)
for line in sys.stdin:
    performer, synthesis, _ = bench._run_blocks(player, 64, 128, {TURN_S}, line.strip() == "moving", time.thread_time)
    print(performer.sum() + synthesis.sum(), flush=True)
"""


class Version:
    """The engine of one checkout, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(folder), "NUMPY_MADVISE_HUGEPAGE": "0"}      # small pages, as the live engine has
        self._process = subprocess.Popen([sys.executable, "-c", PLAYER], cwd=folder, env=environment, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def turn(self, what: str) -> float:
        """Processor seconds of one turn, "rest" or "moving"."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(what, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.communicate()


def compare(other: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Load of this version over that of the other, by what the latents do."""
    versions = Version(HERE), Version(other.resolve())
    figures = {}
    for what in ("rest", "moving"):
        for _ in range(6):                                        # compiles, and warms up
            for version in versions:
                version.turn(what)
        spent = np.array([[version.turn(what) for version in versions] for _ in range(rounds)])
        low, middle, high = np.quantile(spent[:, 0] / spent[:, 1], (0.25, 0.5, 0.75))
        figures[what] = {"ratio": round(middle, 3), "spread": round((high - low) / 2, 3), "percent_of_a_core": round(
            100 * float(np.median(spent[:, 0])) / TURN_S, 1)}
    for version in versions:
        version.stop()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    figures = compare(args.other, args.rounds)
    for what, row in figures.items():
        print(f"{what:8} {row['ratio']:.3f} ± {row['spread']:.3f} of the other's load ({row['percent_of_a_core']} % of a core)")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
