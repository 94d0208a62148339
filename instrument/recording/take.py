"""A take during recording: the sound, the MIDI file and the performance log, each complete on disk at every moment.

`take.wav` and `take.mid` stay; `take.part` holds the performance log until it is put into the finished WAV. The key that was
played is added to the names when the take is done. `recover` finishes what a killed process left.
"""
import contextlib
import datetime
import errno
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from hummingface.instrument.files.processes import apart, is_running, own_environment
from hummingface.instrument.performance.events import PlayerEvent
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.held_notes import HeldNotes
from hummingface.instrument.performance.snapshot_values import Snapshot
from hummingface.instrument.recording import naming, performance_log, riff
from hummingface.instrument.recording.heard_events import HeardEvents
from hummingface.instrument.recording.midi_file import MidiFile
from hummingface.instrument.recording.performance_log import CHUNK, LONGEST_LINE, SUFFIX
from hummingface.instrument.recording.wave_file import WaveFile
from hummingface.models.playing.checked_json import open_file, parse_json

T = TypeVar("T")
SUFFIXES = (".wav", ".flac", ".mid", SUFFIX)
LATE_S = 0.04               # how long an event waits for others that take effect before it
MOST_AT_ONCE = 200          # events written in one go
_PIECE_BYTES = 1 << 16


@dataclass(frozen=True)
class TakePlan:
    """The parameters of a new take."""
    folder: Path
    sample_format: str          # wav24, wav32 or flac
    patch: str                  # its name
    rate_hz: int
    begin: int                  # sample of the engine's time
    at: datetime.datetime       # when that sample was made, local time
    snapshot: Snapshot
    quiet: bool                 # whether nothing sounded at the snapshot
    late: int = 0               # what had come late until the snapshot: `History.late`


