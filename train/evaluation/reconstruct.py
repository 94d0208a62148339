"""Reconstructs a recorded note with a model: finds its latent point, and synthesises the model's sound there.

The encoder gives a first point; some steps on z alone bring the decoder's frames nearer to the recording's, over the
recording's bandwidth (`latent_fitting.py`). Everything is synthesised at the recording's own fundamental and length.
"""
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hummingface.models.analysis.note_frames import NoteFrames, frame_times
from hummingface.models.analysis.reference import synthesise
from hummingface.models.playing.conditioning import LONGEST_S
from hummingface.models.playing.encoder_numpy import encode
from hummingface.models.playing.frame import (
    BAND_CENTRES_HZ,
    LEVEL,
    LEVEL_FLOOR_DB,
    NOISE,
    NOISE_FLOOR_DB,
    RELEASE,
    SLOT_RATIO,
    group_of_hz,
    pitch_to_hz,
)
from hummingface.models.playing.likeness import LikenessModel
from hummingface.models.playing.model import Model
from hummingface.train.data.characteristics import power_db
from hummingface.train.data.cleaning import SLOPE_SHARE
from hummingface.train.data.note_targets import NoteTargets, note_targets
from hummingface.train.data.prepared_note import loudness_db
from hummingface.train.evaluation.latent_fitting import Z_LIMIT, Misfit, fitted, nearest
from hummingface.train.notes.note import Note, power_of, read_sound

WAYS = ("preset", "encoder", "refined")
USUAL_DB = -26.0                         # of the loudest 0.4 s of a note, as models know it: recordings have any level
RECORDED_SHARE = 0.46                    # of a sampling rate: sound above was filtered out before sampling
ANALYSED, FOUND = 0.2, 0.75              # of the time: when the note is analysed, of finding its point; when that is found, of all
SUSTAINED_DB_S, DECAYING_DB_S = -1.5, -4.0   # as the player has it: slopes between which sustained turns to decaying

Progress = Callable[[float], None]       # hears the part that is done, 0..1


def unheard(part: float) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Effort:
    """How long the nearest point is looked for: from so many starting points, by at most so many steps."""
    starts: int
    steps: int


THOROUGHLY = Effort(8, 20)
QUICKLY = Effort(2, 8)


@dataclass(frozen=True)
class Reconstruction:
    audio: np.ndarray                    # float32 [S], of the length of the recording
    rate_hz: int
    original: np.ndarray                 # float32 [S] or [S, 2]
    z: np.ndarray                        # [L], in knobs
    way: str                             # of WAYS, by which it was found
    gain_db: float = 0.0                 # that brought what the model plays to the level of the recording


def reconstruct(model: Model, note: Note, way: str = "refined", preset: str = "", progress: Progress = unheard) -> Reconstruction:
    """`note` as the model plays it. way: "preset" takes the point of `preset` as it is, "encoder" the encoder's, "refined" goes on
    from the nearer of both. Raises ValueError for a way that this model cannot go."""
    z, targets = find_point(model, note, way, preset, progress=lambda part: progress(FOUND * part))
    made = sound_at(model, z, targets, note, way)
    progress(1.0)
    return made


