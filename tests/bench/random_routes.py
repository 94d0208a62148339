"""Random patches with random routes: `python tests/bench/random_routes.py [--patches 1000] [--seed 1] [--json FILE]`.

Every control of a patch is drawn from its whole range, with 32 routes between drawn sources and targets; a chord is played with wheel,
pressure and bend. All samples have to be finite and within -1..1. Reports the loudest sample, how many patches are silent, and what a
patch takes.
"""
import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.routes import can_be_moved
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.models.playing.untrained import untrained
from tests.performance.test_routes import render_random

SECONDS = 0.5


def measure(patches: int, seed: int) -> dict:
    """Over so many patches."""
    source, random = FrameSource(untrained(seed=3, width=64)), np.random.default_rng(seed)
    targets = [name for name in (*PARAMETERS, "latent.20", "route.2.depth") if can_be_moved(name)]
    loudest, silent, bad, began = 0.0, 0, 0, time.thread_time()
    for _ in range(patches):
        sound = render_random(source, random, targets, SECONDS)
        peak = float(np.abs(sound).max()) if np.isfinite(sound).all() else float("inf")
        bad += peak > 1
        silent += peak < 1e-4
        loudest = max(loudest, peak)
    return {"patches": patches, "seed": seed, "not_finite_or_too_loud": bad, "silent": silent, "loudest": round(loudest, 4),
            "seconds_a_patch": round((time.thread_time() - began) / patches, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--patches", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    figures = measure(args.patches, args.seed)
    print("  ".join(f"{name} {value}" for name, value in figures.items()))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
