"""Prepared notes as sound: the training data of STFT models. Their STFT images are computed when they are needed.

A part is `NAME.sound.npy` [notes, 64000] int16 (4 s at 16 kHz, each note as loud as 16 bit allow) beside its `NAME.json`; otherwise a
folder of them is as `train/data/store.py` describes, and `data.json` has "representation": "stft". Sounds are read from disk when they are
needed, so memory does not grow with notes.
"""
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hummingface.models.playing import stft
from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.frame import pitch_to_hz
from hummingface.models.playing.stft import SAMPLES, Layout
from hummingface.train.data.heard_qualities import MEASURES, heard_qualities
from hummingface.train.data.loudness_normalisation import audio_lufs
from hummingface.train.data.store import FORMAT, DataError, StorePart, nothing_in, part_files, read_data, read_part, wanted, write_array
from hummingface.train.notes.note import QUALITIES, Labels, Note, one_channel
from hummingface.train.notes.resampling import resampled

REPRESENTATION = "stft"
MOST_KEPT = 8192                      # images in memory, 64 kB each
LOUDEST = 32_700                      # of 16 bit
HEARD = {"bright": ("centre", 1), "dark": ("centre", -1), "percussive": ("rise", -1), "fast_decay": ("fall", 1),
         "long_release": ("rest", 1), **{name: (name, 1) for name in MEASURES}}
"""NSynth's qualities, heard of a note without its labels: by what is measured, and whether high or low has it."""
HEARD_SHARE = 0.2                     # of the notes within an octave have a quality


@dataclass(frozen=True)
class MadeSound:
    """A prepared note. `sound` int16 [SAMPLES]"""
    key: str
    about: dict[str, Any]
    sound: np.ndarray


def prepared_sound(key: str, note: Note) -> MadeSound:
    """One note, 4 s of it at 16 kHz."""
    audio = one_channel(note.audio)[:round((stft.NOTE_S + 0.1) * note.rate_hz)]
    audio = resampled(audio, note.rate_hz, stft.RATE_HZ)[:SAMPLES]
    audio = np.pad(audio, (0, SAMPLES - len(audio)))
    peak = max(float(np.abs(audio).max()), 1e-9)
    known = {"peak": peak, "loudness_db": round(audio_lufs(note.audio, note.rate_hz), 2),
             "heard": heard_of(audio / peak, note.labels.pitch, note.labels.hold_s) | heard_qualities(note)}
    return MadeSound(key, {"key": key} | asdict(note.labels) | known, np.round(audio / peak * LOUDEST).astype(np.int16))


def heard_of(audio: np.ndarray, pitch: float, hold_s: float) -> dict[str, float]:
    """Measures that correlate with some of NSynth's qualities: `centre` of its spectrum (octaves above the fundamental), `rise` (s to its
    peak), `fall` (dB from 0.3 s to 3 s or note-off), `rest` (dB below its peak, half a second after note-off).
    """
    power = np.abs(np.fft.rfft(audio)) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / stft.RATE_HZ)
    f0_hz = pitch_to_hz(pitch)
    centre = float((power[1:] * np.log2(hz[1:] / f0_hz)).sum() / max(power[1:].sum(), 1e-12))
    level = np.sqrt((audio.reshape(-1, 320) ** 2).mean(1)) + 1e-6                    # every 20 ms
    at = lambda s: int(np.clip(s / 0.02, 0, len(level) - 1))                          # noqa: E731
    decibels = 20 * np.log10(level / level.max())
    end = min(hold_s, 3.0)
    fall, rest = float(decibels[at(0.3)] - decibels[at(end - 0.05)]), float(decibels[at(min(end + 0.5, 3.9))])
    return {"centre": round(centre, 4), "rise": round(0.02 * float(np.argmax(decibels > -3)), 3), "fall": round(fall, 2),
            "rest": round(rest, 2)}


def write_sounds(folder: Path, notes: Sequence[MadeSound]) -> None:
    """Store notes as one part. Raises OSError, and leaves nothing, where the disk is full."""
    stem = folder / ("part-" + sha256("".join(note.key for note in notes).encode()).hexdigest()[:16])
    write_array(stem.with_name(stem.name + ".sound.npy"), np.stack([n.sound for n in notes]))
    about = json.dumps({"format": FORMAT, "notes": [n.about for n in notes]})
    replace_file(stem.with_name(stem.name + ".json"), about)


def _sounds(part: StorePart) -> np.ndarray:
    """The sounds of a part, on disk: int16 [notes, SAMPLES]. Raises DataError where they are not what its labels say."""
    path = part.stem.with_name(part.stem.name + ".sound.npy")
    try:
        sounds = np.load(path, mmap_mode="r")
        if sounds.shape != (len(part.notes), SAMPLES) or sounds.dtype != np.int16:
            raise ValueError(f"{sounds.dtype} {list(sounds.shape)}, not int16 {[len(part.notes), SAMPLES]}")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Remove {part.stem.name}.json and prepare again.") from error
    return sounds


