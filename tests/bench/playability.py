"""Does every sound follow the hand? The figures of `train/evaluation/playability.py` for factory patches, for presets, and for what
`learn` made.

    python tests/bench/playability.py                               all factory patches, all presets of FluidR3 Atlas and FluidR3 Dream
    python tests/bench/playability.py "Halo Choir" "Evening Grand"  patches by name or file
    python tests/bench/playability.py --patches | --presets | --learnt
    python tests/bench/playability.py --model FILE                  all presets of a model of the library, or of a model file

Sounds are heard dry, through the offline engine, in so many `--draws`. `--against FLUIDR3.sf2` has fluidsynth play the same notes where a
release is too slow and the sound has a number of General MIDI (a patch: that of the preset that it is blended of most), and asks no faster
release than it has.
`brighter` is asked of acoustic sounds alone, and the range only of sounds whose "Dynamics" is at rest; else it is only listed. Loudness
of patches is the mean at velocity 100 over C2..C6.

`--table` gets a line as each sound is done, and at the end the summary; `--json` everything. With `--resume` sounds that stand in the JSON
file already, by the same patch and model in as many draws, are not played again: leave it away when the engine itself has changed.
"""
import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hummingface.train.evaluation import playability
from hummingface.train.evaluation.playability import FIGURES, GOALS, HOLD_S, LEAD_S, PlayedNote

RATE_HZ, BLOCK_SAMPLES = 48000, 2048
FACTORY = "FluidR3 Atlas", "FluidR3 Dream"
LEVELLED_KEYS = range(36, 85)                   # C2 to C6, over which sounds are to be equally loud,
MOST_SPREAD_LU = 1.5                            # from the softest to the loudest
NOT_ACOUSTIC = {"synth", "electric", "digital", "organ", "pad", "drive", "dream", "seed", "morph"}       # tags and families
ELECTRIC = {2, 4, 5, 7, *range(26, 32), *range(33, 40), 50, 51, 54, 55, 62, 63}      # of General MIDI's acoustic families
COLUMNS = (*FIGURES, "lufs")


class Sound(NamedTuple):
    """What is to be judged: a patch by name or file, or a preset of a model by name or file."""
    kind: str                                   # "patch" or "preset"
    name: str
    model: str = ""
    key: str = ""                               # of its row


def play(source: Any, patch: Any) -> playability.Play:
    """Strokes by the offline engine."""
    from hummingface.instrument.offline.player import Player
    from hummingface.instrument.performance.messages.midi import ALL_SOUND_OFF, Controller, NoteOff, NoteOn

    def played(strokes: Sequence[PlayedNote], seed: int) -> Iterator[np.ndarray]:
        player = Player(source, patch, rate_hz=RATE_HZ, seed=seed)
        performer = player.performer
        for stroke in strokes:
            down = player.position + round(LEAD_S * RATE_HZ)
            up = down + round(HOLD_S * RATE_HZ)
            end = up + round(stroke.after_s * RATE_HZ)
            performer.receive(NoteOn(0, stroke.key, stroke.velocity), down)
            performer.receive(NoteOff(0, stroke.key), up)
            performer.receive(Controller(0, ALL_SOUND_OFF, 0), end)
            yield player.render(end - player.position, BLOCK_SAMPLES)
    return played


def play_soundfont(path: Path, program: int) -> playability.Play:
    """Strokes by fluidsynth."""
    from hummingface.train.notes.soundfont import NoteSpec, render

    def played(strokes: Sequence[PlayedNote], seed: int) -> Iterator[np.ndarray]:
        specs = [NoteSpec(program, stroke.key, stroke.velocity, HOLD_S, stroke.after_s) for stroke in strokes]
        for stroke, (_, audio) in zip(strokes, render(specs, path, lead_s=LEAD_S), strict=True):
            yield audio[:round((LEAD_S + HOLD_S + stroke.after_s) * RATE_HZ)]
    return played


@cache
def _frame_source(model: str) -> Any:
    from hummingface.instrument.patches import library
    from hummingface.instrument.performance.sound_bank import source_of
    return source_of(library.load_model(model))


@cache
def _reference(path: Path, program: int) -> dict[str, float]:
    return playability.judge(play_soundfont(path, program), RATE_HZ, draws=1)[0]


