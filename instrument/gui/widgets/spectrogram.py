"""The live spectrogram: the last ten seconds of sound.

One column of the picture is one column of device pixels, so nothing is scaled: colours are looked up when a column arrives and
written into a ring of twice the width (each column twice), whose visible part is always contiguous memory. A
repaint is one plain copy.
"""
import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import show_tip, tip
from hummingface.instrument.offline.spectra import PALETTE, LogSpectrum, frequency_of_row, palette, row_of_frequency
from hummingface.models.playing.frame import hz_to_pitch

SECONDS = 10.0
MARKS_WIDTH = 34
MARKS_HZ = ((50, "50"), (100, "100"), (200, "200"), (500, "500"), (1000, "1k"), (2000, "2k"), (5000, "5k"), (10000, "10k"))
NOTES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def colour_table() -> np.ndarray:
    """uint32 [256]: the palette as QImage's Format_RGB32."""
    red, green, blue = palette().astype(np.uint32).T
    return 0xFF000000 | (red << 16) | (green << 8) | blue


def note_name(hz: float) -> str:
    """The nearest key's name and the distance from it, "A4 +3 ct"."""
    pitch = float(hz_to_pitch(hz))
    key = round(pitch)
    return f"{NOTES[key % 12]}{key // 12 - 1} {(pitch - key) * 100:+.0f} ct"


class Spectrogram(QWidget):
    """`feed` takes the newest samples; a click or Space freezes."""

    frozen_changed = Signal(bool)

    def __init__(self, rate_hz: int = 48_000):
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Spectrogram")
        self.setAccessibleDescription("Ten seconds of what sounds, 30 Hz to 16 kHz. Space freezes.")
        self.rate_hz = rate_hz
        self.frozen = False
        self.columns_made = 0
        self.paints = 0
        self._table = colour_table()
        self._due = 0.0             # samples until the next column's window begins
        self._samples = np.zeros((0, 2), np.float32)
        self._quiet_columns = 0
        self._make(1, 1)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(800), theme.px(160))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(90))

    # what comes in

    def set_rate(self, rate_hz: int) -> None:
        """The device runs at another rate now."""
        if rate_hz and rate_hz != self.rate_hz:
            self.rate_hz = rate_hz
            self._make(self._width, self._height)

    def feed(self, samples: np.ndarray) -> None:
        """Newest output, float32 [n, 2]; makes the columns that are due."""
        self._samples = np.concatenate([self._samples, samples.reshape(-1, 2)])
        hop = SECONDS * self.rate_hz / self._width
        made = 0
        while len(self._samples) >= self._spectrum.span + (self._due + hop):
            self._due += hop
            begin = int(self._due)
            self._put(self._spectrum.column(self._samples[begin: begin + self._spectrum.span]))
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
                self._still = self._picture()
            self.frozen_changed.emit(frozen)
            self.update()

    # the picture

    def _make(self, width: int, height: int) -> None:
        """A ring for a picture of this many device pixels; the old contents are kept, resampled."""
        old = self._visible_levels() if hasattr(self, "_levels") else None
        self._width, self._height = max(width, 1), max(height, 1)
        self._spectrum = LogSpectrum(self._height, self.rate_hz)
        self._marks: QPixmap | None = None
        self._levels = np.zeros((self._height, 2 * self._width), np.uint8)
        self._column = 0
        self._due = 0.0
        if old is not None and old.size > 1:
            rows = np.arange(self._height) * old.shape[0] // self._height
            columns = np.arange(self._width) * old.shape[1] // self._width
            kept = old[rows][:, columns]
            self._levels[:, : self._width] = self._levels[:, self._width:] = kept
        self._pixels = self._table[self._levels]
        self._ring = QImage(self._pixels.data, 2 * self._width, self._height, self._pixels.strides[0], QImage.Format.Format_RGB32)

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def _fit(self) -> None:
        ratio = self.devicePixelRatioF()
        width, height = round(self.width() * ratio), round(self.height() * ratio)
        if (width, height) != (self._width, self._height):
            self._make(width, height)

    def paintEvent(self, _event: QPaintEvent) -> None:
        self._fit()
        self.paints += 1
        painter = QPainter(self)
        if self.frozen:
            painter.drawImage(QRectF(self.rect()), self._still)
        else:
            painter.drawImage(QRectF(self.rect()), self._ring, QRectF(self._column, 0, self._width, self._height))
        self._paint_marks(painter)

    def _y(self, hz: float) -> float:
        return float(row_of_frequency(hz, self.height()))

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
        for hz, text in MARKS_HZ:
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
        if self.frozen:
            self._badge(painter, "frozen · click to go on")
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.75), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _badge(self, painter: QPainter, text: str) -> None:
        wide = painter.fontMetrics().horizontalAdvance(text) + theme.px(16)
        box = QRectF(self.width() - wide - theme.px(8), theme.px(8), wide, theme.px(20))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.WARM))
        painter.drawRoundedRect(box, theme.px(10), theme.px(10))
        painter.setPen(theme.colour(theme.GROUND))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    # the player

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.freeze(not self.frozen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.freeze(not self.frozen)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            hz = float(frequency_of_row(event.pos().y(), self.height()))
            reading = f"{hz:.0f} Hz" if hz < 1000 else f"{hz / 1000:.2f} kHz"
            show_tip(event.globalPos(), tip(reading, note_name(hz), "Click to freeze"), self)
            return True
        return super().event(event)