def find_point(model: Model, note: Note, way: str = "refined", preset: str = "", effort: Effort = THOROUGHLY,
               progress: Progress = unheard, analyse: Callable[[Note], NoteTargets] = note_targets) -> tuple[np.ndarray, NoteTargets]:
    """(z [L] of a note, the note as `analyse` has it). Raises ValueError as `reconstruct` does."""
    if way not in WAYS:
        raise ValueError(f"no such way of finding a point: {way}; there are {', '.join(WAYS)}.")
    gain = 10 ** ((USUAL_DB - loudness_db(note.audio, note.labels.hold_s, note.rate_hz)) / 20)
    targets = analyse(replace(note, audio=note.audio * np.float32(gain)))
    progress(ANALYSED)
    if way == "preset" and preset not in model.presets:
        raise ValueError(f"the model {model.name} has no preset {preset!r}; it has {', '.join(list(model.presets)[:20])}.")
    if way == "encoder" and model.encoder_width is None:
        raise ValueError(f"the model {model.name} has no encoder.")
    learnt = int(np.count_nonzero(targets.times_s <= model.card.get("longest_s", LONGEST_S) + 1e-6))
    targets.valid_rows = min(targets.valid_rows, learnt)
    if way == "preset":
        return np.asarray(model.presets[preset], np.float32), targets
    if way == "encoder":
        return encoded(model, targets), targets
    misfit = Misfit(model, targets, RECORDED_SHARE * note.rate_hz)
    starts = nearest(misfit, _first_points(model, targets, preset, effort.starts), effort.starts)
    return fitted(misfit, starts, effort.steps, lambda part: progress(ANALYSED + (1 - ANALYSED) * part)), targets


def encoded(model: Model, targets: NoteTargets) -> np.ndarray:
    """The encoder's point of a note. [L]"""
    return np.clip(encode(model, targets.image, targets.pitch, targets.velocity), -Z_LIMIT, Z_LIMIT)


def _first_points(model: Model, targets: NoteTargets, preset: str, count: int) -> list[np.ndarray]:
    """The encoder's point and the preset's, or all presets' where more than one is wanted; of a model that has neither, zeros."""
    presets = list(model.presets.values()) if count > 1 else [model.presets[p] for p in (preset,) if p in model.presets]
    points = [np.asarray(z, np.float32) for z in presets]
    if model.encoder_width is not None:
        points.append(encoded(model, targets))
    return points or [np.zeros(model.latents, np.float32)]


def sound_at(model: Model | LikenessModel, z: np.ndarray, targets: NoteTargets, note: Note, way: str) -> Reconstruction:
    """The model's sound at `z` for `note`, whose analysis is `targets`: as long and as loud as the recording."""
    original, rate_hz = read_sound(note.file) if note.file else (note.audio, note.rate_hz)
    lead = round(note.lead_s * rate_hz)
    sound = played(model, z, targets, (len(original) - lead) / rate_hz, rate_hz)
    audio = np.zeros((len(original), *sound.shape[1:]), np.float32)
    sound = sound[:len(audio) - lead]
    audio[lead:lead + len(sound)] = sound
    gain = np.sqrt(power_of(original).sum() / max(power_of(audio).sum(), 1e-20))
    return Reconstruction(audio * np.float32(gain), rate_hz, original, z, way, 20 * float(np.log10(max(gain, 1e-10))))


def played(model: Model | LikenessModel, z: np.ndarray, targets: NoteTargets, seconds: float, rate_hz: int) -> np.ndarray:
    """The model's sound of a note at `z` for `seconds`, held as long as the note was. float32 [S] or [S, 2]"""
    return sounded(model, z, targets.pitch, targets.velocity, targets.hold_s, seconds, rate_hz, targets.f0_hz)


def sounded(model: Model | LikenessModel, z: np.ndarray, pitch: float, velocity: float, hold_s: float, seconds: float, rate_hz: int,
            f0_hz: float | None = None) -> np.ndarray:
    """A note of `model` at z [L], held for `hold_s`. `f0_hz`: instead of the pitch's own. float32 [S], of a stereo model [S, 2]"""
    times = frame_times(max(seconds, 0.1))
    inside = np.clip(pitch, *model.card.get("pitches", (0, 127)))      # further keys have the last one's colour, as played
    frames = held_frames(model, z, inside, velocity, times[times <= hold_s])
    after = times[len(frames):] - hold_s
    if len(after):
        frames = np.concatenate([frames, released(frames[-1], after, pitch)])
    where = z[None], np.array([inside]), np.array([velocity])
    phase, stereo = model.start_phase(*where)[0], model.stereo_of(*where)
    note = NoteFrames(times, frames.astype(np.float32), f0_hz or float(pitch_to_hz(pitch)), phase, hold_s,
                      None if stereo is None else stereo[0])
    return synthesise(note, rate_hz)


