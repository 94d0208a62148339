"""What travelling over the map costs, and what is heard on the way.

    python -m tests.bench.map_ways [--ways 12] [--seed 1]

A way leads from one sound of FluidR3 Atlas to another in 4 s, 33 moves a second, while C4 is struck every half second. Measured: the
session's time and messages for a move, the performer's time for one, and the loudness of the strikes (0.4 s, ITU-R BS.1770-5) on the way
beside that of the sound that it begins with.
"""
import argparse
import time

import numpy as np

from hummingface.instrument.audio.process import quick_commands
from hummingface.instrument.offline.levelling import momentary_lufs
from hummingface.instrument.offline.player import Player
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
from hummingface.instrument.performance.sound_bank import SoundBank
from hummingface.instrument.session.map_dots import read_dots
from hummingface.instrument.session.map_way import Stop, Way
from hummingface.instrument.session.session import Session

RATE_HZ, MOVE_S, WAY_S, STRIKE_S = 48_000, 0.03, 4.0, 0.5
MODEL, KEY = "FluidR3 Atlas", 60


class Performing:
    """Gives a player what a window sends."""

    def __init__(self, player: Player) -> None:
        self.player, self.seconds = player, list[float]()

    def receive(self, event: object, _source: object = None) -> None:
        began = time.perf_counter()
        self.player.performer._apply(event, self.player.position)       # type: ignore[arg-type]
        self.seconds.append(time.perf_counter() - began)


def strikes() -> list[tuple[int, NoteOn | NoteOff]]:
    """A note every STRIKE_S, for the way and the strike before it."""
    length = round(STRIKE_S * RATE_HZ)
    return [event for at in range(0, round((WAY_S + 2 * STRIKE_S) * RATE_HZ), length)
            for event in ((at, NoteOn(0, KEY, 100)), (at + round(0.9 * length), NoteOff(0, KEY)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng, bank = np.random.default_rng(args.seed), SoundBank()
    stops = [dot.stop for dot in read_dots().dots if dot.entry.factory]
    mine = [stop for stop in stops if stop.patch.model == MODEL]
    moves_ms, messages, performer_ms, still_lufs, way_lufs = ([] for _ in range(5))
    for _ in range(args.ways):
        begin, end = (mine[i] for i in rng.choice(len(mine), 2, replace=False))
        begin = Stop.of(begin.at, begin.patch.with_values(routes=(), parameters={**begin.patch.parameters, "arpeggiator.on": 0.0}))
        sent: list[dict] = []
        session = Session(sent.append, begin.patch)
        way = Way(session)
        way.stops = stops
        player = Player(bank.source(MODEL), begin.patch, rate_hz=RATE_HZ, events=strikes())
        hand = Performing(player)
        still = player.render(round(STRIKE_S * RATE_HZ))
        way.begin()
        pieces = []
        for share in np.linspace(0, 1, round(WAY_S / MOVE_S)):
            sent.clear()
            began = time.perf_counter()
            way.go(tuple(np.array(begin.at) + share * (np.array(end.at) - begin.at)))
            moves_ms.append(1e3 * (time.perf_counter() - began))
            hand.seconds.clear()
            for message in sent:
                quick_commands.play(message, hand, None)        # type: ignore[arg-type]
            messages.append(len(sent))
            performer_ms.append(1e3 * sum(hand.seconds))
            pieces.append(player.render(round(MOVE_S * RATE_HZ)))
        heard = np.concatenate(pieces)
        still_lufs.append(momentary_lufs(still))
        length = round(STRIKE_S * RATE_HZ)
        way_lufs += [momentary_lufs(heard[at:at + length]) for at in range(0, len(heard) - length, length)]
    print(f"{args.ways} ways of {WAY_S:g} s: a move has {np.mean(messages):.1f} messages (at most {max(messages)}), takes the session "
          f"{np.median(moves_ms):.2f} ms and the performer {np.median(performer_ms):.2f} ms (at most {max(performer_ms):.2f})")
    print(f"loudness of strikes: of the sounds that ways begin with {np.median(still_lufs):.1f} LUFS ({min(still_lufs):.1f} to "
          f"{max(still_lufs):.1f}); on the way {np.median(way_lufs):.1f}, nine tenths within {np.percentile(way_lufs, 5):.1f} to "
          f"{np.percentile(way_lufs, 95):.1f}")


if __name__ == "__main__":
    main()
