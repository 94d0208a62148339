"""The marks of families: a shape and a colour each, so that eyes which do not tell colours apart tell shapes. Two families that share a
shape are one warm, one cool, and far apart in lightness or hue for all of them."""
import math

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from hummingface.instrument.gui.widgets import theme

POLYGONS = {"square": (4, 45.0), "diamond": (4, 0.0), "up": (3, -90.0), "down": (3, 90.0)}      # corners, degrees of the first
MARKS = {                           # shape, and colour of the theme
    "piano": ("circle", "COOL"), "strings": ("circle", "WARM"), "organ": ("square", "COOL"), "bass": ("square", "WARM"),
    "pipe": ("up", "COOL"), "guitar": ("up", "WARM"), "reed": ("down", "COOL"), "plucked": ("down", "WARM"),
    "mallet": ("diamond", "COOL"), "brass": ("diamond", "WARM"), "ensemble": ("plus", "MOVES"), "synth": ("plus", "WARM")}
OTHER = ("circle", "DIM")


def path_of(shape: str, centre: QPointF, size: float) -> QPainterPath:
    """A shape around a point; all look about as large as a circle of radius `size`."""
    path = QPainterPath()
    if shape == "circle":
        path.addEllipse(centre, size, size)
    elif shape == "plus":
        far, near = size * 1.3, size * 0.5
        corners = [(near, far), (near, near), (far, near), (far, -near), (near, -near), (near, -far)]
        corners += [(-x, -y) for x, y in corners]
        path.addPolygon(QPolygonF([centre + QPointF(x, y) for x, y in corners]))
        path.closeSubpath()
    else:
        count, first = POLYGONS[shape]
        reach = size * (1.2 if count == 4 else 1.35)
        angles = [math.radians(first + 360 / count * i) for i in range(count)]
        path.addPolygon(QPolygonF([centre + QPointF(reach * math.cos(angle), reach * math.sin(angle)) for angle in angles]))
        path.closeSubpath()
    return path


def paint_mark(painter: QPainter, family: str, centre: QPointF, size: float, opacity: float = 1.0, outlined: bool = False) -> None:
    """A family's mark; `outlined`: in a light line, as what is the player's own is."""
    shape, tint = MARKS.get(family, OTHER)
    painter.setBrush(theme.colour(getattr(theme, tint), opacity))
    painter.setPen(QPen(theme.colour(theme.TEXT if outlined else theme.GROUND), theme.scale * (1.6 if outlined else 0.8)))
    painter.drawPath(path_of(shape, centre, size))