def held_frames(model: Model | LikenessModel, z: np.ndarray, pitch: float, velocity: float, times: np.ndarray) -> np.ndarray:
    """Frames while the key is held, beyond the trained time too: what decays goes on falling as it does there. [T, FRAME_SIZE]"""
    longest_s = float(model.card.get("longest_s", LONGEST_S))
    at_s = np.append(np.minimum(times, longest_s), [longest_s * (1 - SLOPE_SHARE), longest_s])
    full = np.ones(len(at_s), np.float32)
    frames = model.frames(np.tile(z, (len(at_s), 1)), pitch * full, velocity * full, at_s.astype(np.float32))
    (earlier, last), frames = frames[-2:], frames[:-2]
    beyond = times - longest_s
    if not len(times) or beyond[-1] <= 0:
        return frames
    slope = float(np.diff(power_db(np.stack([earlier, last])))[0]) / (SLOPE_SHARE * longest_s)
    decaying = np.clip((SUSTAINED_DB_S - slope) / (SUSTAINED_DB_S - DECAYING_DB_S), 0, 1)
    late = np.flatnonzero(beyond > 0)
    for part, floor in ((LEVEL, LEVEL_FLOOR_DB), (NOISE, NOISE_FLOOR_DB)):
        fall = np.minimum(last[part] - earlier[part], 0) / (SLOPE_SHARE * longest_s) * decaying
        frames[late, part] = np.maximum(last[part] + beyond[late, None] * fall, floor)
    return frames


def released(held: np.ndarray, since_s: np.ndarray, pitch: float) -> np.ndarray:
    """The frames after note-off: the last held frame [FRAME_SIZE], falling by its own release. since_s [T] -> [T, FRAME_SIZE]"""
    frames = np.repeat(held[None], len(since_s), 0)
    fall = 60 * since_s[:, None] / 2.0 ** held[RELEASE][None]                                                    # [T, GROUPS] dB
    frames[:, LEVEL] = np.maximum(frames[:, LEVEL] - fall[:, group_of_hz(SLOT_RATIO * pitch_to_hz(pitch))], LEVEL_FLOOR_DB)
    frames[:, NOISE] = np.maximum(frames[:, NOISE] - fall[:, group_of_hz(BAND_CENTRES_HZ)], NOISE_FLOOR_DB)
    return frames


def targets_of(note: Note, rows: np.ndarray | None = None) -> Reconstruction:
    """The note's own target frames as sound: the sound of a perfect model. `rows`: others in their place."""
    targets = note_targets(note)
    if rows is not None:
        targets.rows = rows
    original, rate_hz = read_sound(note.file) if note.file else (note.audio, note.rate_hz)
    lead = round(note.lead_s * rate_hz)
    sound = played(Learnt(targets), np.zeros(1, np.float32), targets, (len(original) - lead) / rate_hz, rate_hz)  # type: ignore[arg-type]
    audio = np.zeros((len(original), *sound.shape[1:]), np.float32)
    audio[lead:lead + len(sound)] = sound[:len(audio) - lead]
    return Reconstruction(audio, rate_hz, original, np.zeros(1), "targets")


class Learnt:
    """The rows of one note, with the interface of a model."""

    def __init__(self, targets: NoteTargets):
        self.card = {"longest_s": float(targets.times_s[targets.valid_rows - 1])}
        self._targets = targets

    def frames(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        rows, times_s = self._targets.rows, self._targets.times_s
        right = np.clip(np.searchsorted(times_s, time_s, side="right"), 1, len(times_s) - 1)
        share = np.clip((time_s - times_s[right - 1]) / (times_s[right] - times_s[right - 1]), 0, 1)[:, None]
        return rows[right - 1] * (1 - share) + rows[right] * share

    def start_phase(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        return self._targets.phase[None]

    def stereo_of(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray | None:
        return None if self._targets.stereo is None else self._targets.stereo[None]
