"""The source of voices for a frame model: glides the latents, and asks the decoder for frames of any batch of voices.

Latents glide, so a moved knob or a new patch of the same model passes through the sounds between. What glides is each voice's
note vector, the decoder's result for (z, pitch, velocity): it is computed at the latents' target, for a few voices per hop,
and every voice moves towards its result with every frame. So moving latents cost about the same whether 12 voices sound or 64,
and whether all move together or each voice to a target of its own, as its routes have it.
"""
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

import numpy as np

from hummingface.compiled import FASTER, compiled
from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.note_pool import Pool
from hummingface.instrument.synthesis.state import SLOTS
from hummingface.models.playing import key_trend
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.frame import FRAME_SIZE, PARTIALS
from hummingface.models.playing.key_trend import KeyTrend
from hummingface.models.playing.knobs import KnobDirection, by_control, each_with_offsets, with_controls, with_offsets

WARM_UPS = (1, 4, 9, 16, 64, 1, 1, 1, 1, 1)     # rows: first calls of a network take tens of milliseconds
BATCH = 12                        # note vectors computed at a time after latents have moved: a batch is cheaper
AT_ONCE = 4                       # that a network computes in almost the time of one: `hummingface.models.playing.decoder_numpy.multiply`
MOST_BATCH_HOPS = 6                # between two batches, at most; while few voices sound, every hop has one
SETTLING_HOPS = 32                # after the latents have arrived, until the last of 128 voices is up to date
ARRIVAL_HOPS = 96                 # that a note glides to a new target: 0.5 s
LONGEST_BATCH_HOPS = 48            # a note that waited longer was at rest
MOST_REMEMBERED = 256             # cached notes (key and velocity) while the latents rest: repeated notes need no network
MOST_CORRECTION_DB = 40.0
RESTING_HOPS = 9                  # a sounding voice needs a frame at least this often
OWN_STEP = 0.02                   # latents that a voice's own target moves before its note is computed again

Struck = dict[tuple[float, float], np.ndarray]          # by pitch and velocity
Key = TypeVar("Key")
Value = TypeVar("Value")


@compiled(fastmath=FASTER)
def _look(slots, pitch, velocity, pitches, hop, wanted, known, seen_hop, moved_hop, arrival_hop):
    """The notes that need attention in this hop: whether any of them is new, has another pitch, or has to glide."""
    lowest, highest = pitches
    needed = False
    for i in range(len(slots)):
        s = slots[i]
        seen_hop[s] = hop
        needed |= (known[s, 0] != wanted[s] or known[s, 1] != min(max(pitch[i], np.float32(lowest)), np.float32(highest))
                 or known[s, 2] != velocity[i] or moved_hop[s] < min(arrival_hop[s], hop))
    return needed


@compiled(fastmath=FASTER)
def _glide(slots, left, notes, goals):
    """Glide the note vectors of slots [B] towards their goals, by all but the fraction `left` [B] of the way."""
    for i in range(len(slots)):
        note, target = notes[slots[i]], goals[slots[i]]
        for k in range(len(note)):
            note[k] = target[k] + left[i] * (note[k] - target[k])


