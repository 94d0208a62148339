"""Tells the client what happens. A client that connects later gets the newest event of each kind; what nobody plays is logged."""
import logging
from collections.abc import Callable

KEPT = ("state", "audio", "midi", "patch", "tuning", "ready", "recording", "clock")
LOGGED = ("starting", "audio", "midi", "ready", "recording", "take", "error")     # nothing of what is played
log = logging.getLogger(__name__)


class Announcer:
    """`send` sends an event to the client, if there is one. May be called by any thread."""

    def __init__(self, send: Callable[[dict], None]) -> None:
        self._send = send
        self._newest: dict[str, dict] = {}

    def tell(self, message: dict) -> None:
        """Send an event, keep it for later clients and log it, as its kind wants."""
        kind = message["tell"]
        if kind in KEPT:
            self._newest[kind] = message
        if kind in LOGGED:
            log.info("%s", ", ".join(f"{name} {value!r}" for name, value in message.items() if name not in ("tell", "problem") or value))
        self._send(message)

    def keep(self, message: dict) -> None:
        """Keep an event for later clients alone: this one knows already."""
        self._newest[message["tell"]] = message

    def newest(self, kind: str) -> dict | None:
        return self._newest.get(kind)

    def welcome(self, values: Callable[[], dict[str, float]]) -> None:
        """Tell a new client what holds now. `values`: controls that were moved since the patch was loaded."""
        for message in list(self._newest.values()):
            if message["tell"] == "ready":
                for id_, value in values().items():
                    self._send({"tell": "set", "id": id_, "value": value})
            self._send(message)
