"""Evaluates an STFT model on notes of any source: `hummingface train evaluate MODEL --notes SOURCE`."""
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hummingface.models.playing import stft
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.note_sounds import LOUDEST, prepared_sound
from hummingface.train.evaluation import stft_figures
from hummingface.train.evaluation.examine import write_sound
from hummingface.train.evaluation.metrics import FIGURES, distance
from hummingface.train.exporting.export_stft import reconstructed
from hummingface.train.notes.note import NoteSource, Skipped, SourceError

ALL = (*stft_figures.FIGURES, *FIGURES)


def examine(model: StftModel | None, sources: Sequence[NoteSource], count: int | None = None, write: Path | None = None) -> dict[str, Any]:
    """{"model", "notes": {name: figures}, "mean": figures, "skipped": {name: reason}} of each note through encoder and generator.

    Notes of other keys than the model knows are passed over. None for a model: through the representation alone, as every model hears it.
    """
    name = "representation alone" if model is None else model.name
    result, skipped = dict[str, Any](model=name, notes={}, skipped={}), list[Skipped]()
    for source in sources:
        orders = list(source.orders(skipped))
        if count is not None and count < len(orders):
            orders = [orders[i] for i in np.linspace(0, len(orders) - 1, count).astype(int)]
        for order, note in zip(orders, source.read(orders), strict=True):
            if isinstance(note, Skipped):
                skipped.append(note)
                continue
            pitch = note.labels.pitch
            if model is not None and not model.shape.lowest <= pitch <= model.shape.highest:
                skipped.append(Skipped(note.labels.name, f"key {pitch}; the model knows {model.shape.lowest} to {model.shape.highest}"))
                continue
            original = prepared_sound(order.key, note).sound.astype(np.float32) / LOUDEST
            if not np.abs(original).max() > 0:
                skipped.append(Skipped(note.labels.name, "silent"))
                continue
            back = stft.sound(stft.spectrum(original)) if model is None else reconstructed(model, original[None], np.array([pitch]))[0]
            result["notes"][note.labels.name] = figures(original, back)
            if write is not None:
                write_sound(write / f"{note.labels.name}.wav", back, stft.RATE_HZ)
    result["skipped"] = {s.name: s.reason for s in skipped}
    if not result["notes"]:
        reasons = "; ".join(f"{n}: {reason}" for n, reason in list(result["skipped"].items())[:3]) or "there are none"
        raise SourceError(f"no note could be measured ({reasons}).")
    result["mean"] = mean(result["notes"].values())
    return result


def figures(original: np.ndarray, back: np.ndarray) -> dict[str, float | None]:
    """Those of `train/evaluation/stft_figures.py` and of `train/evaluation/metrics.py`, of 16 kHz sounds."""
    both: dict[str, float | None] = {**stft_figures.distance(original, back), **distance(original, back, stft.RATE_HZ)}
    return {name: None if value is None else round(value, 4) for name, value in ((name, both[name]) for name in ALL)}


def mean(notes: Iterable[dict[str, float | None]]) -> dict[str, float]:
    notes = list(notes)
    return {name: round(float(np.mean([n[name] for n in notes if n[name] is not None])), 3) for name in ALL}


def table(result: dict[str, Any]) -> str:
    lines = [f"{'':32s} " + " ".join(f"{name:>9s}" for name in ALL), line(f"{result['model']} ({len(result['notes'])})", result["mean"])]
    if result["skipped"]:
        lines.append(f"skipped {len(result['skipped'])}: " + "; ".join(f"{n}: {r}" for n, r in list(result["skipped"].items())[:5]))
    return "\n".join(lines)


def line(title: str, row: dict[str, float]) -> str:
    return f"{title[:32]:32s} " + " ".join(f"{row[name]:9.3f}" for name in ALL)
