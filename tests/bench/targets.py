"""How near a perfect decoder would come: the targets alone, beside the SoundFont's notes that they were made of.

    python -m tests.bench.targets [--count 160] [--workers 2] [--by instrument] [--json FILE]

Renders notes of the 64 instruments of FluidR3 that the first Atlas learnt (of two velocities, over all keys, held for at least a second),
analyses each, and compares what `models/analysis/reference.py` plays of its smooth frames. "two draws" are two sounds of the same frames
with other noise and other motion, beside each other: random motion keeps any frames as far from a recording as these are apart.
"""
import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from hummingface.train.data.instruments import is_left_out
from hummingface.train.evaluation.metrics import by_family, distance, heading, line
from hummingface.train.notes.note import SILENT_PEAK, as_heard
from hummingface.train.notes.program_families import SOUNDFONT, instruments_in_turn
from hummingface.train.notes.soundfont import RATE_HZ, NoteSpec, render, trim_tail
from hummingface.train.notes.soundfont_source import LAYERS

LEAST_S = 1.0
SEED = 1


def chosen(count: int) -> list[tuple[str, str, NoteSpec]]:
    """(instrument, family, note), the same number of each instrument as far as `count` goes."""
    rng, instruments = np.random.default_rng(SEED), sorted(instruments_in_turn()[:64], key=lambda one: one.program)
    usable = []
    for number, one in enumerate(instruments):
        for velocity, holds_s, step, offsets in LAYERS:
            hold_s = float(holds_s[one.sustained])
            usable += [(one.name, one.family, NoteSpec(one.program, key, velocity, hold_s)) for key in range(21, 109)
                       if hold_s >= LEAST_S and (key - 21) % step in offsets and not is_left_out(number, key)]
    usable.sort(key=lambda note: (note[0], note[2].pitch, note[2].velocity, note[2].hold_s))
    queues: dict[str, list] = {}
    for i in rng.permutation(len(usable)):
        queues.setdefault(usable[i][0], []).append(usable[i])
    longest = max(map(len, queues.values()))
    return [queue[turn] for turn in range(longest) for queue in queues.values() if turn < len(queue)][:count]


def one_note(job: tuple[int, np.ndarray, float, float]) -> dict[str, dict]:
    """Figures of one note: {kind: figures}."""
    from hummingface.models.analysis.reference import synthesise
    from hummingface.models.analysis.targets import smooth_note
    seed, audio, pitch, hold_s = job
    frames = smooth_note(audio, RATE_HZ, pitch, min(hold_s, len(audio) / RATE_HZ))
    first, second = (synthesise(frames, RATE_HZ, seed=number).astype(float) for number in (seed, seed + 1000))
    return {"targets": distance(audio.astype(float), first, RATE_HZ), "two draws": distance(first, second, RATE_HZ)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=160)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--by", choices=("family", "instrument"), default="family")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    wanted = chosen(args.count + args.count // 5)                              # some are silent
    names, jobs = [], []
    for (instrument, family, spec), (_, audio) in zip(wanted, render([note[2] for note in wanted], SOUNDFONT), strict=True):
        sound = as_heard(trim_tail(audio, spec.hold_s))
        if np.abs(sound[:round(spec.hold_s * RATE_HZ)]).max() >= SILENT_PEAK and len(jobs) < args.count:
            names.append(instrument if args.by == "instrument" else family)
            jobs.append((len(jobs), sound, float(spec.pitch), spec.hold_s))
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        rows = list(pool.map(one_note, jobs))
    tables = {kind: by_family((name, row[kind]) for name, row in zip(names, rows, strict=True)) for kind in ("targets", "two draws")}
    for kind, table in tables.items():
        print(heading(kind))
        print("\n".join(line(f"    {name}", row) for name, row in table.items()))
    if args.json:
        args.json.write_text(json.dumps(tables, indent=1))


if __name__ == "__main__":
    main()
