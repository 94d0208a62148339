"""Batches of training rows: random moments of random notes, at their own pitch, between two keys, or between two instruments.

Where keys and velocities were drawn, what is said of neighbouring keys holds of notes that are near in both (`train/data/pairs.py`).

Between two neighbouring trained keys (so across a left-out key too) the target is the mean of
both keys' frames, weighted by distance: corresponding partials are averaged because frames are on the harmonic grid. So the decoder
learns between keys, and at a left-out key, what averaging the neighbours gives. Between two instruments, at the
same key and dynamic, the target is the weighted mean of both in the same way, so that a point between two points of latent space
sounds like a mixture of both.
"""
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.frame import FRAME_SIZE, GROUPS, LEVEL, LEVEL_FLOOR_DB, SLOT_RATIO, group_of_hz, pitch_to_hz
from hummingface.models.playing.stereo import MONO
from hummingface.train.data.characteristics import CHARACTERISTICS, measure
from hummingface.train.data.cleaning import LEAST_MOTION_S, BankNotes, NoteColumns, clean
from hummingface.train.data.heard_qualities import MEASURES
from hummingface.train.data.instruments import instruments_of, is_left_out
from hummingface.train.data.loudness_normalisation import Levelled, shift_rows
from hummingface.train.data.note_targets import NoteTargets
from hummingface.train.data.pairs import NearNotes, drawn_instruments, next_keys, next_velocities
from hummingface.train.data.store import LATE_S, DataError, Made, nothing_in, part_files, read_data, read_part, wanted
from hummingface.train.notes.note import QUALITIES

ATTACK_SHARE = 0.25                   # of all rows drawn lie where frames are a quarter hop apart
BETWEEN_SHARE = 0.25                  # of all notes drawn lie between two keys
BRIDGE_SHARE = 0.5                    # of the draws of a note whose next key was left out lie between: so that key is learnt as others are
BRIDGED_ON_KEYS = 0.75                # of pairs that bridge untrained keys
LIKE_DRAWN = 3, 20                    # keys, and steps of velocity, within which drawn notes of two instruments are mixed
FARTHEST_KEY = 4                      # semitones that may be bridged between two keys
LATE_SHARE = 0.3                      # of what the rows of the image are drawn, where there are late ones
AUDIBLE_DB = 80.0
DEVICE_SHARE = 0.5                    # of a GPU's free memory may hold notes


@dataclass
class Batch:
    """N notes, and R moments of each: row i belongs to note i // R."""
    instrument: Tensor     # [N] int64
    pitch: Tensor          # [N] fractional MIDI pitch
    velocity: Tensor       # [N]
    peak_db: Tensor        # [N] of the whole note
    heard: Tensor          # [N, GROUPS] 0..1, how much of each frequency group is audible in the note
    moves: Tensor          # [N] 1 where the note was long enough to measure its motion, else 0
    phase: Tensor          # [N, PARTIALS] start phases
    stereo: Tensor         # [N, STEREO_SIZE] balances and coherences
    phase_level: Tensor    # [N, PARTIALS] levels while the note begins; LEVEL_FLOOR_DB where the phase is not known
    time_s: Tensor         # [N R]
    target: Tensor         # [N R, FRAME_SIZE]
    note: Tensor           # [N] int64, which notes of the bank they are
    other: Tensor          # [N] int64, with which note each is mixed
    other_instrument: Tensor   # [N] int64, that note's
    share: Tensor          # [N] 0..1, weight of the other note
    softest: Tensor        # [N] bool, whether no softer note of its key is known
    loudest: Tensor        # [N] bool

    def to(self, device: torch.device) -> "Batch":
        return self if device.type == "cpu" else Batch(**{k: v.to(device) for k, v in vars(self).items()})

    def part(self, notes: slice) -> "Batch":
        """These notes of it, with their rows."""
        moments = len(self.time_s) // len(self.pitch)
        rows = slice(notes.start * moments, notes.stop * moments)
        return Batch(**{k: v[rows if k in ("time_s", "target") else notes] for k, v in vars(self).items()})


