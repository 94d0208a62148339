"""A log of all events that a process's engines perform, for tests and for who looks for a fault."""
import json

from hummingface.instrument.patches import routes
from hummingface.instrument.performance.events import Blend, Load, PlayerEvent, Reroute
from hummingface.instrument.performance.messages import midi, tuning_events
from hummingface.instrument.performance.messages.tuning_events import TuningEvent


class EventLog:
    """A line of JSON for each. Raises OSError where the file cannot be written."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "w", buffering=1)               # noqa: SIM115

    def note(self, sample: int, event: PlayerEvent) -> None:
        """An event takes effect at this sample. On the performer's thread."""
        print(json.dumps({"sample": sample, **_as_json(event)}), file=self._file)

    def close(self) -> None:
        self._file.close()


def _as_json(event: PlayerEvent) -> dict:
    """An event for the log, as `midi.to_json` writes it; a patch as its JSON."""
    if isinstance(event, Reroute):
        return {"event": "Reroute", "routes": routes.to_json(event.routes)}
    if isinstance(event, Blend):
        return {"event": "Blend", **event.to_json()}
    if isinstance(event, Load):
        return {"event": "Load", "patch": event.patch.to_json()}
    return tuning_events.to_json(event) if isinstance(event, TuningEvent) else midi.to_json(event)
