"""The interface of everything that plays a state block: a device through PortAudio or JACK, or a clock without a device."""
from typing import Protocol

import numpy as np

from hummingface.instrument.audio.devices.devices import Device


class MidiInput(Protocol):
    """MIDI input on the same clock as the sound (JACK's)."""

    @property
    def done_until(self) -> int:
        """Every message stamped before this sample can be taken."""

    def take(self) -> list[tuple[int, bytes, int]]:
        """The messages that have arrived: (stamp, message, number of the input) each, in order; an empty message: the input has lost a
        source. One thread only."""

    def sources(self) -> list[str]:
        """Names of all MIDI ports that send."""

    def connected(self) -> list[str]:
        """Names of the connected ports."""

    def came(self) -> set[str]:
        """Names of ports that were registered since the last call."""

    def connect(self, source: str) -> bool:
        """Connect a port, to an input of its own. False where that fails, as it may for a while."""

    def disconnect(self, source: str) -> None:
        """Disconnect a port."""


class OutputStream(Protocol):
    """A running output: it advances the state's `position` from its construction until `close`."""
    rate_hz: int

    @property
    def device(self) -> Device | None:
        """The device's name; None: no device."""

    @property
    def block_samples(self) -> int: ...

    @property
    def output_latency_s(self) -> float:
        """From the end of a block until it is heard."""

    @property
    def time_s(self) -> float:
        """The clock that the state's `clock_now_s` refers to."""

    @property
    def active(self) -> bool:
        """Whether the device still requests sound."""

    @property
    def midi_input(self) -> MidiInput | None: ...

    def play(self, state: np.ndarray, wake: int) -> bool:
        """Play another state block from now on, and write to `wake` when MIDI has arrived. Returns False, and does nothing, if it cannot.
        """

    def close(self) -> None:
        """Stop and release the device. May hang where the audio server died: then the process must be ended."""
