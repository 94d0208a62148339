"""Benchmark of the engine on this machine: the performer with its decoder, and the compiled synthesis, block by block.

One thread runs both in turn, as fast as it can, while a chord of the requested size sounds and a latent moves or rests. A load of 1 is
all of one core. The performer works once a hop, so loads are taken over the longer of a block and a hop.
"""
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from hummingface.models.playing.frame import FRAMES_PER_SECOND

if TYPE_CHECKING:
    from hummingface.instrument.offline.player import Player

WARM_UP_S = 1.0
RETRIGGER_S = 1.0               # every voice is struck again about this often, so that attacks are measured, too
LOWEST_KEY, HIGHEST_KEY = 33, 96


class BenchOptions(TypedDict, total=False):
    """What is measured; see `measure`."""
    voices: int
    block_samples: int
    rate_hz: int
    seconds: float
    patch: str | Path | None
    model: str | Path | None
    clock: Callable[[], float]


def chord(notes: int) -> list[tuple[int, int]]:
    """This many different (channel, key), spread over the measured keys, on as few channels as possible."""
    channels = -(-notes // (HIGHEST_KEY - LOWEST_KEY + 1))
    keys = np.linspace(LOWEST_KEY, HIGHEST_KEY, -(-notes // max(channels, 1))).round().astype(int).tolist()
    return [(index % channels, keys[index // channels]) for index in range(notes)]


def _run_blocks(player: "Player", voices: int, block_samples: int, seconds: float, moving: bool,
                clock: Callable[[], float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Play for this long; returns the seconds of each block's (performer, synthesis), and the decoder's microseconds per hop."""
    from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn, Set
    from hummingface.instrument.synthesis.render import render
    rate_hz, performer, state = player.rate_hz, player.performer, player.state
    notes = chord(voices)
    out = np.empty((block_samples, 2), np.float32)
    blocks = round(seconds * rate_hz / block_samples)
    every = max(1, round(RETRIGGER_S * rate_hz / block_samples / voices))
    spent = np.zeros((blocks, 2))
    decoder_us, newest = [], -1
    for n in range(blocks):
        if n % every == 0:
            channel, key = notes[n // every % voices]
            if n // every >= voices:
                performer.receive(NoteOff(channel, key), player.position)
            performer.receive(NoteOn(channel, key, 40 + 60 * (n % 2)), player.position)
        if moving:
            performer.receive(Set("latent.1", 2 * np.sin(n / 200)), player.position)
        began = clock()
        performer.advance(player.position + block_samples)
        made = clock()
        render(state, out)
        spent[n] = made - began, clock() - made
        if performer.hop != newest:
            newest = performer.hop
            decoder_us.append(float(state["status"]["decoder_us"][0]))
    return spent[:, 0], spent[:, 1], np.array(decoder_us)


def measure(*, voices: int = 64, block_samples: int = 128, rate_hz: int = 48000, seconds: float = 10.0,
            patch: str | Path | None = None, model: str | Path | None = None,
            moving: bool = False, clock: Callable[[], float] = time.perf_counter) -> dict:
    """The figures of `hummingface bench --json`; loads are shares of one core, times are medians.

    `patch` and `model` as `sound_bank.open_sound` takes them. `moving`: one latent moves with every block; else all rest.
    `clock`: `time.thread_time` leaves out what else the machine does.
    """
    from hummingface.instrument.offline.player import Player
    from hummingface.instrument.performance import sound_bank
    from hummingface.instrument.performance.messages.midi import Set
    sound = sound_bank.open_sound(patch, model)
    player = Player(sound.source, sound.patch, rate_hz=rate_hz, shown=True)         # as live
    player.performer.receive(Set("master.voices", voices), 0)
    _run_blocks(player, voices, block_samples, WARM_UP_S + RETRIGGER_S, moving, clock)
    performer_s, synthesis_s, decoder_us = _run_blocks(player, voices, block_samples, seconds, moving, clock)
    block_s, hop_s = block_samples / rate_hz, 1 / FRAMES_PER_SECOND
    group = max(1, round(hop_s / block_s))
    whole = len(performer_s) // group * group
    loads = (performer_s + synthesis_s)[:whole].reshape(-1, group).sum(1) / (group * block_s)
    hops_per_block = max(1.0, block_s / hop_s)
    return {
        "voices": voices, "voices_sounding": player.performer.sounding(), "block": block_samples, "rate": rate_hz,
        "model": sound.source.name, "patch": sound.patch.name,
        "load_median": float(np.median(loads)), "load_p99": float(np.percentile(loads, 99)),
        "late_frames": int((performer_s / hops_per_block > hop_s + block_s).sum()),
        "decoder_us": float(np.median(decoder_us)),
        "performer_us": float(performer_s[:whole].reshape(-1, group).sum(1).mean() / max(1, group * block_s / hop_s) * 1e6),
        "synthesis_us": float(np.median(synthesis_s) * 1e6),
    }


def run(*, json_file: Path | None = None, **options: Unpack[BenchOptions]) -> int:
    """`hummingface bench`: measure with latents at rest and with one always moving, print both, and write JSON where asked: the
    figures at rest, and under "moving" the others."""
    if json_file is not None:
        json_file.open("a").close()         # report an unwritable file before measuring
    figures = measure(**options, moving=False)
    figures["moving"] = measure(**options, moving=True)
    print(f"{figures['voices_sounding']} voices of {figures['model']} at {figures['rate']} Hz, blocks of {figures['block']}, "
          f"each struck again every second; loads are shares of one core")
    for what, row in (("latents at rest", figures), ("one latent always moving", figures["moving"])):
        print(f"  {what:25s} load {row['load_median']:6.1%} median, {row['load_p99']:6.1%} at the 99th percentile, "
              f"late frames {row['late_frames']}\n"
              f"  {'':25s} of a hop's {1e6 / FRAMES_PER_SECOND:.0f} us the decoder takes {row['decoder_us']:.0f}, all of the performer "
              f"{row['performer_us']:.0f}; of a block's {1e6 * row['block'] / row['rate']:.0f} us "
              f"synthesis takes {row['synthesis_us']:.0f}")
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=1) + "\n")
    return 0
