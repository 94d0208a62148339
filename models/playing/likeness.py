"""Likeness: a model whose sounds carry recordings. A recorded note sounds as it was recorded, and what lies between follows the network.

A network's mean of many instruments is not the recording that was dropped. So what a recording has besides the network's sound at its
point, key and velocity, its residual on the harmonic grid, is added to the network's frames: all of it at the recording's key, a mixture
between the keys of several recordings, less with every octave beyond them. What the network makes of the step from the recordings' keys to
another is taken back as far as the residual reaches: a mixture of two recordings is nearer to what lies between them without it, and far
from them it is all that is known. A recording is one more latent, from 0, the network's sound
alone, to 1: so it glides and morphs as all latents do, and two recordings in corners of the morph pad are mixed at every key.
"""
from collections.abc import Sequence

import numpy as np
from numba import types

from hummingface.compiled import compiled, inlined
from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.formants import by_frequency, mean_levels_db
from hummingface.models.playing.frame import HIGHEST, LEVEL, LOWEST, pitch_to_hz
from hummingface.models.playing.knobs import KnobDirection
from hummingface.models.playing.loudness import FEW_MOMENTS_S, MOMENTS_S, loudness_lufs
from hummingface.models.playing.model import Model
from hummingface.models.playing.playable import Playable
from hummingface.models.playing.recorded_note import RecordedNote, Recording
from hummingface.models.playing.stereo import MONO, STEREO_HIGHEST, STEREO_LOWEST, STEREO_SIZE

FADE_SEMITONES = 24.0                 # beyond the recordings' keys: two octaves away 61 % of the residual is left, four 14 %
KEYS = 128
_TIMES_S = row_times_s()
_STEP_ROWS = np.r_[np.arange(0, 54, 3), np.arange(54, ROWS, 8), ROWS - 1]           # a step changes slowly but for the attack
_STEP_TIMES_S = _TIMES_S[_STEP_ROWS]
_FAR = 1e9                            # where there is no neighbour


# With signatures, so that they are compiled with the performer's half, and not while something sounds.
_ROWS, _TIMES, _WEIGHTS = types.float32[:, ::1], types.float64[::1], types.Array(types.float32, 2, "A")


@inlined
def _between_rows(times_s, at_s):
    """(the last of `times_s` up to a time, how far it is to the next one: 0 to 1)."""
    row = min(max(np.searchsorted(times_s, at_s, side="right") - 1, 0), len(times_s) - 2)
    return row, np.float32(min(max((at_s - times_s[row]) / (times_s[row + 1] - times_s[row]), 0.0), 1.0))


@inlined
def _add(frame, first, second, weight, share):
    """In place: a frame plus what lies between two others, by a weight."""
    after = weight * share
    before = weight - after
    for i in range(len(frame)):
        frame[i] += before * first[i] + after * second[i]


@compiled(types.void(_ROWS, _WEIGHTS, types.float32[::1], _TIMES, types.float32[:, :, :, ::1], types.boolean[::1], _TIMES))
def _take_steps(frames, weights, pitch, time_s, steps, steady, times_s):
    """In place: frames [B, FRAME_SIZE] less `steps` [S, KEYS, T, FRAME_SIZE] by weights [B, S], at pitches [B] and times [B]. Between two
    keys those of the nearest count, or, where `steady` [S], both: levels at a frequency move far from key to key."""
    for b in range(len(frames)):
        row, share = _between_rows(times_s, time_s[b])
        place = min(max(pitch[b], np.float32(0)), np.float32(KEYS - 1))
        nearest, below = int(np.rint(place)), int(place)
        above_share = place - np.float32(below)
        for s in range(len(steps)):
            weight = weights[b, s]
            if weight == 0:
                continue
            if steady[s] and above_share != 0:
                _add(frames[b], steps[s, below, row], steps[s, below, row + 1], -weight * (np.float32(1) - above_share), share)
                _add(frames[b], steps[s, below + 1, row], steps[s, below + 1, row + 1], -weight * above_share, share)
            else:
                _add(frames[b], steps[s, nearest, row], steps[s, nearest, row + 1], -weight, share)


