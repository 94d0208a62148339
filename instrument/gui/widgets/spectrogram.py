"""The live spectrogram: the last ten seconds of sound; of a part of the frequencies, and for another time, where the player zooms.

One column of the picture is one column of device pixels, so nothing is scaled: colours are looked up when a column arrives and
written into a ring of twice the width (each column twice), whose visible part is always contiguous memory. A
repaint is one plain copy. While a part of the frequencies is in sight, levels of all of them are kept beside it, so that what comes into
sight has a past.
"""
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QActionGroup,
    QContextMenuEvent,
    QFont,
    QImage,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.note_names import note_name
from hummingface.instrument.gui.widgets.plain_text import set_tip, tip
from hummingface.instrument.gui.widgets.scrolling import Roll
from hummingface.instrument.gui.widgets.spectrogram_range import ShownRange, redrawn
from hummingface.instrument.offline.spectra import PALETTE, PALETTES, LogSpectrum, level_db, palette
from hummingface.instrument.offline.tuner import EQUAL, Reference

if TYPE_CHECKING:
    from collections.abc import Callable

MARKS_WIDTH = 34
CLOSER = 1.25               # for a notch of the wheel, and for + and -
PAN_OCTAVES = 0.25          # for an arrow
WHOLE = ShownRange()
HINT = "Click: freeze · wheel: frequencies, with Ctrl or Shift time · double click: all · right click: colours"


def colour_table(name: str = "Teal") -> np.ndarray:
    """uint32 [256]: a palette as QImage's Format_RGB32."""
    red, green, blue = palette(name).astype(np.uint32).T
    return 0xFF000000 | (red << 16) | (green << 8) | blue


