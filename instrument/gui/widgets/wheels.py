"""Pitch bend and modulation wheels beside the keyboard."""
import time

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QHelpEvent, QKeyEvent, QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import show_tip, tip

STEPS = 1000
KEY_STEP = 50
ECHO_S = 0.3                # in which the engine tells of a turn made here
MIDI_STEP = STEPS / 127 / 2


class Wheel(QAbstractSlider):
    """One wheel; `springs` ones return to the middle when released. `turned` carries -1..1 (bend) or 0..1 (modulation)."""

    turned = Signal(float)

    def __init__(self, name: str, label: str, springs: bool):
        super().__init__()
        self.label, self.springs = label, springs
        self.setRange(-STEPS if springs else 0, STEPS)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setAccessibleDescription("Arrow keys turn it; Home releases it.")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._grabbed: QPointF | None = None
        self._shows = False                     # while it goes where MIDI has moved it, which is not to be sent again
        self._turned_at = -ECHO_S               # when the player turned it last
        self._by_midi = False                   # whether it is where MIDI has moved it
        self.valueChanged.connect(self._turned)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(30), theme.px(92))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(28), theme.px(70))

    def _turned(self, value: int) -> None:
        self._by_midi = self._shows
        if not self._shows:
            self._turned_at = time.monotonic()
            self.turned.emit(value / STEPS)
        self.update()

    def show_moved(self, amount: float) -> bool:
        """MIDI has moved it: to -1..1 (bend) or 0..1 (modulation). Nothing is emitted. False, and nothing is done, while the player has it
        in hand, and shortly after, since what the engine tells of that comes late; it comes in MIDI's coarser steps, too."""
        if self._grabbed is not None or time.monotonic() - self._turned_at < ECHO_S:
            return False
        if not amount or abs(amount * STEPS - self.value()) > MIDI_STEP:
            self._shows = True
            self.setValue(round(amount * STEPS))
            self._shows = False
        return True

    def _release(self) -> None:
        self._grabbed = None
        if self.springs:
            self.setValue(0)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grabbed = event.position()
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed is not None:
            way = (self._grabbed.y() - event.position().y()) / self._slot().height()
            self._grabbed = event.position()
            self.setValue(self.value() + round(way * (self.maximum() - self.minimum())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._release()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.springs:            # a mouse wheel has no release, so it would leave a bend behind
            self.setValue(self.value() + round(event.angleDelta().y() / 120 * KEY_STEP))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps: dict[int, int] = {Qt.Key.Key_Up: KEY_STEP, Qt.Key.Key_Right: KEY_STEP, Qt.Key.Key_Down: -KEY_STEP,
                                 Qt.Key.Key_Left: -KEY_STEP, Qt.Key.Key_PageUp: 4 * KEY_STEP, Qt.Key.Key_PageDown: -4 * KEY_STEP}
        step = steps.get(event.key())
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
        elif step:
            self.setValue(self.value() + step)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.setValue(0)
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self.springs and not self._by_midi:
            self.setValue(0)
        super().focusOutEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            show_tip(event.globalPos(), tip(self.accessibleName(), f"{self.value() / STEPS * 100:.0f} %"), self)
            return True
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)

    def _slot(self) -> QRectF:
        return QRectF(theme.px(3), 1, self.width() - theme.px(6), self.height() - theme.px(17))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        slot = self._slot()
        radius = theme.px(5)
        shade = QLinearGradient(slot.topLeft(), slot.bottomLeft())
        for stop, name in ((0, theme.GROUND), (0.5, theme.HOVER), (1, theme.GROUND)):
            shade.setColorAt(stop, theme.colour(name))
        painter.setPen(QPen(theme.colour(theme.LINE), 1))
        painter.setBrush(shade)
        painter.drawRoundedRect(slot, radius, radius)
        travel = (self.value() - self.minimum()) / (self.maximum() - self.minimum())
        thick = theme.px(7)
        y = slot.bottom() - theme.px(4) - thick - travel * (slot.height() - theme.px(8) - thick)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.WARM if self.value() or self._grabbed is not None else theme.SOFT))
        painter.drawRoundedRect(QRectF(slot.left() + theme.px(3), y, slot.width() - theme.px(6), thick), theme.px(3), theme.px(3))
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        painter.setPen(theme.colour(theme.SOFT))
        below = QRectF(0, self.height() - theme.px(15), self.width(), theme.px(15))
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self.label)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.75), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
