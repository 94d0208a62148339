"""The picture of the map of sounds: a dot for each, alike ones beside each other. What hands do to it: `map_widget.py`."""
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.family_mark import paint_mark
from hummingface.instrument.patches.sound_map import MAP_WIDTH
from hummingface.instrument.session.map_dots import MapDot

DOT, DOT_OF_HEIGHT = 4.3, 0.019         # radius of a dot; beside the map's height
REACH, EDGE = 11, 12                    # how near the pointer must be, the border
ASIDE = 0.38                            # opacity of the sounds of other models: no way leads through them
SIDEWAYS = 2.0                          # what lies aside of a direction is so much farther
LONGEST_WAY = 400                       # points of the way that are drawn
EMPTY = "Reading the sounds …"


class MapView(QWidget):
    """`show_dots` sets what there is, `show_playing` which of it plays, `show_way` where the sound has travelled."""

    def __init__(self) -> None:
        super().__init__()
        self.dots: Sequence[MapDot] = ()
        self.pointed: MapDot | None = None      # the dot that the keys or the pointer are on
        self.puck: tuple[float, float] | None = None
        self._places = np.zeros((0, 2))
        self._name, self._model = "", ""
        self._near: list[tuple[tuple[float, float], float]] = []
        self._way: list[tuple[float, float]] = []
        self._travelling = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Map of sounds")
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(480), theme.px(140))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(200), theme.px(60))

    # what is shown

    def show_dots(self, dots: Sequence[MapDot]) -> None:
        """The sounds that there are."""
        here = self.pointed.entry if self.pointed else None
        self.dots, self._places = dots, np.array([dot.at for dot in dots]).reshape(-1, 2)
        self.pointed = next((dot for dot in dots if dot.entry == here), None)
        self._describe()
        self.update()

    def show_playing(self, name: str, model: str) -> None:
        """The patch that plays, and its model."""
        if (name, model) != (self._name, self._model):
            self._name, self._model = name, model
            self._describe()
            self.update()

    def show_way(self, point: tuple[float, float] | None, near: Sequence[tuple[tuple[float, float], float]] = ()) -> None:
        """Where the sound has travelled, and (place, share) of what it is made of; None: it is no blend any more."""
        self.puck, self._near = point, list(near)
        if point is None:
            self._way = []
        elif not self._way or self._way[-1] != point:
            self._way = [*self._way[1 - LONGEST_WAY:], point]
        self.update()

    @property
    def playing(self) -> MapDot | None:
        """The dot of the patch that plays; the player's, where a factory patch has the same name."""
        same = [dot for dot in self.dots if dot.entry.name == self._name and dot.entry.model == self._model]
        return max(same, key=lambda dot: (dot.own, not dot.entry.preset), default=None)

    def _describe(self) -> None:
        at = f"{self.pointed.what}. " if self.pointed else ""
        self.setAccessibleDescription(f"{at}{len(self.dots)} sounds. Arrows go to the nearest sound in their direction, Enter loads it, "
                                      "Space plays it, Shift and arrows travel.")

    # places

    def _field(self) -> QRectF:
        edge = theme.px(EDGE)
        return QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)

    def pixel_of(self, at: tuple[float, float]) -> QPointF:
        """The point of the widget for a place of the map."""
        field = self._field()
        return QPointF(field.left() + at[0] / MAP_WIDTH * field.width(), field.bottom() - at[1] * field.height())

    def place_of(self, point: QPointF) -> tuple[float, float]:
        """The place of the map for a point of the widget."""
        field = self._field()
        x, y = (point.x() - field.left()) / max(field.width(), 1), (field.bottom() - point.y()) / max(field.height(), 1)
        return min(max(x, 0.0), 1.0) * MAP_WIDTH, min(max(y, 0.0), 1.0)

    def dot_at(self, point: QPointF) -> MapDot | None:
        """The dot that is nearest to a point of the widget, within reach."""
        if not self.dots:
            return None
        field = self._field()
        x = field.left() + self._places[:, 0] / MAP_WIDTH * field.width() - point.x()
        y = field.bottom() - self._places[:, 1] * field.height() - point.y()
        far = np.hypot(x, y)
        nearest = int(far.argmin())
        return self.dots[nearest] if far[nearest] <= max(theme.px(REACH), 6) else None

    def _neighbour(self, x: int, y: int) -> MapDot | None:
        """The nearest dot in a direction of the cursor's, or of what plays."""
        start = self.pointed or self.playing
        if not self.dots or start is None:
            return self.dots[0] if self.dots else None
        away = self._places - start.at
        along, aside = away @ (x, y), np.abs(away @ (y, x))
        far = np.where((along > 1e-6) & (along >= aside / SIDEWAYS), along + SIDEWAYS * aside, np.inf)
        return self.dots[int(far.argmin())] if np.isfinite(far).any() else None

    def _size(self) -> float:
        """The radius of a dot: smaller where there is little room."""
        return min(max(self._field().height() * DOT_OF_HEIGHT, 0.6 * DOT * theme.scale), 1.4 * DOT * theme.scale)

    # the picture

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame, radius = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.px(6)
        painter.setPen(QPen(theme.colour(theme.TEXT, 0.75) if self.hasFocus() else theme.colour(theme.LINE), 1))
        painter.setBrush(theme.colour(theme.GROUND))
        painter.drawRoundedRect(frame, radius, radius)
        if not self.dots:
            painter.setFont(theme.font("label"))
            painter.setPen(theme.colour(theme.DIM))
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, EMPTY)
            return
        self._paint_way(painter)
        size = self._size()
        for mine in (False, True):                          # in front: those that ways lead through
            for dot in self.dots:
                if (dot.entry.model == self._model) is mine:
                    paint_mark(painter, dot.family, self.pixel_of(dot.at), size if mine else 0.8 * size, 1.0 if mine else ASIDE, dot.own)
        playing = self.playing
        if playing is not None and self.puck is None:
            self._ring(painter, playing, theme.WARM, size * 2.1)
        if self.pointed is not None:
            self._ring(painter, self.pointed, theme.TEXT, size * 1.9)
        self._paint_puck(painter)
        for dot in filter(None, dict.fromkeys((playing if self.puck is None else None, self.pointed))):
            self._name_beside(painter, dot)

    def _paint_way(self, painter: QPainter) -> None:
        if len(self._way) > 1:
            painter.setPen(QPen(theme.colour(theme.WARM, 0.35), theme.px(2)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF([self.pixel_of(point) for point in self._way]))
        if self.puck is not None:
            for place, share in self._near:
                painter.setPen(QPen(theme.colour(theme.COOL, round(0.15 + 0.8 * share, 2)), theme.scale * (1 + 2 * share)))
                painter.drawLine(self.pixel_of(self.puck), self.pixel_of(place))

    def _paint_puck(self, painter: QPainter) -> None:
        if self.puck is None:
            return
        point, size = self.pixel_of(self.puck), theme.px(7)
        painter.setPen(QPen(theme.colour(theme.GROUND), theme.px(3)))
        painter.setBrush(theme.colour(theme.WARM))
        painter.drawEllipse(point, size, size)
        if self._travelling:
            painter.setPen(QPen(theme.colour(theme.WARM, 0.5), theme.px(2)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(point, size * 1.7, size * 1.7)

    def _ring(self, painter: QPainter, dot: MapDot, tint: str, size: float) -> None:
        painter.setPen(QPen(theme.colour(tint), max(theme.scale * 1.6, 1)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(self.pixel_of(dot.at), size, size)

    def _name_beside(self, painter: QPainter, dot: MapDot) -> None:
        painter.setFont(theme.font("label", QFont.Weight.Medium))
        text = painter.fontMetrics().elidedText(dot.entry.name, Qt.TextElideMode.ElideRight, self.width() // 2)
        wide, high = painter.fontMetrics().horizontalAdvance(text) + theme.px(10), painter.fontMetrics().height() + theme.px(2)
        point, away = self.pixel_of(dot.at), theme.px(11)
        left = point.x() + away if point.x() + away + wide < self.width() else point.x() - away - wide
        top = min(max(point.y() - high / 2, 1), self.height() - high - 1)
        box = QRectF(left, top, wide, high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.PANEL, 0.9))
        painter.drawRoundedRect(box, theme.px(4), theme.px(4))
        painter.setPen(theme.colour(theme.TEXT if dot is self.pointed else theme.WARM))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
