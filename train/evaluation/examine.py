"""Evaluates a frame model on notes of any source, with figures and sound files: `hummingface train evaluate MODEL --notes SOURCE`."""
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hummingface.models.playing.atomic_file import replacing
from hummingface.models.playing.model import Model
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.instruments import is_left_out
from hummingface.train.data.prepared_note import prepared
from hummingface.train.data.progress import progress_bar
from hummingface.train.evaluation.metrics import by_family, distance, gain_line, gain_spread, heading, line
from hummingface.train.evaluation.reconstruct import Reconstruction, reconstruct, targets_of
from hummingface.train.notes.note import Note, NoteSource, Order, Skipped, SourceError


def examine(model: Model, sources: Sequence[NoteSource], way: str = "refined", count: int | None = None, write: Path | None = None,
            targets: bool = False, progress: bool = True) -> dict:
    """{"model", "way", "notes": {name: figures}, "families": {family or ALL: means}, "gain_spread": {"notes": see
    `train/evaluation/metrics.py`},
    "skipped": {name: reason}}.

    `count`: only so many, spread evenly over each source. `write`: a folder for each note's reconstruction, under the name of its own
    file. `targets`: also the figures of a model that had learnt each note perfectly, as "targets". Raises SourceError if nothing is left.
    """
    result = dict[str, Any](model=model.name, way=way, notes={}, skipped={})
    skipped: list[Skipped] = []
    for source in sources:
        orders = _chosen(source, count, skipped)
        total = count or len(source) or None
        for note in progress_bar(_notes(source, orders), total=total, unit="note", desc=source.name[:24], progress=progress):
            if isinstance(note, Skipped):
                skipped.append(note)
                continue
            name = _unused(note.labels.name, result["notes"])
            try:
                result["notes"][name] = _one(model, note, way, name, write, targets)
            except ValueError as error:                                # a silent one, or no preset of its name
                skipped.append(Skipped(name, str(error)))
    result["skipped"] = {s.name: s.reason for s in skipped}
    if not result["notes"]:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(result["skipped"].items())[:3]) or "there are none"
        raise SourceError(f"no note could be measured ({reasons}).")
    result["families"] = _by_family(result["notes"])
    result["gain_spread"] = {"notes": gain_spread((entry["instrument"], entry) for entry in result["notes"].values())}
    if targets:
        result["targets"] = _by_family({name: entry["targets"] | {"family": entry["family"]} for name, entry in result["notes"].items()})
    return result


def _chosen(source: NoteSource, count: int | None, skipped: list[Skipped]) -> Iterator[Order]:
    """All orders of a source, or `count` of them, evenly, one after another: a data set's sounds do not fit into memory."""
    if count is None:
        yield from source.orders(skipped)
        return
    size = sum(1 for _ in source.orders([]))          # its length includes notes that will be skipped
    wanted = set(np.linspace(0, size - 1, min(count, size)).astype(int).tolist())
    yield from (order for place, order in enumerate(source.orders(skipped)) if place in wanted)


def _notes(source: NoteSource, orders: Iterator[Order]) -> Iterator[Note | Skipped]:
    while some := list(islice(orders, source.batch)):
        yield from source.read(some)


def _one(model: Model, note: Note, way: str, name: str, write: Path | None, targets: bool) -> dict:
    made = reconstruct(model, note, way, note.labels.instrument)
    entry = {"family": note.labels.family, "instrument": note.labels.instrument, "pitch": note.labels.pitch,
             "velocity": note.labels.velocity, "z": [round(float(x), 3) for x in made.z]} | _figures(made)
    if targets:
        entry["targets"] = _figures(targets_of(note))
    if write is not None:
        write_sound(write / f"{name}.wav", made.audio, made.rate_hz)
    return entry


