"""A folder of recordings as a source of notes, one note per file, in any format and rate; file names, an SFZ file and the sound identify
them.

Each file is analysed first: onset, note-off, pitch, level. Collections count octaves differently, so a name determines the
note within the octave, and the sound determines the octave. One gain for the whole folder keeps the dynamics.
"""
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.checked_json import read_json
from hummingface.train.notes.folder_dynamics import dynamics_text, numbered_layers, velocities_of
from hummingface.train.notes.names import note_name, read_name
from hummingface.train.notes.note import Labels, Note, Order, Skipped, SourceError, key_of, read_sound, sha256_of
from hummingface.train.notes.nsynth import Filters
from hummingface.train.notes.onset_pitch import LEAD_S, OnsetPitch, hear
from hummingface.train.notes.sfz_reader import Mapping, Region, read_sfz
from hummingface.train.notes.spread import spread

SUFFIXES = {".wav", ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".opus", ".mp3", ".w64", ".rf64", ".caf", ".au", ".snd"}
LISTENING = 3
LOUDEST_DB = -20.0                             # RMS of the folder's loudest note, within GAIN_STEP_DB
GAIN_STEP_DB = 6.0                             # the gain moves in steps, so that one more recording leaves the others as they are
MOST_PROGRAMS_NAMED = 8
LONGEST_HOLD_S = 12.0
LARGEST_MEMORY_BYTES = 1 << 28


@dataclass(frozen=True)
class Found:
    """A file, what its mapping or name says of it, and what is heard in it."""
    path: Path
    pitch: int | None = None
    velocity: int | None = None
    layer: int | None = None
    offset: int = 0
    gain_db: float = 0.0           # by how much its mapping plays it louder than it was recorded
    sha256: str = ""
    heard: OnsetPitch = field(default_factory=OnsetPitch)


@dataclass(frozen=True)
class Cut:
    """What of a file is a note."""
    path: str
    sha256: str
    start_s: float
    stop_s: float
    gain_db: float
    pitch: float


