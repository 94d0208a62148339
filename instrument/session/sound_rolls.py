"""Chance in a session: another sound of the model, or the same a little elsewhere. Locked latents and sections stay. No Qt."""
import random
from typing import TYPE_CHECKING

from hummingface.instrument.session import dice
from hummingface.instrument.session.section_locks import is_locked
from hummingface.instrument.session.session_state import LATENTS

if TYPE_CHECKING:
    from hummingface.instrument.session.session import Session

MUTATION = 0.25             # by how much Mutate moves latents: a deviation, of a travel from -3 to 3


class SoundRolls:
    """`seed`: None for another one each time."""

    def __init__(self, session: "Session", seed: int | None = None) -> None:
        self._session, self._random = session, random.Random(seed)

    def randomise(self, amount: float = 1.0) -> None:
        """Another sound of the model, from near the one that plays (0) to anywhere in its space (1); see `dice.py`. It is a new patch, and
        one undo step."""
        now = self._session.state.to_patch()
        locked = [place for place, identity in enumerate(LATENTS) if is_locked(identity, self._session.locked)]
        self._session.load_new(dice.roll(now, dice.material(now.model, len(now.latents)), amount, locked, self._random))

    def mutate(self, amount: float = MUTATION) -> None:
        """Move all unlocked latents at random, by a deviation of `amount`."""
        self._session.set_many({i: self._session[i] + self._random.gauss(0, amount) for i in self._free()})

    def reset(self) -> None:
        """Reset all unlocked latents to the patch's values."""
        self._session.set_many({i: self._session.saved.values[i] for i in self._free()})

    def _free(self) -> list[str]:
        return [i for i in LATENTS if not is_locked(i, self._session.locked)]
