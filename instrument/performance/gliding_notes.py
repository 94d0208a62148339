"""The note vectors of all voices: each is what the decoder makes of (z, pitch, velocity), and glides to what it makes of the newest target.

They are computed at the latents' target, for a few voices per hop, and every voice moves towards its result with every frame. So moving
latents cost about the same whether 12 voices sound or 64, and whether all move together or each voice to a target of its own.
"""
import numpy as np

from hummingface.compiled import FASTER, compiled
from hummingface.instrument.performance.note_goals import NoteGoals
from hummingface.instrument.performance.struck_keys import cached
from hummingface.instrument.synthesis.state import SLOTS

BATCH = 12                        # note vectors computed at a time after latents have moved: a batch is cheaper
AT_ONCE = 4                       # that a network computes in almost the time of one: `hummingface.models.playing.decoder_numpy.multiply`
MOST_BATCH_HOPS = 6                # between two batches, at most; while few voices sound, every hop has one
ARRIVAL_HOPS = 96                 # that a note glides to a new target: 0.5 s
LONGEST_BATCH_HOPS = 48            # a note that waited longer was at rest
RESTING_HOPS = 9                  # a sounding voice needs a frame at least this often


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


class GlidingNotes:
    """`z` [L] are the latents as they glide, changed in place; `goals` says where notes are to go.

    Attributes: `vectors` [SLOTS, note_size]; `known` [SLOTS, 3], the number of the target, pitch and velocity for which each was computed;
    `moved_hop` [SLOTS], the hop of its newest move; `hop` and `decay`, the hop now and the fraction of the way that is left after one;
    `out_of_batch`, notes that were computed between batches.
    """

    def __init__(self, model, z: np.ndarray, goals: NoteGoals) -> None:
        self._model, self._z, self.goals = model, z, goals
        self.pitches = model.pitches
        self.hop, self.decay = 0, 1.0
        self.known = np.zeros((SLOTS, 3))
        self.vectors, self._targets = np.zeros((2, SLOTS, model.note_size), np.float32)
        self.moved_hop, self._computed_hop, self._arrival_hop = np.zeros((3, SLOTS), np.int64)
        self._seen_hop = np.full(SLOTS, -RESTING_HOPS)
        self._decays = np.ones(SLOTS)                        # fraction of the way left after a hop; larger where batches are rare
        self._batch_hop = self.out_of_batch = 0
        self._struck: dict[tuple[float, float], np.ndarray] = {}        # by pitch and velocity

    @property
    def resting(self) -> bool:
        """Whether the latents are where the note vectors are computed for."""
        return self._z.tobytes() == self.goals.shared.tobytes()         # takes a tenth of the time of `array_equal`

    def forget(self) -> None:
        """There is another target: what was computed for keys holds no longer."""
        self._struck.clear()

    def forget_seen(self) -> None:
        """Nothing sounds."""
        self.known[:] = 0
        self._seen_hop[:] = self.hop - RESTING_HOPS
        self._batch_hop, self.out_of_batch = self.hop, 0

    def warm_up(self) -> None:
        """Compiles, or loads from disk, what only moved latents would call."""
        _glide(np.zeros(0, np.int64), np.zeros(0, np.float32), self.vectors, self._targets)

    def follow(self, slots: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> None:
        """Bring the notes of rows [B] up to date for this hop, at these pitches and velocities."""
        if _look(slots, pitch, velocity, self.pitches, self.hop, self.goals.wanted, self.known, self._seen_hop, self.moved_hop,
                 self._arrival_hop):
            pitch = np.clip(pitch, *self.pitches, dtype=np.float32)
            self._compute_new(slots, pitch, velocity)
            self._compute_moved(np.unique(slots))

    def _compute_new(self, slots: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> None:
        """Compute the note vectors of notes that began, or whose pitch moved, at once."""
        new = np.flatnonzero((self.known[slots, 1] != pitch) | (self.known[slots, 2] != velocity))
        if not len(new):
            return
        begun, first = np.unique(slots[new], return_index=True)
        rows = new[first]
        self.known[slots[new], 1], self.known[slots[new], 2] = pitch[new], velocity[new]
        self.known[begun, 0] = np.where(self.goals.owns[begun] | self.resting, self.goals.wanted[begun], 0)
        self._computed_hop[begun] = self.moved_hop[begun] = self._arrival_hop[begun] = self.hop
        if self.resting and not self.goals.owns[begun].any():
            vectors = self._of_keys(pitch[rows], velocity[rows])
        else:
            vectors = self._compute_with_others(begun)
        self.vectors[begun] = self._targets[begun] = vectors

    def _compute_with_others(self, new: np.ndarray) -> np.ndarray:
        """Compute note vectors [B, note_size] of new slots [B] while the latents move. A network computes four in almost the time of one,
        so some that wait for their turn are computed along.
        """
        sounding = np.flatnonzero(self._seen_hop > self.hop - RESTING_HOPS)
        waiting = sounding[(self.known[sounding, 0] != self.goals.wanted[sounding]) & ~np.isin(sounding, new)]
        others = self._longest_waiting(waiting, -len(new) % AT_ONCE)
        self.out_of_batch += len(others)
        z = np.concatenate([self.goals.of(new, self._z), self.goals.of(others, self.goals.shared)])
        known = self.known[np.concatenate([new, others])].astype(np.float32)
        vectors = self._model.note(z, known[:, 1], known[:, 2])
        self._lead(others, vectors[len(new):])
        return vectors[:len(new)]

    def _compute_moved(self, slots: np.ndarray) -> None:
        """Glide note vectors towards the goals of the moved latents, and compute the goals of those that have waited longest."""
        stale = slots[self.known[slots, 0] != self.goals.wanted[slots]]
        self._seen_hop[slots] = self.hop
        sounding = int(np.count_nonzero(self._seen_hop > self.hop - RESTING_HOPS))
        if len(stale) and self.hop >= self._batch_hop + min(-(-sounding // BATCH), MOST_BATCH_HOPS):
            self._batch_hop = self.hop
            batch = self._longest_waiting(stale, max(BATCH - self.out_of_batch, 0) // AT_ONCE * AT_ONCE)
            self.out_of_batch = 0
            if len(batch):
                known = self.known[batch].astype(np.float32)
                self._lead(batch, self._model.note(self.goals.of(batch, self.goals.shared), known[:, 1], known[:, 2]))
        gliding = slots[self.moved_hop[slots] < np.minimum(self._arrival_hop[slots], self.hop)]
        if len(gliding):
            left = self._decays[gliding] ** (self.hop - self.moved_hop[gliding]) * (self.hop < self._arrival_hop[gliding])
            _glide(gliding, left.astype(np.float32), self.vectors, self._targets)
            self.moved_hop[gliding] = self.hop

    def _longest_waiting(self, slots: np.ndarray, most: int) -> np.ndarray:
        return slots[np.argsort(self._computed_hop[slots], kind="stable")[:most]]

    def _lead(self, slots: np.ndarray, goals: np.ndarray) -> None:
        """Set the goals [B, note_size] of the note vectors of slots [B]."""
        self.known[slots, 0] = self.goals.wanted[slots]
        waited = self.hop - self._computed_hop[slots]
        self._decays[slots] = np.where(waited < LONGEST_BATCH_HOPS, np.maximum(self.decay, np.exp(-2 / waited.clip(1))), self.decay)
        self._computed_hop[slots] = self.hop
        self._targets[slots] = goals
        rested = slots[self.moved_hop[slots] >= self._arrival_hop[slots]]
        self.moved_hop[rested] = self.hop - 1
        self._arrival_hop[slots] = self.hop + ARRIVAL_HOPS

    def _of_keys(self, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Note vectors of keys [B] at the resting latents, of which the newest are remembered, since loading the weights is slow."""
        keys = list(zip(pitch.tolist(), velocity.tolist(), strict=True))
        vectors: list[np.ndarray] = cached(self._struck, keys, lambda new: self._model.note(
            np.broadcast_to(self._z, (len(new), len(self._z))), pitch[new], velocity[new]))
        return np.stack(vectors)
