"""What stereo costs the audio thread: 64 stereo voices against 64 mono ones, block by block in turn, in one run.

    python tests/bench/stereo_cost.py [--voices 64] [--block 128] [--blocks 1500] [--json FILE]

Voices as in `synthesis_cost.py` (keys 28 to 100, all harmonics up to 20 kHz, one in eight in its attack), with noise in all bands and no
effects. The stereo engine's partials have phases and balances of their own that stand still, its noise a coherence of 0.3; a third engine's
move with every hop. Time is what the thread used of a core. Goal: 1.6.
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np

from hummingface.instrument.synthesis.effects import START
from hummingface.instrument.synthesis.noise import COHERENCE
from hummingface.instrument.synthesis.producer import claim_hop, claim_start, publish_hop, publish_start
from hummingface.instrument.synthesis.render import render
from hummingface.instrument.synthesis.state import EXCESS, PARTIALS, boundary, new_state
from tests.bench.synthesis_cost import RATE, pitches, sound

POWER = 1e-6


def random_sides(random):
    """[4, PARTIALS] of stereo partials."""
    half, ratio = random.uniform(-1.2, 1.2, PARTIALS), 10 ** (random.uniform(-6, 6, PARTIALS) / 20)
    left, turn = np.sqrt(2 / (1 + ratio ** 2)) * np.exp(-1j * half), ratio * np.exp(2j * half)
    return np.stack([left.real, left.imag, turn.real, turn.imag]).astype(np.float32)


class Engine:
    """`kind`: mono, stereo, or moving."""

    def __init__(self, kind, voices):
        random = np.random.default_rng(1)
        self.kind, self.voices, self.state = kind, voices, new_state(RATE)
        self.banks = [[sound(key, slot % 3 == 0, random)[0] for slot, key in enumerate(pitches(voices))] for _ in range(2)]
        self.sides = [[random_sides(random) for _ in range(voices)] for _ in range(2)]
        for slot in range(voices):
            start = claim_start(self.state)
            start["time"], start["slot"], start["rows"], start["first_quarter"], start["used"] = 0, slot, 1, 1, PARTIALS
            start["pan"], start["phase"], start["partials"][:], start["noise"] = 0.7, 0, self.banks[0][slot], 0
            start["wide"], start["sides"] = kind != "mono", self.sides[0][slot]
            publish_start(self.state)
        self.times_us = []

    def fill(self, samples):
        """Publish the hops that the next samples need."""
        while boundary(4 * int(self.state["hops_published"][0]), RATE) < int(self.state["position"][0]) + samples:
            hop = claim_hop(self.state)
            hop["count"], hop["flush"] = self.voices, 0
            odd = int(hop["index"]) % 2
            for slot in range(self.voices):
                hop["slot"][slot], hop["used"][slot], hop["last"][slot], hop["pan"][slot] = slot, PARTIALS, 0, 0.7
                hop["rows"][slot] = 4 if slot % 8 == 0 else 1
                hop["partials"][slot] = self.banks[odd][slot]
                hop["wide"][slot], hop["sides"][slot] = self.kind != "mono", self.sides[odd if self.kind == "moving" else 0][slot]
            hop["noise"][:, :2] = POWER
            hop["noise"][:, EXCESS] = 0 if self.kind == "mono" else (0.3 - COHERENCE) * POWER
            hop["effects"][:len(START)] = START
            publish_hop(self.state)

    def take(self, out):
        """Render a block, and note its time."""
        self.fill(len(out))
        begin = time.thread_time()
        render(self.state, out)
        self.times_us.append((time.thread_time() - begin) * 1e6)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voices", type=int, default=64)
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--blocks", type=int, default=1500)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    engines = [Engine(kind, arguments.voices) for kind in ("mono", "stereo", "moving")]
    out = np.zeros((arguments.block, 2), np.float32)
    for _ in range(arguments.blocks):
        for engine in engines:
            engine.take(out)
    us = {engine.kind: float(np.median(engine.times_us[50:])) for engine in engines}
    mean = {engine.kind: float(np.mean(engine.times_us[50:])) for engine in engines}
    for kind, value in us.items():
        print(f"{kind:7s} {value:7.1f} us a block (median), {mean[kind]:7.1f} (mean); "
              f"{value / us['mono']:.2f}, {mean[kind] / mean['mono']:.2f} of mono")
    if arguments.json:
        arguments.json.write_text(json.dumps({"median_us": us, "mean_us": mean}))


if __name__ == "__main__":
    main()
