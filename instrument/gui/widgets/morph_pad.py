"""The morph pad: a sound in each corner, and a puck whose position sets the weight of each. Beside it how strong it is, and how much of the
patch's recordings sounds."""
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QHelpEvent, QKeyEvent, QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPen, QRadialGradient
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from hummingface.instrument.gui.panels.panel import Panel
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.gui.widgets.plain_text import shortened, show_tip, tip
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.session.session import Session
from hummingface.models.playing.recorded_note import PAD_CORNERS

LONGEST_SHOWN = 60          # characters of the names of recordings
KEY_STEP, FINE_STEP, PAGE_STEP = 0.05, 0.005, 0.25


class MorphPad(QWidget):
    """Drag the puck; a click on a corner's name asks for another sound there.

    Arrow keys move it, Home centres it, 1 to 4 ask for a corner, Enter for the nearest.
    """

    corner_wanted = Signal(int)         # the player wants to choose the sound of this corner
    puck_moved = Signal()               # by the player

    def __init__(self, session: Session):
        super().__init__()
        self.session = session
        self.setObjectName("morph.x morph.y")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Morph pad")
        self._dragging = False
        self._hovered = -1
        session.on_value.append(lambda i, _v: self._refresh() if i.startswith("morph") else None)
        session.on_change.append(self._refresh)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(240), theme.px(150))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(170), theme.px(110))

    @property
    def dragged(self) -> bool:
        """Whether the pointer has the puck."""
        return self._dragging

    def shares(self) -> str:
        """What it stands between, as it is read."""
        return ", ".join(f"{self._label(i)} {share * 100:.0f} %" for i, share in enumerate(self.session.weights()))

    def _refresh(self) -> None:
        self.setAccessibleDescription(f"{self.shares()}. Arrow keys move; 1 to 4 choose the sound of a corner, Enter that of the nearest.")
        self.update()

    def _field(self) -> QRectF:
        edge = theme.px(9)
        return QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)

    def _labels(self) -> list[QRectF]:
        wide, high, inset = self.width() * 0.46, theme.px(20), theme.px(4)
        left, right, top, bottom = inset, self.width() - inset - wide, inset, self.height() - inset - high
        return [QRectF(left, bottom, wide, high), QRectF(right, bottom, wide, high), QRectF(left, top, wide, high),
                QRectF(right, top, wide, high)]

    def _puck(self) -> QPointF:
        field = self._field()
        x, y = self.session["morph.x"], self.session["morph.y"]
        return QPointF(field.left() + x * field.width(), field.bottom() - y * field.height())

    def _corner_at(self, point: QPointF) -> int:
        if (point - self._puck()).manhattanLength() < theme.px(18):
            return -1
        return next((i for i, box in enumerate(self._text_boxes()) if box.contains(point)), -1)

    def corner_near(self, point: QPointF) -> int:
        """The corner whose quarter of the pad a point lies in; -1 outside the pad."""
        if not QRectF(self.rect()).contains(point):
            return -1
        return (point.x() >= self.width() / 2) + 2 * (point.y() < self.height() / 2)

    def _text_boxes(self) -> list[QRectF]:
        metrics = self.fontMetrics()
        boxes = []
        for index, box in enumerate(self._labels()):
            wide = min(metrics.horizontalAdvance(self._label(index)) + theme.px(12), box.width())
            boxes.append(QRectF(box.left() if index % 2 == 0 else box.right() - wide, box.top(), wide, box.height()))
        return boxes

    def _label(self, index: int) -> str:
        return self.session.corners[index].name if self.session.corners else "Choose a sound"

    def move_to(self, x: float, y: float) -> None:
        """The player puts the puck at x, y (0..1); the first touch activates the pad."""
        values = {"morph.x": min(max(x, 0.0), 1.0), "morph.y": min(max(y, 0.0), 1.0)}
        if self.session["morph.amount"] == 0 and self.session.corners:
            values["morph.amount"] = 1.0
        self.session.set_many(values)
        self.puck_moved.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        corner = self._corner_at(event.position())
        if corner >= 0:
            self.corner_wanted.emit(corner)
            return
        self._dragging = True
        self.session.begin()
        self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._drag(event)
        elif (hovered := self._corner_at(event.position())) != self._hovered:
            self._hovered = hovered
            self.setCursor(Qt.CursorShape.PointingHandCursor if hovered >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        if self._dragging:
            self._dragging = False
            self.session.end()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._corner_at(event.position()) < 0:
            self.move_to(0.5, 0.5)

    def _drag(self, event: QMouseEvent) -> None:
        field = self._field()
        here = event.position()
        self.move_to((here.x() - field.left()) / field.width(), (field.bottom() - here.y()) / field.height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = FINE_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else KEY_STEP
        x, y = self.session["morph.x"], self.session["morph.y"]
        moves: dict[int, tuple[float, float]] = {
            Qt.Key.Key_Left: (-step, 0), Qt.Key.Key_Right: (step, 0), Qt.Key.Key_Up: (0, step), Qt.Key.Key_Down: (0, -step),
            Qt.Key.Key_PageUp: (0, PAGE_STEP), Qt.Key.Key_PageDown: (0, -PAGE_STEP)}
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
        elif event.key() in moves:
            self.move_to(x + moves[event.key()][0], y + moves[event.key()][1])
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.move_to(0.5, 0.5)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            weights = self.session.weights()
            self.corner_wanted.emit(weights.index(max(weights)))
        elif event.text() and event.text() in "1234":
            self.corner_wanted.emit(int(event.text()) - 1)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            corner = self._corner_at(QPointF(event.pos()))
            text = (tip(PAD_CORNERS[corner].capitalize(), self._label(corner), "Click for another sound") if corner >= 0 else
                    tip("Morph", self.shares(), "Drag between the corners; double-click centres. Corner names choose sounds."))
            show_tip(event.globalPos(), text, self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        radius = theme.px(6)
        painter.setPen(QPen(theme.colour(theme.LINE), 1))
        painter.setBrush(theme.colour(theme.GROUND))
        painter.drawRoundedRect(frame, radius, radius)
        active = bool(self.session.corners) and self.session["morph.amount"] > 0
        puck, field = self._puck(), self._field()
        painter.setClipRect(frame)
        # each filled corner glows by its weight
        spots = (field.bottomLeft(), field.bottomRight(), field.topLeft(), field.topRight())
        for spot, share in zip(spots, self.session.weights(), strict=True):
            if active:
                glow = QRadialGradient(spot, field.width() * (0.4 + 0.5 * share))
                strength = min(0.8, 1.4 * share) * (0.3 + 0.7 * self.session["morph.amount"])
                for place, part in ((0, 1), (0.25, 0.62), (0.5, 0.28), (0.75, 0.08), (1, 0)):
                    glow.setColorAt(place, theme.colour(theme.COOL, round(strength * part, 2)))
                painter.fillRect(frame, glow)
                thread = QLinearGradient(puck, spot)            # faded out before it reaches the corner's name
                thread.setColorAt(0, theme.colour(theme.COOL, round(0.2 + 0.7 * share, 2)))
                thread.setColorAt(0.72, theme.colour(theme.COOL, 0))
                painter.setPen(QPen(thread, theme.scale * (1 + share)))
                painter.drawLine(puck, spot)
        if self._dragging or self.hasFocus() or not active:     # its position, while it is moved
            painter.setPen(QPen(theme.colour(theme.WARM, 0.35 if active else 0.14), 1))
            painter.drawLine(QPointF(puck.x(), frame.top()), QPointF(puck.x(), frame.bottom()))
            painter.drawLine(QPointF(frame.left(), puck.y()), QPointF(frame.right(), puck.y()))
        painter.setClipping(False)

        painter.setFont(theme.font("label", QFont.Weight.Medium))
        for index, box in enumerate(self._labels()):
            if index == self._hovered:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour(theme.HOVER))
                painter.drawRoundedRect(self._text_boxes()[index], theme.px(4), theme.px(4))
            tint = theme.SOFT if self.session.corners else theme.DIM
            painter.setPen(theme.colour(theme.TEXT if index == self._hovered else tint))
            side = Qt.AlignmentFlag.AlignLeft if index % 2 == 0 else Qt.AlignmentFlag.AlignRight
            inner = box.adjusted(theme.px(6), 0, -theme.px(6), 0)
            text = painter.fontMetrics().elidedText(self._label(index), Qt.TextElideMode.ElideRight, int(inner.width()))
            painter.drawText(inner, side | Qt.AlignmentFlag.AlignVCenter, text)

        size = theme.px(8)
        painter.setPen(QPen(theme.colour(theme.GROUND), theme.px(3)))
        painter.setBrush(theme.colour(theme.WARM if active else theme.DIM))
        painter.drawEllipse(puck, size, size)
        if self._dragging:
            painter.setPen(QPen(theme.colour(theme.WARM, 0.5), theme.px(2)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(puck, size * 1.7, size * 1.7)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.75), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, radius, radius)


class LikenessKnob(Knob):
    """How much of the recordings in the patch sounds. Dimmed if there are none."""

    def __init__(self) -> None:
        super().__init__(PARAMETERS["likeness.amount"], "Likeness", diameter=40)
        self.dimmed, self._recordings = True, ""

    def show_recordings(self, names: Sequence[str]) -> None:
        """Show whose sound it is."""
        shown = ", ".join(names)
        if (self.dimmed, self._recordings) != (not names, shown):
            self.dimmed, self._recordings = not names, shown
            self.update()

    def hint(self) -> str:
        return super().hint() + (" · No recording is in this sound: drop one on the window." if self.dimmed else
                                 f" · Of {shortened(self._recordings, LONGEST_SHOWN)}.")


class MorphPanel(Panel):
    """The pad, the control of its strength, and that of likeness."""

    def __init__(self, session: Session):
        super().__init__("Morph")
        self.pad = MorphPad(session)
        self.amount = Knob(PARAMETERS["morph.amount"], "Morph amount", "Amount", diameter=44, always_value=True)
        self.likeness = LikenessKnob()
        row, knobs = QHBoxLayout(), QVBoxLayout()
        row.addWidget(self.pad, 1)
        knobs.setSpacing(0)
        for knob in (self.amount, self.likeness):
            knobs.addWidget(knob, 1)
            knob.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        row.addLayout(knobs)
        session.on_change.append(lambda: self.likeness.show_recordings([one.name for one in session.state.patch.recordings]))
        self.body.addLayout(row, 1)
