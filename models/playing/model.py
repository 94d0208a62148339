"""A playable frame model: weights, card and presets."""
from dataclasses import dataclass, field

import numpy as np

from hummingface.models.playing.decoder_numpy import NumpyDecoder
from hummingface.models.playing.frame import pitch_to_hz
from hummingface.models.playing.loudness import FEW_MOMENTS_S, MOMENTS_S, loudness_lufs
from hummingface.models.playing.period import put_in_tune
from hummingface.models.playing.playable import Playable
from hummingface.models.playing.shape import Shape


@dataclass
class Model(Playable):
    """`frames`, `start_phase`, `encode` in knob units: z = 0 is the middle of the bank, +-3 the range. float32 arrays."""
    name: str
    card: dict
    shape: Shape
    weights: dict[str, np.ndarray]            # of decoder and encoder, by the names of `hummingface.models.playing.shape.tensor_shapes`
    presets: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.decoder = NumpyDecoder(self.shape, self.weights)

    @property
    def network(self) -> "Model":
        """The model without recordings: itself."""
        return self

    @property
    def encoder_width(self) -> int | None:
        """Channels of the encoder, or None for a model without one."""
        first = self.weights.get("encoder.convolutions.0.weight")
        return None if first is None else first.shape[0]

    def frames(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """z [B, L], fractional MIDI pitch [B], velocity 0..127 [B], seconds since note-on [B] -> [B, FRAME_SIZE]."""
        return self.frames_at(self.note(z, pitch, velocity), time_s)

    @property
    def note_size(self) -> int:
        return self.shape.note_size + 1

    @property
    def stereo(self) -> bool:
        """Whether its notes' channels differ."""
        return self.shape.stereo

    def note(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """The note vector, to be kept while z, pitch and velocity stay: half of the work of `frames`. [B, note_size], the pitch last"""
        return np.concatenate([self.decoder.note(z, pitch, velocity), np.asarray(pitch, np.float32)[:, None]], 1)

    def frames_at(self, note: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames [B, FRAME_SIZE] of notes [B, note_size] at times [B]; `frames` is `frames_at(note(..), time_s)`.

        After the attack a note is tuned, whatever the decoder's deviations (`models/playing/period.py`).
        """
        frames = self.decoder.at(note, time_s)
        put_in_tune(frames, note[:, -1], np.asarray(time_s))
        return frames

    def stereo_of(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray | None:
        """Balances and coherences of notes, [B, STEREO_SIZE]; None where the model is mono."""
        return self.stereo_at(self.note(z, pitch, velocity)) if self.stereo else None

    def stereo_at(self, note: np.ndarray) -> np.ndarray:
        """Balances and coherences (`models/playing/stereo.py`) of notes [B, note_size]: [B, STEREO_SIZE]."""
        return self.decoder.stereo(note)

    def loudness_lufs(self, note: np.ndarray, pitch: np.ndarray, tilt_db: np.ndarray, motion: float = 1.0,
                      quickly: bool = False) -> np.ndarray:
        """Loudness of notes [B, note_size] at pitch [B] in their loudest 0.4 s, with a tilt [B] of dB an octave and so much of their
        motion, `quickly` by half as many moments: LUFS [B], float64."""
        moments_s = FEW_MOMENTS_S if quickly else MOMENTS_S
        frames = self.decoder.at(np.repeat(note, len(moments_s), 0), np.tile(moments_s, len(note)))
        return loudness_lufs(frames.reshape(len(note), len(moments_s), -1), pitch_to_hz(pitch), np.asarray(tilt_db, np.float64), moments_s,
                             motion)

    def start_phase(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Phases at which the partials start. [B, PARTIALS], radians"""
        return self.decoder.start_phase(z, pitch, velocity)
