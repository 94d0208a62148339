"""Reconstructs a recorded note with a model: finds its latent point, and synthesises the model's sound there.

The encoder gives a first point; some steps of gradient descent on z alone bring the decoder's frames nearer to
the recording's, over the recording's bandwidth. Everything is synthesised at the recording's own fundamental and length.
"""
import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from hummingface.models.playing.encoder_numpy import encode, no_encoder
from hummingface.models.learning.decoder import Decoder
from hummingface.models.analysis.note_frames import NoteFrames, frame_times
from hummingface.models.analysis.reference import synthesise
from hummingface.models.playing.conditioning import LONGEST_S, ROWS
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
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.characteristics import power_db
from hummingface.train.data.cleaning import SLOPE_SHARE
from hummingface.train.data.dataset import Batch, NoteBank
from hummingface.train.data.prepared_note import loudness_db, prepared
from hummingface.train.learning.losses import FrameLoss, loudness, stereo_loss
from hummingface.train.notes.note import Note, power_of, read_sound

WAYS = ("preset", "encoder", "refined")
USUAL_DB = -26.0                         # of the loudest 0.4 s of a note, as models know it: recordings have any level
SILENT_DB = -120.0
RECORDED_SHARE = 0.46                    # of a sampling rate: sound above was filtered out before sampling
Z_LIMIT, Z_PULL = 4.0, 0.01              # dB that one unit of z away from where it began costs
SUSTAINED_DB_S, DECAYING_DB_S = -1.5, -4.0   # as the player has it: slopes between which sustained turns to decaying


@dataclass(frozen=True)
class Descent:
    """The settings of the refinement of z."""
    steps: int
    rate: float
    starts: int = 1                      # starting points, in one batch


THOROUGHLY = Descent(150, 0.1, 8)
QUICKLY = Descent(40, 0.3, 2)


@dataclass(frozen=True)
class Reconstruction:
    audio: np.ndarray                    # float32 [S], of the length of the recording
    rate_hz: int
    original: np.ndarray                 # float32 [S] or [S, 2]
    z: np.ndarray                        # [L], in knobs
    way: str                             # of WAYS, by which it was found
    gain_db: float = 0.0                 # that brought what the model plays to the level of the recording


