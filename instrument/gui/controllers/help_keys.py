"""F1 and Shift+F1: the manual, and a few words, about the control that the pointer is on or that has the focus."""
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QCursor, QShortcut
from PySide6.QtWidgets import QApplication, QWhatsThis, QWidget

from hummingface.instrument.gui.controllers.manual_pages import CONTROLS
from hummingface.instrument.gui.dialogs.settings_dialog import SettingsDialog
from hummingface.instrument.gui.panels.modulation_panel import ModulationPanel
from hummingface.instrument.gui.panels.patch_bar import PatchBar
from hummingface.instrument.gui.panels.patch_browser import PatchBrowser
from hummingface.instrument.gui.panels.record_bar import RecordBar
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.keyboard import Keyboard
from hummingface.instrument.gui.widgets.map_view import MapView
from hummingface.instrument.gui.widgets.morph_pad import MorphPanel
from hummingface.instrument.gui.widgets.plain_text import safe_tip
from hummingface.instrument.gui.widgets.shortcut_table import keys_of
from hummingface.instrument.gui.widgets.wheels import Wheel

if TYPE_CHECKING:
    from hummingface.instrument.gui.controllers.late_panels import LatePanels

PAGES: tuple[tuple[type, str], ...] = (
    (MorphPanel, "sound"), (ModulationPanel, "sound"), (MapView, "exploring"), (PatchBrowser, "exploring"), (PatchBar, "exploring"),
    (RecordBar, "recording"), (Keyboard, "playing"), (Wheel, "playing"), (SettingsDialog, "setup"))


class HelpKeys(QObject):
    """`late` makes the manual when it is first wanted."""

    def __init__(self, window: QWidget, late: "LatePanels"):
        super().__init__(window)
        self._window, self._late = window, late
        for name, act in (("manual", self.open_manual), ("what is this", self.say_what)):
            shortcut = QShortcut(window)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.setKeys(keys_of(name))
            shortcut.activated.connect(act)

    def open_manual(self) -> None:
        """Open the manual, at what is meant."""
        meant = meant_widget()
        self._late.manual.open_at(*place_of(meant) if meant is not None else ())

    def say_what(self) -> None:
        """Say what is meant, beside it."""
        meant = meant_widget()
        if meant is not None and (text := help_of(meant)):
            QWhatsThis.showText(meant.mapToGlobal(QPoint(meant.width() // 2, meant.height())), text, meant)


def meant_widget() -> QWidget | None:
    """The control that the pointer is on; else what has the focus, or the pointer."""
    under, focused = QApplication.widgetAt(QCursor.pos()), QApplication.focusWidget()
    pointed = under if under is not None and under.isActiveWindow() else None
    control = _within(pointed, Control) or _within(focused, Control)
    return control or pointed or focused


def _within(widget: QWidget | None, kind: type) -> QWidget | None:
    """The widget of a kind that a widget is, or lies in."""
    while widget is not None and not isinstance(widget, kind):
        widget = widget.parentWidget()
    return widget


def place_of(widget: QWidget) -> tuple[str, str]:
    """(the manual's page about a widget, the place in it)."""
    control = _within(widget, Control)
    if isinstance(control, Control):
        return CONTROLS, control.parameter.id
    return next((page for kind, page in PAGES if _within(widget, kind)), ""), ""


def help_of(widget: QWidget | None) -> str:
    """What a widget is for, from its tooltip, its description, or those of what it lies in; as a tooltip shows it."""
    while widget is not None:
        if isinstance(widget, Control):
            return widget.tip()
        if text := widget.toolTip() or widget.accessibleDescription():
            return safe_tip(text)
        widget = widget.parentWidget()
    return ""