class RecordedNotes:
    """Notes of the files in `path` (or of an .sfz file), subfolders included.

    instrument: its name; by default the folder's (or the mapping's). `trust`: "sound" or "name" where they disagree by more
    than whole octaves. `memory`: a JSON file in which what was heard is kept by the hash of each file. `most`: only so many of the files,
    spread over keys and dynamics.
    """
    batch = 8

    def __init__(self, path: Path, instrument: str = "", family: str = "", trust: str = "sound", filters: Filters | None = None,
                 workers: int = 1, memory: Path | None = None, most: int | None = None):
        self.path, self.workers, self.memory, self.trust = Path(path), workers, memory, trust
        self.filters = filters or Filters()
        self.name = self.path.stem if self.path.is_file() else self.path.resolve().name
        self.instrument, self.family = instrument or self.name, family or "recorded"
        self.about = {"kind": "recordings", "name": self.name}
        self.notices: list[str] = []
        self._files, self._first_skips = self._find()
        if most is not None:
            kept = spread([f.pitch for f in self._files], [f.velocity or f.layer or 0 for f in self._files], most)
            self._files = [self._files[i] for i in kept]
        self.read = read_cuts

    def __len__(self) -> int:
        return len(self._files)

    def _find(self) -> tuple[list[Found], list[Skipped]]:
        if self.path.is_file():
            mappings, files = [self.path], []
        elif self.path.is_dir():
            everything = sorted(f for f in self.path.rglob("*") if os.path.isfile(f) and not f.name.startswith("."))
            mappings = [f for f in everything if f.suffix.lower() == ".sfz"]
            files = [f for f in everything if f.suffix.lower() in SUFFIXES]
        else:
            raise SourceError(f"{self.path}: no such folder.")
        mapping = self._program(mappings)
        if not files and not mapping.regions:
            raise SourceError(f"{self.path}: no recordings ({', '.join(sorted(SUFFIXES))}) in it.")
        self.notices += [f"{self.name}: {count} regions of the SFZ file are left out: {reason}"
                         for reason, count in mapping.left_out.items()]
        if mapping.regions:
            return self._mapped(mapping.regions, files)
        names = [read_name(f.stem) for f in files]
        layers = [name.layer for name in names] if all(name.layer for name in names) else numbered_layers([name.velocity for name in names])
        return [Found(file, name.pitch, None if layer else name.velocity, layer)
                for file, name, layer in zip(files, names, layers, strict=True)], []

    def _program(self, paths: list[Path]) -> Mapping:
        """The mapping in an SFZ file, or of the one program in a folder; files that others include are none. Raises SourceError."""
        read, troubles = dict[Path, Mapping](), dict[Path, SourceError]()
        for path in paths:
            try:
                read[path] = read_sfz(path)
            except SourceError as error:                            # a part of a program may make no sense alone
                troubles[path] = error
        parts = {part for mapping in read.values() for part in mapping.includes}
        for path, trouble in troubles.items():
            if path.resolve() in parts:
                continue
            if path == self.path:
                raise trouble
            self.notices.append(f"{self.name}: an SFZ file is not used, the recordings are: {trouble}")
        programs = {path: mapping for path, mapping in read.items() if path.resolve() not in parts and mapping.regions}
        if len({frozenset(region.sample for region in mapping.regions) for mapping in programs.values()}) > 1:
            names = [str(path.relative_to(self.path)) for path in programs]
            more = f" and {len(names) - MOST_PROGRAMS_NAMED} more" if len(names) > MOST_PROGRAMS_NAMED else ""
            raise SourceError(f"{self.path}: holds {len(names)} programs, as for sustained and short notes, or for two microphones "
                              f"({', '.join(names[:MOST_PROGRAMS_NAMED])}{more}). Give one of these files in place of the folder.")
        return next(iter(programs.values()), Mapping())

    def _mapped(self, regions: list[Region], files: list[Path]) -> tuple[list[Found], list[Skipped]]:
        """Each sample once, as its first region has it; files that no mapping names are left out."""
        found, skipped = {}, []
        for region in regions:
            place = os.path.realpath(region.sample)
            if place not in found:
                found[place] = Found(region.sample, region.pitch, region.velocity, offset=region.offset, gain_db=region.gain_db)
        skipped += [Skipped(f.stem, "no region of the SFZ file plays it") for f in files if os.path.realpath(f) not in found]
        there = [f for f in found.values() if os.path.isfile(f.path)]
        gone = [f.path for f in found.values() if not os.path.isfile(f.path)]
        skipped += [Skipped(path.stem, "named in the SFZ file, but not there") for path in gone]
        return there, skipped

    # what is heard ---------------------------------------------------------------------------------------------
    def _listen(self) -> list[Found]:
        known = _remembered(self.memory)
        hashed = [replace(f, sha256=sha256_of(f.path)) for f in self._files]
        todo = {f.sha256: f for f in hashed if f.sha256 not in known}
        jobs = [(sha256, str(f.path), f.offset) for sha256, f in todo.items()]
        if self.workers > 1 and len(jobs) > 16:
            with multiprocessing.get_context("spawn").Pool(self.workers) as pool:
                known |= dict(pool.imap_unordered(_hear_file, jobs, 8))
        else:
            known |= dict(map(_hear_file, jobs))
        if self.memory and jobs:
            replace_file(self.memory, json.dumps({"version": LISTENING, "heard": {k: asdict(v) for k, v in known.items()}}))
        return [replace(f, heard=known[f.sha256]) for f in hashed]

    def orders(self, skipped: list[Skipped]) -> Iterator[Order]:
        skipped += self._first_skips
        usable, names = [], Counter(f.path.stem for f in self._files)
        for found in self._listen():
            heard = found.heard
            named = found.pitch is not None and heard.end_s > 0 and heard.pitch != heard.pitch     # only its pitch is unclear
            if heard.problem and not named:
                skipped.append(Skipped(found.path.stem, heard.problem))
            else:
                usable.append(found)
        if not usable:
            return
        keys = self._keys(usable)
        level_db = np.array([f.heard.level_db + f.gain_db for f in usable])
        velocities = velocities_of([f.velocity for f in usable], [f.layer for f in usable], level_db, [key for key, _ in keys])
        if text := dynamics_text(velocities):
            self.notices.append(f"{self.name}: {text}")
        loudest = level_db.max()
        gain_db = GAIN_STEP_DB * round((LOUDEST_DB - loudest) / GAIN_STEP_DB)
        for found, (pitch, fine), velocity in zip(usable, keys, velocities, strict=True):
            name = found.path.stem if names[found.path.stem] == 1 else f"{found.path.parent.name}-{found.path.name}"
            heard = found.heard
            released = heard.released and heard.off_s - heard.onset_s < LONGEST_HOLD_S
            off_s = min(heard.off_s, heard.onset_s + LONGEST_HOLD_S)
            # without a note-off nothing may follow it: what the sound does there is no release
            stop_s = heard.end_s if released else off_s
            labels = Labels(name, self.instrument, self.family, "recorded", pitch, velocity, round(off_s - heard.onset_s, 3))
            cut = Cut(str(found.path), found.sha256, heard.onset_s, stop_s, gain_db + found.gain_db, round(fine, 2))
            if self.filters.want(labels):
                yield Order(key_of(labels, cut.sha256, cut.start_s, cut.stop_s, cut.gain_db, cut.pitch), labels, cut)

    def _keys(self, usable: list[Found]) -> list[tuple[int, float]]:
        """(key, where its fundamental is) of each; says in `notices` where names and sounds disagree."""
        away = [f.heard.pitch - f.pitch for f in usable if f.pitch is not None and np.isfinite(f.heard.pitch)]
        octaves = Counter(round(a / 12) for a in away if abs(a / 12 - round(a / 12)) < 0.1)
        octave, agreeing = octaves.most_common(1)[0] if octaves else (0, 0)
        if agreeing * 2 < len(away):
            octave = 0
        if octave:
            far = "an octave" if abs(octave) == 1 else f"{abs(octave)} octaves"
            self.notices.append(f"{self.name}: {agreeing} of {len(away)} names are {far} {'below' if octave > 0 else 'above'} what sounds "
                                f"(they write C{4 - octave} for the usual C4, key 60); taken as it sounds")
        keys = []
        for found in usable:
            heard, named = found.heard.pitch, None if found.pitch is None else found.pitch + 12 * octave
            if named is None or not np.isfinite(heard):
                fine = heard if named is None else float(named)
                keys.append((round(fine), fine))
                continue
            if abs(heard - named) < 0.7:
                keys.append((named, heard))
                continue
            text = (f"{found.path.name}: its name says {note_name(named)}, it sounds like {note_name(round(heard))} "
                    f"({heard - named:+.1f} semitones)")
            whole = abs((heard - named) / 12 - round((heard - named) / 12)) < 0.06       # a period of two is easily heard
            if whole or self.trust == "name":
                self.notices.append(text + "; taken as named")
                fine = heard - 12 * round((heard - named) / 12) if whole else float(named)
                keys.append((named, fine))
            else:
                self.notices.append(text + "; taken as it sounds")
                keys.append((round(heard), heard))
        return [(min(127, max(0, key)), fine) for key, fine in keys]


