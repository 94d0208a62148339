"""What the audio thread costs: microseconds for a block of 128 frames at 48 kHz (of 2667 that it may take), by voices and
by stage.

    python tests/bench/synthesis_cost.py [--block 128] [--blocks 400]

Voices hold keys from 28 to 100, each with the partials that a recorded instrument has at that pitch: all harmonics up
to 20 kHz that lie above the frame's floor, 6 dB softer per octave, and every third voice with half-harmonics as well.
One voice in eight is in its attack (four targets a hop). All targets move from hop to hop. A stage's cost is what the
block costs less without it; medians over all blocks. Time is what the thread used of a core, so that a busy machine
does not count.
"""
import argparse
import time

import numpy as np

from hummingface.instrument.synthesis.effects import INDEX, START
from hummingface.instrument.synthesis.producer import claim_hop, claim_start, publish_hop, publish_start
from hummingface.instrument.synthesis.render import render
from hummingface.instrument.synthesis.state import PARTIALS, boundary, new_state

RATE = 48_000
EFFECTS = {"drive": {"drive.amount": 0.3}, "chorus": {"chorus.mix": 0.5}, "delay": {"delay.mix": 0.4},
           "reverb": {"reverb.mix": 0.3}}
RATIOS = np.concatenate([np.arange(1, 129), np.arange(32) + 0.5])


def pitches(voices):
    """MIDI keys, spread over a piano's middle seven octaves."""
    return np.linspace(28, 100, voices) if voices > 1 else np.array([57.0])


def sound(pitch, halves, random):
    """Targets [3, PARTIALS] of one voice, and how many partials sound."""
    frequency_hz = 440 * 2 ** ((pitch - 69) / 12) * RATIOS
    sounds = (frequency_hz < 20_000) & ((np.arange(PARTIALS) < 128) | halves)
    level = np.where(sounds, 0.01 / RATIOS, 0) * random.uniform(0.8, 1, PARTIALS)
    turn = random.uniform(0, 0.3, PARTIALS)
    return np.stack([level * np.cos(turn), level * np.sin(turn), frequency_hz]).astype(np.float32), int(sounds.sum())


def measure(voices, noise, effects, block, blocks):
    """Microseconds of each block, and the partials that sound."""
    random = np.random.default_rng(1)
    state = new_state(RATE)
    keys, partials = pitches(voices), 0
    controls = START.copy()
    for name, value in effects.items():
        controls[INDEX[name]] = value
    for slot, key in enumerate(keys):
        start = claim_start(state)
        rows, sounding = sound(key, slot % 3 == 0, random)
        start["time"], start["slot"], start["rows"], start["first_quarter"], start["used"] = 0, slot, 1, 1, PARTIALS
        start["pan"], start["phase"], start["partials"][:], start["noise"] = 0.7, 0, rows, 0
        publish_start(state)
        partials += sounding
    banks = [[sound(key, slot % 3 == 0, random)[0] for slot, key in enumerate(keys)] for _ in range(2)]
    out = np.zeros((block, 2), np.float32)
    times = []
    for _ in range(blocks):
        while boundary(4 * int(state["hops_published"][0]), RATE) < int(state["position"][0]) + block:
            hop = claim_hop(state)
            hop["count"], hop["flush"] = voices, 0
            for slot in range(voices):
                hop["slot"][slot], hop["used"][slot], hop["last"][slot], hop["pan"][slot] = slot, PARTIALS, 0, 0.7
                hop["rows"][slot] = 4 if slot % 8 == 0 and voices > 1 else 1
                hop["partials"][slot] = banks[int(hop["index"]) % 2][slot]
            hop["noise"][:, :2] = 1e-6 if noise else 0
            hop["effects"][:len(controls)] = controls
            publish_hop(state)
        begin = time.thread_time()
        render(state, out)
        times.append((time.thread_time() - begin) * 1e6)
    return np.array(times[20:]), partials


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--blocks", type=int, default=400)
    arguments = parser.parse_args()
    budget = arguments.block / RATE * 1e6
    everything = {name: value for effect in EFFECTS.values() for name, value in effect.items()}

    def cost(voices, noise=False, effects=None):
        return np.median(measure(voices, noise, effects or {}, arguments.block, arguments.blocks)[0])

    base = cost(0)
    print(f"block of {arguments.block} frames at {RATE} Hz: {budget:.0f} us; empty engine {base:.1f} us")
    print(f"noise bank {cost(0, noise=True) - base:.1f} us; " + "; ".join(
        f"{name} {cost(0, effects=settings) - base:.1f} us" for name, settings in EFFECTS.items()))
    print("voices  partials  tones us  all median us  all p99 us  share of budget")
    for voices in (1, 16, 64, 128):
        tones = cost(voices) - base
        times, partials = measure(voices, True, everything, arguments.block, arguments.blocks)
        median, p99 = np.median(times), np.percentile(times, 99)
        print(f"{voices:6d}  {partials:8d}  {tones:8.1f}  {median:13.1f}  {p99:10.1f}  {median / budget:14.1%}")


if __name__ == "__main__":
    main()
