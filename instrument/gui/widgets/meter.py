"""The level meter: peak and RMS of both channels in dB, with a peak-hold mark."""
import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import show_tip, tip

FLOOR_DB, CEILING_DB = -60.0, 0.0
CLIP_DB = -0.5              # from here the limiter is at work
FALL_DB_PER_S = 24.0
HOLD_S = 1.5
SCALE_WIDTH = 20
MARKS_DB = (0, -6, -12, -24, -36, -48)


def to_db(amplitude: ArrayLike) -> np.ndarray:
    """Amplitude to dB, not below -120."""
    return 20 * np.log10(np.maximum(amplitude, 1e-6))


class Meter(QWidget):
    """`feed` takes samples and the time that has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Level meter")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.peak_db = np.full(2, -120.0)
        self.rms_db = np.full(2, -120.0)
        self.hold_db = np.full(2, -120.0)
        self._held_s = np.zeros(2)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(46), theme.px(120))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(46), theme.px(70))

    def feed(self, samples: np.ndarray, seconds: float) -> None:
        """Output float32 [n, 2] of the last `seconds`."""
        before = np.concatenate([self.peak_db, self.rms_db, self.hold_db]).round(1)
        fallen = FALL_DB_PER_S * seconds
        peak = to_db(np.abs(samples).max(axis=0)) if len(samples) else np.full(2, -120.0)
        power = np.mean(np.square(samples, dtype=np.float64), axis=0) if len(samples) else np.zeros(2)
        rms = to_db(np.sqrt(power))
        self.peak_db = np.maximum(peak, self.peak_db - fallen).clip(-120)
        self.rms_db = np.maximum(rms, self.rms_db - fallen).clip(-120)
        self._held_s = np.where(self.peak_db >= self.hold_db, 0, self._held_s + seconds)
        self.hold_db = np.where(self._held_s < HOLD_S, np.maximum(self.hold_db, self.peak_db),
                                np.maximum(self.peak_db, self.hold_db - fallen))
        after = np.concatenate([self.peak_db, self.rms_db, self.hold_db]).round(1)
        if not np.array_equal(before.clip(FLOOR_DB), after.clip(FLOOR_DB)):
            self.update(0, 0, self.width() - theme.px(SCALE_WIDTH), self.height())

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        self.hold_db = self.peak_db.copy()
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            show_tip(event.globalPos(), tip("Level", f"peak {self.hold_db.max():.1f} dBFS, RMS {self.rms_db.max():.1f} dBFS"), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme.colour(theme.PANEL))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        margin = theme.px(6)
        height = self.height() - 2 * margin
        scale_width = theme.px(SCALE_WIDTH)
        bar = (self.width() - scale_width - theme.px(6)) / 2

        def y_of(db: float) -> float:
            return margin + height * (1 - (min(max(db, FLOOR_DB), CEILING_DB) - FLOOR_DB) / (CEILING_DB - FLOOR_DB))

        for side in range(2):
            left = side * (bar + theme.px(2))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(theme.GROUND))
            painter.drawRoundedRect(QRectF(left, margin, bar, height), theme.px(2), theme.px(2))
            for db, tint in ((self.peak_db[side], theme.colour(theme.COOL, 0.45)), (self.rms_db[side], theme.colour(theme.COOL))):
                if db > FLOOR_DB:
                    painter.setBrush(tint)
                    painter.drawRoundedRect(QRectF(left, y_of(db), bar, margin + height - y_of(db)), theme.px(2), theme.px(2))
            if self.hold_db[side] > FLOOR_DB:
                painter.setBrush(theme.colour(theme.ALARM if self.hold_db[side] > CLIP_DB else theme.TEXT))
                painter.drawRect(QRectF(left, y_of(self.hold_db[side]) - 1, bar, max(1.5, theme.px(1.5))))
        if event.rect().right() < self.width() - scale_width:
            return                      # the static scale
        painter.setFont(theme.font("small", QFont.Weight.Normal))
        for db in MARKS_DB:
            painter.setPen(theme.colour(theme.DIM))
            painter.drawText(QRectF(self.width() - scale_width, y_of(db) - 8, scale_width, 16),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(abs(db)))
