"""What the window does sixty times a second: it hears the engine's events, and shows what sounds."""
import time
from typing import TYPE_CHECKING

from hummingface.instrument.session.autosave import LOOK_S
from hummingface.instrument.session.newest_voice import NewestVoice

if TYPE_CHECKING:
    from hummingface.instrument.gui.window import Window

STATUS_S = 0.25
FROM_NOW = 1 << 62          # a position beyond any engine's: "from now on"


class LiveDisplay:
    """The window calls `tick`."""

    def __init__(self, window: "Window") -> None:
        self._window = window
        self._position = FROM_NOW
        self._newest = NewestVoice(lambda: window.note_input.held)
        self._last_tick = time.monotonic()
        self._last_status = self._last_look = 0.0

    def forget_position(self) -> None:
        """The engine is gone; another one counts from 0."""
        self._position = FROM_NOW

    def tick(self) -> None:
        """Handle the engine's events, and show what sounds."""
        window, now = self._window, time.monotonic()
        for message in window.client.poll():
            self._hear(message)
        telemetry = window.client.telemetry()
        self._position, samples = window.client.output_since(self._position)
        window.spectrogram.feed(samples, telemetry.rate_hz, telemetry.notes)
        window.recording.tick(telemetry)
        if telemetry.level_db is not None and telemetry.noise_db is not None:
            window.spectrogram.show_frame(telemetry.level_db, telemetry.noise_db, telemetry.f0_hz)
        window.output.meter.feed(samples, now - self._last_tick)
        window.keyboard.show_sounding(telemetry.notes)
        window.news.see(telemetry.notes)
        window.channels.see(telemetry)
        window.routes.see(telemetry)
        window.panels.show_voice(self._newest.see(telemetry, now))
        self._last_tick = now
        if now - self._last_status > STATUS_S:
            self._last_status = now
            window.status.show_telemetry(telemetry, float(window.output.meter.hold_db.max()))
        if now - self._last_look > LOOK_S:
            self._last_look = now
            window.keeping.look()

    def _hear(self, message: dict) -> None:
        window = self._window
        window.news.hear(message, window.client.telemetry)
        window.recording.hear(message)
        window.guidance.hear(message)
        window.help.hear(message)
        window.tuning.hear(message)
        window.midi_learn.hear(message)
        if message["tell"] == "velocities" and window.late.is_made("touch"):
            window.touch.show_velocities(message["incoming"])
