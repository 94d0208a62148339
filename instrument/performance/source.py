"""The interface between the performer and a model: what gives a voice its sound.

`FrameSource` asks a decoder for frames, moment by moment; `SampleSource` has a generator make whole notes, and plays them from a pool.
All methods are for the performer's thread, before and during the making of a hop.
"""
from typing import Protocol

import numpy as np

from hummingface.instrument.performance.note_pool import Pool
from hummingface.models.playing.playable import Playable


class Source(Protocol):
    """A model, warmed up, with the point of its latent space that sounds."""
    name: str
    latents: int
    longest_s: float                     # the last moment of a note that the model was trained on
    whole: bool                          # whether it plays whole notes, whose loudness is known before they sound
    version: int                         # counts the moves of the latents

    @property
    def model(self) -> Playable: ...

    @property
    def velocities(self) -> tuple[float, float]:
        """The softest and the hardest stroke that the model was trained on."""

    @property
    def longest_release_s(self) -> float:
        """The longest release of a note at the current latents, in seconds for 60 dB."""

    @property
    def settled(self) -> bool:
        """Whether the latents rest and every note has heard of it."""

    def set_target(self, z: np.ndarray, knob_offsets: dict[str, float]) -> None:
        """Where the latents glide: those of the knobs and the morph pad z [L], led on by the offsets of the model's own knobs."""

    def glide(self, fraction: float) -> bool:
        """One hop nearer to the target, by this fraction of what is left. Whether anything moved."""

    def snap(self) -> None:
        """To the target at once."""

    def forget(self) -> None:
        """Nothing is known any more of notes that have ended."""

    def begin(self, table: np.ndarray, slot: int, pool: Pool, hop: int, semitones: float) -> bool:
        """A voice of `table` begins a note. `semitones`: that all keys are moved by. False where it cannot."""

    def serve(self, table: np.ndarray, pool: Pool, hop: int, mine: np.ndarray, semitones: float) -> None:
        """Once in a hop, before its frames. `mine` [SLOTS]: the voices that this source plays."""

    def idle(self, pool: Pool) -> bool:
        """Do a little of what will be wanted soon, a millisecond or two. Whether there was anything to do."""

    def frames(self, slots: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames of rows with the present latents: slot, pitch, velocity, seconds [B] -> float32 [B, FRAME_SIZE]."""

    def start_phases(self, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Phases at which the partials of beginning notes start: radians [B, PARTIALS]."""

    def corrections_db(self, slots: np.ndarray, table: np.ndarray, motion: float) -> np.ndarray:
        """What is to be added to the notes of `slots` [B], voices of `table` that play with so much motion, so that their loudness is
        the keyboard's trend, whatever the network makes of this key and velocity. dB [B]"""

    def unlevelled(self, sounding: np.ndarray) -> int | None:
        """Of the slots that are `sounding` [SLOTS], one whose note has moved since its loudness was looked at; None where none has."""

    def shown_frame(self, slot: int, held: np.ndarray, number: int) -> np.ndarray:
        """What the window shows of a voice: the frame that is `held` for its slot [SLOTS, FRAME_SIZE], or that of its note. [FRAME_SIZE]"""
