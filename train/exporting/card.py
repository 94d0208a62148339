"""What the cards of all kinds of models have in common."""
import json
import math
from typing import Any


def training_record(state: dict[str, Any]) -> dict[str, Any]:
    """The card's entry about a run's training: steps, hours, and options but for those without a limit."""
    options = {name: value for name, value in state["options"].items() if value != math.inf}
    return {"training": {"steps": state["step"], "hours": round(state["seconds"] / 3600, 2), "options": options}}


def as_read(card: dict[str, Any]) -> dict[str, Any]:
    """The card as its file will give it back: tuples are lists, keys are texts."""
    return json.loads(json.dumps(card))
