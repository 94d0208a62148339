"""Gives a finished mono model the balances and coherences of the notes that it learnt; all else that it plays stays to the bit.

A stereo model's note vector ends with them (docs/decisions/stereo.md), and its last layer is linear: from what the layer before knows of
a note already, they are a least squares fit (ridge regression). Notes between two instruments are fitted too, so that what lies between
two of them in latent space is as wide as between them.
"""
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hummingface.models.analysis.stereo_analysis import channels_of, group_levels_db, measure_stereo
from hummingface.models.playing.frame import GROUPS
from hummingface.models.playing.model import Model
from hummingface.models.playing.stereo import BALANCE, COHERENCE, MONO, STEREO_HIGHEST, STEREO_LOWEST, STEREO_SIZE
from hummingface.train.data.progress import progress_bar
from hummingface.train.notes.note import Note, NoteSource, Skipped

DB_UNIT = 6.0                           # of a balance: such an error counts as much as one of 1 in coherence
HEARD_DB = 50.0                         # below the note's loudest group: what is softer is not counted in the figures
HELD_OUT = (7, 3)                       # every seventh key, from the third on, is left out to choose the penalty, and to measure
PENALTIES = (1e-4, 1e-3, 1e-2, 3e-2, 0.1, 0.3)
VELOCITIES = (60.0, 90.0, 120.0)        # at which each note is fitted: a note is as wide however hard it is struck
BETWEEN = 2                             # notes between two instruments for each recorded one
_UNIT = np.repeat(np.array([DB_UNIT, 1.0]), GROUPS)


@dataclass
class WideNotes:
    """Notes of a model's presets: `preset` [N] by number, `pitch` [N], `values` [N, STEREO_SIZE], `heard` [N, GROUPS] bool."""
    preset: np.ndarray
    pitch: np.ndarray
    values: np.ndarray
    heard: np.ndarray

    def of(self, chosen: np.ndarray) -> "WideNotes":
        return WideNotes(self.preset[chosen], self.pitch[chosen], self.values[chosen], self.heard[chosen])


@dataclass(frozen=True)
class StereoReport:
    """Errors at keys that were left out of the fit, in groups that are heard: the median, and what 90 % stay below."""
    notes: int
    coherence: tuple[float, float]
    balance_db: tuple[float, float]
    penalty: float

    def as_dict(self) -> dict:
        return {"notes": self.notes, "penalty": self.penalty, "error at keys left out, median and 90 %":
                {"coherence": [round(x, 3) for x in self.coherence], "balance_db": [round(x, 2) for x in self.balance_db]}}

    def __str__(self) -> str:
        return (f"{self.notes} notes; at keys left out the coherence is off by {self.coherence[0]:.2f} (median), {self.coherence[1]:.2f} "
                f"(90 %), the balance by {self.balance_db[0]:.1f} dB, {self.balance_db[1]:.1f} dB")


def add_stereo(model: Model, source: NoteSource, progress: bool = True, seed: int = 0) -> tuple[Model, StereoReport]:
    """`model` with the stereo of those notes of `source` whose instruments are presets of it. Raises ValueError where there are none."""
    notes = _measured(model, source, progress)
    held_out = notes.pitch.astype(int) % HELD_OUT[0] == HELD_OUT[1]
    if len(notes.pitch) < 8 or held_out.all() or not held_out.any():
        raise ValueError(f"{source.path}: too few notes of the instruments that {model.name} has as presets "
                         f"({', '.join(list(model.presets)[:5])}, ...).")
    rng = np.random.default_rng(seed)
    learnt, left_out = notes.of(~held_out), notes.of(held_out)
    equations = _equations(model, learnt, rng)
    fits = [(penalty, _solved(equations, penalty)) for penalty in PENALTIES]
    penalty, fit = min(fits, key=lambda fit: _mean_error(model, left_out, fit[1]))
    report = _report(model, left_out, fit, len(notes.pitch), penalty)
    return _with_layer(model, _solved(_equations(model, notes, rng), penalty), report), report


def _measured(model: Model, source: NoteSource, progress: bool) -> WideNotes:
    numbers = {name: number for number, name in enumerate(model.presets)}
    rows = [(numbers[note.labels.instrument], note.pitch, *_stereo_of(note)) for note in _notes(source, progress)
            if note.labels.instrument in numbers]
    preset, pitch, values, heard = zip(*rows, strict=True) if rows else ((), (), (), ())
    return WideNotes(np.array(preset, int), np.array(pitch, float), np.array(values, float).reshape(-1, STEREO_SIZE),
                     np.array(heard, bool).reshape(-1, GROUPS))


