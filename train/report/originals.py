"""Chooses real notes to reconstruct: from the sources that a run learnt, where they are available; else its prepared notes as sound."""
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from hummingface.models.playing.frame import hz_to_pitch
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.note_sounds import NoteSounds
from hummingface.train.data.store import DataError, read_data
from hummingface.train.evaluation.reconstruct import Learnt, sounded
from hummingface.train.notes.note import Labels, Note, NoteSource, SourceError
from hummingface.train.notes.opening import open_source

T = TypeVar("T")
LOOKED_THROUGH = 2000                # orders of a source, at most
RATE_HZ = 32_000
TAIL_S = 0.4


def real_notes(bank: NoteBank | NoteSounds | None, count: int, sources: Sequence[Path] = ()) -> tuple[list[Note], str]:
    """(up to `count` notes, where they come from, for a reader). `sources`: instead of those that the data folder names.

    `bank` may be None where there are `sources`. Raises SourceError where these give nothing.
    """
    if sources:
        notes = [note for path in sources for note in _chosen(open_source(path), -(-count // len(sources)))][:count]
        if not notes:
            raise SourceError(f"{', '.join(map(str, sources))}: no note could be read from it.")
        return notes, "recordings of " + ", ".join(path.name for path in sources)
    assert bank is not None, "notes are of a bank, or of sources"
    if isinstance(bank, NoteSounds):
        by_pitch = np.argsort(bank.pitch, kind="stable").tolist()
        return [bank.note(i) for i in _spread(by_pitch, count)], "recordings that were learnt, at 16 kHz"
    folder = bank.chosen().get("folder")
    notes, names = [], set(bank.names) - {""}
    for source in _sources_of(Path(folder)) if folder else []:
        try:
            notes += _chosen(source, count, names)
        except SourceError:
            continue
    if notes:
        return _spread(notes, count), "recordings that were learnt"
    by_pitch = bank.trained[np.argsort(bank.pitch[bank.trained], kind="stable")].tolist()
    return ([as_sound(bank, i) for i in _spread(by_pitch, count)],
            "what was to be learnt, as sound: the recordings themselves are not where they were (--notes SOURCE gives others)")


def _sources_of(folder: Path) -> list[NoteSource]:
    found = []
    try:
        paths = read_data(folder).get("paths", [])
    except DataError:
        paths = []
    for number, path in enumerate(paths):
        try:
            found.append(open_source(Path(path), memory=folder / f"heard-{number}.json"))
        except (SourceError, OSError):
            continue
    return found


def _chosen(source: NoteSource, count: int, names: set[str] | None = None) -> list[Note]:
    """Notes of a source, spread evenly over the first ones of it (of these `names`)."""
    orders = [order for order in islice(source.orders([]), LOOKED_THROUGH) if names is None or order.labels.name in names]
    orders.sort(key=lambda order: order.labels.pitch)
    return [note for note in source.read(_spread(orders, count)) if isinstance(note, Note)]


def _spread(values: Sequence[T], count: int) -> list[T]:
    """`count` of values, evenly."""
    places = np.unique(np.linspace(0, max(0, len(values) - 1), min(count, len(values))).round().astype(int))
    return [values[i] for i in places]


def as_sound(bank: NoteBank, which: int) -> Note:
    """A prepared note as what it tells sounds like."""
    instrument = bank.instruments[bank.instrument[which]]
    hold_s = min(float(bank.hold_s[which]), 3.0)
    name = bank.names[which] or f"{instrument['name']} {bank.pitch[which]:.0f}"
    labels = Labels(name, instrument["name"], instrument.get("family") or "",
                    instrument.get("source") or "", round(float(bank.pitch[which])), round(float(bank.velocity[which])), round(hold_s, 3))
    audio = sounded(Learnt(bank.targets(which)), np.zeros(1, np.float32), float(bank.pitch[which]), float(bank.velocity[which]),  # type: ignore[arg-type]
                    hold_s, hold_s + TAIL_S, RATE_HZ, float(bank.f0_hz[which]))
    return Note(labels, audio, RATE_HZ, float(hz_to_pitch(bank.f0_hz[which])))
