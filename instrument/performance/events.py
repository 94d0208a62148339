"""The events that a performer accepts: MIDI events, and changes of sound and of its modulation."""
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hummingface.instrument.patches.blend import Blend
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.performance.dynamics import LAW
from hummingface.instrument.performance.messages.midi import Event
from hummingface.instrument.performance.messages.tuning_events import TuningEvent
from hummingface.instrument.performance.voices.voice_allocation import RULES

if TYPE_CHECKING:
    from hummingface.instrument.performance.source import Source


@dataclass(frozen=True, slots=True)
class Load:
    """A change of sound: a patch, its source (None for the current one), the law of loudness over velocity, and the rules of keys that are
    struck again. `answers`: it is what a program change asked for, so controls moved since that change stay where they are."""
    patch: Patch
    source: "Source | None" = None
    law: int = LAW
    rules: int = RULES
    answers: bool = False
    model: str | None = None            # the source's name, where the source itself is not kept

    @property
    def model_name(self) -> str | None:
        """The name of the model that plays it; None for the current one."""
        return self.source.name if self.source is not None else self.model


@dataclass(frozen=True, slots=True)
class Reroute:
    """Other modulation routes for the sound that plays."""
    routes: tuple[Route, ...]


PlayerEvent = Event | TuningEvent | Load | Reroute | Blend


def noted(event: PlayerEvent) -> PlayerEvent:
    """An event for the record of what was played, which must keep no model in memory that nobody plays any more."""
    return replace(event, source=None, model=event.model_name) if isinstance(event, Load) else event