def opened(sound: Sound) -> tuple[Any, Any, int | None, bool]:
    """(patch, dry; source; number of General MIDI; whether it is acoustic). Raises LibraryError or PatchError."""
    from hummingface.instrument.patches import library
    if sound.kind == "preset":
        source = _frame_source(sound.model)
        patch, about = library.preset_patch(source.model, sound.name), source.model.card["presets"][sound.name]
        program = about.get("program")
        acoustic = about.get("family") not in NOT_ACOUSTIC and program not in ELECTRIC
    else:
        patch = library.load_patch(sound.name)
        source, program = _frame_source(patch.model), None
        if patch.blend:
            program = source.model.card["presets"][max(patch.blend, key=lambda name: patch.blend[name])].get("program")
        acoustic = not NOT_ACOUSTIC & set(patch.tags)
    return patch.dry(), source, program, acoustic


def goals_of(patch: Any, acoustic: bool, source: dict[str, float] | None = None) -> dict[str, tuple[float, float]]:
    from hummingface.instrument.patches.parameters import PARAMETERS
    goals = dict(GOALS)
    if source is not None:
        goals["after_2s_db"] = (-np.inf, max(GOALS["after_2s_db"][1], source["after_2s_db"]))
    if not acoustic:
        del goals["brighter"]
    if patch.parameters["dynamics.range_db"] != PARAMETERS["dynamics.range_db"].default:
        del goals["range_db"]
    return goals


def row(task: tuple[Sound, int, Path | None, dict[str, Any]]) -> dict[str, Any]:
    """A sound's row, or the one of an earlier run where its `of` is the same."""
    try:
        return _row(*task)
    except ValueError as error:                 # what is wrong with a patch, a model or a SoundFont
        sound = task[0]
        return {"key": sound.key, "kind": sound.kind, "name": sound.name, "error": str(error)}


def _row(sound: Sound, draws: int, against: Path | None, before: dict[str, Any]) -> dict[str, Any]:
    patch, source, program, acoustic = opened(sound)
    content = json.dumps([patch.to_json(), source.model.card, str(against)], sort_keys=True)
    of = hashlib.sha256(content.encode()).hexdigest()[:16]
    if before.get("of") == of and before["draws"] >= draws:
        return before
    began = time.process_time()
    figures, details = playability.judge(play(source, patch), RATE_HZ, draws)
    took_s = time.process_time() - began
    lufs = np.mean([details["lufs_by_key"][str(key)] for key in LEVELLED_KEYS])
    missed, reference = playability.missed(figures, goals_of(patch, acoustic)), None
    if "after_2s_db" in missed and against is not None and program is not None:
        reference = _reference(against, program)
        missed = playability.missed(figures, goals_of(patch, acoustic, reference))
    return {"key": sound.key, "kind": sound.kind, "name": sound.name, "model": source.name, "program": program, "acoustic": acoustic,
            "of": of, "draws": draws, "cpu_s": round(took_s, 1), "figures": figures, "lufs": round(float(lufs), 2), "missed": missed,
            "source": reference, "details": details}


def line(of: dict[str, Any]) -> str:
    if "error" in of:
        return f"{of['key']:44s} {of['error']}"
    values = [*(of["figures"][name] for name in FIGURES), of["lufs"]]
    source = f"  source after_2s {of['source']['after_2s_db']:.1f}" if of["source"] else ""
    return f"{of['key']:44s} " + " ".join(f"{value:13.2f}" for value in values) + "  " + (", ".join(of["missed"]) or "-") + source


def heading() -> str:
    return f"{'':44s} " + " ".join(f"{name:>13s}" for name in COLUMNS) + "  missed"


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of patches, and of each model's presets: median, 90th percentile and worst of each figure, and how many miss its goal."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for of in rows:
        if "figures" in of:
            groups.setdefault("patches" if of["kind"] == "patch" else f"presets of {of['model']}", []).append(of)
    return {name: _summary(group) for name, group in groups.items()}


