"""Where MIDI's channels stand, in the state block for the window."""
import numpy as np

from hummingface.instrument.performance.messages.channel_state import ChannelShown, ChannelState
from hummingface.instrument.performance.messages.mpe import Zones
from hummingface.instrument.performance.voices.voice_allocation import Voices


class ShownChannels:
    """`shown`: whether a window displays the values in `state`; else nothing is written. Before anything can be shown, `follow` says
    whose."""

    _channels: ChannelState
    _zones: Zones

    def __init__(self, state: np.ndarray, voices: Voices, shown: bool) -> None:
        self._status, self._voices, self._shown = state["status"][0], voices, shown

    def follow(self, channels: ChannelState, zones: Zones) -> None:
        """Show these channels, which are moved in place."""
        self._channels, self._zones = channels, zones

    def show(self, channel: int) -> None:
        """Show where a channel stands, which was just moved; of a zone of MPE its master, which stands for all of it."""
        if self._shown:
            status, channels = self._status, self._channels
            status["channels"][channel] = ChannelShown(
                channels.bend[channel], channels.wheel[channel], channels.volume[channel], channels.expression[channel],
                self._voices.down[channel])
            master = self._zones.master_of(channel)
            status["channel"] = channel if master is None else master

    def show_all(self) -> None:
        """Show where all of them stand."""
        for channel in reversed(range(16)):
            self.show(channel)

    def show_again(self) -> None:
        """Show where all of them stand now; the one that was moved last stays in sight."""
        newest = int(self._status["channel"])
        self.show_all()
        self.show(newest)
