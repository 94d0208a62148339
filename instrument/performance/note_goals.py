"""For which target of the latents each voice's note is to be computed: that of all voices, or, where routes move it, one of its own."""
import numpy as np

from hummingface.compiled import FASTER, compiled
from hummingface.instrument.synthesis.state import SLOTS

OWN_STEP = 0.02                   # latents that a voice's own target moves before its note is computed again


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


class NoteGoals:
    """Targets of `latents` of them are numbered as they come.

    Attributes: `shared` [L], the target of all voices; `wanted` [SLOTS], the number of each slot's target; `owns` [SLOTS], whether it is
    its own.
    """

    def __init__(self, latents: int) -> None:
        self.shared = np.zeros(latents, np.float32)
        self.wanted = np.ones(SLOTS)
        self.owns, self._own = np.zeros(SLOTS, bool), np.zeros((SLOTS, latents), np.float32)
        self._count = 1                                         # how many targets there were, of all voices and of single ones

    def share(self, target: np.ndarray) -> None:
        """All notes but those with targets of their own are to be computed for this one [L]."""
        self.shared[:] = target
        self._number(~self.owns)

    def set_own(self, slots: np.ndarray, z: np.ndarray) -> bool:
        """Only the voices of these slots [B] have targets z [B, L] of their own from now on. Returns whether any of these has moved."""
        left = self.owns.copy()
        left[slots] = False
        if left.any():
            self.owns[left] = False
            self._number(left)
        moved = _take_own(slots, z, self.owns, self._own, self.wanted, self._count + 1)
        self._count += moved
        return bool(moved)

    def of(self, slots: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Each slot's own target [B, L], or `z` where it has none."""
        return np.where(self.owns[slots, None], self._own[slots], z)

    def _number(self, slots: np.ndarray) -> None:
        self._count += 1
        self.wanted[slots] = self._count
