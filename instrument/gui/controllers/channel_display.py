"""Shows in the window what MIDI has moved: the wheels follow its bend and modulation, the levels its volume, expression and pedal."""
import numpy as np

from hummingface.instrument.audio.protocol import ChannelShown, Telemetry
from hummingface.instrument.gui.widgets.channel_levels import ChannelLevels
from hummingface.instrument.gui.widgets.wheels import Wheel


class ChannelDisplay:
    """`see` takes each telemetry of the engine. Of several channels the one that was moved last is shown."""

    def __init__(self, bend: Wheel, wheel: Wheel, levels: ChannelLevels):
        self._bend, self._wheel, self._levels = bend, wheel, levels
        self._before: np.ndarray | None = None              # of an engine that plays
        self._moved: dict[Wheel, float] = {}                # and not shown yet

    def see(self, telemetry: Telemetry) -> None:
        """Show where the channels stand."""
        channels, before = telemetry.channels, self._before
        if channels is None or before is None or not np.array_equal(channels, before):
            self._before = channels
            self._changed(telemetry, before)
        self._moved = {wheel: amount for wheel, amount in self._moved.items() if not wheel.show_moved(amount)}

    def _changed(self, telemetry: Telemetry, before: np.ndarray | None) -> None:
        channels = telemetry.channels
        if channels is None:
            self._moved = {}
            return
        shown = ChannelShown(*channels[telemetry.channel].tolist())
        silent = [channel for channel, row in enumerate(channels.tolist()) if not ChannelShown(*row).is_audible]
        self._levels.show_channel(telemetry.channel, shown, silent)
        if before is None:                  # an engine that has just begun gets the window's wheel
            return
        was = ChannelShown(*before[telemetry.channel].tolist())
        for wheel, amount, earlier in ((self._bend, shown.bend, was.bend), (self._wheel, shown.wheel, was.wheel)):
            if amount != earlier:
                self._moved[wheel] = amount
