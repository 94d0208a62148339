"""How the pitch goes from one key to the next."""
from typing import NamedTuple

NO_GLIDE_S = 1e-3
OCTAVE = 12
IN_LEGATO, TIED, ALWAYS = range(3)      # only voices that go on; and those that begin while another key is down; all


class Glide(NamedTuple):
    """What the player has set: seconds, when, and whether the seconds are those of every octave (else of every glide)."""
    seconds: float = 0.0
    when: int = IN_LEGATO
    by_rate: bool = False

    def begins(self, tied: bool) -> bool:
        """Whether a new voice glides from the pitch before."""
        return self.when == ALWAYS or (self.when == TIED and tied)

    def speed(self, start: float, goal: float) -> float:
        """Semitones per second between two pitches; 0: it is there at once."""
        if self.seconds <= NO_GLIDE_S:
            return 0.0
        return (OCTAVE if self.by_rate else abs(goal - start)) / self.seconds
