"""The figures of docs/stft-models.md: STFT models and the harmonic decoder on the same notes, seen and unseen.

    python -m tests.bench.seed_figures --unseen NSYNTH_FOLDER --seen SOUNDFONT [--sweep RUN..] [--json FILE]

`--sweep`: runs of `hummingface train autoencoder .. --representation stft` at several latent sizes, measured beside the models that ship.
Every note is heard at 16 kHz, 4 s, as STFT models hear it; figures are those of `train/evaluation/stft_figures.py` and
`train/evaluation/metrics.py`.
The harmonic decoder's points are found by its encoder and refined (`train/evaluation/reconstruct.py`). How long a note takes to be made
is measured
too, as CPU time of one core.
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from hummingface.models.playing import stft
from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.model import Model
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.note_sounds import LOUDEST, prepared_sound
from hummingface.train.evaluation.examine_stft import examine, figures, line, mean, table
from hummingface.train.evaluation.reconstruct import reconstruct
from hummingface.train.exporting.state_model import model_of_run
from hummingface.train.notes.note import Note
from hummingface.train.notes.opening import Overrides, open_source

ASSETS = Path(__file__).parents[2] / "assets" / "models"
PUBLISHED = "organ_electronic_001-060-127"


def harmonic(source, count: int) -> dict:
    """The factory model on the same notes, made 16 kHz as they are."""
    model = load_model(ASSETS / "fluidr3_atlas")
    assert isinstance(model, Model)
    found, skipped = {}, []
    orders = list(source.orders(skipped))
    orders = [orders[i] for i in np.linspace(0, len(orders) - 1, min(count, len(orders))).astype(int)]
    for order, note in zip(orders, source.read(orders), strict=True):
        if isinstance(note, Note):
            try:
                made = reconstruct(model, note, "refined", note.labels.instrument)
            except ValueError:
                continue
            back = prepared_sound(order.key, Note(note.labels, made.audio, made.rate_hz, note.pitch))
            original = prepared_sound(order.key, note)
            found[note.labels.name] = figures(original.sound / np.float32(LOUDEST), back.sound / np.float32(LOUDEST))
    return {"model": "harmonic decoder (factory)", "notes": found, "mean": mean(found.values()), "skipped": {}}


def making(model: StftModel, notes: int = 40) -> dict[str, float]:
    """Median and 90th percentile of the CPU time of a note, ms, and of the longest step of it."""
    rng, whole, longest = np.random.default_rng(0), [], []
    for i in range(notes + 3):
        z = np.concatenate([rng.standard_normal(model.free_latents), np.zeros(model.latents - model.free_latents)])
        steps, spent = model.note_steps(z, model.nearest_key(60 + i % 12)), []
        while True:
            began = time.process_time()
            note = next(steps)
            spent.append(1e3 * (time.process_time() - began))
            if note is not None:
                break
        whole.append(sum(spent))
        longest.append(max(spent))
    return {"median_ms": round(float(np.median(whole[3:])), 2), "p90_ms": round(float(np.quantile(whole[3:], 0.9)), 2),
            "longest_step_ms": round(float(np.median(longest[3:])), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--unseen", type=Path, help="NSynth's folder")
    parser.add_argument("--seen", type=Path, help="the SoundFont that the models learnt from")
    parser.add_argument("--sweep", type=Path, nargs="*", default=[], metavar="RUN")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--without-harmonic", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    loaded = [load_model(path) for path in sorted(ASSETS.glob("seed_*.safetensors"))]
    shipped = [model for model in loaded if isinstance(model, StftModel)]
    result: dict = {"making": {model.name: making(model) for model in shipped}}
    print("\n".join(f"{name}: a note takes {t['median_ms']} ms (90 %: {t['p90_ms']}), its longest step {t['longest_step_ms']}"
                    for name, t in result["making"].items()))
    swept = [model for model in map(model_of_run, args.sweep) if isinstance(model, StftModel)]
    models = [m for m in shipped if m.shape.encoder] + swept
    wanted = {"seen": (args.seen, Overrides(pitches=(60,), velocities=(110,), holds_s=(3.0,), programs=tuple(range(112)))),
              "unseen": (args.unseen, Overrides(pitches=(60,)))}
    for kind, (path, overrides) in wanted.items():
        if path is None:
            continue
        source = open_source(path, overrides)
        rows = [examine(None, [source], args.count), *(examine(model, [source], args.count) for model in models)]
        if not args.without_harmonic:
            rows.append(harmonic(source, args.count))
        result[kind] = {row["model"]: row for row in rows}
        print(f"\n{kind} notes")
        print(table(rows[0]).splitlines()[0])
        for row in rows:
            print(line(f"{row['model']} ({len(row['notes'])})", row["mean"]), flush=True)
            if PUBLISHED in row["notes"]:
                print(line(f"  {PUBLISHED}", row["notes"][PUBLISHED]))
    for model in models:
        share = model.latents / (stft.CHANNELS * stft.SIDE ** 2)
        print(f"{model.name}: {model.latents} latents are {100 * share:.3f} % of the spectrogram")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