class NoteSounds:
    """The notes of a folder, as images on demand. Indices of notes index all arrays."""

    def __init__(self, folder: str | Path, layout: Layout, instruments: list[str] | None = None, pitches: tuple[int, ...] = ()):
        folder = Path(folder)
        self._source = folder, instruments, pitches
        data = read_data(folder)
        if data and data.get("representation") != REPRESENTATION:
            raise DataError(f"{folder} holds frames, not sounds. Prepare the notes again, into another folder: "
                            "hummingface train prepare SOURCE --out DATA --representation stft")
        self.folder, self.layout, self.notes = folder, layout, []
        self._place: list[tuple[int, int]] = []
        self._sounds: list[np.ndarray] = []
        for part, places in wanted(map(read_part, part_files(folder)), folder):
            self._sounds.append(_sounds(part))
            kept = [i for i in places if (not instruments or part.notes[i]["instrument"] in instruments)
                    and (not pitches or part.notes[i]["pitch"] in pitches)]
            self.notes += [part.notes[i] for i in kept]
            self._place += [(len(self._sounds) - 1, i) for i in kept]
        if not self.notes:
            raise nothing_in(folder, instruments, " --representation stft")
        self.pitch = np.array([note["pitch"] for note in self.notes])
        self.velocity = np.array([note["velocity"] for note in self.notes])
        self.names = [note["name"] for note in self.notes]
        self.instruments = sorted({note["instrument"] for note in self.notes})
        self.families = sorted({note["family"] for note in self.notes if note["family"]})
        self.sources = [source["name"] for source in data.get("sources", [])]
        self.trained = np.arange(len(self.notes))
        self.qualities = self._qualities()
        size = (len(self), stft.CHANNELS, stft.SIDE, stft.SIDE)
        self._images = torch.empty(size, dtype=torch.float16) if len(self) <= MOST_KEPT else None
        self._made = np.zeros(len(self), bool)

    def near(self, device: torch.device) -> "NoteSounds":
        """This bank: its sounds stay in memory, and images are transferred when they are drawn."""
        return self

    def __len__(self) -> int:
        return len(self.notes)

    def chosen(self) -> dict[str, Any]:
        """The arguments to make it again by `NoteSounds(layout=.., **chosen)`."""
        folder, instruments, pitches = self._source
        return {"folder": str(folder.absolute()), "instruments": instruments, "pitches": list(pitches)}

    @property
    def lowest(self) -> int:
        return int(self.pitch.min())

    @property
    def highest(self) -> int:
        return int(self.pitch.max())

    def sounds(self, notes: np.ndarray) -> np.ndarray:
        """[N, SAMPLES] float32, the loudest sample of each near 1."""
        return np.stack([self._sounds[part][row] for part, row in (self._place[i] for i in notes)]).astype(np.float32) / np.float32(LOUDEST)

    def note(self, which: int) -> Note:
        """One of them, as a source gives it."""
        note = self.notes[which]
        labels = Labels(**{field.name: note[field.name] for field in fields(Labels) if field.name in note})
        return Note(labels, self.sounds(np.array([which]))[0], stft.RATE_HZ, float(self.pitch[which]))

    def images(self, notes: np.ndarray) -> Tensor:
        """[N, 2, SIDE, SIDE], each with the pitch of its own note. Small banks keep what was made once."""
        if self._images is None:
            return self._image(notes)
        missing = np.unique(notes[~self._made[notes]])
        if len(missing):
            self._images[torch.from_numpy(missing)] = self._image(missing).half()
            self._made[missing] = True
        return self._images[torch.from_numpy(notes)].float()

    def _image(self, notes: np.ndarray) -> Tensor:
        return torch.from_numpy(stft.image_of(stft.spectrum(self.sounds(notes)), self.pitch[notes], self.layout)[0])

    def keys(self, notes: np.ndarray) -> Tensor:
        """Which key each is, from the lowest. [N]"""
        return torch.from_numpy((self.pitch[notes] - self.lowest).astype(np.int64))

    def conditions(self) -> tuple[list[dict[str, Any]], np.ndarray]:
        """(conditions as a model's card declares them, values [notes, C]; 0 where unknown)."""
        declared = [{"name": name, "kind": "family", "lowest": 0.0, "highest": 1.0} for name in self.families]
        family = np.array([note["family"] for note in self.notes])
        values = [(family == name).astype(np.float32) for name in self.families]
        for name, column in zip(QUALITIES, self.qualities.T, strict=True):
            if column.any():                                                        # what is never known cannot be learnt
                declared.append({"name": name, "kind": "quality", "lowest": -1.0, "highest": 1.0})
                values.append(column)
        return declared, np.stack(values, 1) if values else np.zeros((len(self), 0), np.float32)

    def _qualities(self) -> np.ndarray:
        """1 or -1; 0 where unknown. By NSynth's labels, and for notes without them by what is measured: the highest fifth of the notes of
        the same octave. [notes, 10]
        """
        found = np.zeros((len(self), len(QUALITIES)), np.float32)
        unlabelled = np.array([note["qualities"] is None for note in self.notes])
        for i in np.flatnonzero(~unlabelled):
            found[i] = 2 * np.array(self.notes[i]["qualities"]) - 1
        for name, (measured, way) in HEARD.items():
            values = way * np.array([note["heard"].get(measured, np.nan) for note in self.notes])
            unknown = unlabelled & np.isfinite(values)                            # an earlier version of `prepare` measured five
            for octave in np.unique(self.pitch // 12):
                mine = np.flatnonzero(unknown & (self.pitch // 12 == octave))
                if len(mine) > 4:
                    found[mine, QUALITIES.index(name)] = np.where(values[mine] > np.quantile(values[mine], 1 - HEARD_SHARE), 1.0, -1.0)
        return found
