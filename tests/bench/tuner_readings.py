"""What the tuner says of factory patches: keys, chords and how near it is.

    python tests/bench/tuner_readings.py [--patches 24]

Each patch plays four keys, and two chords if it plays chords; the tuner reads four moments of each. A key counts as right within 50 cents.
"""
import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
RATE_HZ = 48_000
KEYS, CHORDS = (40, 52, 64, 79), ((48, 55, 60, 64), (57, 60, 64))
READ_AT_S = (0.6, 0.8, 1.0, 1.2)


def main() -> int:
    """Measure and print."""
    import hummingface
    from hummingface.instrument.offline.tuner import EQUAL, heard_hz, read
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patches", type=int, default=24)
    args = parser.parse_args()
    patches = hummingface.list_patches()
    told: dict[str, list[str]] = {"right": [], "nothing": [], "octave": [], "wrong": [], "chord read": [], "chord nothing": []}
    cents: list[float] = []
    for patch in patches[::max(1, len(patches) // args.patches)]:
        instrument = hummingface.Instrument(patch.name)
        poly = instrument["master.mode"] == 0
        for keys in (*((key,) for key in KEYS), *(CHORDS if poly else ())):
            sound = instrument.render([(0.0, 1.4, key) for key in keys], seconds=1.4)
            for at_s in READ_AT_S:
                hz = heard_hz(sound[:round(at_s * RATE_HZ)], RATE_HZ)
                tuned = None if hz is None else read(hz, EQUAL.pitches)
                if len(keys) > 1:
                    told["chord nothing" if tuned is None else "chord read"].append(patch.name)
                elif tuned is None:
                    told["nothing"].append(patch.name)
                elif tuned.key == keys[0]:
                    told["right"].append(patch.name)
                    cents.append(tuned.cents)
                else:
                    told["octave" if (tuned.key - keys[0]) % 12 == 0 else "wrong"].append(f"{patch.name} {keys[0]}: {tuned.key}")
    print(json.dumps({"readings": {name: len(names) for name, names in told.items()}, "cents": {
        "median": round(float(np.median(np.abs(cents))), 2), "95 %": round(float(np.percentile(np.abs(cents), 95)), 2)},
        "not right": {name: sorted(set(told[name])) for name in ("octave", "wrong", "chord read")},
        "nothing of": {name: told["nothing"].count(name) for name in sorted(set(told["nothing"]))}}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