class Refiner:
    """Finds points of a model's latent space. Keeps the decoder, in torch, between notes."""

    def __init__(self, model: Model | StftModel) -> None:
        if isinstance(model, StftModel):
            raise no_encoder(model)
        self.model = model
        self.decoder = Decoder(model.shape)
        self.decoder.load_state_dict({name.removeprefix("decoder."): torch.from_numpy(value) for name, value in model.weights.items()
                                      if name.startswith("decoder.")})
        self.decoder.requires_grad_(False)
        self.loss = FrameLoss()

    def first(self, bank: NoteBank, preset: str, count: int = 1, below_hz: float = math.inf) -> np.ndarray:
        """The `count` points nearest to the note, of the encoder's and the preset's, or of all presets' where more than one is wanted;
        of a model that has neither, zeros. [<= count, L], the nearest first."""
        presets = list(self.model.presets.values()) if count > 1 else [self.model.presets[p] for p in (preset,) if p in self.model.presets]
        points = [np.asarray(z, np.float32) for z in presets]
        if self.model.encoder_width is not None:
            points.append(self.encoded(bank))
        if not points:
            points = [np.asarray(z, np.float32) for z in self.model.presets.values()][:64] or [np.zeros(self.model.latents, np.float32)]
        return np.stack(sorted(points, key=lambda z: self.away(bank, z, 16 if count > 1 else 64, below_hz))[:count]
                        if len(points) > 1 else points)

    def encoded(self, bank: NoteBank) -> np.ndarray:
        rows = bank.rows[0, :ROWS].float().numpy()
        z = encode(self.model, rows, float(bank.pitch[0]), float(bank.velocity[0]))
        return np.clip(z, -Z_LIMIT, Z_LIMIT)

    def away(self, bank: NoteBank, z: np.ndarray, moments: int = 64, below_hz: float = math.inf) -> float:
        """The distance of the model's frames at `z` from the note, in the units of training. Above `below_hz` the note is unknown."""
        batch = bank.batch(np.random.default_rng(0), 1, moments, 0.0, np.zeros(1, int))
        with torch.no_grad():
            return float(self._off(torch.from_numpy(z)[None], batch, below_hz))

    def refine(self, bank: NoteBank, starts: np.ndarray, how: Descent = THOROUGHLY, below_hz: float = math.inf) -> np.ndarray:
        """From each of `starts` [M, L] to a point nearby whose frames are nearer to the bank's only note. The best result, [L]."""
        begin = torch.from_numpy(np.asarray(starts, np.float32))
        points, here = begin.clone().requires_grad_(), np.zeros(len(begin), int)
        optimiser, rng = torch.optim.Adam([points], lr=how.rate), np.random.default_rng(0)
        for step in range(how.steps):
            batch = bank.batch(rng, len(begin), 48, 0.0, here)
            loss = len(begin) * self._off(points, batch, below_hz) + Z_PULL * (points - begin).square().sum()
            optimiser.zero_grad()
            loss.backward()
            for group in optimiser.param_groups:
                group["lr"] = how.rate * (1 - step / how.steps)
            optimiser.step()
            with torch.no_grad():
                points.clamp_(-Z_LIMIT, Z_LIMIT)
        return min([*points.detach().numpy(), *begin.numpy()], key=lambda z: self.away(bank, z, below_hz=below_hz))

    def _off(self, z: torch.Tensor, batch: Batch, below_hz: float) -> torch.Tensor:
        """The loss of the frames at z [N, L], at any level (a gain is free); what is above `below_hz` counts as right."""
        frames, stereo = self._frames(z, batch)
        moments = len(frames) // len(z)
        with torch.no_grad():
            hz = torch.from_numpy(SLOT_RATIO) * (440 * torch.exp2((batch.pitch - 69) / 12))[:, None]
            unknown = torch.zeros(len(z), frames.shape[1], dtype=torch.bool)
            unknown[:, LEVEL], unknown[:, NOISE] = hz > below_hz, torch.from_numpy(below_hz < BAND_CENTRES_HZ)
            unknown = unknown.repeat_interleave(moments, 0)
            model_power, recorded_power = (10 ** (loudness(torch.where(unknown, SILENT_DB, x), torch.full((len(x),), SILENT_DB)) / 10)
                          for x in (frames, batch.target))
            gain_db = 10 * torch.log10(model_power.view(-1, moments).mean(1) / recorded_power.view(-1, moments).mean(1))
            batch.peak_db = batch.peak_db + gain_db
            for part in (LEVEL, NOISE):
                batch.target[:, part] += gain_db.repeat_interleave(moments)[:, None]
            batch.target = torch.where(unknown, frames, batch.target)
        off = self.loss(frames, batch)[0]
        return off + self.loss.weights.stereo * stereo_loss(stereo, batch) if self.model.stereo else off

    def _frames(self, z: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """(frames, balances and coherences) before their limits."""
        note = self.decoder.note(z, batch.pitch, batch.velocity)
        frames = self.decoder.unclamped(note.repeat_interleave(len(batch.time_s) // len(note), 0), batch.time_s)
        return frames, self.decoder.unclamped_stereo(note)


def reconstruct(refiner: Refiner, note: Note, way: str = "refined", preset: str = "") -> Reconstruction:
    """`note` as the model plays it. way: "preset" takes the point of `preset` as it is, "encoder" the encoder's, "refined" goes on
    from the nearer of both. Raises ValueError for a way that this model cannot go."""
    z, bank = find_point(refiner, note, way, preset)
    return sound_at(refiner.model, z, bank, note, way)


def find_point(refiner: Refiner, note: Note, way: str = "refined", preset: str = "",
               how: Descent = THOROUGHLY) -> tuple[np.ndarray, NoteBank]:
    """(z [L] of a note, the note analysed). Raises ValueError as `reconstruct` does."""
    if way not in WAYS:
        raise ValueError(f"no such way of finding a point: {way}; there are {', '.join(WAYS)}.")
    model = refiner.model
    gain = 10 ** ((USUAL_DB - loudness_db(note.audio, note.labels.hold_s, note.rate_hz)) / 20)
    bank = NoteBank.of([prepared("", replace(note, audio=note.audio * np.float32(gain)))])
    if way == "preset" and preset not in model.presets:
        raise ValueError(f"the model {model.name} has no preset {preset!r}; it has {', '.join(list(model.presets)[:20])}.")
    if way == "encoder" and model.encoder_width is None:
        raise ValueError(f"the model {model.name} has no encoder.")
    below_hz = RECORDED_SHARE * note.rate_hz
    bank.valid_rows[:] = np.minimum(bank.valid_rows, np.count_nonzero(bank.times_s <= model.card.get("longest_s", LONGEST_S) + 1e-6))
    z = (np.asarray(model.presets[preset], np.float32) if way == "preset" else refiner.encoded(bank) if way == "encoder"
         else refiner.refine(bank, refiner.first(bank, preset, how.starts, below_hz), how, below_hz))
    return z, bank


def sound_at(model: Model | LikenessModel, z: np.ndarray, bank: NoteBank, note: Note, way: str) -> Reconstruction:
    """The model's sound at `z` for the bank's only note, which is `note`: as long and as loud as the recording."""
    original, rate_hz = read_sound(note.file) if note.file else (note.audio, note.rate_hz)
    lead = round(note.lead_s * rate_hz)
    sound = played(model, z, bank, (len(original) - lead) / rate_hz, rate_hz)
    audio = np.zeros((len(original), *sound.shape[1:]), np.float32)
    sound = sound[:len(audio) - lead]
    audio[lead:lead + len(sound)] = sound
    gain = np.sqrt(power_of(original).sum() / max(power_of(audio).sum(), 1e-20))
    return Reconstruction(audio * np.float32(gain), rate_hz, original, z, way, 20 * float(np.log10(max(gain, 1e-10))))


def played(model: Model | LikenessModel, z: np.ndarray, bank: NoteBank, seconds: float, rate_hz: int) -> np.ndarray:
    """The model's sound of the bank's only note at `z` for `seconds`, held as long as the note was. float32 [S] or [S, 2]"""
    return sounded(model, z, float(bank.pitch[0]), float(bank.velocity[0]), float(bank.hold_s[0]), seconds, rate_hz, float(bank.f0_hz[0]))


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
    bank = NoteBank.of([prepared("", note)])
    if rows is not None:
        bank.rows[0] = torch.from_numpy(rows)
    original, rate_hz = read_sound(note.file) if note.file else (note.audio, note.rate_hz)
    lead = round(note.lead_s * rate_hz)
    sound = played(Learnt(bank), np.zeros(1, np.float32), bank, (len(original) - lead) / rate_hz, rate_hz)       # type: ignore[arg-type]
    audio = np.zeros((len(original), *sound.shape[1:]), np.float32)
    audio[lead:lead + len(sound)] = sound[:len(audio) - lead]
    return Reconstruction(audio, rate_hz, original, np.zeros(1), "targets")


class Learnt:
    """The rows of one note of a bank, with the interface of a model."""

    def __init__(self, bank: NoteBank, which: int = 0):
        self.card = {"longest_s": float(bank.times_s[bank.valid_rows[which] - 1])}
        self.rows, self.times, self.phase = bank.rows[which].float().numpy(), bank.times_s.numpy(), bank.phase[which].numpy()
        self.stereo = bank.stereo[which].numpy() if bank.is_stereo else None

    def frames(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        right = np.clip(np.searchsorted(self.times, time_s, side="right"), 1, len(self.times) - 1)
        share = np.clip((time_s - self.times[right - 1]) / (self.times[right] - self.times[right - 1]), 0, 1)[:, None]
        return self.rows[right - 1] * (1 - share) + self.rows[right] * share

    def start_phase(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        return self.phase[None]

    def stereo_of(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray | None:
        return None if self.stereo is None else self.stereo[None]
