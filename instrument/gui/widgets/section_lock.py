"""The lock of a section, behind its panel's heading: it shows while the pointer is on the panel, and as long as the section is locked."""
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QToolButton

from hummingface.instrument.gui.panels.panel import Panel
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import set_tip
from hummingface.instrument.session.section_locks import name_of

ICON, ROOM = 12, 16


class SectionLock(QToolButton):
    """`wanted(section, locked)`: the player wants the section of a panel locked, or not. Keys lock it by Ctrl+Shift+L, from within it."""

    wanted = Signal(str, bool)

    def __init__(self, panel: Panel, section: str, keys: str):
        super().__init__(panel)
        self.section, self._panel = section, panel
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setProperty("flat", True)
        self.setStyleSheet("padding: 0; min-height: 0; background: transparent; border: none;")
        self.setAccessibleName(f"Lock the section {name_of(section)}")
        set_tip(self, f"Lock this section ({name_of(section)}) against patches that are loaded, Randomise, Mutate and Reset ({keys})")
        self.clicked.connect(lambda on: self.wanted.emit(section, on))
        panel.installEventFilter(self)
        panel.heading.installEventFilter(self)
        self.show_lock(False)

    def show_lock(self, locked: bool) -> None:
        """Show whether it is locked."""
        self.setChecked(locked)
        self._draw()
        self._show_or_hide()

    def _draw(self) -> None:
        size = theme.px(ICON)
        self.setIcon(theme.icon("lock" if self.isChecked() else "unlock", size, theme.DIM, theme.WARM))
        self.setIconSize(QSize(size, size))

    def _place(self) -> None:
        """Right behind the heading's text, or at the panel's edge where that is too long."""
        heading, room = self._panel.heading, theme.px(ROOM)
        after = heading.x() + heading.sizeHint().width() + theme.px(3)
        self.setGeometry(min(after, self._panel.width() - room), heading.y() + (heading.height() - room) // 2, room, room)
        self._draw()
        self.raise_()

    def _show_or_hide(self, inside: bool = False) -> None:
        self.setVisible(self.isChecked() or inside)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._place()
        elif watched is self._panel and event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self._place()
            self._show_or_hide(isinstance(event, QEnterEvent))
        return False
