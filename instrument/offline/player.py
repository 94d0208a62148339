"""Offline rendering: events into samples, through the same performer and the same compiled `render` as live.

The samples do not depend on the block size. Rendering the log of a live performance gives what was played.
"""
from collections.abc import Iterable, Iterator, Sequence
from typing import Unpack

import numpy as np

from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.events import PlayerEvent
from hummingface.instrument.performance.performer import Performer, PerformerOptions
from hummingface.instrument.performance.source import Source

LONGEST_TAIL_S, QUIET_S, QUIET = 20.0, 0.3, 10 ** (-80 / 20)      # it ends when the sound stays below this level for this long
PIECE_HOPS = 8                                                    # rendered at once; the ring holds 16


class Player:
    """An engine of its own, in memory. `events` are (sample, event) in any order; more can be added with `performer.receive`. No window
    looks at it, unless the options say `shown`."""

    def __init__(self, source: Source, patch: Patch | None = None, *, rate_hz: int = 48000, seed: int = 0,
                 events: Iterable[tuple[int, PlayerEvent]] = (), **options: Unpack[PerformerOptions]) -> None:
        from hummingface.instrument.synthesis.state import new_state
        self.rate_hz = rate_hz
        self.state = new_state(rate_hz, seed=seed)
        options.setdefault("shown", False)
        self.performer = Performer(self.state, source, patch, seed=seed, **options)
        self.most_voices = 0
        for sample, event in events:
            self.performer.receive(event, sample)

    @property
    def position(self) -> int:
        return int(self.state["position"][0])

    def render(self, samples: int, block_samples: int = 128) -> np.ndarray:
        """The next samples, float32 [samples, 2], made in blocks."""
        from hummingface.instrument.synthesis.render import render
        out = np.empty((samples, 2), np.float32)
        longest = PIECE_HOPS * self.rate_hz * 4 // 750
        for begin in range(0, samples, block_samples):
            block = out[begin:begin + block_samples]
            for first in range(0, len(block), longest):
                piece = block[first:first + longest]
                self.performer.advance(self.position + len(piece))
                render(self.state, piece)
            self.most_voices = max(self.most_voices, self.performer.sounding())
        return out


def play_events(events: Sequence[tuple[int, PlayerEvent]], source: Source, patch: Patch | None = None, *, rate_hz: int = 48000,
                block_samples: int = 128, seed: int = 0, seconds: float | None = None, **options: Unpack[PerformerOptions]) -> np.ndarray:
    """The sound of (sample, event) pairs, until the last note has ended, or of exactly `seconds`. float32 [S, 2]"""
    player = Player(source, patch, rate_hz=rate_hz, seed=seed, events=events, **options)
    last = max((sample for sample, _ in events), default=0)
    return np.concatenate([made for made, in blocks([player], last, block_samples, seconds)])


def blocks(players: list[Player], last: int, block_samples: int, seconds: float | None) -> Iterator[list[np.ndarray]]:
    """The sound of several players in parallel: float32 [n, 2] each, a quarter of a second at a time, up to `seconds`, or until all are
    silent after sample `last`.
    """
    rate_hz = players[0].rate_hz
    step = max(block_samples, rate_hz // 4 // block_samples * block_samples)
    end = round(seconds * rate_hz) if seconds is not None else last + round(LONGEST_TAIL_S * rate_hz)
    quiet_s = 0.0
    while (position := players[0].position) < end:
        count = min(step, end - position)
        made = [player.render(count, block_samples) for player in players]
        yield made
        if seconds is None and position + count > last:
            quiet = all(np.abs(block).max() < QUIET for block in made)
            quiet_s = quiet_s + count / rate_hz if quiet else 0.0
            if quiet_s >= QUIET_S and not any(player.performer.sounding() for player in players):
                return
