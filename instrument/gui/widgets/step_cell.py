"""One step of the arpeggiator's pattern: a note, an accent, a tie to the note before, or a rest."""
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.patches.parameters import ACCENT, NOTE, REST, TIE, Parameter

HEIGHTS = {NOTE: 0.55, ACCENT: 1.0, TIE: 0.18, REST: 0.0}      # of what is drawn, as shares of the cell
NUMBER = 13                         # height of the number below


class StepCell(Control):
    """A click or Enter goes to the next kind of step, a right click to the one before. `used`: whether the pattern is that long."""

    def __init__(self, parameter: Parameter, number: int):
        super().__init__(parameter, f"Step {number}")
        self.number, self.used = number, True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(26), theme.px(52))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(15), theme.px(24))

    def use(self, used: bool) -> None:
        """Show whether the pattern reaches it."""
        if used != self.used:
            self.used = used
            self.update()

    def hint(self) -> str:
        return "Click for the next kind, right click for the one before"

    def _turn(self, by: int) -> None:
        self.change(self.parameter.lowest + (round(self.shown) + by) % len(self.parameter.choices))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._turn(-1 if event.button() == Qt.MouseButton.RightButton else 1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pass

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.modifiers():
            self._turn(1)
            self.moved_by_key.emit(self.reading())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cell = QRectF(1.5, 1.5, self.width() - 3, self.height() - theme.px(NUMBER) - 3)
        painter.setPen(QPen(theme.colour(theme.TEXT if self.touched() else theme.TRACK), 1))
        painter.setBrush(theme.colour(theme.GROUND))
        painter.drawRoundedRect(cell, theme.px(3), theme.px(3))
        kind = round(self.shown)
        high = (cell.height() - theme.px(4)) * HEIGHTS[kind]
        if high > 0:
            filled = cell.adjusted(theme.px(2), theme.px(2), -theme.px(2), -theme.px(2))
            filled.setTop(filled.bottom() - high)
            if kind == TIE:
                filled.setLeft(0)                       # from the cell before
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(theme.WARM if kind == ACCENT else theme.COOL, 1.0 if self.used else 0.25))
            painter.drawRoundedRect(filled, theme.px(2), theme.px(2))
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        painter.setPen(theme.colour(theme.SOFT if self.used else theme.DIM))
        painter.drawText(QRectF(0, cell.bottom(), self.width(), self.height() - cell.bottom()), Qt.AlignmentFlag.AlignCenter,
                         str(self.number))
