"""How close frames alone come to recorded notes: analysis and synthesis with no network between, by family.

    python tests/bench/analysis_synthesis.py [--only NAME ...] [--kinds KIND ...] [--workers 2] [--keep DIR]
                                              [--json FILE]

Renders 48 notes of FluidR3 (16 sounds, 3 pitches, held for 3 s) through fluidsynth, and gives the figures of
`train/evaluation/metrics.py` for raw frames, for smooth frames with motion (what a decoder can give) and for smooth frames without motion.
"draws" are two sounds of the same smooth frames, with other noise and other motion, beside each other: nearer than that no statistics
come to a recording.
"""
import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soundfile as sf

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

MIDDLE = (41, 57, 73)
SOUNDS = {
    "piano": (0, MIDDLE), "harpsichord": (6, MIDDLE), "mallet": (11, (55, 67, 79)), "bell": (14, (60, 67, 74)),
    "organ": (16, MIDDLE), "churchorgan": (19, MIDDLE), "guitar": (25, (43, 55, 67)),
    "bass": (33, (28, 36, 45)), "violin": (40, (57, 69, 81)),
    "strings": (48, MIDDLE), "choir": (52, MIDDLE), "brass": (56, (55, 64, 74)), "reed": (65, (52, 62, 72)),
    "flute": (73, (62, 74, 86)), "lead": (86, MIDDLE), "pad": (89, MIDDLE),
}
HOLD_S, TAIL_S, VELOCITY, RATE_HZ = 3.0, 1.2, 100, 48000
FIGURES = ("lsd", "act60", "mel", "onset", "onset_env", "motion")
KINDS = ("raw", "smooth", "still", "draws")


def one_note(job: tuple) -> tuple[str, float, dict]:
    """(name, CPU seconds of the analysis, figures by kind) of one note."""
    name, audio, pitch, keep, kinds = job

    from hummingface.models.analysis.harmonic import analyse
    from hummingface.models.analysis.motion import smooth
    from hummingface.models.analysis.reference import synthesise
    from hummingface.train.evaluation.metrics import distance
    begin = time.process_time()
    raw = analyse(audio, RATE_HZ, pitch, HOLD_S)
    level = smooth(raw)
    spent = time.process_time() - begin
    sounds = {kind: synthesise(raw if kind == "raw" else level, RATE_HZ, motion=kind != "still", seed=kind == "draws") for kind in kinds}
    for kind, sound in sounds.items() if keep else ():
        (keep / kind).mkdir(parents=True, exist_ok=True)
        sf.write(keep / kind / f"{name}.wav", sound, RATE_HZ, subtype="FLOAT")
    beside = dict.fromkeys(kinds, audio)
    if "draws" in kinds:
        beside["draws"] = sounds["smooth"] if "smooth" in sounds else synthesise(level, RATE_HZ)
    figures = {kind: distance(beside[kind].astype(float), sound.astype(float), RATE_HZ) for kind, sound in sounds.items()}
    return name, spent, figures


def main() -> None:
    from hummingface.train.notes.soundfont import NoteSpec, render
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--soundfont", type=Path, default=Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))
    parser.add_argument("--only", nargs="*", choices=sorted(SOUNDS), default=sorted(SOUNDS))
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="write the sounds here")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    specs = {NoteSpec(program, pitch, VELOCITY, HOLD_S, TAIL_S): f"{family}-{pitch:03d}-{VELOCITY:03d}"
             for family in args.only for program, pitches in [SOUNDS[family]] for pitch in pitches}
    jobs = [(specs[spec], audio, spec.pitch, args.keep, args.kinds)
            for spec, audio in render(list(specs), args.soundfont)]
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        rows = list(pool.map(one_note, jobs))
    tables = {}
    for kind in args.kinds:
        families = {}
        for name, _, figures in rows:
            families.setdefault(name.split("-")[0], []).append(figures[kind])
        table = {family: {k: float(np.mean([n[k] for n in notes if n[k] is not None])) for k in FIGURES}
                 for family, notes in families.items()}
        table["ALL"] = {k: float(np.mean([row[k] for row in table.values()])) for k in FIGURES}
        tables[kind] = table
        print(f"{kind:12s} " + " ".join(f"{k:>9s}" for k in FIGURES))
        for family, row in table.items():
            print(f"{family:12s} " + " ".join(f"{row[k]:9.2f}" for k in FIGURES))
    spent_ms = 1000 * float(np.median([spent for _, spent, _ in rows]))
    print(f"analysis and smoothing: {spent_ms:.0f} ms of one core for a note of {HOLD_S + TAIL_S:.1f} s (median)")
    if args.json:
        args.json.write_text(json.dumps(tables, indent=1))


if __name__ == "__main__":
    main()
