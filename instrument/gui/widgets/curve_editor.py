"""The editor of the velocity curve: points to drag, and incoming velocities as dots on the curve."""
import time
from collections import deque
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import show_tip, tip
from hummingface.instrument.patches.velocity_curve import HIGHEST, LINEAR, LOWEST, CurveError, VelocityCurve

FADE_S, FADE_MS = 1.5, 33       # how long a stroke is seen, and how often it is drawn meanwhile
MOST_STROKES = 64               # that are seen at once
BAR = 4                         # velocities a bar of the histogram
MARKS = (1, 32, 64, 96, 127)
COARSE_STEP = 10
STILL_MS = 500                  # a change by arrow keys is final this long after the last key


class CurveEditor(QWidget):
    """Drag a point; double-click adds one, a right click or Delete removes it.

    Arrow keys move the selected point (by ten with Shift), Ctrl+Left and Ctrl+Right select another, Plus adds one.
    """

    changed = Signal(object)            # the curve, as the player changes it
    gesture_ended = Signal()
    refused = Signal(str)               # why a point cannot be added or removed

    def __init__(self) -> None:
        super().__init__()
        self.curve, self.chosen = LINEAR, 0
        self._drag: VelocityCurve | None = None         # the curve at the drag's beginning: pushed points return with the dragged one
        self._hovered = -1
        self._strokes: deque[tuple[int, float]] = deque(maxlen=MOST_STROKES)
        self._counts = np.zeros(HIGHEST // BAR + 1, int)
        self._fading = QTimer(self, interval=FADE_MS)
        self._fading.timeout.connect(self._fade)
        self._moving = QTimer(self, singleShot=True, interval=STILL_MS)
        self._moving.timeout.connect(self.gesture_ended)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Velocity curve")
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(430), theme.px(300))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(210))

    def show_curve(self, curve: VelocityCurve) -> None:
        """Draw another curve."""
        self.curve, self._drag = curve, None
        self._choose(min(self.chosen, len(curve.points) - 1))

    def show_strokes(self, incoming: Sequence[int]) -> None:
        """Show notes of these velocities, which have just been played."""
        now = time.monotonic()
        self._strokes.extend((velocity, now) for velocity in incoming)
        for velocity in incoming:
            self._counts[velocity // BAR] += 1
        self._fading.start()
        self.update()

    def forget_strokes(self) -> None:
        """Clear the counts."""
        self._strokes.clear()
        self._counts[:] = 0
        self.update()

    def _fade(self) -> None:
        while self._strokes and time.monotonic() - self._strokes[0][1] > FADE_S:
            self._strokes.popleft()
        if not self._strokes:
            self._fading.stop()
        self.update()

    # Where things are

    def _field(self) -> QRectF:
        return QRectF(self.rect()).adjusted(theme.px(42), theme.px(14), -theme.px(16), -theme.px(38))

    def place(self, incoming: float, velocity: float) -> QPointF:
        """The position of a pair of incoming and played velocity."""
        field, span = self._field(), HIGHEST - LOWEST
        across, up = (incoming - LOWEST) / span, (velocity - LOWEST) / span
        return QPointF(field.left() + across * field.width(), field.bottom() - up * field.height())

    def _velocities(self, at: QPointF) -> tuple[int, int]:
        """The incoming and the played velocity at a position, each within 1..127."""
        field, span = self._field(), HIGHEST - LOWEST
        across, up = (at.x() - field.left()) / field.width(), (field.bottom() - at.y()) / field.height()
        return tuple(LOWEST + round(min(max(share, 0.0), 1.0) * span) for share in (across, up))        # type: ignore[return-value]

    def _point_at(self, at: QPointF) -> int:
        """The index of the nearest point within reach, or -1."""
        distances = [(self.place(*point) - at).manhattanLength() for point in self.curve.points]
        nearest = distances.index(min(distances))
        return nearest if distances[nearest] <= theme.px(14) else -1

    # What moves it

    def _choose(self, index: int) -> None:
        self.chosen = index
        self._describe()
        self.update()

    def _describe(self) -> None:
        incoming, played = self.curve.points[self.chosen]
        self.setAccessibleDescription(
            f"Point {self.chosen + 1} of {len(self.curve.points)}: {incoming} is played as {played}. Arrow keys move it, "
            "by ten with Shift; Ctrl with Left or Right chooses another; Plus adds one, Delete removes it.")

    def _set(self, curve: VelocityCurve, chosen: int) -> None:
        moved, self.curve = curve != self.curve, curve
        self._choose(chosen)
        if moved:
            self.changed.emit(curve)

    def _add(self, incoming: int, velocity: int) -> bool:
        try:
            self._set(*self.curve.added(incoming, velocity))
        except CurveError as error:
            self.refused.emit(str(error))
            return False
        return True

    def _remove(self, index: int) -> None:
        try:
            self._set(self.curve.removed(index), index - 1)
        except CurveError as error:
            self.refused.emit(str(error))
        else:
            self.gesture_ended.emit()

    def _add_after_chosen(self) -> None:
        """Add a point in the middle of the piece that begins at the selected one, on the curve."""
        left = min(self.chosen, len(self.curve.points) - 2)
        incoming = (self.curve.points[left][0] + self.curve.points[left + 1][0]) // 2
        if self._add(incoming, self.curve.table[incoming]):
            self.gesture_ended.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._point_at(event.position())
        if index < 0:
            return
        if event.button() == Qt.MouseButton.RightButton:
            self._remove(index)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._drag = self.curve
            self._choose(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._point_at(event.position()) < 0 and self._add(
                *self._velocities(event.position())):
            self._drag = self.curve             # and it can be dragged at once

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._set(self._drag.moved(self.chosen, *self._velocities(event.position())), self.chosen)
        elif (hovered := self._point_at(event.position())) != self._hovered:
            self._hovered = hovered
            self.setCursor(Qt.CursorShape.PointingHandCursor if hovered >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None and event.button() == Qt.MouseButton.LeftButton:
            self._drag = None
            self.gesture_ended.emit()
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = -1
        self.update()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        step = COARSE_STEP if modifiers & Qt.KeyboardModifier.ShiftModifier else 1
        steps: dict[int, tuple[int, int]] = {Qt.Key.Key_Left: (-step, 0), Qt.Key.Key_Right: (step, 0), Qt.Key.Key_Up: (0, step),
                                             Qt.Key.Key_Down: (0, -step)}
        if modifiers & Qt.KeyboardModifier.ControlModifier and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._choose(min(max(self.chosen + (1 if key == Qt.Key.Key_Right else -1), 0), len(self.curve.points) - 1))
        elif modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
        elif key in steps:
            incoming, velocity = self.curve.points[self.chosen]
            self._set(self.curve.moved(self.chosen, incoming + steps[key][0], velocity + steps[key][1]), self.chosen)
            self._moving.start()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Insert):
            self._add_after_chosen()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._remove(self.chosen)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            incoming, _ = self._velocities(QPointF(event.pos()))
            show_tip(event.globalPos(), tip("Velocity curve", f"{incoming} is played as {self.curve.table[incoming]}",
                                            hint="Drag points; double-click adds one, a right click removes it"), self)
            return True
        return super().event(event)

    # The picture

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame, radius = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.px(6)
        painter.setPen(QPen(theme.colour(theme.LINE), 1))
        painter.setBrush(theme.colour(theme.PANEL))
        painter.drawRoundedRect(frame, radius, radius)
        self._paint_axes(painter)
        self._paint_histogram(painter)
        self._paint_curve(painter)
        self._paint_strokes(painter)
        self._paint_points(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.75), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, radius, radius)

    def _paint_axes(self, painter: QPainter) -> None:
        field, line = self._field(), theme.px(14)
        centre = Qt.AlignmentFlag.AlignCenter
        painter.setFont(theme.font("small"))
        for mark in MARKS:
            painter.setPen(QPen(theme.colour(theme.LINE), 1))
            painter.drawLine(self.place(mark, LOWEST), self.place(mark, HIGHEST))
            painter.drawLine(self.place(LOWEST, mark), self.place(HIGHEST, mark))
            painter.setPen(theme.colour(theme.DIM))
            below, beside = self.place(mark, LOWEST), self.place(LOWEST, mark)
            painter.drawText(QRectF(below.x() - 2 * line, below.y() + theme.px(6), 4 * line, line), centre, str(mark))
            painter.drawText(QRectF(beside.x() - 2 * line - theme.px(9), beside.y() - line / 2, 2 * line, line),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(mark))
        painter.setPen(theme.colour(theme.SOFT))
        painter.drawText(QRectF(field.left(), field.bottom() + theme.px(21), field.width(), line), centre, "velocity of the keyboard")
        painter.save()
        painter.translate(theme.px(9), field.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-field.height() / 2, -line / 2, field.height(), line), centre, "played")
        painter.restore()
        painter.setPen(QPen(theme.colour(theme.TRACK), 1, Qt.PenStyle.DashLine))
        painter.drawLine(self.place(LOWEST, LOWEST), self.place(HIGHEST, HIGHEST))

    def _paint_histogram(self, painter: QPainter) -> None:
        field, most = self._field(), max(self._counts.max(), 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.COOL_DEEP))
        for bar, count in enumerate(self._counts):
            if count:
                edges = (self.place(velocity - 0.5, LOWEST).x() for velocity in (bar * BAR, bar * BAR + BAR))
                left, right = (min(max(edge, field.left()), field.right()) for edge in edges)
                high = 0.3 * field.height() * count / most
                painter.drawRect(QRectF(left + 0.5, field.bottom() - high, right - left - 1, high))

    def _paint_curve(self, painter: QPainter) -> None:
        incoming = np.linspace(LOWEST, HIGHEST, 127)
        line = [self.place(x, y) for x, y in zip(incoming, self.curve.at(incoming), strict=True)]
        tint = theme.SOFT if self.curve == LINEAR else theme.WARM
        under = QPainterPath()
        under.addPolygon(QPolygonF([self.place(LOWEST, LOWEST), *line, self.place(HIGHEST, LOWEST)]))
        painter.fillPath(under, theme.colour(tint, 0.07))
        painter.setPen(QPen(theme.colour(tint), theme.px(2)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(line))

    def _paint_strokes(self, painter: QPainter) -> None:
        now, size = time.monotonic(), theme.px(5)
        painter.setPen(Qt.PenStyle.NoPen)
        for incoming, at in self._strokes:
            painter.setBrush(theme.colour(theme.COOL, round(max(1 - (now - at) / FADE_S, 0.0), 2)))
            painter.drawEllipse(self.place(incoming, self.curve.table[incoming]), size, size)

    def _paint_points(self, painter: QPainter) -> None:
        size = theme.px(6)
        for index, point in enumerate(self.curve.points):
            chosen = index == self.chosen and (self.hasFocus() or self._drag is not None)
            painter.setPen(QPen(theme.colour(theme.PANEL), theme.px(2)))
            painter.setBrush(theme.colour(theme.TEXT if chosen or index == self._hovered else theme.WARM))
            painter.drawEllipse(self.place(*point), size, size)
            if chosen:
                painter.setPen(QPen(theme.colour(theme.WARM), theme.px(2)))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(self.place(*point), size * 1.6, size * 1.6)
        shown = self.chosen if self._drag is not None or self._hovered < 0 else self._hovered
        if self._hovered >= 0 or self._drag is not None or self.hasFocus():
            self._paint_reading(painter, *self.curve.points[shown])

    def _paint_reading(self, painter: QPainter, incoming: int, velocity: int) -> None:
        field = self._field().adjusted(theme.px(10), theme.px(6), 0, 0)
        painter.setFont(theme.font("body", QFont.Weight.Medium))
        painter.setPen(theme.colour(theme.TEXT))
        painter.drawText(field, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, f"{incoming} → {velocity}")
