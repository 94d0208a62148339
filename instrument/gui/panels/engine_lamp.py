"""One lamp for how the engine keeps up; a click opens what it is made of: load, late frames, drop-outs."""
from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QToolButton, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import Label, set_tip

WIDEST = "● CPU 188 %"


class EngineSheet(QFrame):
    """Rows of a name, a figure and what it means."""

    def __init__(self, parent: QWidget, rows: Sequence[tuple[Label, str]]) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("panel")
        self.setAccessibleName("How the engine keeps up")
        set_tip(self, "Load, late frames and drop-outs since the engine was ready")
        self._grid = QGridLayout(self)
        self._names: list[Label] = []
        for row, (figure, about) in enumerate(rows):
            set_tip(figure, about)
            what = Label(about)
            what.setObjectName("soft")
            name = Label(figure.accessibleName())
            self._names.append(name)
            for column, label in enumerate((name, figure, what)):
                self._grid.addWidget(label, row, column)

    def open_above(self, place: QPoint) -> None:
        """Open with the lower right corner at a place of the screen."""
        pad = theme.px(12)
        self._grid.setContentsMargins(pad, pad, pad, pad)
        self._grid.setHorizontalSpacing(theme.px(16))
        self.adjustSize()
        self.move(place - QPoint(self.width(), self.height()))
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)


class EngineLamp(QToolButton):
    """`show_state` says what it shows; a click opens the sheet of `rows`: figures, and what each means."""

    def __init__(self, rows: Sequence[tuple[Label, str]]) -> None:
        super().__init__()
        self.setProperty("flat", True)
        self.setProperty("small", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_tip(self, "How the engine keeps up: load, late frames, drop-outs. Click for the figures")
        self.sheet = EngineSheet(self, rows)
        self.clicked.connect(self.open)
        self._look = ("", "SOFT")
        self.show_state("CPU 0 %", "SOFT")

    def show_state(self, text: str, tint: str) -> None:
        """A word or two behind the lamp, and the name of the theme's colour of both; grey is well."""
        if (text, tint) != self._look:
            self._look = (text, tint)
            self.setText(f"● {text}")
            self.setAccessibleName(f"Engine: {text}")
            self._colour()

    def rescale(self) -> None:
        """Apply the current scale."""
        self.setFont(theme.font("label"))
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance(WIDEST) + theme.px(12))
        self._colour()

    def _colour(self) -> None:
        self.setStyleSheet(f"color: {getattr(theme, self._look[1])};")

    def open(self) -> None:
        """Show the figures."""
        self.sheet.open_above(self.mapToGlobal(self.rect().topRight()))
