"""Dispatches the engine's events to the session, the status line, the banner and the settings dialog."""
from collections.abc import Callable

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.dialogs.settings_dialog import SettingsDialog
from hummingface.instrument.gui.panels.status_line import StatusLine
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.patches.blend import from_json as blend_from_json
from hummingface.instrument.patches.patch import Patch, from_json
from hummingface.instrument.patches.routes import from_json as routes_from_json
from hummingface.instrument.session.note_input import NoteInput
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.settings import Settings


class EngineNews:
    """`hear` takes each event of the engine (see docs/architecture.md). `on_lost` is called when its process is gone, `on_ready` when it
    plays.
    """

    def __init__(self, session: Session, note_input: NoteInput, settings: Settings, status: StatusLine, banner: Banner,
                 dialog: SettingsDialog):
        self.session, self.note_input, self.settings = session, note_input, settings
        self.status, self.banner, self.dialog = status, banner, dialog
        self.ready = False
        self.given = True           # whether the engine was given the session's sound to begin with
        self.on_lost: list[Callable[[], None]] = []
        self.on_ready: list[Callable[[], None]] = []
        self.on_note: list[Callable[[], None]] = []             # a note begins to sound, wherever it comes from
        self._restarted = False
        self._silent = False        # no device, or another one than was chosen
        self._sounding: tuple[int, ...] = ()

    def hear(self, message: dict, telemetry: Callable[[], Telemetry]) -> None:
        """Handle one event of the engine; `telemetry` gives its current figures."""
        match message["tell"]:
            case "set":
                self.status.midi_seen()
                self.session.moved_by_midi(message["id"], message["value"])
            case "routes":
                self.session.routes_from_engine(routes_from_json(message["routes"]))
            case "blend":
                self.session.blend_from_engine(blend_from_json(message["latents"], message["gain_db"]))
            case "patch":
                self._patch(from_json(message["patch"], "the engine"))
            case "ready":
                self._ready(telemetry())
            case "starting":
                self.banner.say(message["text"], stay=True)
            case "engine":
                self._engine(message["state"], message["text"])
            case "audio":
                self._audio(message)
            case "midi":
                self.status.show_ports(message["open"], message["problem"])
                self.dialog.show_midi(message)
            case "clock":
                self.status.show_clock(message["bpm"], message["started"])
            case "devices":
                self.dialog.show_devices(message["audio"], message["midi"])
            case "error":
                self._problem(message["text"])

    def _problem(self, text: str) -> None:
        if self.ready:
            self.banner.say(text, problem=True)
        else:                       # the news of the start would take its place
            self.banner.notify(text)

    def see(self, notes: tuple[int, ...]) -> None:
        """The sounding notes, as the velocity of each MIDI key: a new one that is not held in the window came by MIDI."""
        for note, (before, velocity) in enumerate(zip(self._sounding, notes, strict=False)):
            if velocity and not before and note not in self.note_input.held:
                self.status.midi_seen()
        if any(velocity and not before for before, velocity in zip(self._sounding, notes, strict=False)):
            for listener in self.on_note:
                listener()
        self._sounding = notes

    def _engine(self, state: str, text: str) -> None:
        if state == "restarting":
            self.ready, self._restarted = False, True
            for listener in self.on_lost:
                listener()
            self.note_input.release_all()
            self.banner.say(text, problem=True)
        elif state == "starting" and not self._restarted:
            self.banner.say(text, stay=True)

    def _ready(self, telemetry: Telemetry) -> None:
        self.ready = True
        self.status.begin_counting(telemetry)
        if self._restarted:
            self.session.send_all()
            self.banner.say("The sound is back, with everything as it was.")
        else:
            self.session.send_player_settings()
            self.banner.dismiss(but_problems=True)
        self.settings.settled()
        for listener in self.on_ready:
            listener()

    def _patch(self, patch: Patch) -> None:
        """The engine plays another patch: after a program change, or at the start."""
        if self.ready:
            self.status.midi_seen()
            self.session.patch_from_engine(patch)
        elif not self.session.state.patch.model:
            self.session.begin_with(patch)
        elif not self.given or (patch.name, patch.model) != (self.session.name, self.session.state.patch.model):
            ours = self.session.snapshot().state        # the engine could not play it, or was not asked to
            self.session.patch_from_engine(patch)
            if self.session.state is not ours:
                self.banner.notify(f"“{ours.patch.name}” is one step back: Ctrl+Z.")
        self.given = True

    def _audio(self, message: dict) -> None:
        self.dialog.show_audio(message)
        self.status.show_device(message["device"], message["rate_hz"], message["block_samples"])
        if message["problem"]:
            self.banner.say(f"{message['problem']} Choose a device under Audio · MIDI.", problem=True)
        elif self._silent:
            self.banner.say(f"Playing on {message['device']} again.")
        self._silent = bool(message["problem"])
