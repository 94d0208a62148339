"""Do the named knobs do what they say, on single notes? Each knob in five steps on every factory patch, heard through the offline engine.

    python -m tests.bench.named_knobs                             every factory patch; some presets of FluidR3 Dream
    python -m tests.bench.named_knobs "Evening Grand" "Dream: Reed 1" --draws 2 --keys 48,72

A sound's knobs are those that the window shows for its model. Each value of a knob is struck `--draws` times at each key, and no two
strikes are alike, so a sweep is five strikes as a player hears them. Characteristics are measured on the sound (dry, one channel), not on
frames, each by its own standard method. Of each patch and knob: the median and the worst tenth of the rank correlations (Spearman's) of
single sweeps; the change between the ends, over the difference of two plain strikes of the same key (the median of those over keys); and
how far loudness (BS.1770) and pitch move on the way.
Two draws are struck at once, one in each channel, which are wholly apart but for the reverb's. All sounds are struck at the first of
`--keys` before any at the second, and so on, then all again for the next two draws: at any time there is a table of all of them.
`--json FILE` gets everything that was measured, and with `--resume` what is there already is not played again.
"""
import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from hummingface.models.playing.frame import pitch_to_hz
from tests.bench.strike_measures import HOLD_S, KNOBS, RATE_HZ, Strike, momentary_lufs, pitch_cents, room

BLOCK_SAMPLES = 2048
KEYS, VELOCITY = (36, 48, 60, 72, 84), 100
LEAD_S, AFTER_S = 0.05, 0.45                  # what rings on after note-off is heard for the room alone
SIDES = ((0, 0), (1, 127))                    # of strikes that sound together: channel, its pan
APART = 107                                   # the volume at which a channel on one side is as loud there as in the middle, within 0.04 dB
STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)           # of a knob that has two sides; one that has one goes from 0 to 1
GOALS = {"median": 0.8, "tenth": 0.5, "change": 2.0}
DREAM = "Dream: "
DREAM_PRESETS = 8
MOST_TIMES = 99.0                             # more is not told apart


class Desk:
    """A patch, dry and in mono, whose knobs are moved between strikes."""

    def __init__(self, source: Any, patch: Any, seed: int = 0) -> None:
        from hummingface.instrument.offline.player import Player
        self.player = Player(source, patch.with_values(parameters={**patch.dry().parameters, "character.width": 0.0}), rate_hz=RATE_HZ,
                             seed=seed, shown=False)

    def strike(self, key: int, values: dict[str, float], after_s: float = 0.0) -> Strike:
        """One strike, in the middle."""
        return Strike(self._sound(key, values, after_s, ((0, 64),), 127).mean(1, dtype=np.float64), float(pitch_to_hz(float(key))))

    def strike_twice(self, key: int, values: dict[str, float], after_s: float = 0.0) -> list[Strike]:
        """Two strikes at once, one in each channel: whatever mixes channels must be at rest."""
        sound = self._sound(key, values, after_s, SIDES, APART)
        return [Strike(side.astype(np.float64), float(pitch_to_hz(float(key)))) for side in sound.T]

    def _sound(self, key: int, values: dict[str, float], after_s: float, places: tuple[tuple[int, int], ...], volume: int) -> np.ndarray:
        """What is heard from note-on until `after_s` after note-off: [S, 2]."""
        from hummingface.instrument.performance.messages.midi import PAN, VOLUME, Controller, NoteOff, NoteOn, Panic
        performer, position = self.player.performer, self.player.position
        performer.receive(Panic(), position)
        down = position + round(LEAD_S * RATE_HZ)
        up = down + round(HOLD_S * RATE_HZ)
        for channel, pan in places:
            performer.receive(Controller(channel, PAN, pan), position)
            performer.receive(Controller(channel, VOLUME, volume), position)
            performer.receive(NoteOn(channel, key, VELOCITY), down)
            performer.receive(NoteOff(channel, key), up)
        performer.sound.begin_with(values)
        performer.source.snap()
        return self.player.render(up + round(after_s * RATE_HZ) - position, BLOCK_SAMPLES)[down - position:]


