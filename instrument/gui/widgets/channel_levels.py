"""Where MIDI has put a channel's volume, expression and pedal: two bars and a lamp beside the wheels. They show, and cannot be moved."""
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.audio.protocol import ChannelShown
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import show_tip, tip

AT_REST = ChannelShown()


class ChannelLevels(QWidget):
    """`show_channel` says what it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("MIDI levels")
        self._shown, self._name, self._silent = AT_REST, "", list[int]()
        self.show_channel(0, AT_REST, [])

    def sizeHint(self) -> QSize:
        return QSize(theme.px(66), theme.px(92))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(60), theme.px(70))

    @property
    def text(self) -> str:
        """What it shows, in words."""
        silent = "".join(f" Channel {channel + 1} is turned down to silence; PANIC or a patch brings it back." for channel in self._silent)
        return (f"{self._name}: volume {self._shown.volume:.0f}, expression {self._shown.expression:.0f}, "
                f"pedal {'down' if self._shown.pedal else 'up'}.{silent}")

    def show_channel(self, channel: int, shown: ChannelShown, silent: list[int]) -> None:
        """Show where a channel (0..15) stands, and which channels cannot be heard for their volume or expression."""
        look = (f"MIDI channel {channel + 1}", shown, silent)
        if look != (self._name, self._shown, self._silent):
            self._name, self._shown, self._silent = look
            self.setAccessibleDescription(self.text)
            self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            show_tip(event.globalPos(), tip("MIDI levels", "", self.text), self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        wide, foot = self.width() / 3, theme.px(15)
        bars = (("Vol", self._shown.volume / AT_REST.volume), ("Exp", self._shown.expression / AT_REST.expression),
                ("Ped", self._shown.pedal))
        for i, (label, level) in enumerate(bars):
            slot = QRectF(i * wide + theme.px(5), 1, wide - theme.px(10), self.height() - foot - theme.px(2))
            painter.setPen(QPen(theme.colour(theme.LINE), 1))
            painter.setBrush(theme.colour(theme.GROUND))
            painter.drawRoundedRect(slot, theme.px(3), theme.px(3))
            inside = slot.adjusted(theme.px(2), theme.px(2), -theme.px(2), -theme.px(2))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(theme.ALARM if self._silent and i < 2 else theme.WARM if label == "Ped" else theme.SOFT))
            painter.drawRoundedRect(inside.adjusted(0, inside.height() * (1 - level), 0, 0), theme.px(2), theme.px(2))
            painter.setPen(theme.colour(theme.ALARM if self._silent and i < 2 else theme.SOFT))
            painter.drawText(QRectF(i * wide, self.height() - foot, wide, foot), Qt.AlignmentFlag.AlignCenter, label)
