"""How much the factory's patches differ, and how many of them have highs.

    python -m tests.bench.patch_distances [--json FILE] [--closest 12]

Each patch plays C2, C4 and a C major chord about C4, one after the other, for 2.5 s each; its level is removed, and two patches are as far
apart as their mel spectra by time are: the RMS of the difference in dB over 96 bands and frames of 20 ms, where one of both is heard, down
to 60 dB under the peak.
"""
import argparse
import json
from pathlib import Path

import numpy as np

from hummingface.instrument.api.instrument import Instrument
from hummingface.instrument.patches import library
from hummingface.models.analysis.mel_spectra import magnitudes, mel_filters

RATE_HZ, SIZE, HOP, BANDS = 48_000, 2048, 960, 96
NOTES = [(0.0, 1.6, 36), (2.5, 1.6, 60), (5.0, 1.6, 60), (5.0, 1.6, 64), (5.0, 1.6, 67)]
SECONDS, RANGE_DB = 7.5, 60.0
NEAR_DB = 6.0
HIGH_HZ, HIGH_RANGE_DB = 5000.0, 40.0


def image_db(power: np.ndarray) -> np.ndarray:
    """Mel spectra by time, relative to the loudest, within RANGE_DB. [frames, BANDS]"""
    level = 10 * np.log10(power @ (mel_filters(RATE_HZ, SIZE, BANDS) ** 2).T + 1e-20)
    return np.clip(level - level.max(), -RANGE_DB, 0)


def apart_db(one: np.ndarray, other: np.ndarray) -> float:
    """How far two images are apart, where either is above the floor."""
    heard = np.maximum(one, other) > -RANGE_DB
    return float(np.sqrt(np.mean((one - other)[heard] ** 2)))


def has_highs(power: np.ndarray) -> bool:
    """Whether anything above HIGH_HZ comes within HIGH_RANGE_DB of the peak of its spectrum."""
    mean = power.max(0)
    return bool(mean[round(HIGH_HZ / RATE_HZ * SIZE):].max() > mean.max() * 10 ** (-HIGH_RANGE_DB / 10))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--closest", type=int, default=12)
    args = parser.parse_args()
    images: dict[str, np.ndarray] = {}
    highs = []
    for name in (entry.name for entry in library.patches() if entry.factory):
        power = magnitudes(Instrument(name).render(NOTES, SECONDS).astype(float), SIZE, HOP) ** 2
        images[name] = image_db(power)
        if has_highs(power):
            highs.append(name)
    names = list(images)
    pairs = sorted((round(apart_db(images[a], images[b]), 2), a, b) for i, a in enumerate(names) for b in names[i + 1:])
    far = [pair[0] for pair in pairs]
    print(f"{len(names)} patches: distance of two, median {np.median(far):.1f} dB, least {far[0]:.1f}; "
          f"{sum(x < NEAR_DB for x in far)} pairs under {NEAR_DB:g}")
    for distance, one, other in pairs[:args.closest]:
        print(f"  {distance:5.1f}  {one} - {other}")
    print(f"{len(highs)} of {len(names)} have something above {HIGH_HZ:.0f} Hz within {HIGH_RANGE_DB:.0f} dB of their peak")
    if args.json:
        args.json.write_text(json.dumps({"pairs": pairs, "highs": highs}, indent=1))


if __name__ == "__main__":
    main()
