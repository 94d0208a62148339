"""NSynth as it is published: the `jsonwav` folder, the same as .tar.gz, and TFRecords. Notes are held for 3 s and ring for 1 s.

Engel et al. (2017), "Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders". CC BY 4.0, Google Inc. Pitches run
from 9 to 119, beyond the piano's keys on both sides; frames are relative to the note, so these notes need no special treatment.
Archives are read from beginning to end and never unpacked: names in them cannot lead outside.
"""
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from hummingface.models.playing.checked_json import parse_json, read_bytes
from hummingface.train.notes.note import QUALITIES, Labels, Note, Order, Skipped, SourceError, key_of, read_sound, why_unusable

HOLD_S, LEAST_S = 3.0, 3.5
RATE_HZ = 16_000
LARGEST_WAV_BYTES, LARGEST_JSON_BYTES = 4 << 20, 1 << 29       # the largest list that is published has 230 MB
MOST_TIMES = 100                         # that something in an archive may be larger than the archive; what is published: 30
BROKEN = (tarfile.TarError, OSError, EOFError, zlib.error, TypeError)       # TypeError: tarfile's own, for a head of gzip that is cut short
ARCHIVES = (".tar.gz", ".tgz", ".tar")
LICENCE = "CC BY 4.0, NSynth, Google Inc."


@dataclass(frozen=True)
class Filters:
    """Which notes are wanted; empty: all."""
    families: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    pitches: tuple[int, ...] = ()
    velocities: tuple[int, ...] = ()
    qualities: tuple[str, ...] = ()          # a note must have all of them
    without: tuple[str, ...] = ()            # and none of these

    def __post_init__(self) -> None:
        unknown = {*self.qualities, *self.without} - set(QUALITIES)
        if unknown:
            raise SourceError(f"no such quality: {', '.join(sorted(unknown))}. There are: {', '.join(QUALITIES)}.")

    def want(self, labels: Labels) -> bool:
        has = {name for name, on in zip(QUALITIES, labels.qualities or (), strict=False) if on}
        return ((not self.families or labels.family in self.families) and (not self.sources or labels.source in self.sources)
                and (not self.pitches or labels.pitch in self.pitches)
                and (not self.velocities or labels.velocity in self.velocities)
                and has.issuperset(self.qualities) and not has.intersection(self.without))


def is_nsynth(path: Path) -> bool:
    return (path / "examples.json").is_file() if path.is_dir() else path.name.endswith((*ARCHIVES, ".tfrecord"))


class NSynth:
    """`path`: the folder with examples.json beside audio/, the archive of it, or a .tfrecord file."""
    batch = 32

    def __init__(self, path: Path, filters: Filters | None = None):
        self.path, self.filters = Path(path), filters or Filters()
        self.name = self.path.name
        self.about = {"kind": "NSynth", "name": self.name, "licence": LICENCE}
        self.notices: list[str] = []
        self.read = read_notes
        self._skipped: list[Skipped] = []
        self._labels: dict[str, Labels] | None = None
        if not self.path.name.endswith(".tfrecord"):
            self._labels = self._wanted(self._examples())
            self._size = len(self._labels)
        else:
            self._size = 0                          # known only when all is read

    def __len__(self) -> int:
        return self._size

    def orders(self, skipped: list[Skipped]) -> Iterator[Order]:
        skipped += self._skipped
        if self._labels is None:
            yield from self._tfrecord(skipped)
            return
        left = dict(self._labels)
        for name, data in self._wavs(left):
            labels = left.pop(name)
            yield Order(key_of(labels, sha256(data).hexdigest()), labels, data)
        skipped += [Skipped(name, "in examples.json, but its sound is missing") for name in left]

    # the jsonwav forms -----------------------------------------------------------------------------------------
    def _examples(self) -> dict[str, Any]:
        if self.path.is_dir():
            file = self.path / "examples.json"
            try:
                return _parse(read_bytes(file, LARGEST_JSON_BYTES) if file.is_file() else None, self.path)
            except OSError as error:
                raise SourceError(f"{file}: cannot be read ({error.strerror or error}).") from error
        with self._open() as archive:
            for member in _members(archive, self.path):
                if member.isfile() and Path(member.name).name == "examples.json" and member.size <= LARGEST_JSON_BYTES:
                    return _parse(_content(archive, member, self.path), self.path)
        return _parse(None, self.path)

    def _open(self) -> tarfile.TarFile:
        try:
            return tarfile.open(self.path, "r|*")
        except BROKEN as error:
            raise SourceError(f"{self.path}: not a readable archive ({error}). Fetch it again.") from error

    def _wanted(self, examples: dict[str, Any]) -> dict[str, Labels]:
        wanted = {}
        for name, labels in examples.items():
            if not isinstance(labels, Labels) or labels.name != name:
                reason = str(labels) if isinstance(labels, Exception) else "it is not a note, or belongs to another one"
                self._skipped.append(Skipped(name[:80], f"its entry in examples.json cannot be used ({reason})"))
            elif self.filters.want(labels):
                wanted[name] = labels
        return wanted

    def _wavs(self, wanted: dict[str, Labels]) -> Iterator[tuple[str, bytes]]:
        """(name, file) of the wanted notes that are there; no name from the data ever becomes a path."""
        if self.path.is_dir():
            for name in list(wanted):
                file = self.path / "audio" / f"{name}.wav"
                if file.is_file() and file.stat().st_size <= LARGEST_WAV_BYTES:
                    yield name, file.read_bytes()
            return
        with self._open() as archive:
            for member in _members(archive, self.path):
                path = Path(member.name)
                ours = member.isfile() and path.suffix == ".wav" and path.stem in wanted and member.size <= LARGEST_WAV_BYTES
                if ours and (data := _content(archive, member, self.path)) is not None:
                    yield path.stem, data

    # TFRecords -------------------------------------------------------------------------------------------------
    def _tfrecord(self, skipped: list[Skipped]) -> Iterator[Order]:
        from hummingface.train.notes.tfrecord import parse_example, records  # numba compiles its checksum
        with self.path.open("rb") as stream:
            for data in records(stream, str(self.path)):
                if isinstance(data, str):
                    skipped.append(Skipped(self.path.name, data))
                    continue
                try:
                    example = parse_example(data)
                    entry: dict[str, Any] = {k: v[0].decode() if isinstance(v, list) else int(v[0]) for k, v in example.items()
                             if k not in ("audio", "qualities", "qualities_str") and len(v)}
                    labels = labels_of(entry.get("note_str", ""), entry | {"qualities": [int(q) for q in example["qualities"]]})
                    audio = np.asarray(example["audio"], np.float32)
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    skipped.append(Skipped(self.path.name, f"a record that is no note of NSynth ({error!r})"))
                    continue
                if self.filters.want(labels):
                    yield Order(key_of(labels, sha256(audio.tobytes()).hexdigest()), labels, audio)


