"""The legend of the map: each family's mark beside its name, in two rows."""
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.family_mark import MARKS, paint_mark

OWN = "yours"
ROWS, MARK, GAP = 2, 4.0, 9
STRETCHES = (100, 85, 75, 62)           # % of a letter's width: the first with which all names have room
SHORT = 3                               # letters of a name, where none has


class FamilyLegend(QWidget):
    """`show_families` sets what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_families(self, families: set[str], own: bool) -> None:
        """The families of the dots, and whether some are the player's."""
        names = [*(name for name in MARKS if name in families), *(["other"] if families - MARKS.keys() else []), *([OWN] if own else [])]
        if names != self.names:
            self.names = names
            self.setAccessibleName("Families on the map: " + ", ".join(names))
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(300), ROWS * QFontMetrics(theme.font("small")).height())

    def minimumSizeHint(self) -> QSize:
        return QSize(1, self.sizeHint().height())

    def _layout(self) -> tuple[QFont, list[tuple[str, QRectF]]]:
        """(font, names as they are shown and their places): as wide as two rows allow."""
        font = theme.font("small")
        for stretch, most in (*((stretch, 99) for stretch in STRETCHES), (STRETCHES[-1], SHORT)):
            font.setStretch(stretch)
            places = self._places(QFontMetrics(font), [name[:most] for name in self.names])
            if not places or places[-1][1].bottom() <= self.height() + 1:
                break
        return font, places

    def _places(self, metrics: QFontMetrics, names: list[str]) -> list[tuple[str, QRectF]]:
        places, high, x, y = list[tuple[str, QRectF]](), self.height() / ROWS, 0.0, 0.0
        for name in names:
            wide = 3 * self._mark() + metrics.horizontalAdvance(name)
            if places and x + wide > self.width():
                x, y = 0.0, y + high
            places.append((name, QRectF(x, y, wide, high)))
            x += wide + theme.px(GAP)
        return places

    @staticmethod
    def _mark() -> float:
        return MARK * theme.scale

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font, places = self._layout()
        painter.setFont(font)
        mark = self._mark()
        for name, (shown, place) in zip(self.names, places, strict=True):
            paint_mark(painter, name, QPointF(place.left() + mark * 1.4, place.center().y()), mark, outlined=name == OWN)
            painter.setPen(theme.colour(theme.SOFT))
            painter.drawText(place.adjusted(3 * mark, 0, 2, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
