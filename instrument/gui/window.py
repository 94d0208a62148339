"""The main window: creates panels and controllers, and connects the player, the session and the engine."""
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QFont, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QLayout, QMainWindow, QScrollArea, QStackedWidget, QWidget

from hummingface.instrument.audio.client import Client
from hummingface.instrument.gui.controllers.channel_display import ChannelDisplay
from hummingface.instrument.gui.controllers.engine_events import EngineNews
from hummingface.instrument.gui.controllers.guidance import Guidance
from hummingface.instrument.gui.controllers.help_menu import HelpMenu
from hummingface.instrument.gui.controllers.late_panels import LatePanels
from hummingface.instrument.gui.controllers.live_display import LiveDisplay
from hummingface.instrument.gui.controllers.map_face import MapFace
from hummingface.instrument.gui.controllers.midi_learn import MidiLearn
from hummingface.instrument.gui.controllers.modulation_display import ModulationDisplay
from hummingface.instrument.gui.controllers.patch_choosing import PatchChoosing
from hummingface.instrument.gui.controllers.qwerty import Qwerty
from hummingface.instrument.gui.controllers.recording_control import RecordingControl
from hummingface.instrument.gui.controllers.settings_control import SettingsControl
from hummingface.instrument.gui.controllers.sounds_from_recordings import SoundsFromRecordings
from hummingface.instrument.gui.controllers.tuning_menu import TuningMenu
from hummingface.instrument.gui.controllers.window_restore import Keeping
from hummingface.instrument.gui.controllers.window_size import WindowSize
from hummingface.instrument.gui.dialogs.settings_dialog import SettingsDialog
from hummingface.instrument.gui.panels.control_panel import ControlPanel
from hummingface.instrument.gui.panels.latent_panel import LatentPanel
from hummingface.instrument.gui.panels.modulation_panel import ModulationPanel
from hummingface.instrument.gui.panels.named_panel import NamedPanel
from hummingface.instrument.gui.panels.output_panel import OutputPanel
from hummingface.instrument.gui.panels.panel import rescale, tool
from hummingface.instrument.gui.panels.patch_bar import PatchBar
from hummingface.instrument.gui.panels.record_bar import RecordBar
from hummingface.instrument.gui.panels.spectrogram_panel import SpectrogramPanel
from hummingface.instrument.gui.panels.status_line import StatusLine
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.channel_levels import ChannelLevels
from hummingface.instrument.gui.widgets.keyboard import Keyboard
from hummingface.instrument.gui.widgets.morph_pad import MorphPanel
from hummingface.instrument.gui.widgets.plain_text import Label
from hummingface.instrument.gui.widgets.shortcut_table import key_of
from hummingface.instrument.gui.widgets.wheels import Wheel
from hummingface.instrument.gui.window_rows import WindowRows
from hummingface.instrument.patches.parameters import LATENT_KNOBS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.session.autosave import Autosave
from hummingface.instrument.session.midi_maps import MidiMaps
from hummingface.instrument.session.note_input import NoteInput
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.settings import Settings
from hummingface.instrument.session.window_state import WindowState

if TYPE_CHECKING:
    from hummingface.instrument.gui.dialogs.export_dialog import ExportDialog
    from hummingface.instrument.gui.dialogs.velocity_dialog import TouchDialog
    from hummingface.instrument.gui.panels.takes_panel import TakesPanel
    from hummingface.instrument.gui.widgets.control import Control

TICK_MS = 16                # 60 frames per second
PLACEHOLDER = Patch("…", "", (0.0,) * LATENT_KNOBS)        # until the engine reports its first patch