Drawn = list[dict[str, float]]                       # draws of one value at one key: what was measured
Heard = dict[str, dict[str, list[Drawn]]]            # knob -> key -> step -> draws; keys as text, as JSON has them


def steps_of(knob: str) -> list[float]:
    """The values of a sweep."""
    from hummingface.instrument.patches.parameters import PARAMETERS
    parameter = PARAMETERS[knob]
    return [x * parameter.highest if parameter.lowest < 0 else (x + 1) / 2 * parameter.highest for x in STEPS]


def knobs_of(model: str) -> dict[str, Callable[[Strike], float]]:
    """The knobs that are shown for a model, and how each is measured."""
    from hummingface.instrument.patches.library import named_knobs_of
    shown = named_knobs_of(model)
    return {knob: measure for knob, measure in KNOBS.items() if knob in shown or not knob.startswith("characteristic.")}


def hear(desk: Desk, keys: tuple[int, ...]) -> Heard:
    """Strikes every value of every knob twice; where a knob stands at its default, two strikes serve all of them."""
    from hummingface.instrument.patches.parameters import PARAMETERS
    patch = desk.player.performer.patch
    knobs = knobs_of(patch.model)
    plain = {knob: patch.parameters[knob] for knob in knobs}
    heard: Heard = {knob: {} for knob in knobs}
    for key in keys:
        plainly = desk.strike_twice(key, plain, AFTER_S)
        for knob, measure in knobs.items():
            rows = []
            for value in steps_of(knob):
                moved = plain | {knob: value}
                if value == plain[knob] == PARAMETERS[knob].default:
                    notes = plainly
                elif measure is room:
                    notes = [desk.strike(key, moved, AFTER_S) for _ in range(2)]
                else:
                    notes = desk.strike_twice(key, moved)
                rows.append([{"value": measure(note), "lufs": momentary_lufs(note), "cents": pitch_cents(note)} for note in notes])
            heard[knob][str(key)] = rows
    return heard


def draws_of(heard: Heard, key: int) -> int:
    return min((len(drawn) for of_key in heard.values() for drawn in of_key.get(str(key), [[]])), default=0)


def joined(heard: Heard, more: Heard) -> Heard:
    """The draws of both."""
    made = {knob: dict(of_key) for knob, of_key in heard.items()}
    for knob, of_key in more.items():
        for key, rows in of_key.items():
            there = made.setdefault(knob, {}).get(key, [[] for _ in rows])
            made[knob][key] = [a + b for a, b in zip(there, rows, strict=True)]
    return made


def judge(rows: dict[str, list[Drawn]], steps: list[float]) -> dict[str, Any]:
    """Figures of one knob of one patch: rank correlations of single sweeps, change over chance, how far loudness and pitch move."""
    correlations, changes, louder, bent = [], [], [], []
    for key in rows:
        values = np.array([[one["value"] for one in at] for at in rows[key]])                              # [steps, draws]
        correlations += [float(spearmanr(steps, sweep).statistic) if np.ptp(sweep) > 1e-9 else 0.0 for sweep in values.T]
        chance = np.mean([np.abs(values[:, i] - values[:, j]).mean() for i in range(values.shape[1]) for j in range(i)])
        changes.append(float(np.clip((values[-1].mean() - values[0].mean()) / max(chance, 1e-9), -MOST_TIMES, MOST_TIMES)))
        lufs = np.array([[one["lufs"] for one in at] for at in rows[key]]).mean(1)
        louder.append(float(np.ptp(lufs)))
        cents = np.array([[one["cents"] for one in at] for at in rows[key]])
        if np.isfinite(cents).any(1).sum() > 2:
            cents = cents[np.isfinite(cents).any(1)]
            bent.append(float(np.nanmax(np.abs(np.nanmedian(cents, 1) - np.nanmedian(cents)))))
    return {"correlations": correlations, "changes": changes, "louder_lu": louder, "bent_cents": bent}


