"""Random patches with random routes: `python tests/bench/random_routes.py [--patches 1000] [--seed 1] [--json FILE]`.

Every control of a patch is drawn from its whole range, with 32 routes between drawn sources and targets; a chord is played with wheel,
pressure and bend. All samples have to be finite and within -1..1. Reports the loudest sample, how many patches are silent, what a
patch takes, and clicks: the largest second difference of 0.7 ms after the attacks beside the median of those within 21 ms, in dB. Noise
and pulses of low notes stand out, too, so the same patches without routes are beside them.
"""
import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import median_filter

sys.path.insert(0, str(Path(__file__).parents[2]))

from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.routes import can_be_moved
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.models.playing.untrained import untrained
from tests.performance.test_routes import render_random

SECONDS = 0.5
ATTACKS_OVER, WINDOW, NEAR = 6_000, 32, 30         # samples; samples; windows on both sides
CLICK_DB, HEARD = 30.0, 1e-6                        # of what is heard: second differences 60 dB under the sound's peak
KEPT = ("arpeggiator", "keys")                     # strokes at other times; keys that are silent


def stands_out_db(sound: np.ndarray) -> float:
    """How far the sharpest moment stands out of what is around it. `sound` [S, 2]"""
    bends = np.diff(sound[ATTACKS_OVER:].astype(np.float64).sum(1), 2)
    power = np.square(bends[:len(bends) // WINDOW * WINDOW]).reshape(-1, WINDOW).mean(1) + 1e-14
    around = median_filter(power, 2 * NEAR + 1, mode="nearest")
    return float(10 * np.log10(np.where(power > HEARD * np.abs(sound).max() ** 2, power / around, 1.0).max()))


def measure(patches: int, seed: int) -> dict:
    """Over so many patches."""
    source, random = FrameSource(untrained(seed=3, width=64)), np.random.default_rng(seed)
    targets = [name for name in (*PARAMETERS, "latent.20", "route.2.depth") if can_be_moved(name)]
    loudest, silent, bad, began, sharpest = 0.0, 0, 0, time.thread_time(), np.zeros((patches, 2))
    for number in range(patches):
        drawn = int(random.integers(1 << 32))
        sound, plain = (render_random(source, np.random.default_rng(drawn), targets, SECONDS, routed=routed, kept=KEPT)
                        for routed in (True, False))
        sharpest[number] = stands_out_db(sound), stands_out_db(plain)
        peak = float(np.abs(sound).max()) if np.isfinite(sound).all() else float("inf")
        bad += peak > 1
        silent += peak < 1e-4
        loudest = max(loudest, peak)
    return {"patches": patches, "seed": seed, "not_finite_or_too_loud": bad, "silent": silent, "loudest": round(loudest, 4),
            "sharpest_db_median_and_99_percent": np.quantile(sharpest[:, 0], (0.5, 0.99)).round(1).tolist(),
            "without_routes": np.quantile(sharpest[:, 1], (0.5, 0.99)).round(1).tolist(),
            "over_30_db": int((sharpest[:, 0] > CLICK_DB).sum()), "over_30_db_without_routes": int((sharpest[:, 1] > CLICK_DB).sum()),
            "seconds_a_patch": round((time.thread_time() - began) / patches / 2, 3)}


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