def _remembered(memory: Path | None) -> dict[str, OnsetPitch]:
    try:
        stored = read_json(memory, LARGEST_MEMORY_BYTES, finite=False) if memory else {}
        return {k: OnsetPitch(**v) for k, v in stored["heard"].items()} if stored.get("version") == LISTENING else {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _hear_file(job: tuple[str, str, int]) -> tuple[str, OnsetPitch]:
    sha256, path, offset = job
    try:
        audio, rate_hz = read_sound(Path(path))
    except SourceError as error:
        return sha256, OnsetPitch(problem=str(error))
    heard = hear(audio[offset:], rate_hz)
    away = offset / rate_hz
    return sha256, replace(heard, onset_s=heard.onset_s + away, off_s=heard.off_s + away, end_s=heard.end_s + away)


def read_cuts(orders: Sequence[Order]) -> Iterator[Note | Skipped]:
    """The notes, cut out of their files."""
    for order in orders:
        cut: Cut = order.content
        try:
            audio, rate_hz = read_sound(Path(cut.path))
        except SourceError as error:
            yield Skipped(order.labels.name, str(error))
            continue
        start, stop = round(cut.start_s * rate_hz), min(len(audio), round(cut.stop_s * rate_hz))
        piece = audio[start:stop] * np.float32(10 ** (cut.gain_db / 20))
        if cut.start_s > LEAD_S / 2:                                # a cut must not click
            fade = max(1, int(LEAD_S * rate_hz / 2))
            piece[:fade] *= np.linspace(0, 1, fade, dtype=np.float32).reshape(-1, *[1] * (piece.ndim - 1))
        yield Note(order.labels, piece, rate_hz, cut.pitch, Path(cut.path), cut.start_s)

