"""The conditions of a conditional model beside z, pitch and velocity, as numbers that are 0 where there is no condition.

Family and source are 1 for what a note is, so that a blend of them is their mixture; each of NSynth's qualities is 1 or -1 where labels
tell it. A quality that no label tells but that can be heard (`train/data/heard_qualities.py`), and each measured characteristic
(`train/data/characteristics.py`), is in standard deviations from what is usual at that key and velocity: "brighter"
means brighter than other notes there, from one end of the keyboard to the other. An unknown and an unused condition are both 0, which
for a characteristic is also the usual value: a mask beside each would distinguish them, for twice the inputs.
"""
from dataclasses import dataclass

import numpy as np

from hummingface.train.data.characteristics import CHARACTERISTICS
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.heard_qualities import MEASURES
from hummingface.train.notes.note import QUALITIES

FARTHEST = 3.0                        # deviations; as far as a knob goes


@dataclass(frozen=True)
class Condition:
    """One input of the network, as the card declares it."""
    name: str
    kind: str                         # family, source, quality or characteristic
    lowest: float
    highest: float


def conditions_of(bank: NoteBank) -> tuple[list[Condition], np.ndarray]:
    """(conditions in which the notes of a bank differ, their values [notes, C] float32; NaN where unknown)."""
    found: list[Condition] = []
    columns: list[np.ndarray] = []

    def add(kind: str, name: str, values: np.ndarray, lowest: float, highest: float) -> None:
        known = values[np.isfinite(values)]
        if len(known) and known.std() > 1e-6:                          # a constant cannot be a condition
            found.append(Condition(name, kind, lowest, highest))
            columns.append(values.astype(np.float32))
    for kind in ("family", "source"):
        labels = np.array([bank.instruments[i].get(kind) or "" for i in bank.instrument])
        for name in sorted(map(str, set(labels) - {""})):
            add(kind, name, np.where(labels == "", np.nan, labels == name), 0.0, 1.0)
    labelled = dict(zip(QUALITIES, bank.qualities.T, strict=True))
    for name, values in labelled.items():
        add("quality", name, 2 * values - 1, -1.0, 1.0)
    usual = _usual(bank)
    heard = {name: values for name, values in zip(MEASURES, bank.heard_qualities.T, strict=True) if not np.isfinite(labelled[name]).any()}
    for kind, measures in (("quality", heard), ("characteristic", dict(zip(CHARACTERISTICS, bank.characteristics().T, strict=True)))):
        for name, values in measures.items():
            known = bank.trained[np.isfinite(values[bank.trained])]
            if len(known) > usual.shape[1]:
                off = values - usual @ np.linalg.lstsq(usual[known], values[known], rcond=None)[0]
                deviation = off[known].std()
                if deviation > 1e-6:
                    add(kind, name, np.clip(off / deviation, -FARTHEST, FARTHEST), -FARTHEST, FARTHEST)
    return found, np.stack(columns, 1) if columns else np.zeros((len(bank), 0), np.float32)


def _usual(bank: NoteBank) -> np.ndarray:
    """The regressors of what is usual: 1, key, its square, and velocity. [notes, 4]"""
    key, velocity = (bank.pitch - 64.5) / 43.5, bank.velocity / 63.5 - 1
    return np.stack([np.ones(len(bank)), key, key ** 2, velocity], 1)
