"""What the player sets in the dialog of audio and MIDI: it takes effect at once, and is kept between starts."""
import sys
from collections.abc import Callable

from hummingface.instrument.audio.protocol import AudioChoice
from hummingface.instrument.gui.dialogs.settings_dialog import SettingsDialog
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.patches import library
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.settings import Settings


class SettingsControl:
    """`send` takes the commands for the engine; `banner` says what cannot be saved."""

    def __init__(self, dialog: SettingsDialog, settings: Settings, banner: Banner, send: Callable[[dict], None]) -> None:
        self._dialog, self._settings, self._banner, self._send = dialog, settings, banner, send
        dialog.wanted.connect(self._apply)

    def open(self) -> None:
        """Open the dialog, with what there is now."""
        self._send({"do": "list"})
        self._dialog.show_choice(self._settings.audio, self._settings.midi_ports, self._settings.mpe, self._settings.midi_out)
        self._dialog.show_osc(self._settings.osc)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def save(self) -> None:
        """Save the settings, or say why that fails."""
        try:
            self._settings.save()
        except OSError as error:
            self._banner.say(str(error), problem=True)
            print(f"hummingface: {error}", file=sys.stderr)

    def keep(self, session: Session) -> None:
        """Save them with what the session has of the player's own."""
        self._settings.controls = session.player_settings()
        if any(entry.name == session.name for entry in library.patches()):
            self._settings.patch = session.name
        self.save()

    def _apply(self, message: dict) -> None:
        settings = self._settings
        if message["do"] == "osc":
            message = message | {"echo": settings.osc_echo}
        self._send(message)
        match message["do"]:
            case "open_audio":
                settings.audio = AudioChoice(message["device"], message["rate_hz"], message["block_samples"])
            case "open_midi":
                settings.midi_ports = message["ports"]
            case "osc":
                settings.osc = message["listen"]
            case "mpe":
                settings.mpe = message["mode"]
            case "midi_out":
                settings.midi_out = message["on"]
        self.save()
