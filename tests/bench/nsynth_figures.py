"""How near a model comes to notes of NSynth that no training saw: by family, and one note beside the student project's published figures.

    python -m tests.bench.nsynth_figures [MODEL] [--notes ../shared/data/nsynth-test-c4] [--json FILE]

Points are found by the encoder and a refinement, as `hummingface train evaluate` does, whose figures are those of
`train/evaluation/metrics.py`. It
prints the tables of docs/figures.md.

Its figures of that note, from a model of 128 latents, are of its own files: 1.008 s long and two octaves too high, as its
inverse STFT left them. Here they are taken of the whole note at its right pitch, x the recording and y what the model plays, of equal
energy:
- snr: 10 log10(sum x^2 / sum (x - y)^2), dB. A model of partials does not keep their phases, and is not told to: it says nothing of the
  sound.
- spectral convergence: ||X| - |Y|| / ||X||, Frobenius, of STFTs of Hann windows of 254 samples, 127 apart.
- lsd, floor -60 and -80 dB: of the same STFTs, RMS over bins of the level difference, mean over frames; levels are at least the floor
  under the peak of |X|.
"""
import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT.parent / "shared" / "data" / "nsynth-test-c4"
FACTORY = "assets/models/fluidr3_atlas"
SEED_NOTE = "organ_electronic_001-060-127"
SEED = {"snr": 13.5, "convergence": 0.168, "lsd60": 4.23, "lsd80": 9.74}
WINDOW, HOP = 254, 127


def as_published(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """The student project's figures of mono sounds [S] of equal length."""
    y = y * np.sqrt(np.square(x).sum() / max(np.square(y).sum(), 1e-20))
    window = np.hanning(WINDOW + 1)[:-1]
    a, b = (np.abs(np.fft.rfft(np.lib.stride_tricks.sliding_window_view(np.pad(s, HOP), WINDOW)[::HOP] * window, axis=1)) for s in (x, y))
    figures = {"snr": 10 * np.log10(np.square(x).sum() / np.square(x - y).sum()), "convergence": np.linalg.norm(a - b) / np.linalg.norm(a)}
    for range_db in (60, 80):
        floor = a.max() * 10 ** (-range_db / 20)
        off = 20 * np.log10(np.maximum(a, floor) / np.maximum(b, floor))
        figures[f"lsd{range_db}"] = np.sqrt(np.square(off).mean(1)).mean()
    return {name: float(value) for name, value in figures.items()}


def measured(model_path: str, notes: Path) -> dict:
    """What `evaluate` says, and "seed": (ours, what a model that had learnt the note perfectly would reach)."""
    from hummingface.train.app.model_library import NOWHERE, open_frame_model
    from hummingface.train.evaluation.examine import examine
    from hummingface.train.evaluation.reconstruct import targets_of
    from hummingface.train.notes.note import Note
    from hummingface.train.notes.opening import open_source
    model, source = open_frame_model(model_path, NOWHERE), open_source(notes)
    with tempfile.TemporaryDirectory() as folder:
        result = examine(model, [source], write=Path(folder), targets=True)
        played = Path(folder) / f"{SEED_NOTE}.wav"
        if played.is_file():
            order = next(order for order in source.orders([]) if order.labels.name == SEED_NOTE)
            note = next(iter(source.read([order])))
            assert isinstance(note, Note)
            perfect = targets_of(note)
            result["seed"] = {"published": SEED, "ours": as_published(perfect.original, sf.read(played)[0]),
                              "targets": as_published(perfect.original, perfect.audio)}
    result["latents"] = model.latents
    return result


def tables(result: dict) -> str:
    """Markdown."""
    names = ("mel", "act60", "lsd", "motion", "onset_env")
    lines = [f"| family | notes | {' | '.join(names)} | targets alone: mel / act60 |", "|---|---|" + "---|" * (len(names) + 1)]
    for family, row in result["families"].items():
        best = result["targets"][family]
        figures = ["–" if row[name] is None else f"{row[name]:.2f}" for name in names]
        lines.append(f"| {family.lower()} | {row['n']} | {' | '.join(figures)} | {best['mel']:.2f} / {best['act60']:.2f} |")
    if seed := result.get("seed"):
        lines += ["", f"| {SEED_NOTE} | latents | waveform SNR, dB | spectral convergence | lsd, floor -60 dB | lsd, floor -80 dB |",
                  "|---|---|---|---|---|---|"]
        for title, latents, row in (("student project, published", 128, seed["published"]), ("this model", result["latents"], seed["ours"]),
                                    ("its targets alone", "", seed["targets"])):
            lines.append(f"| {title} | {latents} | {row['snr']:.1f} | {row['convergence']:.3f} | {row['lsd60']:.2f} | {row['lsd80']:.2f} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Figures on notes of NSynth that no training saw.")
    parser.add_argument("model", nargs="?", default=FACTORY)
    parser.add_argument("--notes", type=Path, default=NOTES)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    import torch
    torch.set_num_threads(1)
    result = measured(args.model, args.notes)
    print(tables(result))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
