"""Compares sets of generated notes with real notes and with noise, which show the scale of each figure.

Half of the notes that a run learnt (at most SET of them) are the reference. Beside them stand, each as many:
- other real notes, which the reference does not hold: what a perfect generator would come to;
- the model's notes, at the reference's keys and velocities: random latents and, for a conditional model, either no condition, or half
  of those that it learnt with;
- white noise, as frames: what no generator should come to.

Figures. Frechet distance, NDB/k over k-means cells, and diversity, on the embedding of `train/learning/generated.py`, where their
sources are named.
Pitch accuracy is the share of notes that an independent tracker hears within 50 cents of their key: YIN (de Cheveigne & Kawahara 2002;
`train/notes/onset_pitch.py`) on the sound alone, which knows nothing of frames, keys or the model; octave errors and notes without a pitch
count as wrong. Beside it stands the share that is right but for octaves: some real notes sound an octave beside their key (a 16 foot stop).
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from hummingface.models.analysis.note_frames import NoteFrames, frame_times
from hummingface.models.analysis.reference import synthesise
from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.frame import BAND_EDGES_HZ, FRAME_SIZE, LOWEST, NOISE, PARTIALS, pitch_to_hz
from hummingface.models.playing.model import Model
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.note_spectrum import at_times
from hummingface.train.exporting.model_notes import notes_of
from hummingface.train.learning.conditions import conditions_of
from hummingface.train.learning.generated import IN_TUNE_CENTS, compare
from hummingface.train.notes.onset_pitch import find_pitch
from hummingface.train.report.sound_clips import random_points

SET, TRACKED = 256, 96                   # notes of a set; of these, those that are heard by the tracker
LEAST = 40                               # notes in a set, for meaningful figures
RATE_HZ, HEARD_S = 32_000, 1.0
NOISE_DB_PER_HZ = -70.0


@dataclass(frozen=True)
class SetFigures:
    """Figures of one set of notes, in the order of the table."""
    name: str
    frechet: float
    ndb: float
    diversity: float
    pitch_accuracy: float
    but_for_octaves: float


def sets_of(model: Model, bank: NoteBank, step_done: Callable[[], object] = lambda: None) -> list[SetFigures]:
    """Empty where the notes are too few. `step_done` is called after each set."""
    rng = np.random.default_rng(5)
    order = rng.permutation(bank.trained)
    size = min(SET, len(order) // 2)
    if size < LEAST:
        return []
    reference, others = order[:size], order[size:2 * size]
    real, pitch, velocity, valid = _real(bank, reference)

    def entry(name: str, made: np.ndarray, keys: np.ndarray, last: np.ndarray) -> SetFigures:
        numbers = compare(real, made, pitch, valid, keys, last)
        off = np.array([semitones_off(made[i], float(keys[i]), last[i]) for i in range(min(TRACKED, size))])
        step_done()
        near = IN_TUNE_CENTS / 100
        return SetFigures(name, numbers["frechet"], numbers["ndb"], numbers["diversity"], float(np.mean(np.abs(off) < near)),
                   float(np.mean(np.abs(off - 12 * np.round(off / 12)) < near)))
    other, other_pitch, _, other_valid = _real(bank, others)
    found = [entry("other real notes", other, other_pitch, other_valid)]
    points = random_points(model, size, rng)
    wanted = _asked(model, bank, reference, rng)
    if wanted is not None:
        points[:, model.free_latents:] = wanted
        found.append(entry("the model, with their conditions", notes_of(model, points, pitch, velocity), pitch, valid))
        points[:, model.free_latents:] = 0
    name = "the model, no conditions" if wanted is not None else "the model"
    found.append(entry(name, notes_of(model, points, pitch, velocity), pitch, valid))
    found.append(entry("white noise", np.tile(white(), (size, ROWS, 1)), pitch, valid))
    return found


def _real(bank: NoteBank, notes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(rows [N, ROWS, FRAME_SIZE], pitch, velocity, valid rows) of notes of a bank."""
    rows = bank.rows[torch.from_numpy(notes), :ROWS].float().numpy()
    return rows, bank.pitch[notes].astype(float), bank.velocity[notes].astype(float), bank.valid_rows[notes]


def _asked(model: Model, bank: NoteBank, notes: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Conditions for notes like these; None if the model has none. [N, C]"""
    declared = model.card.get("conditions", [])
    if not declared:
        return None
    conditions, values = conditions_of(bank)
    place = {(c.kind, c.name): i for i, c in enumerate(conditions)}
    columns = [place.get((c["kind"], c["name"])) for c in declared]
    numbers = np.stack([np.zeros(len(notes)) if i is None else np.nan_to_num(values[notes, i]) for i in columns], 1)
    return numbers * (rng.random(len(notes)) < 0.5)[:, None]


def white() -> np.ndarray:
    """A frame of white noise: no partials, each band as loud as it is wide. [FRAME_SIZE]"""
    frame = LOWEST.astype(np.float32).copy()
    frame[NOISE] = NOISE_DB_PER_HZ + 10 * np.log10(np.diff(BAND_EDGES_HZ))
    assert frame.shape == (FRAME_SIZE,)
    return frame


def semitones_off(rows: np.ndarray, pitch: float, valid_rows: int = ROWS) -> float:
    """How far from its key the tracker hears the sound of a note's rows [ROWS, FRAME_SIZE]; NaN where it hears no pitch."""
    heard, _ = find_pitch(sound_of(rows, pitch, valid_rows), RATE_HZ)
    return heard - pitch


def sound_of(rows: np.ndarray, pitch: float, valid_rows: int = ROWS) -> np.ndarray:
    """The first HEARD_S of a note's rows [ROWS, FRAME_SIZE], at RATE_HZ. [S]"""
    until = min(HEARD_S, max(0.15, float(row_times_s()[min(int(valid_rows), ROWS) - 1])))
    times = frame_times(until)
    start = np.random.default_rng(0).uniform(0, 2 * np.pi, PARTIALS)
    note = NoteFrames(times, at_times(rows, row_times_s(), times).astype(np.float32), float(pitch_to_hz(pitch)), start, until)
    return synthesise(note, RATE_HZ)
