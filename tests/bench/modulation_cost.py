"""What modulation costs: `python tests/bench/modulation_cost.py [--voices 32 64] [--seconds 10] [--block 128] [--json FILE]`.

For so many voices, each struck once a second: the engine's load of one core with no route; with one of two LFOs of each voice on latents
and the third on the filter; and with four more routes to controls that need no network. Measured in turns of half a second within one
run, so what else the machine does falls on all alike: `ratio` is the median over the turns of the load against the one without routes.
`late` counts hops that took longer than a hop and a block. Times are this thread's own on its core.
"""
import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from hummingface.instrument.app import bench
from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.performance.messages.midi import Set
from hummingface.instrument.performance.sound_bank import open_sound, source_of
from hummingface.models.playing.frame import FRAMES_PER_SECOND

TURN_S, WARM_UP_TURNS = 0.5, 5
LATENTS = (Route("lfo.1", "latent.1", 0.2), Route("lfo.2", "latent.2", 0.2), Route("lfo.3", "filter.cutoff_hz", 0.3))
MORE = (Route("velocity", "filter.resonance_db", 0.3), Route("mod_envelope.1", "characteristic.brightness", 0.2),
        Route("random", "master.tune_cents", 0.05), Route("wheel", "reverb.mix", 0.3))
RATES_HZ = (("lfo.1.rate_hz", 0.7), ("lfo.2.rate_hz", 1.3), ("lfo.3.rate_hz", 4.0))
KINDS = {"no routes": (), "LFOs on two latents and the filter": LATENTS, "and four more routes": (*LATENTS, *MORE),
         "four routes, none to latents": MORE}


class Desk:
    """An engine that plays on, in turns."""

    def __init__(self, routes: tuple[Route, ...], voices: int, block: int, patch: str | None) -> None:
        sound = open_sound(patch)
        self.voices, self.block = voices, block
        self.player = Player(source_of(sound.source.model.network, sound.patch.recordings),
                             sound.patch.with_values(routes=routes), shown=True)
        for name, value in (("master.voices", voices), ("filter.cutoff_hz", 3000.0), *RATES_HZ):
            self.player.performer.receive(Set(name, value), 0)

    def turn(self) -> tuple[float, int, float]:
        """(the load of a turn, how many hops took too long, the longest in microseconds)."""
        performer, synthesis, _ = bench._run_blocks(self.player, self.voices, self.block, TURN_S, False, time.thread_time)
        longest_s = 1 / FRAMES_PER_SECOND + self.block / self.player.rate_hz
        return float(performer.sum() + synthesis.sum()) / TURN_S, int((performer > longest_s).sum()), float(performer.max() * 1e6)


def measure(voices: int, seconds: float, block: int, patch: str | None = None) -> list[dict]:
    """One row for each of KINDS."""
    desks = {kind: Desk(routes, voices, block, patch) for kind, routes in KINDS.items()}
    for _ in range(WARM_UP_TURNS):
        for desk in desks.values():
            desk.turn()
    turns = np.array([[desk.turn() for desk in desks.values()] for _ in range(max(round(seconds / TURN_S), 3))])
    loads = turns[:, :, 0]
    return [{"voices": voices, "block": block, "kind": kind, "percent_of_a_core": round(100 * float(np.median(loads[:, i])), 1),
             "ratio": round(float(np.median(loads[:, i] / loads[:, 0])), 2), "late": int(turns[:, i, 1].sum()),
             "longest_us": round(float(turns[:, i, 2].max()))} for i, kind in enumerate(desks)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--voices", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--patch")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    figures = [row for voices in args.voices for row in measure(voices, args.seconds, args.block, args.patch)]
    for row in figures:
        print(f"{row['voices']:3} voices, {row['kind']:36} {row['percent_of_a_core']:5.1f} % of a core, {row['ratio']:.2f} times, "
              f"{row['late']} late, longest {row['longest_us']} us")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
