"""A note from any source, and the interface of a source of notes.

A source lists the notes it has (`orders`, cheap, in the main process) and makes them (`read`, in a worker). An order's
key identifies everything that a prepared note depends on, so that existing notes are not made again.
"""
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hummingface.models.analysis.stereo_analysis import channels_of

ANALYSIS = 9
"""Raise it when the analysis (models/analysis/harmonic.py, models/analysis/motion.py, train/data/characteristics.py) gives other numbers:
all are made again."""

QUALITIES = ("bright", "dark", "distortion", "fast_decay", "long_release", "multiphonic", "nonlinear_env", "percussive", "reverb",
             "tempo-synced")
"""The ten note qualities of NSynth, in its order. Engel et al. (2017), "Neural Audio Synthesis of Musical Notes with WaveNet"."""

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 4_000, 768_000
MOST_CHANNELS = 64
LONGEST_RECORDING_S, MOST_SAMPLES = 600, 24_000_000       # of one file; samples of all channels together: 96 MB as float32
READABLE = "save it as WAV, FLAC, AIFF, OGG or MP3 (`ffmpeg -i IN.m4a OUT.wav` does)"
SILENT_PEAK = 10 ** (-70 / 20)
SHORTEST_S = 0.1


class SourceError(ValueError):
    """A source gives no notes; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of a note without hearing it."""
    name: str                                   # its file's name without suffix, or what identifies it within its source
    instrument: str
    family: str
    source: str                                 # acoustic, electronic, synthetic, sampled, recorded
    pitch: int                                  # its key, 0..127
    velocity: int                               # 1..127
    hold_s: float                               # from note-on to note-off
    sustained: bool | None = None               # None: to be heard
    program: int | None = None                  # of General MIDI
    qualities: tuple[int, ...] | None = None    # of QUALITIES, 0 or 1; None: not known


@dataclass(frozen=True)
class Order:
    """One note to be made. `content` is what its source's `read` needs; it travels to a worker."""
    key: str
    labels: Labels
    content: Any


@dataclass(frozen=True)
class Note:
    """A note as sound: `audio` float32 from note-on, [S] or both channels [S, 2]; `pitch` is where its fundamental is looked for, a
    fractional key."""
    labels: Labels
    audio: np.ndarray
    rate_hz: int
    pitch: float
    file: Path | None = None       # the recording that it was cut out of, `lead_s` after its beginning
    lead_s: float = 0.0


@dataclass(frozen=True)
class Skipped:
    name: str
    reason: str


class Reader(Protocol):
    """Makes the notes of some orders, one result for each. Picklable."""

    def __call__(self, orders: Sequence[Order]) -> Iterator[Note | Skipped]: ...


class NoteSource(Protocol):
    """Where notes come from."""
    path: Path
    name: str
    about: dict                                 # for the card: kind, licence where it is known
    batch: int                                  # how many notes are best made together
    notices: list[str]                          # notices for the player

    @property
    def read(self) -> Reader: ...

    def __len__(self) -> int:
        """How many orders there will be, for the progress bar; 0: not known before they are read."""

    def orders(self, skipped: list[Skipped]) -> Iterator[Order]:
        """All notes, in the order in which any beginning is most useful; what cannot be used goes to `skipped`."""


def key_of(labels: Labels, *content: object) -> str:
    """The name of a prepared note's content: of its labels, what it is made from, and how it is analysed."""
    text = json.dumps([ANALYSIS, asdict(labels), content], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_sound(file: Path | bytes) -> tuple[np.ndarray, int]:
    """(float32 [S], rate) of a sound file of any format that libsndfile reads; [S, 2] where its first two channels differ. Raises
    SourceError with the reason."""
    import soundfile as sf
    if isinstance(file, Path) and not os.path.isfile(file):
        raise SourceError("no such file")
    try:
        with sf.SoundFile(BytesIO(file) if isinstance(file, bytes) else file) as stream:
            rate_hz, claimed = stream.samplerate, stream.frames
            _refuse_absurd(stream.channels, rate_hz, claimed, len(file) if isinstance(file, bytes) else file.stat().st_size)
            audio = stream.read(dtype="float32", always_2d=True)
            missing = claimed - len(audio)
    except (sf.SoundFileError, OSError, EOFError, MemoryError) as error:
        raise SourceError(unreadable(error)) from error
    if missing > 0:
        raise SourceError(f"truncated: {missing} of {len(audio) + missing} samples are missing")
    if not len(audio):
        raise SourceError("holds no samples")
    if not np.isfinite(audio).all():
        raise SourceError("contains NaN or Inf")
    return as_heard(audio), rate_hz


def unreadable(error: Exception) -> str:
    """Why a file is no sound here, and, where its format is not known, what to do."""
    why = str(error).rsplit(": ", 1)[-1].strip().rstrip(".")
    return f"cannot be read as sound ({why})" + (f"; {READABLE}" if "not recognised" in why or "unsupported" in why.lower() else "")


def _refuse_absurd(channels: int, rate_hz: int, frames: int, size_bytes: int) -> None:
    """Raises SourceError for a sound whose head claims what no recording of notes is, before any of it is read."""
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise SourceError(f"{rate_hz} samples a second; a recording has {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}")
    if channels > MOST_CHANNELS:
        raise SourceError(f"{channels} channels; a recording has at most {MOST_CHANNELS}")
    if frames > LONGEST_RECORDING_S * rate_hz or frames * channels > MOST_SAMPLES:
        claims = f"claims to last {frames / rate_hz:,.0f} s" + (f", in a file of {size_bytes:,} bytes" if frames > size_bytes * 64 else "")
        raise SourceError(f"{claims}; at most "
                          f"{min(LONGEST_RECORDING_S, MOST_SAMPLES // channels // rate_hz)} s are read. Cut it into notes")


def as_heard(audio: np.ndarray) -> np.ndarray:
    """A sound [S, channels] as a note has it: [S] where `channels_of` finds one channel, else both, [S, 2]."""
    channels = channels_of(audio)
    return np.ascontiguousarray(channels[0] if len(channels) == 1 else channels.T)


def power_of(audio: np.ndarray) -> np.ndarray:
    """Mean power of the channels of a sound [S] or [S, 2] at each sample: float64 [S]."""
    power = np.square(audio, dtype=np.float64)
    return power if power.ndim == 1 else power.mean(1)


def one_channel(audio: np.ndarray) -> np.ndarray:
    """A sound [S] or [S, 2] for what listens to one channel: the louder one, at the level of both. Averaging would cancel what differs."""
    if audio.ndim == 1:
        return audio
    powers = np.square(audio, dtype=np.float64).mean(0)
    loudest = int(np.argmax(powers))
    return audio[:, loudest] * np.float32(np.sqrt(powers.mean() / powers[loudest])) if powers[loudest] > 0 else audio[:, 0]


def why_unusable(audio: np.ndarray, rate_hz: int) -> str:
    """Why no note can be made of a sound [S] or [S, 2]; empty if it can."""
    if len(audio) < SHORTEST_S * rate_hz:
        return f"too short: {len(audio) / rate_hz:.3f} s"
    if not np.isfinite(audio).all():
        return "contains NaN or Inf"
    if np.abs(audio).max() < SILENT_PEAK:
        return "silent"
    return ""
