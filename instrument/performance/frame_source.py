"""The source of voices for a frame model: glides the latents, and asks the decoder for frames of any batch of voices.

Latents glide, so a moved knob or a new patch of the same model passes through the sounds between. What glides is each voice's note
vector (`gliding_notes.py`), towards its target (`note_goals.py`).
"""
from typing import NamedTuple

import numpy as np

from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.gliding_notes import GlidingNotes
from hummingface.instrument.performance.note_goals import NoteGoals
from hummingface.instrument.performance.note_levels import NoteLevels
from hummingface.instrument.performance.note_pool import Pool
from hummingface.instrument.performance.struck_keys import cached
from hummingface.models.playing import key_trend
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.frame import FRAME_SIZE, PARTIALS
from hummingface.models.playing.key_trend import KeyTrend
from hummingface.models.playing.knobs import KnobDirection, by_control, each_with_offsets, with_controls, with_offsets

WARM_UPS = (1, 4, 9, 16, 64, 1, 1, 1, 1, 1)     # rows: first calls of a network take tens of milliseconds
SETTLING_HOPS = 32                # after the latents have arrived, until the last of 128 voices is up to date


class CardValues(NamedTuple):
    """What a source reads in its network's card, which takes a hundredth of a second or several."""
    knobs: dict[str, KnobDirection]
    trend: KeyTrend                      # loudness over the keys