class NoteBank(NoteColumns):
    """All prepared notes of a folder, in memory (2 GB for 17,000 notes).

    rows [notes, ROWS, FRAME_SIZE] float16; phase [notes, PARTIALS]; stereo [notes, STEREO_SIZE]; per note: NoteColumns, left_out,
    next_key (index of the nearest trained note above at the same velocity, or -1), names;
    conditions: `qualities` [notes, 10] 0, 1 or NaN where not known, `heard_qualities` [notes, 5] as train/data/heard_qualities.py measures
    them, NaN where they were not, `characteristics()` [notes, 8]; family and source are the instrument's.
    """

    rows: Tensor
    times_s: Tensor
    left_out: np.ndarray
    instruments: list[dict]
    levelled: Levelled | None = None       # what was taken out of their loudness; None: nothing

    def __init__(self, folder: str | Path, instruments: list[str] | None = None, hold_out: bool = True,
                 farthest_key: int = FARTHEST_KEY, late: bool = False, level: bool = True):
        """`instruments`: names of those wanted. `hold_out`: some keys are never trained on (see `is_left_out`). `farthest_key`: semitones
        that are bridged between two keys. `late`: rows at LATE_S follow those of the note image. `level`: all notes are brought to one
        loudness (train/data/loudness_normalisation.py), where each knows its own."""
        folder = Path(folder)
        paths = part_files(folder)
        self._source = (folder, instruments, hold_out, farthest_key, late, level), len(paths)
        kept = [(part, [i for i in places if instruments is None or part.notes[i]["instrument"] in instruments])
                for part, places in wanted(map(read_part, paths), folder)]
        notes = [part.notes[i] for part, places in kept for i in places]
        if read_data(folder).get("representation"):
            raise DataError(f"{folder} holds sounds, not frames: learn from it with --representation stft or if; or prepare the notes "
                            "again, into another folder, without --representation.")
        if not notes:
            raise nothing_in(folder, instruments)
        self.sources = sorted({n["origin"] for n in notes if "origin" in n} | {s["name"] for s in read_data(folder).get("sources", [])})
        self.rows = torch.empty(len(notes), ROWS + late * len(LATE_S), FRAME_SIZE, dtype=torch.float16)
        self.phase = torch.empty(len(notes), LEVEL.stop - LEVEL.start)
        self.stereo = torch.from_numpy(np.tile(MONO, (len(notes), 1)))
        at = 0
        for part, places in kept:
            if places:
                self.rows[at:at + len(places), :ROWS] = torch.from_numpy(part.rows()[places])
                if late:
                    rest = part.late()
                    beyond = part.rows()[places, -1:] if rest is None else rest[places]
                    self.rows[at:at + len(places), ROWS:] = torch.from_numpy(beyond)
                self.phase[at:at + len(places)] = torch.from_numpy(part.phase()[places].astype(np.float32))
                if (stereo := part.stereo()) is not None:
                    self.stereo[at:at + len(places)] = torch.from_numpy(stereo[places].astype(np.float32))
                at += len(places)
        self._know(notes, hold_out, farthest_key, level)

    @classmethod
    def of(cls, made: Sequence[Made]) -> "NoteBank":
        """Notes that were just prepared, without a folder; none is held out."""
        bank = cls.__new__(cls)
        bank.sources = []
        late = [note.rows[-1:].repeat(len(LATE_S), 0) if note.late is None else note.late for note in made]
        bank.rows = torch.from_numpy(np.concatenate([np.stack([note.rows for note in made]), np.stack(late)], 1).astype(np.float16))
        bank.phase = torch.from_numpy(np.stack([note.phase for note in made]).astype(np.float32))
        bank.stereo = torch.from_numpy(np.stack([MONO if note.stereo is None else note.stereo for note in made]).astype(np.float32))
        bank._know([asdict(note.labels) | note.known for note in made], False, FARTHEST_KEY)
        return bank

    def _know(self, notes: list[dict], hold_out: bool, farthest_key: int, level: bool = False) -> None:
        """Fill in everything beside rows and phases, from the notes' descriptions."""
        self.instruments, self.instrument = instruments_of(notes)
        for key in ("pitch", "velocity", "hold_s", "valid_rows"):
            setattr(self, key, np.asarray([note[key] for note in notes]))
        for key in ("f0_hz", "peak_db", "rms_db"):
            setattr(self, key, np.array([note[key] for note in notes], np.float64))
        self.names = [note.get("name", "") for note in notes]
        self.qualities = np.array([note.get("qualities") or [np.nan] * len(QUALITIES) for note in notes], np.float32)
        self.heard_qualities = np.array([[note.get("heard", {}).get(name, np.nan) for name in MEASURES] for note in notes], np.float32)
        self._measured: list[dict[str, float]] = [note.get("measured") or {} for note in notes]
        self.left_out = np.array([hold_out and is_left_out(int(i), int(p)) for i, p in zip(self.instrument, self.pitch, strict=True)])
        self.farthest_key = farthest_key
        sustained = np.array([i["sustained"] for i in self.instruments])[self.instrument]
        self.times_s = torch.from_numpy(np.append(row_times_s(), LATE_S)[:self.rows.shape[1]].astype(np.float32))
        clean(self.arrays, notes, sustained)
        raised_db = np.array([note.get("raised_db", 0.0) for note in notes])
        if level and all("loudness_db" in note for note in notes):
            self.levelled = Levelled(self.arrays, np.array([note["loudness_db"] for note in notes], np.float64), raised_db)
        elif raised_db.any():
            shift_rows(self.arrays, -raised_db)
        self.trained = np.flatnonzero(~self.left_out)
        places = self.instrument, self.velocity, self.pitch, self.trained
        self.next_key, self.louder = next_keys(*places, farthest_key), next_velocities(*places)
        keys = np.add(self.pitch, 1).astype(int)
        left_out = set(zip(self.instrument[self.left_out], self.pitch[self.left_out], strict=True))
        self.bridges = np.array([(i, key) in left_out for i, key in zip(self.instrument, keys, strict=True)]) & (self.next_key >= 0)
        self.softest, self.loudest = ~np.isin(np.arange(len(self)), self.louder), self.louder < 0
        self._pair_drawn()
        self.between_velocities = False                                 # mixtures of two dynamics, too
        self.heard = self._heard_groups()
        chance = np.where(self.times_s.numpy() < 0.0719, ATTACK_SHARE / 54, (1 - ATTACK_SHARE) / (ROWS - 54))
        chance[ROWS:] = LATE_SHARE / len(LATE_S)
        self._cumulative = np.cumsum(chance)

    def __len__(self) -> int:
        return len(self.rows)

    def targets(self, note: int) -> NoteTargets:
        """One note's."""
        return NoteTargets(self.rows[note].float().numpy(), self.times_s.numpy(), float(self.pitch[note]), float(self.velocity[note]),
                           float(self.hold_s[note]), int(self.valid_rows[note]), float(self.f0_hz[note]), float(self.peak_db[note]),
                           self.phase[note].numpy(), self.stereo[note].numpy() if self.is_stereo else None)

    @property
    def arrays(self) -> BankNotes:
        """The same memory, for what corrects notes."""
        columns = {column.name: getattr(self, column.name) for column in fields(NoteColumns)}
        return BankNotes(**columns, rows=self.rows.numpy(), times_s=self.times_s.numpy())

    @property
    def is_stereo(self) -> bool:
        """Whether the channels of any of its notes differ."""
        return not torch.equal(self.stereo.cpu(), torch.from_numpy(MONO).expand(len(self), -1))

    def near(self, device: torch.device) -> "NoteBank":
        """This bank, with its rows on `device` if they fit beside the training: so batches need no transfer. Returns itself."""
        size = self.rows.nbytes + self.phase.nbytes
        if device.type == "cuda" and size < DEVICE_SHARE * torch.cuda.mem_get_info(device)[0]:
            for name in ("rows", "phase", "stereo", "heard", "times_s"):
                setattr(self, name, getattr(self, name).to(device))
        return self

    def image(self, note: int) -> np.ndarray:
        """The note image of one note. [ROWS, FRAME_SIZE] float32"""
        return self.rows[note, :ROWS].float().cpu().numpy()

    @property
    def longest_s(self) -> float:
        """How long the longest note is trained on."""
        return float(self.times_s[self.valid_rows.max() - 1])

    def grown(self) -> "NoteBank":
        """The folder's bank as it is now: itself unless a third was added (preparing may go on while training does)."""
        arguments, parts = self._source
        if len(part_files(arguments[0])) < parts * 4 / 3:
            return self
        larger = NoteBank(*arguments)
        return larger if larger.instruments == self.instruments else self

    def chosen(self) -> dict[str, Any]:
        """The arguments to make it again by `NoteBank(**chosen)`; empty for notes without a folder."""
        folder, *rest = getattr(self, "_source", [[None]])[0]
        return {} if folder is None else dict(zip(("folder", "instruments", "hold_out", "farthest_key", "late", "level"),
                                                  (str(folder.absolute()), *rest), strict=True))

    def characteristics(self) -> np.ndarray:
        """The measured characteristics of each note, in the order of CHARACTERISTICS. [notes, 8] float32"""
        def of(i: int) -> dict[str, float]:                            # an earlier version of `prepare` did not measure
            return self._measured[i] or measure(self.rows[i].float().numpy(), float(self.pitch[i]), float(self.hold_s[i]))
        self._measured = [of(i) for i in range(len(self))]
        return np.array([[m[name] for name in CHARACTERISTICS] for m in self._measured], np.float32)

    def _pair_drawn(self) -> None:
        """Instruments whose keys and velocities were drawn have hardly two notes of one velocity: pair what lies near in both."""
        self.drawn = np.zeros(len(self), bool)
        for i in drawn_instruments(self.instrument, self.velocity, self.next_key, self.trained):
            mine = np.flatnonzero(self.instrument == i)
            trained = ~self.left_out[mine]
            near = NearNotes(self.pitch[mine], self.velocity[mine], trained)
            self.next_key[mine] = np.where(near.above < 0, -1, mine[near.above])
            self.louder[mine] = np.where(near.louder < 0, -1, mine[near.louder])
            self.softest[mine], self.loudest[mine] = near.softest, near.loudest
            self.drawn[mine], self.bridges[mine] = True, False

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
              note: np.ndarray | None = None, mixed: float = 0.0) -> Batch:
        """`moments` of each of `size` random trained notes (or of `note` [size]), `between` of them between two keys, and `mixed` of them
        between two instruments."""
        note = rng.choice(self.trained, size) if note is None else note
        at = (np.arange(moments) + rng.random((size, moments))) / moments               # one in each share of the time
        row = np.searchsorted(self._cumulative, at * self._cumulative[self.valid_rows[note] - 1][:, None])
        rows = torch.from_numpy(np.minimum(row, self.valid_rows[note][:, None] - 1))
        chance = np.where(self.bridges[note], max(between, BRIDGE_SHARE), between) if between else 0.0
        share = np.where(rng.random(size) < chance, rng.random(size), 0.0)
        other = self.next_key[note]
        if self.between_velocities:
            other = np.where((self.louder[note] >= 0) & (rng.random(size) < 0.5), self.louder[note], other)
        share[other < 0] = 0
        blended = np.flatnonzero(rng.random(size) < mixed) if mixed else np.zeros(0, int)
        for i in blended:
            other[i] = rng.choice(self.alike()[self._likeness(int(note[i]))])
        share[blended] = rng.random(len(blended))
        gap = np.abs(np.round(self.pitch[other] - self.pitch[note]).astype(int))
        bridged = (share > 0) & (gap > 1)
        share[bridged] = self._onto_keys(rng, share[bridged], gap[bridged])
        target = self._rows(note, rows)
        here = lambda x: torch.from_numpy(x).to(self.rows.device)                                       # noqa: E731
        moved = np.flatnonzero(share)
        if len(moved):
            part = here(share[moved].astype(np.float32))[:, None, None]
            target[here(moved)] += part * (self._rows(other[moved], rows[moved]) - target[here(moved)])
        tensor = lambda x: torch.from_numpy(np.asarray(x, np.float32))                                  # noqa: E731
        on_the_way = lambda x: tensor(x[note] + share * (x[other] - x[note]))                                # noqa: E731
        begin = self.rows[here(note), 10:60:10][..., LEVEL].float().amax(1)
        begin[here(moved)] = LEVEL_FLOOR_DB
        stereo = torch.lerp(self.stereo[here(note)], self.stereo[here(other)], here(share.astype(np.float32))[:, None])
        return Batch(torch.from_numpy(self.instrument[note]), on_the_way(self.pitch), on_the_way(self.velocity),
                     on_the_way(self.peak_db), self.heard[here(note)], tensor(self.hold_s[note] >= LEAST_MOTION_S),
                     self.phase[here(note)], stereo, begin,
                     self.times_s[rows.to(self.rows.device)].view(-1), target.view(-1, FRAME_SIZE),
                     torch.from_numpy(note), torch.from_numpy(np.where(other < 0, note, other)),
                     torch.from_numpy(self.instrument[np.where(other < 0, note, other)]), tensor(share),
                     torch.from_numpy(self.softest[note]), torch.from_numpy(self.loudest[note]))

    @staticmethod
    def _onto_keys(rng: np.random.Generator, share: np.ndarray, gap: np.ndarray) -> np.ndarray:
        """Move most pairs that bridge untrained keys onto one of these keys, since they will be played more often than pitches between."""
        nearest = np.clip(np.round(share * gap), 1, gap - 1) / gap
        return np.where(rng.random(len(share)) < BRIDGED_ON_KEYS, nearest, share)

    def _rows(self, note: np.ndarray, row: Tensor) -> Tensor:
        flat = torch.from_numpy(note)[:, None] * self.rows.shape[1] + row
        return self.rows.view(-1, FRAME_SIZE)[flat.view(-1).to(self.rows.device)].float().view(*row.shape, FRAME_SIZE)

    def pairs(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Notes [size] and, for each, another trained note of the same instrument [size]."""
        first = rng.choice(self.trained, size)
        by_instrument = self.members()
        second = np.array([rng.choice(by_instrument[self.instrument[i]]) for i in first])
        return first, second

    def _likeness(self, note: int) -> tuple[bool, int, int, float]:
        drawn = bool(self.drawn[note])
        keys, steps = LIKE_DRAWN if drawn else (1, 1)
        return drawn, int(self.pitch[note]) // keys, int(self.velocity[note]) // steps, float(self.hold_s[note])

    def alike(self) -> dict[tuple[bool, int, int, float], np.ndarray]:
        """Trained notes of the same key, velocity and length, of whatever instruments; drawn ones of nearly the same."""
        if not hasattr(self, "_alike"):
            groups: dict[tuple[bool, int, int, float], list[int]] = {}
            for i in self.trained:
                groups.setdefault(self._likeness(int(i)), []).append(int(i))
            self._alike = {key: np.array(notes) for key, notes in groups.items()}
        return self._alike

    def members(self) -> list[np.ndarray]:
        """The trained notes of each instrument."""
        if not hasattr(self, "_members"):
            self._members = [self.trained[self.instrument[self.trained] == n] for n in range(len(self.instruments))]
        return self._members
