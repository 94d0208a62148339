"""Prepared notes as batches of rows: random moments of random notes, at their own pitch or between two keys.

Between two neighbouring keys (the next one that is trained on, so across a left-out key too) the target is the mean of
both keys' frames, weighted by distance: partials meet partials because frames stand on the harmonic grid. So the decoder is
told what lies between keys, and learns at a left-out key what averaging its neighbours would give.
"""
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.conditioning import ROWS, row_times_s
from models.frame import (
    DEVIATION,
    FRAME_SIZE,
    GROUPS,
    LEVEL,
    LEVEL_FLOOR_DB,
    NOISE,
    NOISE_FLOOR_DB,
    SLOT_RATIO,
    group_of_hz,
    pitch_to_hz,
)

LEFT_OUT_EVERY = 12
ATTACK_SHARE = 0.45                   # of all rows drawn lie where frames are a quarter hop apart
BETWEEN_SHARE = 0.25                  # of all notes drawn lie between two keys
FARTHEST_KEY = 4                      # semitones that may be bridged between two keys
LEAST_MOTION_S = 1.0                  # shorter notes do not tell their motion
AUDIBLE_DB = 80.0


class DataError(Exception):
    """A data folder cannot be used; the text says why and what to do."""


def is_left_out(instrument: int, pitch: int) -> bool:
    """One pitch in 12, another for each instrument: never trained on, only watched."""
    return (pitch + 5 * instrument) % LEFT_OUT_EVERY == 0


def period_cents(frames: np.ndarray) -> float:
    """How far a note is from its nominal pitch, in cents: the mean of its partials by power. frames [T, FRAME_SIZE]

    Partials more than 30 cents from the loudest of the first four, or 40 dB below the loudest, are overtones of a bell or
    bar: they colour a note and do not tune it.
    """
    level = frames[:, LEVEL].astype(np.float64)
    if level.max() <= LEVEL_FLOOR_DB + 5:
        return 0.0
    cents = 1200 * np.log2(np.maximum(1 + frames[:, DEVIATION] / SLOT_RATIO, 0.1))
    first = level[:, :4].argmax(1)[:, None]
    near = np.abs(cents - np.take_along_axis(cents, first, 1)) < 30
    weight = 10 ** (level / 10) * near * (level > level.max() - 40)
    return float((weight * cents).sum() / max(weight.sum(), 1e-20))


@dataclass
class Batch:
    """N notes, and R moments of each: row i belongs to note i // R."""
    instrument: Tensor     # [N] int64
    pitch: Tensor          # [N] fractional MIDI pitch
    velocity: Tensor       # [N]
    peak_db: Tensor        # [N] of the whole note
    heard: Tensor          # [N, GROUPS] 0..1, how much of each frequency group is audible in the note
    moves: Tensor          # [N] 1 where the note was long enough to tell its motion, else 0
    phase: Tensor          # [N, PARTIALS] start phases
    phase_level: Tensor    # [N, PARTIALS] levels while the note begins; LEVEL_FLOOR_DB where the phase is not known
    time_s: Tensor         # [N R]
    target: Tensor         # [N R, FRAME_SIZE]

    def to(self, device: torch.device) -> "Batch":
        return self if device.type == "cpu" else Batch(**{k: v.to(device) for k, v in vars(self).items()})


