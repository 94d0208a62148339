"""What every model tells of its latents, whatever it makes of them: frames (`model.py`) or whole notes (`seed_model.py`)."""
from typing import Any

from models.knobs import Knob, read_knobs


class Playable:
    """`card` as the model's JSON has it; `shape.latents` counts all latents."""

    card: dict
    shape: Any

    @property
    def latents(self) -> int:
        return self.shape.latents

    @property
    def knobs(self) -> dict[str, Knob]:
        """Directions among the latents that say what they do, by id. Raises ModelError where the card's are none."""
        return read_knobs(self.card, self.latents)

    @property
    def free_latents(self) -> int:
        """How many latents are not conditions: the first ones."""
        return self.latents - len(self.card.get("conditions", []))
