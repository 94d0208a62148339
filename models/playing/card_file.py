"""Reads the basic fields of a model's card, such as its name, quickly. `models/playing/checkpoint.py` checks everything else."""
from pathlib import Path

from hummingface.models.playing.checked_json import JsonError, JsonObject, read_json
from hummingface.models.playing.file_cache import FileCache

LATENT_LIMIT = 4.0                # of each latent, either way: no model is used farther out
LARGEST_CARD_BYTES = 4 << 20
LONGEST_NAME = 200
MOST_KEPT = 100


def can_be_shown(name: object) -> bool:
    """Whether a text can be the name of a model or preset, on one line of a window or a terminal."""
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable() and bool(name.strip())


def card_of(weights: Path) -> JsonObject:
    """The card beside these weights, of which only the name is checked; do not change it. Raises OSError, JsonError.

    An unchanged file is not read again: the window asks for every card whenever another model plays.
    """
    return _cards.get(weights.with_suffix(".json"))


def _card_in(file: Path) -> JsonObject:
    card = read_json(file, LARGEST_CARD_BYTES)
    if not isinstance(card, dict) or not can_be_shown(card.get("name")):
        raise JsonError(f"{file}: not a model's card: it has no name that can be shown")
    return card


_cards = FileCache(_card_in, MOST_KEPT)
