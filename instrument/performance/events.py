"""The events that a performer accepts: MIDI events, and changes of sound."""
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.dynamics import LAW
from hummingface.instrument.performance.midi import Event

if TYPE_CHECKING:
    from hummingface.instrument.performance.source import Source


@dataclass(frozen=True, slots=True)
class Load:
    """A change of sound: a patch, its source (None for the current one), and the law of loudness over velocity."""
    patch: Patch
    source: "Source | None" = None
    law: int = LAW
    model: str | None = None            # the source's name, where the source itself is not kept

    @property
    def model_name(self) -> str | None:
        """The name of the model that plays it; None for the current one."""
        return self.source.name if self.source is not None else self.model


PlayerEvent = Event | Load


def noted(event: PlayerEvent) -> PlayerEvent:
    """An event for the record of what was played, which must keep no model in memory that nobody plays any more."""
    return replace(event, source=None, model=event.model_name) if isinstance(event, Load) else event
