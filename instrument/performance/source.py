"""The interface between the performer and a model: what gives a voice its sound.

`FrameSource` asks a decoder for frames, moment by moment; `SampleSource` has a generator make whole notes, and plays them from a pool.
All methods are for the performer's thread, before and during the making of a hop.
"""
from typing import Protocol

import numpy as np

from hummingface.instrument.performance.note_pool import Pool
from hummingface.models.playing.likeness import LikenessModel
from hummingface.models.playing.model import Model
from hummingface.models.playing.stft_model import StftModel


class Source(Protocol):
    """A model, warmed up, at a point of its latent space."""
    name: str
    latents: int                         # of its model, and one for each of its recordings
    recordings: int
    longest_s: float                     # the last moment of a note that the model was trained on
    whole: bool                          # whether it plays whole notes, whose loudness is known before they sound
    version: int                         # counts the moves of the latents
    stereo: bool                         # whether its notes' channels differ
    target: np.ndarray                   # [L] where the latents go
    knob_places: np.ndarray              # [K] places among the controls of the model's named knobs

    @property
    def model(self) -> Model | LikenessModel | StftModel: ...

    @property
    def velocities(self) -> tuple[float, float]:
        """The lowest and the highest velocity that the model was trained on."""

    @property
    def longest_release_s(self) -> float:
        """The longest release of a note at the current latents, in seconds for 60 dB."""

    @property
    def settled(self) -> bool:
        """Whether the latents are at rest and every note is up to date."""

    def set_target(self, z: np.ndarray, knob_offsets: dict[str, float]) -> None:
        """Set the target of the latents: those of the knobs and the morph pad, z [L], plus the offsets of the model's named knobs."""

    def knobs_moved(self, z: np.ndarray, knobs: np.ndarray) -> np.ndarray:
        """Points z [B, L], each moved by the model's named knobs at values [B, K], which are the controls at `knob_places`. [B, L]"""

    def set_own(self, slots: np.ndarray, z: np.ndarray) -> None:
        """Only the voices of these slots [B] have targets z [B, L] of their own from now on. Where whole notes are played, z [1, L] is the
        target of all."""

    def glide(self, fraction: float) -> bool:
        """Move the latents towards their target for one hop, by this fraction of what is left. Returns whether anything moved."""

    def snap(self) -> None:
        """Jump to the target of the latents."""

    def begin(self, table: np.ndarray, slot: int, pool: Pool, hop: int, semitones: float) -> bool:
        """A voice of `table` begins a note. `semitones`: transposition of all keys. Returns False if it cannot."""

    def serve(self, table: np.ndarray, pool: Pool, hop: int, mine: np.ndarray, semitones: float) -> None:
        """Call once per hop, before its frames. `mine` [SLOTS]: the voices that this source plays."""

    def idle(self, pool: Pool) -> bool:
        """Do a little work ahead, a millisecond or two. Returns whether there was anything to do."""

    def frames(self, slots: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames of rows at the current latents: slot, pitch, velocity, seconds [B] -> float32 [B, FRAME_SIZE]."""

    def start_phases(self, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Phases at which the partials of beginning notes start: radians [B, PARTIALS]."""

    def recorded_stroke(self, pitch: float, velocity: float) -> tuple[float, float]:
        """(how much of recordings sounds in a note at the current latents, 0 to 1; the velocity at which those were played)."""

    def stereo_values(self, slots: np.ndarray) -> np.ndarray:
        """Balances and coherences (`models/playing/stereo.py`) of the notes of `slots` [B]: [B, STEREO_SIZE]."""

    def corrections_db(self, slots: np.ndarray, table: np.ndarray, motion: float) -> np.ndarray:
        """The correction of loudness for the notes of `slots` [B], voices of `table` with this much motion, that puts them on the
        keyboard's trend, whatever the network's loudness for this key and velocity. dB [B]
        """

    def unlevelled(self, sounding: np.ndarray) -> int | None:
        """Of the slots that are `sounding` [SLOTS], one whose note has changed since its loudness was computed; None if there is none."""

    def shown_frame(self, slot: int, held: np.ndarray, number: int) -> np.ndarray:
        """The frame that the window shows for a voice: the one `held` for its slot [SLOTS, FRAME_SIZE], or that of its note. [FRAME_SIZE]
        """
