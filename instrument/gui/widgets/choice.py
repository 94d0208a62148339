"""A switch with a few named positions, all of them visible."""
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.patches.parameters import Parameter

LABEL, ROW = 15, 16         # heights of the text below and of one choice


class ChoiceControl(Control):
    """A click or an arrow key picks one of `parameter.choices`; Enter or Space the next."""

    def __init__(self, parameter: Parameter, name: str = "", diameter: int = 38, parent: QWidget | None = None):
        super().__init__(parameter, name, parent)
        self.diameter = diameter
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(56), theme.px(58))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(44), theme.px(48))

    def _places(self) -> list[QRectF]:
        count, label = len(self.parameter.choices), theme.px(LABEL)
        knob = min(self.height() - label - theme.px(4), theme.px(self.diameter))       # the label is where knobs have theirs
        foot = max((self.height() - label - knob - theme.px(2)) / 2, 1) + knob
        high = min(foot - 1, theme.px(ROW * count))
        wide, height, top = min(self.width() - theme.px(4), theme.px(54)), high / count, foot - high
        return [QRectF((self.width() - wide) / 2, top + i * height, wide, height) for i in range(count)]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.modifiers():
            after = round(self.shown - self.parameter.lowest) + 1
            self.change(self.parameter.lowest + after % len(self.parameter.choices))
            self.moved_by_key.emit(self.reading())
        else:
            super().keyPressEvent(event)

    def hint(self) -> str:
        return "Click, arrow keys or Enter"

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.gesture_began.emit(self.parameter.id)
        for index, place in enumerate(self._places()):
            if place.contains(event.position()):
                self.change(self.parameter.lowest + index)
        self.gesture_ended.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pass

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = self._places()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.GROUND))
        painter.drawRoundedRect(places[0].united(places[-1]), theme.px(4), theme.px(4))
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        for index, (place, text) in enumerate(zip(places, self.parameter.choices, strict=True)):
            chosen = index == round(self.shown - self.parameter.lowest)
            if chosen:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour(theme.WARM if not self.at_rest() else theme.CAP))
                painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), theme.px(3), theme.px(3))
            painter.setPen(theme.colour(theme.DIM if not chosen else theme.TEXT if self.at_rest() else theme.GROUND))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
        painter.setPen(theme.colour(theme.TEXT if self.touched() else theme.SOFT))
        painter.drawText(QRectF(0, places[-1].bottom() + theme.px(1), self.width(), theme.px(14)), Qt.AlignmentFlag.AlignCenter,
                         self.parameter.label)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.75), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.px(5), theme.px(5))