def _members(archive: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    most = MOST_TIMES * path.stat().st_size
    try:
        for member in archive:
            if member.size > most:
                raise SourceError(f"{path}: claims to hold {member.size:,} bytes in {path.stat().st_size:,}: damaged, or made to do harm.")
            yield member
    except BROKEN as error:
        raise _damaged(path, error) from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> bytes | None:
    """A member's data; None where it is no file."""
    try:
        stream = archive.extractfile(member)
        return stream.read() if stream else None
    except BROKEN as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> SourceError:
    return SourceError(f"{path}: ends too early or is damaged ({error}). Fetch it again; what was prepared stays.")


def _parse(data: bytes | None, path: Path) -> dict[str, Any]:
    if data is None:
        raise SourceError(f"{path}: contains no examples.json; it is not NSynth data.")
    shared: dict = {}                               # equal texts and qualities once: there are 289,205 entries

    def compact(entry: dict) -> Any:
        if "note_str" not in entry:
            return entry
        try:
            return labels_of(entry["note_str"], entry, shared)
        except (KeyError, TypeError, ValueError) as error:
            return ValueError(repr(error))
    try:
        examples = parse_json(data, LARGEST_JSON_BYTES, compact)
    except ValueError as error:
        raise SourceError(f"{path}: its examples.json cannot be read ({error}). Fetch it again.") from error
    if not isinstance(examples, dict):
        raise SourceError(f"{path}: its examples.json contains no notes by name.")
    return examples


def labels_of(name: str, entry: dict[str, Any], shared: dict | None = None) -> Labels:
    """An entry of examples.json as labels. Raises KeyError, TypeError or ValueError where it is none. `shared` keeps one of
    each text and of each set of qualities."""
    pitch, velocity = int(entry["pitch"]), int(entry["velocity"])
    qualities = tuple(int(bool(q)) for q in entry["qualities"])
    if not name or Path(name).name != name:
        raise ValueError(f"{name[:40]!r} is not the name of a note")
    if not 0 <= pitch <= 127 or not 1 <= velocity <= 127 or len(qualities) != len(QUALITIES):
        raise ValueError(f"pitch {pitch}, velocity {velocity} or {len(qualities)} qualities cannot be")
    instrument, family, source = (entry[k] for k in ("instrument_str", "instrument_family_str", "instrument_source_str"))
    if not all(isinstance(text, str) for text in (instrument, family, source)):
        raise TypeError("instrument, family and source must be texts")
    one = (lambda x: shared.setdefault(x, x)) if shared is not None else lambda x: x
    return Labels(name, one(instrument), one(family), one(source), pitch, velocity, HOLD_S, qualities=one(qualities))


def read_notes(orders: Sequence[Order]) -> Iterator[Note | Skipped]:
    for order in orders:
        name, content = order.labels.name, order.content
        try:
            audio, rate_hz = read_sound(content) if isinstance(content, bytes) else (content, RATE_HZ)
        except SourceError as error:
            yield Skipped(name, str(error))
            continue
        problem = why_unusable(audio, rate_hz) or ("" if len(audio) >= LEAST_S * rate_hz else
                                                   f"truncated: {len(audio) / rate_hz:.2f} s of 4")
        yield Skipped(name, problem) if problem else Note(order.labels, audio, rate_hz, float(order.labels.pitch))