class Window(QMainWindow):
    """`client` is the engine's handle, `patch` is the patch that the engine was given (None: it chooses its own, which the window then
    adopts), `settings` is what is kept between starts. `kept` is the restored state of an earlier window, and `autosave` saves this one's.
    """

    def __init__(self, client: Client, patch: Patch | None, settings: Settings, kept: WindowState | None = None,
                 autosave: Autosave | None = None):
        super().__init__()
        self.client, self.settings = client, settings
        self.session = Session(client.send, patch or PLACEHOLDER)
        self.keeping = Keeping(self, kept, autosave)
        self.note_input = NoteInput(client.send)
        self.setWindowTitle("HummingFace")
        self.size_on_screen = WindowSize(self)
        self.setAcceptDrops(True)
        self._first_shown = True
        self._live = LiveDisplay(self)
        self.late = LatePanels(self)
        self.size_on_screen.begin()         # first: everything is made at its scale
        theme.set_scale(self.width(), self.height(), self.devicePixelRatioF())
        self._build()
        self.controls: dict[str, Control] = {**self.latents.knobs, **self.named.knobs, **self.panels.controls, **self.output.controls,
                                             **self.spectrogram.beat_page.controls, **self.modulation.controls,
                                             "morph.amount": self.morph.amount, "likeness.amount": self.morph.likeness}
        self.routes = ModulationDisplay(self, self.session, self.modulation, self.banner, self.controls)
        self.midi_learn.watch(self.controls)
        self.midi_learn.watch_pad(self.morph.pad, self.session)
        self.guidance = Guidance(self)
        self._connect()
        if not self.keeping.restore(patch):
            self.session.begin_with(patch or PLACEHOLDER, settings.controls)
        self.rescale(True)
        self._show_session()
        self.timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self._live.tick)
        self.timer.start()

    # the parts

    def _build(self) -> None:
        self.ground = ground = QWidget()
        ground.setObjectName("ground")
        view = QScrollArea()                # for what is zoomed beyond the window
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setWidgetResizable(True)
        view.setWidget(ground)
        self.setCentralWidget(view)
        self._make_panels()
        self._make_controllers()
        self._rows = WindowRows(self, ground)
        self.status.show_button(self.midi_learn.button)
        self.banner.float_over(self.middle)                 # a spectrogram has nothing to turn or to click
        ground.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        ground.setFocus()

    def _make_panels(self) -> None:
        self.word = Label("HummingFace")
        self.patches = PatchBar(self.session)
        self.settings_button = tool("settings", "Audio and MIDI settings", "Audio and MIDI (Ctrl+,)", text="Audio · MIDI")
        self.recorder = RecordBar()
        self.banner = Banner()
        self.latents = LatentPanel(self.session)
        self.named = NamedPanel(self.session)
        self.morph = MorphPanel(self.session)
        self.spectrogram, self.modulation = SpectrogramPanel(), ModulationPanel(self.session)
        self.middle = QStackedWidget()
        for face in (self.spectrogram, self.modulation):
            self.middle.addWidget(face)
        self.output = OutputPanel()
        self.panels = ControlPanel()
        self.bend = Wheel("Pitch bend", "Bend", springs=True)
        self.wheel = Wheel("Modulation wheel", "Mod", springs=False)
        self.levels = ChannelLevels()
        self.channels = ChannelDisplay(self.bend, self.wheel, self.levels)
        self.keyboard = Keyboard(self.note_input)
        self.status = StatusLine()

    def _make_controllers(self) -> None:
        self.dialog: SettingsDialog = SettingsDialog(self)
        self.settings_control = SettingsControl(self.dialog, self.settings, self.banner, self.client.send)
        self.choosing = PatchChoosing(self, self.session, self.patches, self.morph.pad, self.banner)
        self.browser, self.saver = self.choosing.browser, self.choosing.saver
        self.map = MapFace(self.middle, (self.latents, self.morph, self.named), self.session, self.choosing, self.banner,
                           self.client.telemetry)
        self.news = EngineNews(self.session, self.note_input, self.settings, self.status, self.banner, self.dialog)
        self.news.on_lost.append(self._live.forget_position)
        self.news.on_ready.append(self._send_wheel)
        self.tuning = TuningMenu(self, self.session, self.settings, self.banner, self.client.send, self.settings_control.save)
        self.output.tools.addWidget(self.tuning.button)
        self.spectrogram.refer_to(self.tuning.reference)
        self.recording = RecordingControl(self.recorder, self.banner, self.settings, self.client.send)
        self.recordings: SoundsFromRecordings = SoundsFromRecordings(self, self.session, self.banner, self.client.model_of, self.recall,
                                                                       self.tuning.drop, self.choosing.keep)
        self.help = HelpMenu(self, self.client.send, self.session, self.settings, self.banner, self.client.model_of)
        self.qwerty = Qwerty(self.note_input, self)
        self.midi_learn = MidiLearn(self, MidiMaps(self.settings, self.client.send, self._map_changed), self.banner, self.client.send)

    def _connect(self) -> None:
        for control in self.controls.values():
            control.moved.connect(self.session.set)
            control.gesture_began.connect(self.session.begin)
            control.gesture_ended.connect(self.session.end)
        self.session.on_value.append(lambda i, value: self.controls[i].show_value(value) if i in self.controls else None)
        self.settings_button.clicked.connect(self.open_settings)
        self.patches.export_wanted.connect(lambda: self.exports.open())
        self.recorder.takes_wanted.connect(lambda: self.takes.open())
        self.recording.on_take.append(lambda _path: self.late.show_new_take())
        self.dialog.touch_wanted.connect(lambda: self.touch.open())
        self.bend.turned.connect(self.note_input.bend)
        self.wheel.turned.connect(self.note_input.wheel)
        self.status.panic_wanted.connect(self.panic)
        self.spectrogram.beat_page.tempo_tapped.connect(lambda bpm: self.session.set("master.tempo_bpm", round(bpm, 1)))
        self.qwerty.changed.connect(self._show_keys)
        self.spectrogram.modulation.clicked.connect(self.turn_middle)
        self.modulation.back.clicked.connect(self.turn_middle)
        self.map.on_large.append(self._rows.make_large)
        self.spectrogram.map.clicked.connect(self.map.turn)
        self.map.panel.back.clicked.connect(self.map.turn)
        for shortcut, act in (("settings", self.open_settings), ("modulation", self.turn_middle), ("map", self.map.turn),
                              ("quit", self.close)):
            QShortcut(key_of(shortcut), self).activated.connect(act)
        everywhere = Qt.ShortcutContext.ApplicationShortcut             # also while a panel is in front
        QShortcut(key_of("panic"), self, context=everywhere).activated.connect(self.panic)

    def _show_session(self) -> None:
        for parameter_id, control in self.controls.items():
            control.show_value(self.session[parameter_id])
        self.latents.refresh()
        self.named.refresh()
        self.modulation.refresh()
        self.routes.refresh()
        self.morph.pad._refresh()
        self._show_keys()

    def _show_keys(self) -> None:
        self.keyboard.show_letters(self.qwerty.letters())
        self.status.show_keys(self.qwerty.octave, self.qwerty.velocity)

    # size

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.rescale()

    def rescale(self, always: bool = False) -> None:
        """Follow the window's size and the player's zoom; `always`: also where the scale is the same, as colours may not be."""
        if theme.set_scale(self.width(), self.height(), self.devicePixelRatioF()) or always:
            theme.dress(cast("QApplication", QApplication.instance()))
            self._rows.rescale()
            self.help.rescale()
            self.word.setFont(theme.font("title", QFont.Weight.DemiBold))
            self.word.setStyleSheet(f"font-size: {theme.font_px('title')}px; font-weight: 600;")
            rescale(self)
            self.patches.rescale()
            self.recorder.rescale()
            self.spectrogram.rescale_pages()
            self.status.rescale()
            for layout in self.ground.findChildren(QLayout):
                layout.invalidate()                 # those of hidden pages, too: else the window scrolls for what had another size
            self.ground.updateGeometry()

    @property
    def engine_ready(self) -> bool:
        """Whether the engine plays."""
        return self.news.ready

    def tick(self) -> None:
        """Handle the engine's events, and show what sounds."""
        self._live.tick()

    # what the player wants

    def turn_middle(self) -> None:
        """Turn between the spectrogram and modulation, which share a place."""
        self.middle.setCurrentWidget(self.spectrogram if self.middle.currentWidget() is self.modulation else self.modulation)

    def reveal(self, parameter_id: str) -> None:
        """Bring a control into sight."""
        self.map.make_room()
        self.named.reveal(parameter_id)
        self.panels.reveal(parameter_id)
        if parameter_id in self.spectrogram.beat_page.controls:
            self.middle.setCurrentWidget(self.spectrogram)
            self.spectrogram.beat.setChecked(True)
        if self.modulation.reveal(parameter_id):
            self.middle.setCurrentWidget(self.modulation)

    def panic(self) -> None:
        """Silence everything at once."""
        self.bend.setValue(0)
        self.wheel.setValue(0)
        self.note_input.panic()

    def recall(self, path: str) -> None:
        """Load the sound of a take, and play the take again."""
        self.note_input.release_all()
        self.client.send({"do": "recall", "path": path})

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.recordings.drag_came(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        pad = self.morph.pad
        self.recordings.drop(event.mimeData(), pad.corner_near(pad.mapFrom(self, event.position())))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def open_settings(self) -> None:
        """Open the Audio · MIDI dialog."""
        self.settings_control.open()

    # between starts

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._first_shown:
            self._first_shown = False
            self.size_on_screen.shown()
            self.keeping.reopen()

    def _send_wheel(self) -> None:
        """Send the wheel's position to an engine that does not know it."""
        if self.wheel.value():
            self.wheel.turned.emit(self.wheel.value() / self.wheel.maximum())

    def _map_changed(self) -> None:
        self.midi_learn.show()
        self.settings_control.save()

    @property
    def takes(self) -> "TakesPanel":
        """Made on first use, as the next two."""
        return self.late.takes

    @property
    def exports(self) -> "ExportDialog":
        return self.late.exports

    @property
    def touch(self) -> "TouchDialog":
        return self.late.touch

    def closeEvent(self, event: QCloseEvent) -> None:
        self.timer.stop()
        self.note_input.release_all()
        self.settings_control.keep(self.session)
        self.keeping.close()            # while panels are still open
        self.dialog.hide()
        self.late.hide()
        self.hide()                     # ending the processes may take a moment
        self.recordings.leave()
        self.client.close()
        self.late.close()
        self.recordings.close()
        self.choosing.close()
        self.map.close()
        super().closeEvent(event)

