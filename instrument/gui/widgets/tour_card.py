"""The card of the tour, which floats over a panel that the tour does not need, and the frame around what it speaks of."""
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.plain_text import Label

EDGE = 3                        # of the frame, around what it surrounds


class Spotlight(QWidget):
    """A frame around a widget, which takes no events."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour(theme.WARM), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.px(7), theme.px(7))


class TourCard(QFrame):
    """`show_step` shows what there is to do; `passed` and `left` are the player's buttons. It lies on `ground`, over the first of
    `places` in sight."""

    passed = Signal()
    left = Signal()

    def __init__(self, ground: QWidget, places: tuple[QWidget, ...]):
        super().__init__(ground)
        self.setObjectName("tour")
        self.setAccessibleName("Tour")
        self._ground, self._places = ground, places
        self._target: QWidget | None = None
        self.spotlight = Spotlight(ground)
        self.heading, self.text = Label(), Label(wraps=True)
        self.heading.setObjectName("heading")
        self.next = push_button("Pass", self.passed.emit, "Go on without doing it")
        self.end = push_button("Leave", self.left.emit, "Leave the tour; the menu behind the mark at the top left has it again")
        buttons, self._column = QHBoxLayout(), QVBoxLayout(self)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        buttons.addStretch(1)
        buttons.addWidget(self.next)
        buttons.addWidget(self.end)
        self._column.addWidget(self.heading)
        self._column.addWidget(self.text, 1)
        self._column.addLayout(buttons)
        for widget in (*places, ground):
            widget.installEventFilter(self)
        self.hide()

    def show_step(self, heading: str, text: str, target: QWidget | None, last: bool = False) -> None:
        """Show a step, with the frame around `target`; the `last` one is only to be closed."""
        self.heading.setText(heading)
        self.text.setText(text)
        self.setAccessibleDescription(text)
        self.next.setVisible(not last)
        self.end.setText("Close" if last else "Leave")
        self.setStyleSheet(f"#tour {{ background: {theme.RAISED}; border: 2px solid {theme.WARM}; border-radius: {theme.px(7)}px; }}")
        self._column.setContentsMargins(*(theme.px(side) for side in (12, 8, 12, 8)))
        self._column.setSpacing(theme.px(4))
        if self._target is not None:
            self._target.removeEventFilter(self)
        self._target = target
        if target is not None:
            target.installEventFilter(self)
        self.show()
        self.place()

    def leave(self) -> None:
        """The tour is over."""
        self.hide()
        self.spotlight.hide()

    def place(self) -> None:
        """Lie where there is room, and frame what is spoken of."""
        if self.isHidden():
            return
        over = next((place for place in self._places if place.isVisible()), self._places[0])
        self.setGeometry(over.geometry())
        self.raise_()
        target = self._target
        self.spotlight.setVisible(target is not None and target.isVisible())
        if target is not None and target.isVisible():
            edge = theme.px(EDGE)
            self.spotlight.setGeometry(QRect(target.mapTo(self._ground, QPoint()), target.size()).adjusted(-edge, -edge, edge, edge))
            self.spotlight.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide):
            self.place()
        return False
