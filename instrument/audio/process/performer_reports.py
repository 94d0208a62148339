"""What the performer reports, as the client and the main thread of the audio process are to hear it."""
from collections.abc import Callable, Sequence

from hummingface.instrument.audio.engine.engine_listener import EngineListener
from hummingface.instrument.patches import routes as routes_file
from hummingface.instrument.patches.blend import Blend
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.performance.messages.midi import Controller


class PerformerReports(EngineListener):
    """`tell(message)` tells the client, `put(command)` has the main thread execute a command, `fail(error)` ends the process.

    `controllers`: whether the client wants to hear of them.
    """

    def __init__(self, tell: Callable[[dict], None], put: Callable[[dict], None], fail: Callable[[Exception], None]) -> None:
        self._tell, self._put, self._fail = tell, put, fail
        self.controllers = False

    def moved(self, id_: str, value: float) -> None:
        self._tell({"tell": "set", "id": id_, "value": value})

    def rerouted(self, routes: Sequence[Route]) -> None:
        self._tell({"tell": "routes", "routes": routes_file.to_json(routes)})

    def blended(self, blend: Blend) -> None:
        self._tell({"tell": "blend", **blend.to_json()})

    def program_came(self, number: int, bank: list[int]) -> None:
        self._put({"do": "program", "number": number, "bank": bank})

    def controller_came(self, event: Controller) -> None:
        if self.controllers:
            self._tell({"tell": "controller", "channel": event.channel, "number": event.number, "value": event.value})

    def tuned(self, by: str, name: str) -> None:
        self._tell({"tell": "tuning", "by": by, "name": name})

    def failed(self, error: Exception) -> None:
        self._fail(error)
