"""The legend of the map: each family's mark beside its name, in as many rows as it takes."""
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.family_mark import MARKS, paint_mark

OWN = "yours"
ROW, MARK, GAP = 14, 4.0, 10


class FamilyLegend(QWidget):
    """`show_families` sets what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_families(self, families: set[str], own: bool) -> None:
        """The families of the dots, and whether some are the player's."""
        names = [*(name for name in MARKS if name in families), *(["other"] if families - MARKS.keys() else []), *([OWN] if own else [])]
        if names != self.names:
            self.names = names
            self.setAccessibleName("Families on the map: " + ", ".join(names))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(300), self.heightForWidth(max(self.width(), theme.px(200))))

    def minimumSizeHint(self) -> QSize:
        return QSize(1, self.heightForWidth(max(self.width(), theme.px(200))))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        return (int(places[-1].bottom()) + 1) if places else 0

    def _places(self, width: float) -> list[QRectF]:
        metrics, places = QFontMetrics(theme.font("small")), list[QRectF]()
        high = max(theme.px(ROW), metrics.height())
        x = y = 0.0
        for name in self.names:
            wide = 3 * self._mark() + metrics.horizontalAdvance(name)
            if places and x + wide > width:
                x, y = 0.0, y + high
            places.append(QRectF(x, y, wide, high))
            x += wide + theme.px(GAP)
        return places

    @staticmethod
    def _mark() -> float:
        return max(MARK * theme.scale, 3.0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("small"))
        mark = self._mark()
        for name, place in zip(self.names, self._places(self.width()), strict=True):
            paint_mark(painter, name, QPointF(place.left() + mark * 1.3, place.center().y()), mark, outlined=name == OWN)
            painter.setPen(theme.colour(theme.SOFT))
            painter.drawText(place.adjusted(3 * mark, 0, 1, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
