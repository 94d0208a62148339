"""A curve above the knobs of a section, drawn from them, with handles that move them."""
from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.session.sound_curves import ShownVoice

HEIGHT, LEAST_HEIGHT = 44, 26
HANDLE, REACH = 3.0, 16         # radius of a handle, and how near the pointer has to be
EDGE = 4                        # left free inside, so that handles at the ends are whole


class SectionCurve(QWidget):
    """`controls` are the section's, by their ids. A drag is one gesture of them, and so one undo step. `handles` says where the handles
    are, `drag` moves what one of them means."""

    def __init__(self, controls: Mapping[str, Control]) -> None:
        super().__init__()
        self.controls = controls
        self.voice: ShownVoice | None = None
        self._look: tuple[int, ...] = ()
        self._held = ""                 # the handle that is dragged
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)       # so that nothing behind it is repainted
        for control in controls.values():
            control.valueChanged.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(80), theme.px(HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(40), theme.px(LEAST_HEIGHT))

    def handles(self) -> dict[str, QPointF]:
        """The handles by name, those that are above others first."""
        raise NotImplementedError

    def drag(self, handle: str, place: QPointF) -> None:
        """A handle is dragged to a place."""
        raise NotImplementedError

    def paint(self, painter: QPainter) -> None:
        """Draw the curve; the handles come on top."""
        raise NotImplementedError

    def show_voice(self, voice: ShownVoice | None) -> None:
        """Show what the newest voice does; None: nothing sounds."""
        if self.isVisible() and (voice is not None or self.voice is not None):
            self.voice = voice
            look = self.look(voice) if voice is not None else ()
            if look != self._look:              # what rests costs nothing
                self._look = look
                self.update()

    def look(self, voice: ShownVoice) -> tuple[int, ...]:
        """What a voice looks like, in half points: the curve is drawn again where this changes."""
        raise NotImplementedError

    def values(self, moved: bool = False) -> dict[str, float]:
        """Of the controls; with what routes move them by, if `moved`."""
        return {name: control.parameter.from_travel(control.parameter.to_travel(control.shown) + control.moved_by)
                if moved and isinstance(control, Knob) and control.spans and control.moved_by is not None else control.shown
                for name, control in self.controls.items()}

    @property
    def area(self) -> QRectF:
        """Where curves are."""
        edge = theme.px(EDGE)
        return QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.colour(theme.PANEL))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.GROUND, 0.6))
        painter.drawRoundedRect(QRectF(self.rect()), theme.px(4), theme.px(4))
        self.paint(painter)
        for name, place in self.handles().items():
            painter.setPen(QPen(theme.colour(theme.GROUND), 1))
            painter.setBrush(theme.colour(theme.WARM if name == self._held else theme.TEXT))
            painter.drawEllipse(place, theme.px(HANDLE), theme.px(HANDLE))

    def draw(self, painter: QPainter, points: list[QPointF], tint: str, alpha: float = 1.0, fills: bool = False) -> None:
        """A line through points, and what is below it."""
        if fills:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(tint, 0.14 * alpha))
            foot = self.area.bottom()
            painter.drawPolygon(QPolygonF([QPointF(points[0].x(), foot), *points, QPointF(points[-1].x(), foot)]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour(tint, alpha), max(1.2, 1.5 * theme.scale)))
        painter.drawPolyline(QPolygonF(points))

    # the player

    def _near(self, place: QPointF) -> str:
        reach = {name: (place - at).manhattanLength() for name, at in self.handles().items()}
        nearest = min(reach, key=lambda name: reach[name])
        return nearest if reach[nearest] <= theme.px(REACH) else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._held = self._near(event.position()) if event.button() == Qt.MouseButton.LeftButton else ""
        if self._held:
            first = next(iter(self.controls.values()))
            first.gesture_began.emit(first.parameter.id)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self.drag(self._held, event.position())
        else:
            self.setCursor(Qt.CursorShape.PointingHandCursor if self._near(event.position()) else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held and event.button() == Qt.MouseButton.LeftButton:
            self._held = ""
            next(iter(self.controls.values())).gesture_ended.emit()
            self.update()

    def move_to(self, name: str, travel: float) -> None:
        """Move one of the controls to a place 0..1 of its travel."""
        control = self.controls[name]
        control.change(control.parameter.from_travel(travel))