@compiled(fastmath=FASTER)
def _take_own(slots, z, owns, own_target, wanted, number):
    """Targets z [B, L] of slots [B] that have moved get this number. Returns whether any has."""
    moved = False
    for b in range(len(slots)):
        s, away = slots[b], np.float32(0)
        for i in range(z.shape[1]):
            away = max(away, abs(z[b, i] - own_target[s, i]))
        if not owns[s] or away > OWN_STEP:
            owns[s], own_target[s], wanted[s], moved = True, z[b], number, True
    return moved


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
        self.knobs, self._trend = self.of_card
        self.knob_places = np.array([INDEX[name] for name in self.knobs], np.int64)
        self.pitches, self.velocities = model.pitches, model.velocities      # what it was trained on
        self._trend_of, self._trend_lufs, self._longest_release_s = -1, np.zeros(0), 0.0   # loudness over the keys at z, for a version of z
        self.target = np.zeros(self.latents, np.float32)
        self.z = np.zeros(self.latents, np.float32)
        self.version = 1
        self._used_target = self.target.copy()                    # the target for which `_targets` are computed,
        self._target_count = 1                                  # and how many targets there were, of all voices and of single ones
        self._wanted = np.ones(SLOTS)                       # number of each slot's target
        self._owns, self._own_target = np.zeros(SLOTS, bool), np.zeros((SLOTS, self.latents), np.float32)     # those of single voices
        self._hop, self._decay = 0, 1.0
        self._settled_hop = self._batch_hop = 0
        self._out_of_batch = 0                               # notes that were computed between batches
        self._known = np.zeros((SLOTS, 3))                  # number of the target, pitch, velocity for which `_targets` were computed
        self._struck_notes: Struck = {}
        self._struck_phases: Struck = {}
        self._struck_levels: dict[tuple[float, float, float], float] = {}
        self._motion = 1.0
        self._notes, self._targets = np.zeros((2, SLOTS, model.note_size), np.float32)
        self._computed_hop, self._moved_hop, self._arrival_hop = np.zeros((3, SLOTS), np.int64)
        self._seen_hop = np.full(SLOTS, -RESTING_HOPS)
        self._levelled_hop = np.zeros(SLOTS, np.int64)
        self._decays = np.ones(SLOTS)                        # fraction of the way left after a hop; larger where batches are rare
        self.prepare()

    @property
    def settled(self) -> bool:
        """Whether the latents are at rest and every note vector is up to date."""
        return np.array_equal(self.z, self.target) and self._hop > self._settled_hop

    @property
    def _resting(self) -> bool:
        """Whether the latents are where the note vectors are computed for."""
        return self.z.tobytes() == self._used_target.tobytes()          # takes a tenth of the time of `array_equal`

    def prepare(self) -> None:
        """Warm the networks up."""
        for rows in WARM_UPS:
            keys = np.full(rows, 60, np.float32)
            self.frames(np.arange(rows), keys, keys, keys * 0)
            self.start_phases(keys[:4], keys[:4])
            self._known[:] = 0
        self._seen_hop[:] = -RESTING_HOPS
        self._look_up_trend()
        nobody = np.zeros(0, np.int64)
        _glide(nobody, np.zeros(0, np.float32), self._notes, self._targets)
        self.set_own(nobody, np.zeros((0, self.latents), np.float32))

    def glide(self, fraction: float) -> bool:
        """Move the latents towards their target for one hop. Returns whether anything moved."""
        self._hop += 1
        self._decay = 1 - fraction
        target = self.target.tobytes()                          # compared so, it takes a tenth of the time
        if self._used_target.tobytes() != target:
            self._use_target()
        if self.z.tobytes() != target:
            self.z += np.float32(fraction) * (self.target - self.z)
            near = np.abs(self.target - self.z) < 1e-4
            self.z[near] = self.target[near]
            self._settled_hop = self._hop + SETTLING_HOPS
        elif self._hop > self._settled_hop:
            self._out_of_batch = 0                              # at rest it is as new: takes are replayed from here
            return False
        self.version += 1
        return True

    def set_target(self, z: np.ndarray, knob_offsets: dict[str, float]) -> None:
        """Set the target of the latents: those of the knobs and the morph pad, z [L], plus the offsets of the model's named knobs."""
        self.target[:] = z
        if knob_offsets:
            own = slice(0, self._own)
            self.target[own] = np.clip(with_offsets(self.knobs, z[own], knob_offsets), -LATENT_LIMIT, LATENT_LIMIT)

    def _use_target(self) -> None:
        """All notes but those with targets of their own are to be computed for the new target."""
        self._used_target[:] = self.target
        self._number(~self._owns)
        self._forget()

    def _number(self, slots: np.ndarray) -> None:
        self._target_count += 1
        self._wanted[slots] = self._target_count

    def knobs_moved(self, z: np.ndarray, knobs: np.ndarray) -> np.ndarray:
        """Points z [B, L], each moved by the model's named knobs at values [B, K], which are the controls at `knob_places`. [B, L]"""
        moved, values = z.copy(), dict(zip(self.knobs, knobs.T, strict=True))
        moved[:, :self._own] = np.clip(each_with_offsets(self.knobs, z[:, :self._own], values), -LATENT_LIMIT, LATENT_LIMIT)
        return moved

    def set_own(self, slots: np.ndarray, z: np.ndarray) -> None:
        """Only the voices of these slots [B] have targets z [B, L] of their own from now on; their notes glide there as they do to the
        target of all."""
        left = self._owns.copy()
        left[slots] = False
        if left.any():
            self._owns[left] = False
            self._number(left)
        if _take_own(slots, z, self._owns, self._own_target, self._wanted, self._target_count + 1):
            self._target_count += 1
            self._settled_hop = self._hop + SETTLING_HOPS

    def snap(self) -> None:
        """Jump to the target of the latents."""
        self.z[:] = self.target
        self._owns[:] = False
        self._use_target()
        self._known[:] = 0
        self._settled_hop = self._hop
        self.version += 1

    def frames(self, slots: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames of rows with the latents `z`: slot, pitch, velocity, seconds [B] -> float32 [B, FRAME_SIZE].

        Rows of one slot share the pitch and velocity of its last one: they are moments of one note.
        """
        if len(slots) == 0:
            return np.zeros((0, FRAME_SIZE), np.float32)
        if _look(slots, pitch, velocity, self.pitches, self._hop, self._wanted, self._known, self._seen_hop, self._moved_hop,
                 self._arrival_hop):
            pitch = np.clip(pitch, *self.pitches, dtype=np.float32)
            self._compute_new(slots, pitch, velocity)
            self._compute_moved(np.unique(slots))
        return self.model.frames_at(self._notes[slots], time_s)

    def _compute_new(self, slots: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> None:
        """Compute the note vectors of notes that began, or whose pitch moved, at once."""
        new = np.flatnonzero((self._known[slots, 1] != pitch) | (self._known[slots, 2] != velocity))
        if not len(new):
            return
        begun, first = np.unique(slots[new], return_index=True)
        rows = new[first]
        self._known[slots[new], 1], self._known[slots[new], 2] = pitch[new], velocity[new]
        self._known[begun, 0] = np.where(self._owns[begun] | self._resting, self._wanted[begun], 0)
        self._computed_hop[begun] = self._moved_hop[begun] = self._arrival_hop[begun] = self._hop
        if self._resting and not self._owns[begun].any():
            vectors = self._of_keys(self.model.note, self._struck_notes, pitch[rows], velocity[rows])
        else:
            vectors = self._compute_with_others(begun)
        self._notes[begun] = self._targets[begun] = vectors

    def _compute_with_others(self, new: np.ndarray) -> np.ndarray:
        """Compute note vectors [B, note_size] of new slots [B] while the latents move. A network computes four in almost the time of one,
        so some that wait for their turn are computed along.
        """
        sounding = np.flatnonzero(self._seen_hop > self._hop - RESTING_HOPS)
        waiting = sounding[(self._known[sounding, 0] != self._wanted[sounding]) & ~np.isin(sounding, new)]
        others = self._longest_waiting(waiting, -len(new) % AT_ONCE)
        self._out_of_batch += len(others)
        z = np.concatenate([self._targets_of(new, self.z), self._targets_of(others, self._used_target)])
        known = self._known[np.concatenate([new, others])].astype(np.float32)
        vectors = self.model.note(z, known[:, 1], known[:, 2])
        self._lead(others, vectors[len(new):])
        return vectors[:len(new)]

    def _compute_moved(self, slots: np.ndarray) -> None:
        """Glide note vectors towards the goals of the moved latents, and compute the goals of those that have waited longest."""
        stale = slots[self._known[slots, 0] != self._wanted[slots]]
        self._seen_hop[slots] = self._hop
        sounding = int(np.count_nonzero(self._seen_hop > self._hop - RESTING_HOPS))
        if len(stale) and self._hop >= self._batch_hop + min(-(-sounding // BATCH), MOST_BATCH_HOPS):
            self._batch_hop = self._hop
            batch = self._longest_waiting(stale, max(BATCH - self._out_of_batch, 0) // AT_ONCE * AT_ONCE)
            self._out_of_batch = 0
            if len(batch):
                known = self._known[batch].astype(np.float32)
                self._lead(batch, self.model.note(self._targets_of(batch, self._used_target), known[:, 1], known[:, 2]))
        gliding = slots[self._moved_hop[slots] < np.minimum(self._arrival_hop[slots], self._hop)]
        if len(gliding):
            left = self._decays[gliding] ** (self._hop - self._moved_hop[gliding]) * (self._hop < self._arrival_hop[gliding])
            _glide(gliding, left.astype(np.float32), self._notes, self._targets)
            self._moved_hop[gliding] = self._hop

    def _longest_waiting(self, slots: np.ndarray, most: int) -> np.ndarray:
        return slots[np.argsort(self._computed_hop[slots], kind="stable")[:most]]

    def _lead(self, slots: np.ndarray, goals: np.ndarray) -> None:
        """Set the goals [B, note_size] of the note vectors of slots [B]."""
        self._known[slots, 0] = self._wanted[slots]
        waited = self._hop - self._computed_hop[slots]
        self._decays[slots] = np.where(waited < LONGEST_BATCH_HOPS, np.maximum(self._decay, np.exp(-2 / waited.clip(1))), self._decay)
        self._computed_hop[slots] = self._hop
        self._targets[slots] = goals
        rested = slots[self._moved_hop[slots] >= self._arrival_hop[slots]]
        self._moved_hop[rested] = self._hop - 1
        self._arrival_hop[slots] = self._hop + ARRIVAL_HOPS

    def corrections_db(self, slots: np.ndarray, table: np.ndarray, motion: float) -> np.ndarray:
        """The correction of loudness for the notes of `slots` [B], voices of `table` with this much motion, that puts them on the
        keyboard's trend, whatever the network's loudness for this key and velocity. dB [B]
        """
        self._levelled_hop[slots] = self._hop
        if motion != self._motion:
            self._motion = motion
            self._struck_levels.clear()
        pitch, tilt_db = self._known[slots, 1], table["tilt_db"][slots]
        if not self._resting or self._owns[slots].any():
            return self._correct(slots, pitch, tilt_db, quickly=True)
        strokes = list(zip(pitch.tolist(), self._known[slots, 2].tolist(), tilt_db.tolist(), strict=True))
        return np.array(_cached(self._struck_levels, strokes, lambda new: self._correct(slots[new], pitch[new], tilt_db[new])))

    def _correct(self, slots: np.ndarray, pitch: np.ndarray, tilt_db: np.ndarray, quickly: bool = False) -> np.ndarray:
        """`corrections_db` of notes [B], from their frames."""
        self._look_up_trend()
        loud = self.model.loudness_lufs(self._notes[slots], pitch, tilt_db, self._motion, quickly)
        return np.clip(np.interp(pitch, self._trend.keys, self._trend_lufs) - loud, -MOST_CORRECTION_DB, MOST_CORRECTION_DB)

    @property
    def longest_release_s(self) -> float:
        """The longest release of a note at the current latents, in seconds for 60 dB."""
        self._look_up_trend()
        return self._longest_release_s

    def _look_up_trend(self) -> None:
        if self._trend_of != self.version:
            self._trend_of = self.version
            self._trend_lufs, self._longest_release_s = self._trend.at(self.z[:self._own])

    def unlevelled(self, sounding: np.ndarray) -> int | None:
        """Of the slots that are `sounding` [SLOTS] and whose note has changed since its loudness was computed, the one that has waited
        longest.
        """
        waiting = np.flatnonzero(sounding & (self._moved_hop > self._levelled_hop))
        return int(waiting[np.argmin(self._levelled_hop[waiting])]) if len(waiting) else None

    def begin(self, table: np.ndarray, slot: int, pool: Pool, hop: int, semitones: float) -> bool:
        """Forget the note that the slot had before: a new one begins with the sound of its stroke, and does not glide there. Frames are
        computed when they are needed.
        """
        self._known[slot] = 0
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
        return self._of_keys(self.model.start_phase, self._struck_phases, np.clip(pitch, *self.pitches, dtype=np.float32), velocity)

    def recorded_stroke(self, pitch: float, velocity: float) -> tuple[float, float]:
        return self.model.recorded_stroke(self.z, pitch, velocity)

    def stereo_values(self, slots: np.ndarray) -> np.ndarray:
        """Balances and coherences of the notes of `slots` [B], as far as they have glided: [B, STEREO_SIZE]."""
        return self.model.stereo_at(self._notes)[slots]             # of all: note vectors are long, and would be copied

    def _of_keys(self, network: Callable, struck: Struck, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Note vectors of keys [B] at the latents `z`, cached while the latents rest, since loading the weights is slow."""
        if not self._resting:
            return network(self._rows_of(self.z, len(pitch)), pitch, velocity)
        keys = list(zip(pitch.tolist(), velocity.tolist(), strict=True))
        vectors: list[np.ndarray] = _cached(struck, keys, lambda new: network(self._rows_of(self.z, len(new)), pitch[new], velocity[new]))
        return np.stack(vectors)

    def _forget(self) -> None:
        self._struck_notes.clear()
        self._struck_phases.clear()
        self._struck_levels.clear()

    def _rows_of(self, z: np.ndarray, rows: int) -> np.ndarray:
        return np.broadcast_to(z, (rows, self.latents))

    def _targets_of(self, slots: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Each slot's own target [B, L], or `z` where it has none."""
        return np.where(self._owns[slots, None], self._own_target[slots], z)


def _cached(known: dict[Key, Value], keys: list[Key], compute: Callable[[list[int]], Iterable[Value]]) -> list[Value]:
    """The values of keys; those that are not known yet are computed, together, from their places in `keys`."""
    if len(known) + len(keys) > MOST_REMEMBERED:
        known.clear()
    new = [i for i, key in enumerate(keys) if key not in known]
    if new:
        known.update(zip([keys[i] for i in new], compute(new), strict=True))
    return [known[key] for key in keys]
