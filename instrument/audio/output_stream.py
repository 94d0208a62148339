"""The interface of everything that plays a state block: a device through PortAudio or JACK, or a clock without a device."""
from typing import Protocol

import numpy as np

from hummingface.instrument.audio.devices import Device


class MidiInput(Protocol):
    """MIDI that comes with the sound, on the same clock (JACK's)."""

    @property
    def done_until(self) -> int:
        """Every message stamped before this sample can be taken."""

    def take(self) -> list[tuple[int, bytes]]:
        """What arrived: (stamp, message) each, in order. One thread only."""

    def sources(self) -> list[str]:
        """Names of all MIDI ports that send."""

    def connected(self) -> list[str]:
        """Names of the ports that we listen to."""

    def connect(self, source: str) -> bool:
        """Listen to a port."""

    def disconnect(self, source: str) -> None:
        """Listen to it no more."""


class OutputStream(Protocol):
    """It moves the state's `position` from its making until `close`."""
    rate_hz: int

    @property
    def device(self) -> Device | None:
        """None: nobody hears it."""

    @property
    def block_samples(self) -> int: ...

    @property
    def output_latency_s(self) -> float:
        """From the end of a block to the ears."""

    @property
    def time_s(self) -> float:
        """The clock that the state's `clock_now_s` refers to."""

    @property
    def active(self) -> bool:
        """Whether sound is still asked for."""

    @property
    def midi_input(self) -> MidiInput | None: ...

    def play(self, state: np.ndarray, wake: int) -> bool:
        """Play another block from now on, and write to `wake` when MIDI has come. False, with nothing done, where it cannot."""

    def close(self) -> None:
        """Stop and release the device. May hang where the audio server died: then the process must be ended."""
