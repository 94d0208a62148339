"""What holds for every model's card, for whoever only wants to know what a model is called: `models/checkpoint.py` checks all the rest."""
from pathlib import Path
from typing import Any

from models.checked_json import JsonError, read_json

LARGEST_CARD_BYTES = 4 << 20
LONGEST_NAME = 200


def can_be_shown(name: Any) -> bool:
    """Whether this can be the name of a model or of a preset, on one line of a window or a terminal."""
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable() and bool(name.strip())


def card_of(weights: Path) -> dict[str, Any]:
    """The card beside these weights, of which only the name is checked. Raises OSError, JsonError."""
    file = weights.with_suffix(".json")
    card = read_json(file, LARGEST_CARD_BYTES)
    if not isinstance(card, dict) or not can_be_shown(card.get("name")):
        raise JsonError(f"{file}: not a model's card: it has no name that can be shown")
    return card