class Spectrogram(QWidget):
    """`feed` takes the newest samples; a click or Space freezes, the wheel zooms, the pointer reads against `reference`."""

    frozen_changed = Signal(bool)

    def __init__(self, rate_hz: int = 48_000):
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Spectrogram")
        self.setAccessibleDescription("What sounds, the newest at the right. Space freezes, plus and minus zoom, Home shows all.")
        set_tip(self, tip("Spectrogram", "", HINT))
        self.reference: Callable[[], Reference] = lambda: EQUAL
        self.palette_name = next(iter(PALETTES))
        self.range = WHOLE
        self.rate_hz = rate_hz
        self.frozen = False
        self.columns_made = 0
        self.paints = 0
        self._table = colour_table(self.palette_name)
        self._roll = Roll()
        self._pointer: QPointF | None = None
        self._due = 0.0             # samples until the next column's window begins
        self._samples = np.zeros((0, 2), np.float32)
        self._quiet_columns = 0
        self._make(1, 1, WHOLE)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(800), theme.px(160))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(90))

    # what comes in

    def set_rate(self, rate_hz: int) -> None:
        """The device runs at another rate now."""
        if rate_hz and rate_hz != self.rate_hz:
            self.rate_hz = rate_hz
            self._make(self._width, self._height, self.range)

    def feed(self, samples: np.ndarray) -> None:
        """Newest output, float32 [n, 2]; makes the columns that are due."""
        self._samples = np.concatenate([self._samples, samples.reshape(-1, 2)])
        hop = self.range.seconds * self.rate_hz / self._width
        made = 0
        while len(self._samples) >= self._spectrum.span + (self._due + hop):
            self._due += hop
            begin = int(self._due)
            piece = self._samples[begin: begin + self._spectrum.span]
            self._put(self._spectrum.column(piece))
            if self._whole is not None:
                self._keep(self._whole[0].column(piece))
            made += 1
        used = int(self._due)
        self._samples, self._due = self._samples[used:], self._due - used
        if made and not self.frozen and self._quiet_columns < self._width + made:
            self.update()

    def freeze(self, frozen: bool) -> None:
        """Freeze, or go on."""
        if frozen != self.frozen:
            self.frozen = frozen
            if frozen:
                self._still = self._pictures()
                self._draw_still()
            self.frozen_changed.emit(frozen)
            self.update()

    # the picture

    def _make(self, width: int, height: int, shown: ShownRange) -> None:
        """A ring for a picture of this many device pixels and this range; the old contents are kept, resampled."""
        old = self._pictures() if hasattr(self, "_levels") else []
        self._width, self._height, self.range = max(width, 1), max(height, 1), shown
        self._spectrum = LogSpectrum(self._height, self.rate_hz, shown.lowest_hz, shown.highest_hz)
        self._marks: QPixmap | None = None
        self._column = 0
        self._due = 0.0
        self._levels = np.tile(redrawn(old, shown, self._height, self._width), 2)
        self._whole: tuple[LogSpectrum, np.ndarray] | None = None       # of all frequencies: the newest levels at the right
        if not shown.is_whole:
            kept = redrawn(old, ShownRange(seconds=shown.seconds), self._height, self._width)
            self._whole = LogSpectrum(self._height, self.rate_hz), kept
        self._colour()
        if self.frozen:
            self._draw_still()

    def _colour(self) -> None:
        self._pixels = self._table[self._levels]
        self._ring = QImage(self._pixels.data, 2 * self._width, self._height, self._pixels.strides[0], QImage.Format.Format_RGB32)

    def _pictures(self) -> list[tuple[ShownRange, np.ndarray]]:
        """What is known, for `redrawn`."""
        seen = [(self.range, self._visible_levels().copy())]
        if self._whole is None:
            return seen
        turned = np.roll(self._whole[1], -self._column, 1)
        return [(ShownRange(seconds=self.range.seconds), turned), *seen]

    def _keep(self, levels: np.ndarray) -> None:
        assert self._whole is not None
        self._whole[1][:, (self._column - 1) % self._width] = levels

    def _draw_still(self) -> None:
        self._still_levels = redrawn(self._still, self.range, self._height, self._width)
        pixels = self._table[self._still_levels]
        self._still_image = QImage(pixels.data, self._width, self._height, pixels.strides[0], QImage.Format.Format_RGB32).copy()

    def show_range(self, shown: ShownRange) -> None:
        """Show other frequencies, or another time."""
        if shown != self.range:
            self._make(self._width, self._height, shown)
            self._quiet_columns = 0
            self.update()

    def show_palette(self, name: str) -> None:
        """Show levels in the colours of one of `PALETTES`."""
        self.palette_name, self._table = name, colour_table(name)
        self._colour()
        if self.frozen:
            self._draw_still()
        self.update()

    def _visible_levels(self) -> np.ndarray:
        return self._levels[:, self._column: self._column + self._width]

    def _put(self, levels: np.ndarray) -> None:
        colours = self._table[levels]
        for column in (self._column, self._column + self._width):
            self._levels[:, column] = levels
            self._pixels[:, column] = colours
        self._column = (self._column + 1) % self._width
        self.columns_made += 1
        self._quiet_columns = 0 if levels.any() else self._quiet_columns + 1

    def _picture(self) -> QImage:
        return self._ring.copy(self._column, 0, self._width, self._height)

    def rescale(self) -> None:
        """Draw the marks in the current scale and colours."""
        self._marks = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def _fit(self) -> None:
        ratio = self.devicePixelRatioF()
        width, height = round(self.width() * ratio), round(self.height() * ratio)
        if (width, height) != (self._width, self._height):
            self._make(width, height, self.range)

    def paintEvent(self, _event: QPaintEvent) -> None:
        self._fit()
        self.paints += 1
        painter = QPainter(self)
        if self.frozen:
            painter.drawImage(QRectF(self.rect()), self._still_image)
        else:
            painter.drawImage(QRectF(self.rect()), self._ring, QRectF(self._column, 0, self._width, self._height))
        self._paint_marks(painter)

    def _y(self, hz: float) -> float:
        return self.range.row_at(hz, self.height())

    def _draw_marks(self) -> QPixmap:
        """The frequency scale, drawn once for a size: names at the left on a shade, and lines across."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        wide = theme.px(MARKS_WIDTH)
        shade = QLinearGradient(0, 0, wide * 1.5, 0)
        ground = PALETTE[0][1]
        for stop, alpha in ((0, 0.85), (0.6, 0.7), (1, 0)):
            shade.setColorAt(stop, theme.colour(ground, alpha))
        painter.fillRect(QRectF(0, 0, wide * 1.5, self.height()), shade)
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        for hz, text in self.range.marks():
            y = self._y(hz)
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.07), 1))
            painter.drawLine(QPointF(wide, y), QPointF(self.width(), y))
            painter.setPen(theme.colour(theme.SOFT))
            painter.drawText(QRectF(0, y - theme.px(8), wide - theme.px(6), theme.px(16)),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
        return pixmap

    def _paint_marks(self, painter: QPainter) -> None:
        if self._marks is None:
            self._marks = self._draw_marks()
        painter.drawPixmap(0, 0, self._marks)
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        if text := self.reading():
            self._badge(painter, text, theme.TEXT, theme.PANEL, left=True)
        if self.frozen:
            self._badge(painter, "frozen · click to go on", theme.GROUND, theme.WARM)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.75), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def reading(self) -> str:
        """What is under the pointer: frequency, nearest note, level, and how long ago."""
        if self._pointer is None:
            return ""
        x, y = self._pointer.x() / max(self.width(), 1), self._pointer.y()
        hz = self.range.hz_at(y, self.height())
        levels = self._still_levels if self.frozen else self._visible_levels()
        row, column = round(self.range.row_at(hz, self._height)), int(x * self._width)
        level = levels[min(max(row, 0), self._height - 1), min(max(column, 0), self._width - 1)]
        db = f"{level_db(level):.0f} dB" if level else f"below {level_db(0):.0f} dB"
        ago_s = (1 - x) * self.range.seconds
        return (f"{f'{hz:.1f} Hz' if hz < 1000 else f'{hz / 1000:.3f} kHz'} · {note_name(hz, self.reference().pitches)} · {db} · "
                f"{ago_s:.2f} s ago").replace("-", "−")

    def _badge(self, painter: QPainter, text: str, tint: str, ground: str, left: bool = False) -> None:
        wide = painter.fontMetrics().horizontalAdvance(text) + theme.px(16)
        box = QRectF(theme.px(MARKS_WIDTH + 4) if left else self.width() - wide - theme.px(8), theme.px(8), wide, theme.px(20))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(ground, 0.88 if left else 1))
        painter.drawRoundedRect(box, theme.px(10), theme.px(10))
        painter.setPen(theme.colour(tint))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    # the player

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.freeze(not self.frozen)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.freeze(not self.frozen)            # takes the first click's back
            self.show_range(WHOLE)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)
        super().leaveEvent(event)

    def _point(self, place: QPointF | None) -> None:
        self._pointer = place
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if notches := self._roll.notches(event):
            closer = CLOSER ** notches
            if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier):
                self.show_range(self.range.over(self.range.seconds / closer))
            else:
                self.show_range(self.range.zoomed(closer, self.range.hz_at(event.position().y(), self.height())))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        middle_hz = self.range.hz_at(self.height() / 2, self.height())
        ranges: dict[int, ShownRange] = {
            Qt.Key.Key_Plus: self.range.zoomed(CLOSER, middle_hz), Qt.Key.Key_Minus: self.range.zoomed(1 / CLOSER, middle_hz),
            Qt.Key.Key_Up: self.range.moved(PAN_OCTAVES), Qt.Key.Key_Down: self.range.moved(-PAN_OCTAVES),
            Qt.Key.Key_Left: self.range.over(self.range.seconds * CLOSER), Qt.Key.Key_Right: self.range.over(self.range.seconds / CLOSER),
            Qt.Key.Key_Home: WHOLE}
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.freeze(not self.frozen)
        elif event.key() in ranges:
            self.show_range(ranges[event.key()])
        else:
            event.ignore()

    def menu(self) -> QMenu:
        """The palettes, and the way back from a zoom."""
        menu = QMenu(self)
        group = QActionGroup(menu)
        for name in PALETTES:
            action = menu.addAction(f"Colours: {name}{'' if name == next(iter(PALETTES)) else ' (for colour-blind eyes)'}")
            action.setCheckable(True)
            action.setChecked(name == self.palette_name)
            action.triggered.connect(lambda _on, name=name: self.show_palette(name))
            group.addAction(action)
        menu.addSeparator()
        menu.addAction("All frequencies, ten seconds", lambda: self.show_range(WHOLE)).setEnabled(self.range != WHOLE)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())