def figures(heard: Heard) -> dict[str, dict[str, Any]]:
    """Of one sound, by knob."""
    return {knob: judge(rows, steps_of(knob)) for knob, rows in heard.items()}


def sounds(wanted: list[str], every: int) -> Iterator[tuple[str, Any]]:
    """(name, patch) of what is wanted, or of the factory's patches and presets of Dream, so that each model comes once."""
    from hummingface.instrument.patches import library
    dream = library.load_model("FluidR3 Dream")
    if wanted:
        for name in wanted:
            of_dream = name.startswith(DREAM)
            yield name, library.preset_patch(dream, name[len(DREAM):]) if of_dream else library.load_patch(name)
        return
    for entry in library.patches()[::every]:
        yield entry.name, library.load_patch(entry.name)
    for name in list(dream.presets)[::max(1, len(dream.presets) // DREAM_PRESETS)]:
        yield DREAM + name, library.preset_patch(dream, name)


def table(found: dict[str, dict[str, Any]]) -> str:
    """Of all sounds: one line a knob."""
    lines = ["| knob | correlation: median | worst tenth | change over chance: median, worst tenth | loudness, LU: median, 90 % | "
             "pitch, cents: median, 90 % |", "|---|---|---|---|---|---|"]
    for knob in KNOBS:
        every = [rows[knob] for rows in found.values() if knob in rows]
        if not every:
            continue
        all_of = {name: np.concatenate([row[name] for row in every]) for name in every[0]}
        r, change = all_of["correlations"], all_of["changes"]
        bent = all_of["bent_cents"] if len(all_of["bent_cents"]) else np.array([np.nan])
        figures = [f"{np.median(r):.2f}", f"{np.quantile(r, 0.1):.2f}", f"{np.median(change):.1f}, {np.quantile(change, 0.1):.1f}"]
        figures += [f"{np.median(x):.1f}, {np.quantile(x, 0.9):.1f}" for x in (all_of["louder_lu"], bent)]
        lines.append(f"| {knob} | {' | '.join(figures)} |")
    return "\n".join(lines)


def main() -> int:
    """The status is not 0 where a knob misses a goal."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("sounds", nargs="*", help=f"patches by name, presets as '{DREAM}NAME'")
    parser.add_argument("--keys", default=",".join(map(str, KEYS)))
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--every", type=int, default=1, help="of the factory's patches, every so many")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    from hummingface.instrument.patches import library
    from hummingface.instrument.performance.sound_bank import source_of
    heard: dict[str, Heard] = json.loads(args.json.read_text()) if args.resume and args.json and args.json.exists() else {}
    keys, sources = tuple(int(key) for key in args.keys.split(",")), {}
    all_of = list(sounds(args.sounds, args.every))
    for drawn, key in ((drawn, key) for drawn in range(0, args.draws, 2) for key in keys):
        for name, patch in all_of:
            if draws_of(heard.get(name, {}), key) > drawn:
                continue
            began = time.process_time()
            if patch.model not in sources:
                sources[patch.model] = source_of(library.load_model(patch.model))
            heard[name] = joined(heard.get(name, {}), hear(Desk(sources[patch.model], patch, seed=drawn), (key,)))
            short = [f"{knob.partition('.')[2]} {np.median(row['correlations']):.2f} {np.median(row['changes']):.1f}"
                     for knob, row in figures(heard[name]).items()]
            print(f"{name}, {key} ({time.process_time() - began:.1f} s): {', '.join(short)}", flush=True)
            if args.json:
                args.json.write_text(json.dumps(heard))
    found = {name: figures(of_sound) for name, of_sound in heard.items()}
    print(table(found))
    rows_of = {knob: [rows[knob]["correlations"] for rows in found.values() if knob in rows] for knob in KNOBS}
    correlations = [np.concatenate(rows) for rows in rows_of.values() if rows]
    return int(any(np.median(r) < GOALS["median"] or np.quantile(r, 0.1) < GOALS["tenth"] for r in correlations))


if __name__ == "__main__":
    sys.exit(main())