class FrameSource:
    """The source for a frame model, as `hummingface.models.playing.checkpoint.load_model` gives it. `z` glides to `target`; `version`
    counts its moves. `of_card`: of another source on the same network.

    The decoder has two halves: the note vector (from z, pitch, velocity), cached here for every slot until one of them changes, and the
    frame at a time.
    """

    whole = False

    def __init__(self, model, of_card: CardValues | None = None) -> None:
        self.model = model
        self.name = model.name
        self.stereo = bool(model.stereo)
        self.latents = int(model.latents)
        self.recordings = len(model.recordings)
        self._own = self.latents - self.recordings              # latents of the network
        self.longest_s = float(model.card["longest_s"])
        self.of_card = of_card or CardValues(with_controls(by_control(model.knobs, whole_notes=False), INDEX),
                                             key_trend.of_model(model.network))
        self.knobs = self.of_card.knobs
        self.knob_places = np.array([INDEX[name] for name in self.knobs], np.int64)
        self.pitches, self.velocities = model.pitches, model.velocities      # what it was trained on
        self.target = np.zeros(self.latents, np.float32)
        self.z = np.zeros(self.latents, np.float32)
        self.version = 1
        self._settled_hop = 0
        self._goals = NoteGoals(self.latents)
        self._notes = GlidingNotes(model, self.z, self._goals)
        self._levels = NoteLevels(model, self._notes, self.of_card.trend, self.z[:self._own])
        # taken from there as they are: a call more for each note would be one too many
        self.corrections_db, self.unlevelled = self._levels.corrections_db, self._levels.unlevelled
        self._struck_phases: dict[tuple[float, float], np.ndarray] = {}         # by pitch and velocity
        self.prepare()

    @property
    def settled(self) -> bool:
        """Whether the latents are at rest and every note vector is up to date."""
        return np.array_equal(self.z, self.target) and self._notes.hop > self._settled_hop

    @property
    def longest_release_s(self) -> float:
        """The longest release of a note at the current latents, in seconds for 60 dB."""
        return self._levels.longest_release_s

    def prepare(self) -> None:
        """Warm the networks up."""
        for rows in WARM_UPS:
            keys = np.full(rows, 60, np.float32)
            self.frames(np.arange(rows), keys, keys, keys * 0)
            self.start_phases(keys[:4], keys[:4])
            self._notes.forget_seen()
        self._levels.look_up_trend()
        self._notes.warm_up()
        self.set_own(np.zeros(0, np.int64), np.zeros((0, self.latents), np.float32))

    def glide(self, fraction: float) -> bool:
        """Move the latents towards their target for one hop. Returns whether anything moved."""
        notes = self._notes
        notes.hop += 1
        notes.decay = 1 - fraction
        target = self.target.tobytes()                          # compared so, it takes a tenth of the time
        if self._goals.shared.tobytes() != target:
            self._share_target()
        if self.z.tobytes() != target:
            self.z += np.float32(fraction) * (self.target - self.z)
            near = np.abs(self.target - self.z) < 1e-4
            self.z[near] = self.target[near]
            self._settled_hop = notes.hop + SETTLING_HOPS
        elif notes.hop > self._settled_hop:
            notes.out_of_batch = 0                              # at rest it is as new: takes are replayed from here
            return False
        self.version += 1
        return True

    def set_target(self, z: np.ndarray, knob_offsets: dict[str, float]) -> None:
        """Set the target of the latents: those of the knobs and the morph pad, z [L], plus the offsets of the model's named knobs."""
        self.target[:] = z
        if knob_offsets:
            own = slice(0, self._own)
            self.target[own] = np.clip(with_offsets(self.knobs, z[own], knob_offsets), -LATENT_LIMIT, LATENT_LIMIT)

    def _share_target(self) -> None:
        self._goals.share(self.target)
        self._notes.forget()
        self._levels.forget()
        self._struck_phases.clear()

    def knobs_moved(self, z: np.ndarray, knobs: np.ndarray) -> np.ndarray:
        """Points z [B, L], each moved by the model's named knobs at values [B, K], which are the controls at `knob_places`. [B, L]"""
        moved, values = z.copy(), dict(zip(self.knobs, knobs.T, strict=True))
        moved[:, :self._own] = np.clip(each_with_offsets(self.knobs, z[:, :self._own], values), -LATENT_LIMIT, LATENT_LIMIT)
        return moved

    def set_own(self, slots: np.ndarray, z: np.ndarray) -> None:
        """Only the voices of these slots [B] have targets z [B, L] of their own from now on; their notes glide there as they do to the
        target of all."""
        if self._goals.set_own(slots, z):
            self._settled_hop = self._notes.hop + SETTLING_HOPS

    def snap(self) -> None:
        """Jump to the target of the latents."""
        self.z[:] = self.target
        self._goals.owns[:] = False
        self._share_target()
        self._notes.forget_seen()
        self._settled_hop = self._notes.hop
        self.version += 1

    def frames(self, slots: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames of rows with the latents `z`: slot, pitch, velocity, seconds [B] -> float32 [B, FRAME_SIZE].

        Rows of one slot share the pitch and velocity of its last one: they are moments of one note.
        """
        if len(slots) == 0:
            return np.zeros((0, FRAME_SIZE), np.float32)
        self._notes.follow(slots, pitch, velocity)
        return self.model.frames_at(self._notes.vectors[slots], time_s)

    def begin(self, table: np.ndarray, slot: int, pool: Pool, hop: int, semitones: float) -> bool:
        """Forget the note that the slot had before: a new one begins with the sound of its stroke, and does not glide there. Frames are
        computed when they are needed.
        """
        self._notes.known[slot] = 0
        return True

    def serve(self, table: np.ndarray, pool: Pool, hop: int, mine: np.ndarray, semitones: float) -> None:
        """Does nothing: frames are computed when they are needed."""

    def idle(self, pool: Pool) -> bool:
        """Does nothing: no frames are computed ahead."""
        return False

    def shown_frame(self, slot: int, held: np.ndarray, number: int) -> np.ndarray:
        return held[slot]

    def start_phases(self, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Phases at which the partials of beginning notes start: radians [B, PARTIALS]."""
        if len(pitch) == 0:
            return np.zeros((0, PARTIALS), np.float32)
        pitch = np.clip(pitch, *self.pitches, dtype=np.float32)
        if not self._notes.resting:
            return self.model.start_phase(np.broadcast_to(self.z, (len(pitch), self.latents)), pitch, velocity)
        keys = list(zip(pitch.tolist(), velocity.tolist(), strict=True))
        phases: list[np.ndarray] = cached(self._struck_phases, keys, lambda new: self.model.start_phase(
            np.broadcast_to(self.z, (len(new), self.latents)), pitch[new], velocity[new]))
        return np.stack(phases)

    def recorded_stroke(self, pitch: float, velocity: float) -> tuple[float, float]:
        return self.model.recorded_stroke(self.z, pitch, velocity)

    def stereo_values(self, slots: np.ndarray) -> np.ndarray:
        """Balances and coherences of the notes of `slots` [B], as far as they have glided: [B, STEREO_SIZE]."""
        return self.model.stereo_at(self._notes.vectors)[slots]             # of all: note vectors are long, and would be copied
