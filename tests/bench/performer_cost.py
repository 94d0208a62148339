"""What a hop costs: `python tests/bench/performer_cost.py [--json FILE] [--knobs]`.

For 1, 8, 16 and 64 voices, microseconds of the decoder (mean) and of all the rest (median: schedule, modulation, publishing), while
the notes are held, while a latent moves, and just after all of them began at once; `start_us` is that beginning, with a hop.
A hop lasts 5333 us. The model is untrained, of the default size, so the figures hold for any of that size. Times are this thread's
own on its core: what else the machine does is not in them. `--knobs`: with every characteristic at 1.
"""
import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.parameters import group
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages.midi import NoteOn, Set
from hummingface.models.playing.untrained import untrained

HOP = 256
HOPS = 120


def measure(source: FrameSource, voices: int, knobs: bool = False) -> dict:
    """Microseconds by what is going on."""
    moved = [(0, Set(p.id, 1.0)) for p in group("characteristic")] if knobs else []
    player = Player(source, events=[(0, Set("master.voices", 128)), *moved], shown=True)
    performer = player.performer
    player.render(4 * HOP)

    spent_in_decoder = [0.0]
    ask = source.frames

    def timed(*inputs):
        began = time.thread_time()
        try:
            return ask(*inputs)
        finally:
            spent_in_decoder[0] += time.thread_time() - began
    source.frames = timed

    def hops(count: int, moving: bool = False) -> tuple[float, float]:
        decoder, rest = [], []
        for n in range(count):
            if moving:
                performer.receive(Set("latent.1", float(np.sin(n / 9))), player.position)
            spent_in_decoder[0] = 0.0
            began = time.thread_time()
            performer.advance(player.position + HOP)
            spent = (time.thread_time() - began) * 1e6
            decoder.append(spent_in_decoder[0] * 1e6)
            rest.append(spent - decoder[-1])
            player.render(HOP, HOP)
        return round(float(np.mean(decoder))), round(float(np.median(rest)))

    at = player.position
    for i in range(voices):
        performer.receive(NoteOn(i // 60, 36 + i % 60, 90), at)
    began = time.thread_time()
    performer.advance(at + HOP)
    start_us = round((time.thread_time() - began) * 1e6)
    player.render(HOP, HOP)
    young = hops(8)
    player.render(200 * HOP)
    held, moving = hops(HOPS), hops(HOPS, moving=True)
    del source.frames
    return {"voices": voices, "start_us": start_us, "decoder_us": held[0], "modulation_us": held[1],
            "young_decoder_us": young[0], "young_modulation_us": young[1],
            "moving_decoder_us": moving[0], "moving_modulation_us": moving[1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--knobs", action="store_true")
    args = parser.parse_args()
    source = FrameSource(untrained())
    measure(source, 2)                                   # compiles
    figures = [measure(source, voices, args.knobs) for voices in (1, 8, 16, 64)]
    for figure in figures:
        print("  ".join(f"{name} {value}" for name, value in figure.items()))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