def _notes(source: NoteSource, progress: bool) -> Iterator[Note]:
    skipped: list[Skipped] = []
    orders = list(source.orders(skipped))
    for first in progress_bar(range(0, len(orders), source.batch), progress, desc="stereo of the notes"):
        yield from (note for note in source.read(orders[first:first + source.batch]) if isinstance(note, Note))


def _stereo_of(note: Note) -> tuple[np.ndarray, np.ndarray]:
    channels = channels_of(note.audio)
    level_db = group_levels_db(channels, note.rate_hz)
    return MONO if len(channels) == 1 else measure_stereo(channels, note.rate_hz), level_db > level_db.max() - HEARD_DB


def _points(model: Model) -> np.ndarray:
    return np.array(list(model.presets.values()), np.float32)


def _equations(model: Model, notes: WideNotes, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The normal equations of the layer that makes the values of notes: [features and 1, the same], [features and 1, STEREO_SIZE]."""
    z, pitch, values = (np.concatenate(both) for both in zip((_points(model)[notes.preset], notes.pitch, notes.values),
                                                             _between(model, notes, len(notes.pitch) * BETWEEN, rng), strict=True))
    features = np.concatenate([_features(model, z, pitch, velocity) for velocity in VELOCITIES])
    targets = np.tile(values / _UNIT, (len(VELOCITIES), 1))
    return features.T @ features, features.T @ targets


def _solved(equations: tuple[np.ndarray, np.ndarray], penalty: float) -> np.ndarray:
    """The layer [STEREO_SIZE, features and 1], in the values' own units."""
    covariance, right = equations[0].copy(), equations[1]
    covariance[np.diag_indices(len(covariance) - 1)] += penalty * np.trace(covariance) / len(covariance)         # not of the constant
    return np.linalg.solve(covariance, right).T * _UNIT[:, None]


def _between(model: Model, notes: WideNotes, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(z, pitch, values) of `count` notes anywhere between two presets: what both have at the key, or nearest to it."""
    points, mine = _points(model), [np.flatnonzero(notes.preset == preset) for preset in np.unique(notes.preset)]
    one = rng.integers(0, len(notes.pitch), count)
    other = np.array([of[np.argmin(np.abs(notes.pitch[of] - notes.pitch[note]))]
                      for note, of in zip(one, (mine[number] for number in rng.integers(0, len(mine), count)), strict=True)])
    share = rng.uniform(0, 1, (count, 1)).astype(np.float32)
    z, values = (share * known[one] + (1 - share) * known[other] for known in (points[notes.preset], notes.values))
    return z, notes.pitch[one], values


def _features(model: Model, z: np.ndarray, pitch: np.ndarray, velocity: float) -> np.ndarray:
    """What the layer before the last knows of notes, and a constant 1. [N, features and 1]"""
    hidden = model.decoder.note_hidden(z, pitch.astype(np.float32), np.full(len(pitch), velocity, np.float32))
    return np.concatenate([hidden.astype(np.float64), np.ones((len(hidden), 1))], 1)


def _predicted(model: Model, notes: WideNotes, layer: np.ndarray) -> np.ndarray:
    made = _features(model, _points(model)[notes.preset], notes.pitch, VELOCITIES[1]) @ layer.T
    return np.clip(made, STEREO_LOWEST, STEREO_HIGHEST)


def _mean_error(model: Model, notes: WideNotes, layer: np.ndarray) -> float:
    away = np.abs(_predicted(model, notes, layer) - notes.values) / _UNIT
    return float(away[np.tile(notes.heard, 2)].mean())


def _report(model: Model, notes: WideNotes, layer: np.ndarray, count: int, penalty: float) -> StereoReport:
    away = np.abs(_predicted(model, notes, layer) - notes.values)

    def spread(part: slice) -> tuple[float, float]:
        median, most = np.quantile(away[:, part][notes.heard], (0.5, 0.9))
        return float(median), float(most)
    return StereoReport(count, spread(COHERENCE), spread(BALANCE), penalty)


def _with_layer(model: Model, layer: np.ndarray, report: StereoReport) -> Model:
    name, shape = f"decoder.note_net.{2 * model.shape.note_depth}", replace(model.shape, stereo=True)
    mono = model.shape.steady_in_note.stop                  # a model that has stereo already gets another one
    weights = dict(model.weights)
    weights[f"{name}.weight"] = np.concatenate([weights[f"{name}.weight"][:mono], layer[:, :-1].astype(np.float32)])
    weights[f"{name}.bias"] = np.concatenate([weights[f"{name}.bias"][:mono], layer[:, -1].astype(np.float32)])
    return Model(model.name, model.card | {"stereo": report.as_dict()}, shape, weights, model.presets)