class Take:
    """A take being written. Raises OSError, naming the file, where it cannot begin; afterwards `problem` holds an error."""

    def __init__(self, plan: TakePlan, controllers: dict[int, str]):
        self.plan, self._controllers = plan, controllers
        self.problem = ""
        self.lost_samples = 0
        self._waiting: list[tuple[int, int, PlayerEvent]] = []          # (sample, number, event) not yet written
        self._numbers = 0
        self._down, self._heard = HeldNotes(plan.snapshot["pedals"]), HeardEvents(plan.snapshot)
        self._before: list[PlayerEvent] = []                            # heard, of before the take, not yet in the MIDI
        self._begun: dict[tuple[int, int], int] = {}            # (channel, note) that sounds, and since when
        self._notes: list[tuple[int, float]] = []               # (note, seconds) played so far
        try:
            plan.folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, "is no folder", str(plan.folder)) from None
        name = naming.free_stem(plan.folder, naming.stem(plan.at, plan.patch), SUFFIXES)
        midnight = plan.at.replace(hour=0, minute=0, second=0, microsecond=0)
        time_reference = round((plan.at - midnight).total_seconds() * plan.rate_hz)
        broadcast = riff.broadcast_chunk(f"{plan.patch}, played on HummingFace", plan.at, time_reference, f"sample {plan.begin}")
        self._part = (plan.folder / f"{name}{SUFFIX}").open("xb", buffering=0)
        try:
            self.wave = WaveFile(plan.folder / f"{name}.wav", plan.rate_hz, "wav32" if plan.sample_format == "wav32" else "wav24",
                                 broadcast)
            self.midi = MidiFile(plan.folder / f"{name}.mid", plan.rate_hz, plan.patch)
            self._part.write(performance_log.head_line(plan.patch, plan.begin, plan.quiet, plan.snapshot))
        except OSError:
            self._part.close()
            for suffix in SUFFIXES:
                with contextlib.suppress(OSError):
                    (plan.folder / f"{name}{suffix}").unlink(missing_ok=True)
            raise

    @property
    def path(self) -> Path:
        return self.wave.path

    @property
    def end(self) -> int:
        """The next sample to be written, in the engine's time."""
        return self.plan.begin + self.wave.frames

    @property
    def seconds(self) -> float:
        return self.wave.seconds

    def hear(self, events: list[tuple[int, PlayerEvent]]) -> None:
        """Add events, including those before the take: a replay needs them."""
        for sample, event in events:
            self._waiting.append((sample, self._numbers, event))
            self._numbers += 1

    def append(self, begin: int, sound: np.ndarray) -> None:
        """Add sound from sample `begin` of the engine's time; a gap before it becomes silence and is counted. Raises OSError."""
        if begin > self.end:
            self.lost_samples += begin - self.end
            self.wave.append_silence(begin - self.end)
        self.wave.append(sound)
        if self.wave.is_deleted():
            raise FileNotFoundError(errno.ENOENT, "the file was deleted during the recording", str(self.path))
        self._write_events(self.end - round(LATE_S * self.plan.rate_hz))

    def _write_events(self, until: int) -> None:
        """Write the events that take effect before sample `until`, a few at a time, since other threads need the interpreter."""
        self._waiting.sort(key=lambda waiting: waiting[:2])
        now = [(sample, event) for sample, _, event in self._waiting[:MOST_AT_ONCE] if sample < until]
        del self._waiting[:len(now)]
        if now:
            self._part.write(b"".join(performance_log.event_line(sample, event) for sample, event in now))
        begin, played = self.plan.begin, []
        for sample, event in now:
            heard = self._heard.hear(event)
            if heard is None:
                continue
            self._count(sample, heard)
            if sample < begin:
                self._before.append(heard)
            else:
                played += [*self._under_way(), (sample, heard)]
            self._down.hear(heard)
        if until > begin and not (self._waiting and self._waiting[0][0] < begin):
            played += self._under_way()
        self._write_midi(played)

    def _under_way(self) -> list[tuple[int, PlayerEvent]]:
        """Write the start of the MIDI file, once: earlier controller values, and the notes that still sound."""
        before, self._before = self._before, []
        return [(self.plan.begin, event) for event in before
                if not isinstance(event, (midi.NoteOn, midi.NoteOff)) or self._down.sounds(event)]

    def _write_midi(self, played: list[tuple[int, PlayerEvent]]) -> None:
        messages = [(sample - self.plan.begin, midi.encode(event, self._controllers)) for sample, event in played]
        self.midi.write([(at, message) for at, message in messages if message is not None])

    def _count(self, sample: int, event: PlayerEvent) -> None:
        """Which notes sounded, and for how long: for the take's name."""
        match event:
            case midi.NoteOn(channel, note, _):
                self._begun.setdefault((channel, note), max(sample, self.plan.begin))
            case midi.NoteOff(channel, note) if (channel, note) in self._begun:
                begun = self._begun.pop((channel, note))
                if sample > self.plan.begin:
                    self._notes.append((note, (sample - begun) / self.plan.rate_hz))

    def finish(self, late: int | None = None) -> Path:
        """End the take; returns the path of its sound. `late`: what came late while it was recorded, None where nobody measured it. Never
        raises: whatever fails, what is written stays."""
        self._try(self._write_all_events)
        self._try(lambda: self._end_part(late))
        self._try(self._end_midi)
        self._part.close()
        packed = self._try(lambda: embed(self.wave, self._part_path))
        self._try(self.wave.close)
        path = self._try(self._name) or self.path
        if not path.exists():
            self.problem = f"{self.path}: was moved or deleted during the recording."
        elif self.problem:
            self.problem = f"{path}: {self.problem}"
        if packed:
            with contextlib.suppress(OSError):
                path.with_suffix(SUFFIX).unlink()
        return path

    @property
    def _part_path(self) -> Path:
        return self.path.with_suffix(SUFFIX)

    def _write_all_events(self) -> None:
        left = -1
        while left != len(self._waiting):
            left = len(self._waiting)
            self._write_events(self.end)

    def _end_midi(self) -> None:
        try:
            self._write_midi([(self.end, event) for event in self._down.release_all()])
        finally:
            self.midi.close(self.wave.frames)

    def _end_part(self, late: int | None) -> None:
        self._part.write(performance_log.end_line(self.wave.frames, late))

    def _try(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except OSError as error:
            self.problem = self.problem or error.strerror or str(error)
            return None

    def _name(self) -> Path:
        """Rename the files with the key."""
        notes = self._notes + [(note, (self.end - begun) / self.plan.rate_hz) for (_, note), begun in self._begun.items()]
        key = naming.key_of(notes)
        return rename(self.path, naming.stem(self.plan.at, self.plan.patch, key)) if key else self.path


def embed(wave: WaveFile, part: Path) -> bool:
    """Put the performance log into the finished sound, in pieces, since other threads need the interpreter. Raises OSError."""
    wave.add_chunk(CHUNK, _packed(part))
    return True


def _packed(part: Path) -> bytes:
    packer, packed = zlib.compressobj(), []
    with open_file(part) as file:
        while piece := file.read(_PIECE_BYTES):
            packed.append(packer.compress(piece))
    return b"".join(packed) + packer.flush()


def recover(folder: Path) -> list[Path]:
    """Finish the takes in a folder that killed processes left: their performance logs go into the sound. Returns the takes; never raises.
    """
    found, parts = [], []
    with contextlib.suppress(OSError):                  # no folder that can be looked into
        parts = sorted(folder.glob(f"*{SUFFIX}"))
    for part in parts:
        with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
            with open_file(part) as file:
                first = parse_json(file.readline(LONGEST_LINE), LONGEST_LINE)
            writer = first.get("writer") if isinstance(first, dict) else None
            if type(writer) is not int or not 0 < writer < 1 << 31 or is_running(writer):
                continue                    # it is being written, or it is not ours
            wav, packed = part.with_suffix(".wav"), _packed(part)
            if riff.read_chunk(wav, CHUNK, 1 << 40) != packed:      # not there, or not all of it
                riff.append_chunk(wav, CHUNK, packed)
            part.unlink()
            found.append(wav)
    return found


def rename(path: Path, wanted: str) -> Path:
    """Rename a take and all files that belong to it, never over another take. Returns the sound's new path."""
    name = naming.free_stem(path.parent, wanted, SUFFIXES)
    for suffix in (".mid", SUFFIX, path.suffix):
        if path.with_suffix(suffix).exists():
            naming.move(path.with_suffix(suffix), path.parent / f"{name}{suffix}")
    return path.parent / f"{name}{path.suffix}"


def pack_flac(path: Path) -> None:
    """Start converting a finished take to FLAC, in a process of its own at low priority."""
    subprocess.Popen([sys.executable, "-m", "hummingface.instrument.recording.flac", str(path)], stdin=subprocess.DEVNULL,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=own_environment(), **apart())