class NoteBank:
    """All prepared notes of a folder, in memory (2 GB for 17,000 notes).

    rows [notes, ROWS, FRAME_SIZE] float16; phase [notes, PARTIALS]; per note: instrument, pitch, velocity, hold_s, valid_rows,
    f0_hz, peak_db, rms_db, left_out, next_key (index of the nearest trained note above at the same velocity, or -1).
    """

    instrument: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    hold_s: np.ndarray
    valid_rows: np.ndarray
    f0_hz: np.ndarray
    peak_db: np.ndarray
    rms_db: np.ndarray
    left_out: np.ndarray
    instruments: list[dict]

    def __init__(self, folder: str | Path, instruments: list[str] | None = None):
        folder = Path(folder)
        paths = sorted(folder.glob("p*.json"))
        self._source = folder, instruments, len(paths)
        cards = [(path.stem, json.loads(path.read_text())) for path in paths]
        kept = [(stem, card) for stem, card in cards
                if card["notes"] and (instruments is None or card["instrument"]["name"] in instruments)]
        if not kept:
            raise DataError(f"{folder}: no prepared notes. Make them with `hummingface train prepare {folder}`.")
        self.soundfont = kept[0][1]["soundfont"]
        distinct = {json.dumps(c["instrument"], sort_keys=True) for _, c in kept}
        self.instruments = sorted(map(json.loads, distinct), key=lambda about: about["program"])
        number = {i["program"]: n for n, i in enumerate(self.instruments)}
        size = sum(len(c["notes"]) for _, c in kept)
        self.rows = torch.empty(size, ROWS, FRAME_SIZE, dtype=torch.float16)
        self.phase = torch.empty(size, LEVEL.stop - LEVEL.start)
        about: dict[str, list] = {k: [] for k in ("instrument", "pitch", "velocity", "hold_s", "valid_rows", "f0_hz",
                                                  "peak_db", "rms_db", "left_out")}
        at = 0
        for stem, card in kept:
            notes = card["notes"]
            self.rows[at:at + len(notes)] = torch.from_numpy(np.load(folder / f"{stem}.rows.npy"))
            self.phase[at:at + len(notes)] = torch.from_numpy(np.load(folder / f"{stem}.phase.npy").astype(np.float32))
            instrument = number[card["instrument"]["program"]]
            for note in notes:
                about["instrument"].append(instrument)
                about["velocity"].append(card["velocity"])
                about["hold_s"].append(card["hold_s"])
                about["left_out"].append(is_left_out(instrument, note["pitch"]))
                for key in ("pitch", "valid_rows", "f0_hz", "peak_db", "rms_db"):
                    about[key].append(note[key])
            at += len(notes)
        for key, values in about.items():
            setattr(self, key, np.asarray(values))
        sustained = np.array([i["sustained"] for i in self.instruments])[self.instrument]
        self.valid_rows[sustained & (self.hold_s >= LEAST_MOTION_S)] = ROWS     # the last held row stays: so they sustain
        self._silence_what_has_died_away(sustained)
        self._tune()
        self.trained = np.flatnonzero(~self.left_out)
        self.next_key = self._next_keys()
        self.heard = self._heard_groups()
        self.times_s = torch.from_numpy(row_times_s().astype(np.float32))
        chance = np.where(self.times_s.numpy() < 0.0719, ATTACK_SHARE / 54, (1 - ATTACK_SHARE) / (ROWS - 54))
        self._cumulative = np.cumsum(chance)

    def __len__(self) -> int:
        return len(self.rows)

    def grown(self) -> "NoteBank":
        """The folder's bank as it is now: itself unless a third was added (preparing may go on while training does)."""
        folder, instruments, parts = self._source
        if len(list(folder.glob("p*.json"))) < parts * 4 / 3:
            return self
        larger = NoteBank(folder, instruments)
        return larger if larger.instruments == self.instruments else self

    def _next_keys(self) -> np.ndarray:
        """For each note the nearest trained one above, of the same instrument and velocity; -1 where none is near."""
        place = {key: int(i) for i, key in zip(self.trained, self._keys(self.trained), strict=True)}
        found = np.full(len(self), -1)
        for i, (instrument, velocity, pitch) in enumerate(self._keys(range(len(self)))):
            near = (place.get((instrument, velocity, pitch + up)) for up in range(1, FARTHEST_KEY + 1))
            found[i] = next((n for n in near if n is not None), -1)
        return found

    def _keys(self, notes) -> list[tuple[int, int, int]]:
        return [(int(self.instrument[i]), int(self.velocity[i]), int(self.pitch[i])) for i in notes]

    def _silence_what_has_died_away(self, sustained: np.ndarray) -> None:
        """Struck notes were analysed while they sounded; rows after that, up to note-off, repeat the last one. Silence them."""
        for i in np.flatnonzero(~sustained):
            held = self.rows[i, :self.valid_rows[i], LEVEL]
            same = (held == held[-1]).all(1)
            last = int(torch.nonzero(~same)[-1]) + 1 if not bool(same.all()) else len(held)      # the first of the equal ones
            if last + 2 < len(held):
                self.rows[i, last + 1:, LEVEL] = LEVEL_FLOOR_DB
                self.rows[i, last + 1:, NOISE] = NOISE_FLOOR_DB

    def _tune(self) -> None:
        """Take out what mistuning is left in each note, as a listener for its period would hear it (`period_cents`)."""
        times = row_times_s()
        for i in range(0, len(self), 512):
            notes = slice(i, min(i + 512, len(self)))
            end = np.minimum(1.3, np.maximum(self.hold_s[notes], 0.2))
            cents = np.zeros(len(end))
            for n, until in enumerate(end):
                heard = np.flatnonzero((times >= min(0.3, until / 2)) & (times <= until))[::4]
                cents[n] = period_cents(self.rows[i + n, heard].float().numpy())
            off = torch.from_numpy((2 ** (cents / 1200)).astype(np.float32))[:, None, None]
            ratio = torch.from_numpy(SLOT_RATIO)
            deviation = self.rows[notes, :, DEVIATION].float()
            self.rows[notes, :, DEVIATION] = ((ratio + deviation) / off - ratio).clamp(-0.5, 0.5).half()
            self.f0_hz[notes] *= off[:, 0, 0].numpy()

    def _heard_groups(self) -> Tensor:
        """How audible each frequency group of each note is: 0 at AUDIBLE_DB under the peak, 1 at the peak. [notes, GROUPS]"""
        heard = torch.full((len(self), GROUPS), -200.0)
        hz = SLOT_RATIO * pitch_to_hz(self.pitch)[:, None]
        group = torch.from_numpy(group_of_hz(hz).astype(np.int64))
        for i in range(0, len(self), 512):
            best = self.rows[i:i + 512, ::8, LEVEL].amax(1).float()              # rows after note-off repeat the last
            heard[i:i + 512].scatter_reduce_(1, group[i:i + 512], best, "amax")
        peak = torch.from_numpy(self.peak_db.astype(np.float32))[:, None]
        return ((heard - peak) / AUDIBLE_DB + 1).clamp(0, 1)

    def statistics(self, rng: np.random.Generator, size: int = 1024) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each value over random rows. [FRAME_SIZE] each"""
        target = self.batch(rng, size, 8).target
        return target.mean(0), target.std(0)

    def batch(self, rng: np.random.Generator, size: int, moments: int, between: float = BETWEEN_SHARE,
              note: np.ndarray | None = None) -> Batch:
        """`moments` of each of `size` random trained notes (or of `note` [size]), `between` of them between two keys."""
        note = rng.choice(self.trained, size) if note is None else note
        at = (np.arange(moments) + rng.random((size, moments))) / moments               # one in each share of the time
        row = np.searchsorted(self._cumulative, at * self._cumulative[self.valid_rows[note] - 1][:, None])
        rows = torch.from_numpy(np.minimum(row, self.valid_rows[note][:, None] - 1))
        share = np.where(rng.random(size) < between, rng.random(size), 0.0)
        other = self.next_key[note]
        share[other < 0] = 0
        target = self._rows(note, rows)
        moved = np.flatnonzero(share)
        if len(moved):
            part = torch.from_numpy(share[moved].astype(np.float32))[:, None, None]
            target[moved] += part * (self._rows(other[moved], rows[moved]) - target[moved])
        tensor = lambda x: torch.from_numpy(np.asarray(x, np.float32))                                  # noqa: E731
        mixed = lambda x: tensor(x[note] + share * (x[other] - x[note]))                                # noqa: E731
        begin = self.rows[torch.from_numpy(note), 10:60:10][..., LEVEL].float().amax(1)
        begin[moved] = LEVEL_FLOOR_DB
        return Batch(torch.from_numpy(self.instrument[note]), mixed(self.pitch), tensor(self.velocity[note]),
                     mixed(self.peak_db), self.heard[torch.from_numpy(note)], tensor(self.hold_s[note] >= LEAST_MOTION_S),
                     self.phase[torch.from_numpy(note)], begin,
                     self.times_s[rows].view(-1), target.view(-1, FRAME_SIZE))

    def _rows(self, note: np.ndarray, row: Tensor) -> Tensor:
        flat = torch.from_numpy(note)[:, None] * ROWS + row
        return self.rows.view(-1, FRAME_SIZE)[flat.view(-1)].float().view(*row.shape, FRAME_SIZE)

    def pairs(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Notes [size] and, for each, another trained note of the same instrument [size]."""
        first = rng.choice(self.trained, size)
        by_instrument = self._by_instrument()
        second = np.array([rng.choice(by_instrument[self.instrument[i]]) for i in first])
        return first, second

    def _by_instrument(self) -> list[np.ndarray]:
        if not hasattr(self, "_members"):
            self._members = [self.trained[self.instrument[self.trained] == n] for n in range(len(self.instruments))]
        return self._members
