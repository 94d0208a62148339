"""The menu behind the mark in the window's corner: what whoever looks for a fault asks for."""
from collections.abc import Callable

from PySide6.QtCore import QObject, QSize, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QIcon
from PySide6.QtWidgets import QMenu, QToolButton

from hummingface.instrument.audio.protocol import Message
from hummingface.instrument.gui.panels.panel import tool
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.logs import log_files
from hummingface.instrument.session import diagnostics
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.settings import Settings

MARK = 24
WAIT_MS = 2000                      # for the engine's list of devices; without it the rest is copied
TOLD = ("audio", "midi", "devices")


class HelpMenu(QObject):
    """`send` takes messages for the engine, `hear` those that it tells, `model_of` says which model plays a patch of one."""

    def __init__(self, parent: QObject, send: Callable[[dict], None], session: Session, settings: Settings, banner: Banner,
                 model_of: Callable[[str], str]):
        super().__init__(parent)
        self._send, self._session, self._settings, self._banner, self._model_of = send, session, settings, banner, model_of
        self._told: dict[str, Message] = {}
        self._waiting = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._waiting.timeout.connect(self._copy)
        self.button = tool("", "Help", "Help: the manual, the keys, the tour, zoom and contrast; what a report of a fault should have")
        self.button.setStyleSheet("QToolButton { padding: 0; margin: 0; } QToolButton::menu-indicator { image: none; }")
        self.menu = QMenu(self.button)
        self.menu.addSeparator()                # what is above: `guidance.py`
        self.menu.addAction("Copy diagnostics", self.copy)
        self.menu.addAction("Show log files", self.show_logs)
        self.button.setMenu(self.menu)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def rescale(self) -> None:
        """Take the present scale on."""
        size = QSize(theme.px(MARK), theme.px(MARK))
        self.button.setIcon(QIcon(theme.picture("hummingface", theme.px(MARK), self.button.devicePixelRatioF())))
        self.button.setIconSize(size)
        self.button.setFixedSize(size)

    def hear(self, message: Message) -> None:
        """One message of the engine."""
        if message["tell"] in TOLD:
            self._told[message["tell"]] = message
        if message["tell"] == "devices" and self._waiting.isActive():
            self._waiting.stop()
            self._copy()

    def copy(self) -> None:
        """Put diagnostics on the clipboard, once the engine has listed its devices."""
        self._waiting.start()
        self._send({"do": "list"})

    def _copy(self) -> None:
        playing = diagnostics.Playing(self._session.name, self._model_of(self._session.state.patch.model), self._told)
        QGuiApplication.clipboard().setText(diagnostics.text(self._settings, playing))
        self._banner.say("Diagnostics are on the clipboard. They name files and devices, but nothing that you played.")

    def show_logs(self) -> None:
        """Open their folder in the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_files.folder())))