def _summary(group: list[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {"sounds": len(group), "without a miss": sum(not of["missed"] for of in group)}
    for figure in FIGURES:
        rows = [of for of in group if figure != "brighter" or of["acoustic"]]
        values = np.array([of["figures"][figure] for of in rows])
        low, high = GOALS.get(figure, (-np.inf, np.inf))
        off = np.maximum(low - values, values - high) if np.isfinite(low) else values           # what is worse
        if not np.isfinite(off).any():
            continue
        order = np.argsort(np.where(np.isfinite(off), off, -np.inf))
        told[figure] = {"median": round(float(np.nanmedian(values)), 2), "p90": round(float(values[order[int(0.9 * (len(order) - 1))]]), 2),
                        "worst": round(float(values[order[-1]]), 2), "worst_of": rows[order[-1]]["name"],
                        "missed": sum(figure in of["missed"] for of in rows)}
    lufs = np.array([of["lufs"] for of in group])
    told["lufs"] = {"median": round(float(np.median(lufs)), 2), "spread": round(float(np.ptp(lufs)), 2),
                    "softest": group[int(lufs.argmin())]["name"], "loudest": group[int(lufs.argmax())]["name"]}
    return told


def summary_text(told: dict[str, dict[str, Any]]) -> str:
    lines = []
    for name, group in told.items():
        lines.append(f"\n{name}: {group['sounds']} sounds, {group['without a miss']} without a miss")
        for figure in FIGURES:
            if figure in group:
                of = group[figure]
                low, high = GOALS.get(figure, (-np.inf, np.inf))
                goal = "" if figure not in GOALS else f"goal {'<=' if low == -np.inf else f'{low:g} ..'} {high:g}"
                lines.append(f"  {figure:14s} median {of['median']:7.2f}  90 % {of['p90']:7.2f}  worst {of['worst']:7.2f}  "
                             f"missed by {of['missed']:3d}  {goal:16s} worst: {of['worst_of']}")
        of = group["lufs"]
        lines.append(f"  lufs           median {of['median']:7.2f}  "
                     f"spread {of['spread']:.2f} LU (goal {MOST_SPREAD_LU:g}): {of['softest']} .. {of['loudest']}")
    return "\n".join(lines)


def sounds(args: argparse.Namespace) -> list[Sound]:
    """What was asked for. Raises LibraryError, PatchError."""
    from hummingface.instrument.patches import library
    chosen = [Sound("patch", name, key=f"patch {name}") for name in args.names]
    default = not (args.names or args.patches or args.presets or args.model or args.learnt)
    if args.patches or default:
        chosen += [Sound("patch", entry.name, key=f"patch {entry.name}") for entry in library.patches() if entry.factory]
    models = [*(FACTORY if args.presets or default else ()), *(args.model or ())]
    if args.learnt:
        models += [str(entry.path) for entry in library.models() if not entry.factory]
    for name in models:
        model = library.load_model(name)
        chosen += [Sound("preset", preset, name, f"{model.name} / {preset}") for preset in model.presets]
    return chosen


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".tmp")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def run(chosen: list[Sound], args: argparse.Namespace) -> dict[str, Any]:
    """All rows, told as they come."""
    before = {}
    if args.resume and args.json and args.json.is_file():
        before = {of["key"]: of for of in json.loads(args.json.read_text(encoding="utf-8"))["rows"]}
    table = args.table.open("w", encoding="utf-8") if args.table else None

    def tell(text: str) -> None:
        print(text, flush=True)
        if table is not None:
            print(text, file=table, flush=True)
    tell(heading())
    found: dict[str, dict[str, Any]] = {}
    tasks = [(sound, args.draws, args.against, before.get(sound.key, {})) for sound in chosen]
    with multiprocessing.get_context("spawn").Pool(min(args.processes, len(tasks))) as pool:
        for of in pool.imap_unordered(row, tasks):
            found[of["key"]] = of
            tell(line(of))
            if args.json:                               # those of an earlier run that are still to come stay
                kept = [found.get(sound.key, before.get(sound.key)) for sound in chosen]
                _write(args.json, json.dumps({"rows": [of for of in kept if of]}, indent=1))
    rows = [found[sound.key] for sound in chosen]
    told = summary(rows)
    result = {"summary": told, "rows": rows}
    tell(summary_text(told))
    if args.json:
        _write(args.json, json.dumps(result, indent=1))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="PATCH")
    parser.add_argument("--patches", action="store_true", help="all factory patches")
    parser.add_argument("--presets", action="store_true", help=f"all presets of {' and '.join(FACTORY)}")
    parser.add_argument("--model", action="append", metavar="M", help="all presets of a model, by name or file")
    parser.add_argument("--learnt", action="store_true", help="all presets of the models in the user's library")
    parser.add_argument("--against", type=Path, metavar="SF2", help="a General MIDI SoundFont whose release is the measure, too")
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--table", type=Path, metavar="FILE")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")      # of the processes that play
    try:
        chosen = sounds(args)
        if not chosen:
            raise ValueError("there is nothing to measure: no model is in the user's library")
        result = run(chosen, args)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return int(any("error" in of for of in result["rows"]))


if __name__ == "__main__":
    sys.exit(main())
