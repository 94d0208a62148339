"""The events that a performer accepts: MIDI events, and changes of sound."""
from dataclasses import dataclass
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


PlayerEvent = Event | Load