@compiled(types.void(_ROWS, _WEIGHTS, _TIMES, types.float32[:, :, ::1], _TIMES, types.float32[::1], types.float32[::1]))
def _add_residuals(frames, weights, time_s, residuals, times_s, lowest, highest):
    """In place: frames [B, FRAME_SIZE] plus residuals [R, ROWS, FRAME_SIZE] by weights [B, R], read at times [B] between rows."""
    for b in range(len(frames)):
        row, share = _between_rows(times_s, time_s[b])
        moved = False
        for r in range(len(residuals)):
            if weights[b, r] != 0:
                moved = True
                _add(frames[b], residuals[r, row], residuals[r, row + 1], weights[b, r], share)
        if moved:
            for i in range(frames.shape[1]):
                frames[b, i] = min(max(frames[b, i], lowest[i]), highest[i])


class LikenessModel(Playable):
    """A network with `recordings`, each of which is one latent more than its own. Arrays as those of `Model`."""

    def __init__(self, network: Model, recordings: Sequence[Recording]) -> None:
        self.network, self.recordings = network, tuple(recordings)
        self.name, self.card, self.shape, self.presets = network.name, network.card, network.shape, network.presets
        self.weights, self.decoder, self.encoder_width = network.weights, network.decoder, network.encoder_width
        notes = [(number, note) for number, recording in enumerate(self.recordings) for note in recording.notes]
        self._recording_of = np.array([number for number, _ in notes])
        self._velocities = np.array([note.velocity for _, note in notes])
        self._shares = [_Shares([(note.pitch, note.velocity) for note in recording.notes]) for recording in self.recordings]
        self._residuals = np.stack([self._residual(self.recordings[number], note) for number, note in notes])
        self._steps = np.stack([self._steps_of(*both) for both in zip(self.recordings, self._shares, strict=True)])
        self._steady = np.array([recording.by_frequency > 0 for recording in self.recordings])
        self._phases = np.stack([np.stack([np.cos(note.frames.start_phase), np.sin(note.frames.start_phase)]) for _, note in notes])
        self._stereo = np.stack([self._stereo_residual(self.recordings[number], note) for number, note in notes])
        self.stereo = bool(network.stereo or self._stereo.any())

    @property
    def latents(self) -> int:
        return self.network.latents + len(self.recordings)

    @property
    def free_latents(self) -> int:
        return self.network.free_latents

    @property
    def velocities(self) -> tuple[float, float]:
        """Those that the network was trained on and those of the recordings."""
        recorded = [note.velocity for recording in self.recordings for note in recording.notes]
        lowest, highest = self.network.velocities
        return min(lowest, *recorded), max(highest, *recorded)

    @property
    def knobs(self) -> dict[str, KnobDirection]:
        return self.network.knobs

    @property
    def note_size(self) -> int:
        return self.network.note_size + len(self._residuals) + len(self._steps)

    def note(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """The note vector [B, note_size]: the network's, the weights of each recorded note and of each recording's steps, and the pitch."""
        z, pitch = np.asarray(z, np.float32), np.asarray(pitch)
        own = self.network.note(z[:, :self.network.latents], pitch, np.clip(velocity, *self.network.velocities))
        reach = np.stack([share.fade(pitch) for share in self._shares], 1) * np.clip(z[:, self.network.latents:], 0, 1)
        return np.concatenate([own[:, :-1], self._weights(z, pitch, velocity), reach.astype(np.float32), own[:, -1:]], 1)

    def frames_at(self, note: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames [B, FRAME_SIZE] of notes [B, note_size] at times [B]."""
        return self._with_residuals(self.network.frames_at(note, time_s), note, time_s)

    def frames(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        return self.frames_at(self.note(z, pitch, velocity), time_s)

    def stereo_of(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray | None:
        return self.stereo_at(self.note(z, pitch, velocity)) if self.stereo else None

    def stereo_at(self, note: np.ndarray) -> np.ndarray:
        own = self.network.stereo_at(note) if self.network.stereo else MONO
        return np.clip(own + self._weights_in(note) @ self._stereo, STEREO_LOWEST, STEREO_HIGHEST)

    def loudness_lufs(self, note: np.ndarray, pitch: np.ndarray, tilt_db: np.ndarray, motion: float = 1.0,
                      quickly: bool = False) -> np.ndarray:
        """As `Model.loudness_lufs`, of what sounds with the recordings."""
        moments_s = FEW_MOMENTS_S if quickly else MOMENTS_S
        notes, times_s = np.repeat(note, len(moments_s), 0), np.tile(moments_s, len(note))
        frames = self._with_residuals(self.decoder.at(notes, times_s), notes, times_s)
        return loudness_lufs(frames.reshape(len(note), len(moments_s), -1), pitch_to_hz(pitch), np.asarray(tilt_db, np.float64), moments_s,
                             motion)

    def start_phase(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Phases at which the partials start [B, PARTIALS], radians: the recording's at its key."""
        z = np.asarray(z, np.float32)
        weights = self._weights(z, pitch, velocity)
        struck = np.clip(velocity, *self.network.velocities)
        cos, sin = (self.decoder.phase_vectors(z[:, :self.network.latents], pitch, struck)).transpose(1, 0, 2)
        angle, own = np.arctan2(sin, cos), np.maximum(1 - weights.sum(1), 0)[:, None]
        both = np.einsum("br,rcp->cbp", weights, self._phases)
        return np.arctan2(both[1] + own * np.sin(angle), both[0] + own * np.cos(angle)).astype(np.float32)

    def recorded_stroke(self, z: np.ndarray, pitch: float, velocity: float) -> tuple[float, float]:
        share = self._weights(z[None], np.array([pitch]), np.array([velocity]))[0]
        whole = float(share.sum())
        return whole, float(np.exp2(share @ np.log2(self._velocities) / whole)) if whole else velocity

    # what the recordings add

    def _weights(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """How much of each recorded note's residual sounds at z [B, L], pitch [B], velocity [B]: float32 [B, R]."""
        shares = np.concatenate([share.at(np.asarray(pitch), np.asarray(velocity)) for share in self._shares], 1)
        amounts = np.clip(z[:, self.network.latents:], 0, 1)
        return (shares * amounts[:, self._recording_of]).astype(np.float32)

    def _weights_in(self, note: np.ndarray) -> np.ndarray:
        first = self.network.note_size - 1
        return note[:, first:first + len(self._residuals)]

    def _with_residuals(self, frames: np.ndarray, note: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        at_s, first = np.asarray(time_s, np.float64), self.network.note_size - 1 + len(self._residuals)
        pitch = np.ascontiguousarray(note[:, -1], np.float32)
        _take_steps(frames, note[:, first:first + len(self._steps)], pitch, at_s, self._steps, self._steady, _STEP_TIMES_S)
        _add_residuals(frames, self._weights_in(note), at_s, self._residuals, _TIMES_S, LOWEST, HIGHEST)
        return frames

    def _nearest(self, recording: Recording, keys: np.ndarray, velocity: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where the network plays nearest to a recording, at keys [B] within its own: z, pitch and velocity."""
        z = np.zeros((len(keys), self.network.latents), np.float32)
        count = min(self.network.latents, len(recording.latents))
        z[:, :count] = recording.latents[:count]
        return z, keys.astype(np.float32), np.full(len(keys), np.clip(velocity, *self.network.velocities), np.float32)

    def _where(self, recording: Recording, note: RecordedNote) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same for one recorded note: z, pitch and velocity of one row."""
        return self._nearest(recording, np.clip([round(note.pitch)], *self.network.pitches), note.velocity)

    def _frames_of(self, note: np.ndarray, times_s: np.ndarray) -> np.ndarray:
        """The network's frames of note vectors [B, note_size], each at all of these times [T]: [B, T, FRAME_SIZE]."""
        frames = self.network.frames_at(np.repeat(note, len(times_s), 0), np.tile(times_s, len(note)).astype(np.float32))
        return frames.reshape(len(note), len(times_s), -1)

    def _residual(self, recording: Recording, note: RecordedNote) -> np.ndarray:
        """What a recorded note has besides the network's frames: float32 [ROWS, FRAME_SIZE]."""
        return note.frames.rows - self._frames_of(self.network.note(*self._where(recording, note)), _TIMES_S)[0]

    def _steps_of(self, recording: Recording, share: "_Shares") -> np.ndarray:
        """What the network makes of the step from the recorded keys, mixed as the recordings are, to each key, less what formants make of
        it as far as they stay: float32 [KEYS, T, FRAME_SIZE]."""
        keys = np.arange(KEYS)
        lowest, highest = (int(pitch) for pitch in self.network.pitches)                # keys beyond have the timbre of the last ones
        frames = np.zeros((KEYS, len(_STEP_TIMES_S), len(LOWEST)), np.float32)
        vectors = self.network.note(*self._nearest(recording, keys[lowest:highest + 1], recording.notes[0].velocity))
        frames[lowest:highest + 1] = self._frames_of(vectors, _STEP_TIMES_S)
        recorded, mix = share.mixed(keys)
        frames -= np.tensordot(mix.astype(np.float32), frames[np.clip(recorded, lowest, highest)], 1)
        frames[:lowest] = frames[highest + 1:] = 0
        if recording.by_frequency:
            levels = mean_levels_db(recording.notes)
            for key, place in zip(*np.nonzero(mix), strict=True):
                there = levels[int(recorded[place])][_STEP_ROWS]
                stays = by_frequency(there, float(key - recorded[place])) - there
                frames[key, :, LEVEL] -= np.float32(recording.by_frequency * mix[key, place]) * stays
        return frames

    def _stereo_residual(self, recording: Recording, note: RecordedNote) -> np.ndarray:
        stereo = note.frames.stereo
        own = self.network.stereo_of(*self._where(recording, note)) if self.network.stereo else MONO[None]
        return np.zeros(STEREO_SIZE, np.float32) if own is None else (MONO if stereo is None else stereo) - own[0]


class _Shares:
    """The share that each of some recorded notes, at these (pitch, velocity), has in a note: between two keys of recordings a mixture of
    both, and so between two velocities of one key; beyond the last velocity that one's; beyond the last key less and less of it."""

    def __init__(self, places: list[tuple[float, float]]) -> None:
        keys = sorted({round(pitch) for pitch, _ in places})
        layers = {key: sorted(velocity for pitch, velocity in places if round(pitch) == key) for key in keys}
        self._alike = np.array([sum((round(pitch), velocity) == (round(p), v) for p, v in places) for pitch, velocity in places])
        self._lowest, self._highest = keys[0], keys[-1]
        self._each = np.array([_neighbours(key, keys) for key in keys]).T                                       # [3, keys]
        self._keys = np.array([_neighbours(round(pitch), keys) for pitch, _ in places]).T                      # [3, notes]
        self._velocities = np.array([_neighbours(velocity, layers[round(pitch)]) for pitch, velocity in places]).T

    def fade(self, pitch: np.ndarray) -> np.ndarray:
        """How far the recordings reach: 1 between their keys. [B]"""
        beyond = np.maximum(self._lowest - pitch, pitch - self._highest).clip(0)
        return np.exp(-0.5 * np.square(beyond / FADE_SEMITONES))

    def mixed(self, pitch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(the recorded keys [K], the share of each at pitches [B]: [B, K])."""
        return self._each[1].astype(int), _between(pitch, self._each)

    def at(self, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """[B, notes] for pitches [B] and velocities [B]."""
        return self.fade(pitch)[:, None] * _between(pitch, self._keys) * _between(velocity, self._velocities) / self._alike


def _neighbours(place: float, places: Sequence[float]) -> tuple[float, float, float]:
    """(the next place below, the place, the next above)."""
    return (max((x for x in places if x < place), default=place - _FAR), place, min((x for x in places if x > place), default=place + _FAR))


def _between(x: np.ndarray, places: np.ndarray) -> np.ndarray:
    """1 at a place, 0 at its neighbours, straight lines between; beyond the first and the last place 1. [B] and [3, N] -> [B, N]"""
    below, here, above = places
    return np.minimum((x[:, None] - below) / (here - below), (above - x[:, None]) / (above - here)).clip(0, 1)
