"""The knob: an arc from its default to its value, a cap with a pointer, its label, and its value while it is touched.

Grey: at its default. Warm: moved. A cool mark shows the effective value where something else (the morph pad)
moves it away from the knob. A violet ring shows how far each modulation route moves it, a violet mark where it stands now; a source that
is dropped on it makes a route, a click on its ring asks to edit them.
"""
from math import cos, hypot, pi, sin

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFont,
    QFontMetrics,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.source_chip import source_in
from hummingface.instrument.patches.parameters import Parameter
from hummingface.instrument.patches.routes import can_be_moved

START_DEG, SPAN_DEG = 225.0, 270.0
NARROWEST = 75              # percent of a font's own width, down to which a text is squeezed before it is shortened
GAP, APART = 5, 4           # between a label and its value, and at least between two labels
SQUEEZED = 0.85             # of the width of a label, for which there is room beside the others in any window,
LONGEST = 72                # up to this width: a model may name a knob as it likes
CLICK_POINTS = 3            # that the mouse may move in a click
RING_FROM = 0.72            # of the radius: what is clicked beyond is the ring
MARK_STEP = 0.004           # of the travel, less than which is not redrawn


class Knob(Control):
    """The knob of one control; `always_value` shows the value beside the label at all times, `diameter` is that of the arc."""

    source_dropped = Signal(str, str)       # a source of modulation, the control's id
    ring_clicked = Signal(str)              # the control's id

    def __init__(self, parameter: Parameter, name: str = "", label: str = "", diameter: int = 38, always_value: bool = False):
        super().__init__(parameter, name)
        self.label = label or parameter.label
        self.diameter = diameter
        self.always_value = always_value
        self.word: str | None = None    # what it does, below its label where there is room, else beside it until it is touched
        self.model_value: float | None = None
        self.dimmed = False
        self.spans: tuple[tuple[float, float], ...] = ()        # of its routes: how far each moves it, down and up, in travels
        self.moved_by: float | None = None                      # by all of them now, in travels; None: nothing sounds
        self._aimed = False                                     # a source is held over it
        self._pressed: QPointF | None = None                    # where its ring was pressed
        self.setAcceptDrops(can_be_moved(parameter.id))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)      # so that nothing behind it is repainted

    def sizeHint(self) -> QSize:
        return QSize(theme.px(self.diameter + 18), theme.px(self.diameter + 20))

    def minimumSizeHint(self) -> QSize:
        measure = QFontMetrics(theme.font("small", QFont.Weight.Medium)).horizontalAdvance
        if self.always_value:
            ends = (self._as_text(self.parameter.lowest), self._as_text(self.parameter.highest))
            text = measure(self.label) + theme.px(GAP) + max(map(measure, ends))
        else:
            text = round(min(measure(self.label), theme.px(LONGEST)) * SQUEEZED)
        return QSize(max(theme.px(36), text + theme.px(APART)), theme.px(self.diameter * 0.75 + 17))

    def show_model(self, value: float | None) -> None:
        """Mark the effective value where it differs from the knob; None removes the mark."""
        if value is not None and abs(value - self.shown) < 0.005:
            value = None
        if value != self.model_value:
            self.model_value = value
            self.update()

    # modulation

    def show_routes(self, spans: tuple[tuple[float, float], ...]) -> None:
        """Show how far each of its routes moves it."""
        if spans != self.spans:
            self.spans = spans
            self.update()

    def show_moved(self, travel: float | None) -> None:
        """Show by how much routes move it now."""
        was = self.moved_by
        if travel is None or was is None or abs(travel - was) > MARK_STEP:
            self.moved_by = travel
            if travel != was:
                self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._aim(event, source_in(event.mimeData()) is not None)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._aimed = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        if (source := source_in(event.mimeData())) is not None:
            self._aim(event, True)
            self._aimed = False
            self.source_dropped.emit(source, self.parameter.id)

    def _aim(self, event: QDropEvent, wanted: bool) -> None:
        self._aimed = wanted
        event.setAccepted(wanted)               # else it goes on to the window, which takes recordings
        self.update()

    def _on_ring(self, place: QPointF) -> bool:
        centre, radius, _ = self._geometry()
        return bool(self.spans) and RING_FROM * radius < hypot(place.x() - centre.x(), place.y() - centre.y()) < radius + theme.px(3)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position() if event.button() == Qt.MouseButton.LeftButton and self._on_ring(event.position()) else None
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, None
        if pressed is not None and (event.position() - pressed).manhattanLength() <= theme.px(CLICK_POINTS):
            self.ring_clicked.emit(self.parameter.id)

    def _paint_rings(self, painter: QPainter, centre: QPointF, outer: float, travel: float) -> None:
        """One ring over another, each thinner: how far its routes move it, and where it stands."""
        width = max(1.6, outer * 0.075)
        for number, (down, up) in enumerate(self.spans[:3]):
            radius = outer - width / 2 - number * width * 1.25
            self._arc(painter, centre, radius, min(max(travel + down, 0), 1), min(max(travel + up, 0), 1),
                      theme.colour(theme.MOVES, 1 - 0.2 * number), width)
        if self.spans and self.moved_by is not None:
            painter.setPen(QPen(theme.colour(theme.PANEL), width * 0.6))
            painter.setBrush(theme.colour(theme.MOVES))
            painter.drawEllipse(self._at(centre, outer - width, min(max(travel + self.moved_by, 0), 1)), width * 1.5, width * 1.5)
        if self._aimed:
            painter.setPen(QPen(theme.colour(theme.MOVES), width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, outer + width, outer + width)

    def hint(self) -> str:
        return super().hint() + (" · a click on the ring edits what moves it" if self.spans else "")

    def _geometry(self) -> tuple[QPointF, float, float]:
        """Centre and radius of the arc, and the top of the text below."""
        lines = theme.px(15) * (2 if self._word_has_a_line() else 1)
        radius = min(self.width() - theme.px(6), self.height() - lines - theme.px(4), theme.px(self.diameter)) / 2
        spare = self.height() - lines - 2 * radius - theme.px(2)
        centre = QPointF(self.width() / 2, max(spare / 2, 1) + radius)
        return centre, radius, centre.y() + radius + theme.px(1)

    def _word_has_a_line(self) -> bool:
        return self.word is not None and self.height() >= theme.px(self.diameter * 0.8 + 34)

    @staticmethod
    def _at(centre: QPointF, radius: float, travel: float) -> QPointF:
        angle = (START_DEG - SPAN_DEG * travel) * pi / 180
        return QPointF(centre.x() + radius * cos(angle), centre.y() - radius * sin(angle))

    @staticmethod
    def _arc(painter: QPainter, centre: QPointF, radius: float, start: float, end: float, tint: QColor, width: float) -> None:
        painter.setPen(QPen(tint, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        rect = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
        painter.drawArc(rect, round((START_DEG - SPAN_DEG * start) * 16), round(-SPAN_DEG * (end - start) * 16))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(theme.PANEL))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre, outer, text_top = self._geometry()
        width = max(2.0, outer * 0.13)
        radius = outer - width / 2
        travel = self.parameter.to_travel(self.shown)
        origin = self.parameter.to_travel(0) if self.parameter.lowest < 0 < self.parameter.highest else 0.0
        warm = not self.at_rest()
        tint = theme.colour(theme.WARM if warm else theme.DIM, 0.45 if self.dimmed else 1.0)

        self._arc(painter, centre, radius, 0, 1, theme.colour(theme.TRACK), width)
        if abs(travel - origin) > 0.002:
            self._arc(painter, centre, radius, min(origin, travel), max(origin, travel), tint, width)
        if self.model_value is not None:
            model = self.parameter.to_travel(self.model_value)
            painter.setPen(QPen(theme.colour(theme.PANEL), width * 0.5))
            painter.setBrush(theme.colour(theme.COOL))
            painter.drawEllipse(self._at(centre, radius, model), width * 0.95, width * 0.95)

        self._paint_rings(painter, centre, outer, travel)
        cap = radius - width * 1.35
        shade = QLinearGradient(centre.x(), centre.y() - cap, centre.x(), centre.y() + cap)
        touched = self.touched()
        shade.setColorAt(0, theme.colour(theme.CAP_TOUCHED if touched else theme.CAP))
        shade.setColorAt(1, theme.colour(theme.HOVER if touched else theme.RAISED))
        painter.setPen(QPen(theme.colour(theme.SHADOW, 0.55), max(1.0, width * 0.3)))
        painter.setBrush(shade)
        painter.drawEllipse(centre, cap, cap)
        painter.setPen(QPen(theme.colour(theme.WARM if warm and not self.dimmed else theme.TEXT), max(1.6, width * 0.62),
                            Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(self._at(centre, cap * 0.36, travel), self._at(centre, cap * 0.86, travel))

        line = theme.px(14)
        box = QRectF(0, text_top, self.width(), line)
        if self.always_value and self.word and not touched and not self._word_has_a_line():
            self._text(painter, box, f"{self.label} {self.word}", theme.SOFT)
        elif self.always_value:
            self._label_and_value(painter, box, theme.TEXT if touched or warm else theme.SOFT)
        else:
            self._text(painter, box, self.reading() if touched else self.label, theme.TEXT if touched else theme.SOFT)
        if self._word_has_a_line():
            self._text(painter, box.translated(0, line), self.word or "", theme.SOFT)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.75), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.px(5), theme.px(5))

    def _label_and_value(self, painter: QPainter, box: QRectF, tint: str) -> None:
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        measure = painter.fontMetrics().horizontalAdvance
        gap = theme.px(GAP)
        label, value = measure(self.label), measure(self.reading())
        left = box.center().x() - (label + gap + value) / 2
        painter.setPen(theme.colour(theme.DIM))
        painter.drawText(QRectF(left, box.top(), label + 1, box.height()), Qt.AlignmentFlag.AlignVCenter, self.label)
        painter.setPen(theme.colour(tint))
        place = QRectF(left + label + gap, box.top(), value + 1, box.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self.reading())

    def _text(self, painter: QPainter, box: QRectF, text: str, tint: str) -> None:
        made = theme.font("small", QFont.Weight.Medium)
        painter.setFont(made)
        wide, room = painter.fontMetrics().horizontalAdvance(text), round(box.width()) - theme.px(APART)
        if wide > room:                 # better a little narrower than cut off
            made.setStretch(max(NARROWEST, int(100 * room / wide)))
            painter.setFont(made)
            text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, round(box.width()))
        painter.setPen(theme.colour(tint))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
