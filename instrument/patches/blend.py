"""What no control moves of a sound that is a blend of others, while a player travels between them on the map."""
from dataclasses import dataclass
from typing import Any

from hummingface.instrument.patches.parameters import LATENT_KNOBS, MOST_LATENTS
from hummingface.instrument.patches.patch import LOUDEST_GAIN_DB, Patch
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.checks import is_number


@dataclass(frozen=True, slots=True)
class Blend:
    """`latents`: those behind the knobs' (of models with more than LATENT_KNOBS); `gain_db`: the levelling."""
    latents: tuple[float, ...]
    gain_db: float

    def of(self, patch: Patch) -> Patch:
        """The patch with these values."""
        return patch.with_values(latents=(*patch.latents[:LATENT_KNOBS], *self.latents), gain_db=self.gain_db)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for messages and takes."""
        return {"latents": list(self.latents), "gain_db": self.gain_db}


def from_json(latents: object, gain_db: object) -> Blend:
    """The blend with these values, checked. Raises ValueError."""
    if not isinstance(latents, list) or len(latents) > MOST_LATENTS - LATENT_KNOBS or not all(
            is_number(z, -LATENT_LIMIT, LATENT_LIMIT) for z in latents):
        raise ValueError(f"the latents of a blend are not at most {MOST_LATENTS - LATENT_KNOBS} numbers within +-{LATENT_LIMIT:g}")
    if not is_number(gain_db, -LOUDEST_GAIN_DB, LOUDEST_GAIN_DB):
        raise ValueError(f"the gain of a blend is {gain_db!r:.40}, not within +-{LOUDEST_GAIN_DB:g} dB")
    return Blend(tuple(map(float, latents)), float(gain_db))


def is_blend(latents: object, gain_db: object) -> bool:
    """Whether `from_json` takes them."""
    try:
        from_json(latents, gain_db)
    except ValueError:
        return False
    return True
