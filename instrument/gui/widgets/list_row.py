"""A row of a list that reacts to the pointer, with a name at the left and a secondary text at the right."""
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from hummingface.instrument.gui.widgets import theme


def paint_surface(painter: QPainter, option: QStyleOptionViewItem) -> bool:
    """The row's ground; returns whether the row is selected."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    if selected or option.state & QStyle.StateFlag.State_MouseOver:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.HOVER if selected else theme.RAISED))
        painter.drawRoundedRect(option.rect, theme.px(4), theme.px(4))
    return selected


def paint_texts(painter: QPainter, place: QRect, name: str, aside: str, playing: bool, soft: bool, room: int = 0) -> None:
    """`name`, shortened in its middle to `room` pixels if that is given, warm while it plays; `aside` at the right, brighter if `soft`."""
    middle = Qt.AlignmentFlag.AlignVCenter
    painter.setFont(theme.font("body", QFont.Weight.Medium))
    painter.setPen(theme.colour(theme.WARM if playing else theme.TEXT))
    if room:
        name = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room)
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | middle, name)
    painter.setFont(theme.font("label"))
    painter.setPen(theme.colour(theme.SOFT if soft else theme.DIM))
    painter.drawText(place, Qt.AlignmentFlag.AlignRight | middle, aside)