def held_out(model: Model, source: NoteSource, progress: bool = True) -> dict:
    """At the keys that training with `hold_out` never saw: the model, and the mean of the nearest notes below and above that it did
    see, weighted by distance. {"model" | "neighbours": {family or ALL: means}, "notes": [names]}

    All notes of the source are analysed and kept, so it is for collections, not for whole data sets.
    """
    notes = [note for note in source.read(list(source.orders([]))) if isinstance(note, Note)]
    if not notes:
        raise SourceError(f"{source.name}: no notes.")
    bank = NoteBank.of([prepared("", note) for note in progress_bar(notes, unit="note", desc="analysing", progress=progress)])
    left = np.array([is_left_out(int(i), int(p)) for i, p in zip(bank.instrument, bank.pitch, strict=True)])
    found, names = dict[str, dict](model={}, neighbours={}), list[str]()
    for i in progress_bar(np.flatnonzero(left), unit="note", desc="held out", progress=progress):
        same = np.flatnonzero(~left & (bank.instrument == bank.instrument[i]) & (bank.velocity == bank.velocity[i]))
        below, above = same[bank.pitch[same] < bank.pitch[i]], same[bank.pitch[same] > bank.pitch[i]]
        if not len(below) or not len(above):
            continue
        low, high = below[bank.pitch[below].argmax()], above[bank.pitch[above].argmin()]
        share = (bank.pitch[i] - bank.pitch[low]) / (bank.pitch[high] - bank.pitch[low])
        rows = torch.lerp(bank.rows[low].float(), bank.rows[high].float(), float(share)).half().numpy()
        names.append(notes[i].labels.name)
        preset = notes[i].labels.instrument
        way = "preset" if preset in model.presets else "refined"          # a refined point would have seen the note
        for kind, made in (("model", reconstruct(model, notes[i], way, preset)), ("neighbours", targets_of(notes[i], rows))):
            found[kind][names[-1]] = {"family": notes[i].labels.family} | _figures(made)
    if not names:
        raise SourceError(f"{source.name}: no note on a held-out key has neighbours on both sides.")
    return {kind: _by_family(entries) for kind, entries in found.items()} | {"notes": names}


def _figures(made: Reconstruction) -> dict[str, float | None]:
    figures = distance(made.original, made.audio, made.rate_hz)
    figures["gain_db"] = made.gain_db + (figures["gain_db"] or 0.0)             # from the level at which the model plays it
    return {name: value if value is None else round(value, 4) for name, value in figures.items()}


def _unused(name: str, taken: dict) -> str:
    return name if name not in taken else next(f"{name} ({i})" for i in range(2, len(taken) + 3) if f"{name} ({i})" not in taken)


def write_sound(path: Path, audio: np.ndarray, rate_hz: int) -> None:
    """A 24-bit WAV, whole or not at all, not louder than full scale. Raises OSError."""
    import soundfile as sf
    path.parent.mkdir(parents=True, exist_ok=True)
    peak = float(np.abs(audio).max(initial=0.0))
    try:
        with replacing(path) as stream:
            sf.write(stream, audio / peak * 0.999 if peak > 0.999 else audio, rate_hz, subtype="PCM_24", format="WAV")
    except sf.SoundFileError as error:
        raise OSError(f"{path}: cannot be written ({error}).") from error


def _by_family(notes: dict[str, dict]) -> dict[str, dict]:
    return by_family((entry["family"], entry) for entry in notes.values())


def table(result: dict) -> str:
    """The figures as text."""
    lines = [f"{result['model']}, points by: {result['way']}"]
    for title in ("families", "targets"):
        if title in result:
            lines.append(heading("targets alone" if title == "targets" else "family"))
            lines += [line(family, row) for family, row in result[title].items()]
    lines += [gain_line(title, spread) for title, spread in result["gain_spread"].items()]
    for kind, groups in result.get("held_out", {}).items():
        if kind != "notes":
            lines.append(line(f"held out: {kind}", groups["ALL"]))
    if result["skipped"]:
        lines.append(f"skipped {len(result['skipped'])}: " + "; ".join(f"{n}: {r}" for n, r in list(result["skipped"].items())[:5]))
    return "\n".join(lines)

