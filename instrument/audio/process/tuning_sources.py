"""What tunes the engine from outside of patches and MIDI: the player's tuning for all patches, and a master of MTS-ESP."""
from collections.abc import Callable

from hummingface.instrument.audio.ports import mts_esp
from hummingface.instrument.audio.ports.mts_esp import MtsClient
from hummingface.instrument.patches import scale_tuning
from hummingface.instrument.performance.messages.tuning_events import TuningEvent, UseTuning


class TuningSources:
    """`tune(event)` retunes the engine that plays now; for a master it is called on a thread of its own, once `start` was called."""

    def __init__(self, tune: Callable[[TuningEvent], None]) -> None:
        self._tune = tune
        library = mts_esp.library()
        self._master = MtsClient(library, tune) if library is not None else None

    def use(self, values: dict | None) -> None:
        """The player's tuning, as JSON; None: none. Raises ScaleError."""
        self._tune(UseTuning(None if values is None else scale_tuning.from_json(values, "the player's tuning")))

    def start(self) -> None:
        """Follow a master from now on."""
        if self._master is not None:
            self._master.start()

    def close(self) -> None:
        """Follow it no more."""
        if self._master is not None:
            self._master.close()
