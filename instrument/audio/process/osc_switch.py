"""Whether and where OSC is heard, as the player has it. Only the main thread of the audio process calls this."""
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hummingface.instrument.audio.ports.osc_server import OscServer, Played

log = logging.getLogger(__name__)


class OscSwitch:
    """`engine()` is the one that plays now; `load_patch(name)` is called for a patch that OSC asks for."""

    def __init__(self, engine: "Callable[[], Played]", load_patch: Callable[[str], None]) -> None:
        self._engine, self._load_patch = engine, load_patch
        self._server: OscServer | None = None

    def use(self, listen: str | None, echo: str | None) -> None:
        """Listen at this place, or nowhere; send moves to `echo`, None: to the last sender. Raises ValueError, OscError."""
        self.close()
        if listen is not None:
            from hummingface.instrument.audio.ports.osc_server import OscServer, place_of
            self._server = OscServer(place_of(listen), self._engine, self._load_patch, place_of(echo) if echo is not None else None)
            log.info("OSC listens at %s:%s", *self._server.place)

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
