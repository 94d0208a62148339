"""What an engine says of itself, for whoever wants to hear it."""
from collections.abc import Sequence

from hummingface.instrument.patches.blend import Blend
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.performance.messages.midi import Controller


class EngineListener:
    """Its methods are called on the performer's thread. This one ignores all of it."""

    def moved(self, id_: str, value: float) -> None:
        """MIDI, or a take that is played again, has moved a control."""

    def rerouted(self, routes: Sequence[Route]) -> None:
        """A take that is played again has other routes now."""

    def blended(self, blend: Blend) -> None:
        """A take that is played again has moved what has no control."""

    def program_came(self, number: int, bank: list[int]) -> None:
        """A program change takes effect; its bank as MSB and LSB."""

    def controller_came(self, event: Controller) -> None:
        """A controller has come, whatever it moves."""

    def tuned(self, by: str, name: str) -> None:
        """Another tuning is in force, as `KeyPitches` says it."""

    def failed(self, error: Exception) -> None:
        """The performer has ended."""
