"""Connects the record button and the takes panel with the engine's recorder."""
from collections.abc import Callable
from pathlib import Path

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.panels.record_bar import RecordBar
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.session.settings import Settings


class RecordingControl:
    """`send` sends commands to the engine; `on_take` is called for every finished take."""

    def __init__(self, bar: RecordBar, banner: Banner, settings: Settings, send: Callable[[dict], None]):
        self._bar, self._banner, self._settings, self._send = bar, banner, settings, send
        self._wanted = False                # the player's will, which outlives an engine that is started again
        self.on_take: list[Callable[[Path], None]] = []
        bar.record_wanted.connect(self.record)
        bar.capture_wanted.connect(self.capture)

    def record(self, on: bool) -> None:
        """Start or stop a take."""
        self._wanted = on
        self._send({"do": "record", "on": on, **self._place()})

    def capture(self) -> None:
        """Keep the last minute."""
        self._send({"do": "capture", **self._place()})

    def hear(self, message: dict) -> None:
        """Handle one event of the engine."""
        match message["tell"]:
            case "recording":
                if message["path"] is None and not message["waits"]:
                    self._wanted = False
                self._bar.show_recording(message["begin"] if message["path"] is not None else None, message["waits"])
                if message["problem"]:
                    self._banner.say(message["problem"], problem=True)
            case "take":
                path = Path(message["path"])
                if message["problem"]:
                    self._banner.say(message["problem"], problem=True)
                else:
                    self._banner.say(f"Kept {message['seconds']:.1f} s: {path.name}, in {path.parent}")
                for listener in self.on_take:
                    listener(path)
            case "engine" if message["state"] == "restarting":
                self._bar.show_recording(None)
            case "ready" if self._wanted:           # the engine was restarted: its take is kept, and a new take goes on
                self.record(True)

    def tick(self, telemetry: Telemetry) -> None:
        """Update the displayed time."""
        self._bar.show_time(telemetry)

    def _place(self) -> dict:
        return {"folder": self._settings.take_folder, "format": self._settings.take_format}
