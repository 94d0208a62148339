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
from models.frame import FRAME_SIZE, GROUPS, LEVEL, SLOT_RATIO, group_of_hz, pitch_to_hz

LEFT_OUT_EVERY = 12
ATTACK_SHARE = 0.35                   # of all rows drawn lie where frames are a quarter hop apart
BETWEEN_SHARE = 0.4                   # of all rows drawn lie between two keys
AUDIBLE_DB = 80.0


class DataError(Exception):
    """A data folder cannot be used; the text says why and what to do."""


def is_left_out(instrument: int, pitch: int) -> bool:
    """One pitch in 12, another for each instrument: never trained on, only watched."""
    return (pitch + 5 * instrument) % LEFT_OUT_EVERY == 0


@dataclass
class Batch:
    instrument: Tensor     # [B] int64
    pitch: Tensor          # [B] fractional MIDI pitch
    velocity: Tensor       # [B]
    time_s: Tensor         # [B]
    target: Tensor         # [B, FRAME_SIZE]
    peak_db: Tensor        # [B] of the whole note
    heard: Tensor          # [B, GROUPS] 0..1, how much of each frequency group is audible in the note


class NoteBank:
    """All prepared notes of a folder, in memory (2 GB for 17,000 notes).

    rows [notes, ROWS, FRAME_SIZE] float16; phase [notes, PARTIALS]; per note: instrument, pitch, velocity, hold_s, valid_rows,
    f0_hz, peak_db, rms_db, left_out, next_key (index of the nearest trained note above, in the same part; -1 where none).
    """

    def __init__(self, folder: str | Path, instruments: list[str] | None = None):
        folder = Path(folder)
        cards = [json.loads(path.read_text()) for path in sorted(folder.glob("p*.json"))]
        stems = [path.stem for path in sorted(folder.glob("p*.json"))]
        kept = [(s, c) for s, c in zip(stems, cards, strict=True)
                if c["notes"] and (instruments is None or c["instrument"]["name"] in instruments)]
        if not kept:
            raise DataError(f"{folder}: no prepared notes. Make them with `hummingface train prepare {folder}`.")
        self.soundfont = kept[0][1]["soundfont"]
        self.instruments = sorted({json.dumps(c["instrument"], sort_keys=True) for _, c in kept},
                                  key=lambda text: json.loads(text)["program"])
        self.instruments = [json.loads(text) for text in self.instruments]
        number = {i["program"]: n for n, i in enumerate(self.instruments)}
        size = sum(len(c["notes"]) for _, c in kept)
        self.rows = torch.empty(size, ROWS, FRAME_SIZE, dtype=torch.float16)
        self.phase = torch.empty(size, LEVEL.stop - LEVEL.start)
        about: dict[str, list] = {k: [] for k in ("instrument", "pitch", "velocity", "hold_s", "valid_rows", "f0_hz",
                                                  "peak_db", "rms_db", "left_out", "next_key")}
        at = 0
        for stem, card in kept:
            notes = card["notes"]
            self.rows[at:at + len(notes)] = torch.from_numpy(np.load(folder / f"{stem}.rows.npy"))
            self.phase[at:at + len(notes)] = torch.from_numpy(np.load(folder / f"{stem}.phase.npy").astype(np.float32))
            instrument = number[card["instrument"]["program"]]
            trained = {n["pitch"]: at + i for i, n in enumerate(notes) if not is_left_out(instrument, n["pitch"])}
            for note in notes:
                about["instrument"].append(instrument)
                about["velocity"].append(card["velocity"])
                about["hold_s"].append(card["hold_s"])
                about["left_out"].append(is_left_out(instrument, note["pitch"]))
                above = [trained[p] for p in (note["pitch"] + 1, note["pitch"] + 2) if p in trained]
                about["next_key"].append(above[0] if above else -1)
                for key in ("pitch", "valid_rows", "f0_hz", "peak_db", "rms_db"):
                    about[key].append(note[key])
            at += len(notes)
        for key, values in about.items():
            setattr(self, key, np.asarray(values))
        self.trained = np.flatnonzero(~self.left_out)
        self.heard = self._heard_groups()
        self.times_s = torch.from_numpy(row_times_s().astype(np.float32))
        chance = np.where(self.times_s.numpy() < 0.0719, ATTACK_SHARE / 54, (1 - ATTACK_SHARE) / (ROWS - 54))
        self._cumulative = np.cumsum(chance)

    def __len__(self) -> int:
        return len(self.rows)

    def _heard_groups(self) -> Tensor:
        """How audible each frequency group of each note is: 0 at AUDIBLE_DB under the peak, 1 at the peak. [notes, GROUPS]"""
        heard = np.zeros((len(self), GROUPS), np.float32)
        for i in range(len(self)):
            rows = self.rows[i, :self.valid_rows[i]:8].numpy().astype(np.float32)
            best = np.full(GROUPS, -200.0)
            np.maximum.at(best, group_of_hz(SLOT_RATIO * pitch_to_hz(self.pitch[i])), rows[:, LEVEL].max(0))
            heard[i] = np.clip((best - self.peak_db[i]) / AUDIBLE_DB + 1, 0, 1)
        return torch.from_numpy(heard)

    def statistics(self, rng: np.random.Generator, size: int = 8192) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each value over random rows. [FRAME_SIZE] each"""
        target = self.batch(rng, size).target
        return target.mean(0), target.std(0)

    def batch(self, rng: np.random.Generator, size: int, between: float = BETWEEN_SHARE,
              note: np.ndarray | None = None) -> Batch:
        """`size` random rows of random trained notes (or one of each of `note` [size]), `between` of them between two keys."""
        note = rng.choice(self.trained, size) if note is None else note
        row = np.searchsorted(self._cumulative, rng.random(size) * self._cumulative[self.valid_rows[note] - 1])
        row = np.minimum(row, self.valid_rows[note] - 1)
        share = np.where(rng.random(size) < between, rng.random(size), 0.0).astype(np.float32)
        other = self.next_key[note]
        share[other < 0] = 0
        target = self.rows.view(-1, FRAME_SIZE)[torch.from_numpy(note * ROWS + row)].float()
        moved = np.flatnonzero(share)
        if len(moved):
            a = torch.from_numpy(share[moved])[:, None]
            second = self.rows.view(-1, FRAME_SIZE)[torch.from_numpy(other[moved] * ROWS + row[moved])].float()
            target[torch.from_numpy(moved)] += a * (second - target[torch.from_numpy(moved)])
        pitch = self.pitch[note] + share * (self.pitch[other] - self.pitch[note])
        peak = self.peak_db[note] + share * (self.peak_db[other] - self.peak_db[note])
        tensor = lambda x: torch.from_numpy(np.asarray(x, np.float32))                                  # noqa: E731
        return Batch(torch.from_numpy(self.instrument[note]), tensor(pitch), tensor(self.velocity[note]),
                     self.times_s[torch.from_numpy(row)], target, tensor(peak), self.heard[torch.from_numpy(note)])

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
