"""The events that a performer accepts: MIDI events, and changes of sound."""
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.dynamics import LAW
from hummingface.instrument.performance.midi import Event
from hummingface.instrument.performance.voice_allocation import RULES

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


PlayerEvent = Event | Load
