"""Converts sounds of a learning model from the version they were saved with to the current one.

A sound of a model that learns is a point in one version of it, and a new version may appear while no window is open. So a window's saved
state says which versions its sounds belong to, and the next window converts them.
"""
from dataclasses import replace
from functools import partial

from hummingface.instrument.patches import learnt_models
from hummingface.instrument.session.session_state import SessionSnapshot
from hummingface.instrument.session.window_state import WindowState
from hummingface.models.playing.checked_json import JsonObject

MOST_MODELS = 16
NAME = "models"                                         # within a state's `window`
_FIELDS = ("sha256", "run", "axes", "presets")          # of a card: all that `learnt.carried` asks for


class Versions:
    """The versions that a session's sounds belong to, by the model's name. A model's card is read when a sound of it first appears, and
    again when `forget` says that the sounds were converted.
    """

    def __init__(self) -> None:
        self._known: dict[str, JsonObject | None] = {}

    def forget(self, model: str) -> None:
        """The sounds of this model now belong to another version."""
        self._known.pop(model, None)

    def of(self, session: SessionSnapshot) -> dict[str, JsonObject]:
        """The versions of models that were learnt from recordings; factory models do not change."""
        names = sorted({state.patch.model for state in session.states()})[:MOST_MODELS]
        for name in names:
            if name not in self._known:
                card = learnt_models.card_of(name)
                self._known[name] = {field: card.get(field) for field in _FIELDS} if card and card.get("run") else None
        return {name: version for name in names if (version := self._known[name]) is not None}


def follow(kept: WindowState) -> WindowState:
    """The same, with every sound of a model that has learnt on converted to the current version."""
    versions, session = kept.window.get(NAME), kept.session
    for name, before in list(versions.items())[:MOST_MODELS] if isinstance(versions, dict) else ():
        card = learnt_models.card_of(name)
        if card is None or not isinstance(before, dict) or before.get("sha256") == card.get("sha256"):
            continue
        try:
            session = session.renewed(name, partial(learnt_models.carried, before=before, card=card))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            continue                                    # the saved version cannot be used
    return replace(kept, session=session)
