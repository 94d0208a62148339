"""The tuner: the name of the note that sounds, how far it is from its key, and its frequency."""
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.note_names import key_name
from hummingface.instrument.gui.widgets.plain_text import set_tip, tip
from hummingface.instrument.offline.spectra import PALETTE
from hummingface.instrument.offline.tuner import EQUAL, WINDOW_S, Reference, Tuned, heard_hz, read

EVERY_S = 0.1                   # between two readings
SPAN_CENTS = 50                 # of the scale, either way
IN_TUNE_CENTS = 2.0
SILENT_READINGS = 3             # until the last note goes


class TunerDial(QWidget):
    """`feed` takes the newest samples. `reference` is asked at every reading."""

    def __init__(self, reference: Callable[[], Reference] = lambda: EQUAL) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Tuner")
        set_tip(self, tip("Tuner", "The note that sounds, against the tuning and A4. It says nothing for noise and chords."))
        self.reference = reference
        self.tuned: Tuned | None = None
        self._against = reference()
        self._samples = np.zeros((0, 2), np.float32)
        self._due = self._silent = 0
        self._show(None)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(800), theme.px(160))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(90))

    @property
    def text(self) -> str:
        """What it says."""
        if self.tuned is None:
            return "No single note sounds"
        return f"{key_name(self.tuned.key)} {self._cents()}, {self.tuned.hz:.2f} Hz"

    def feed(self, samples: np.ndarray, rate_hz: int) -> None:
        """The newest output, float32 [n, 2]; reads it where a reading is due."""
        self._samples = np.concatenate([self._samples, samples])[-round(1.1 * WINDOW_S * rate_hz):]
        self._due -= len(samples)
        if self._due > 0:
            return
        self._due = round(EVERY_S * rate_hz)
        hz = heard_hz(self._samples, rate_hz)
        self._silent = 0 if hz is not None else self._silent + 1
        self._against = self.reference()
        if hz is not None:
            self._show(read(hz, self._against.pitches))
        elif self._silent >= SILENT_READINGS:
            self._show(None)

    def _show(self, tuned: Tuned | None) -> None:
        self.tuned = tuned
        self.setAccessibleDescription(self.text)
        self.update()

    def _cents(self) -> str:
        assert self.tuned is not None
        return f"{self.tuned.cents:+.1f} ct".replace("-", "−").replace("+0.0", "0.0").replace("−0.0", "0.0")

    # the picture

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.colour(PALETTE[0][1]))
        tuned, line, side = self.tuned, theme.px(17), theme.px(14)
        in_tune = tuned is not None and abs(tuned.cents) <= IN_TUNE_CENTS
        scale_y = self.height() * 0.66
        self._paint_scale(painter, QRectF(side, scale_y, self.width() - 2 * side, min(theme.px(16), self.height() * 0.12)), in_tune)
        self._paint_name(painter, QRectF(0, theme.px(2), self.width(), scale_y - theme.px(8)), in_tune)
        painter.setFont(theme.font("label"))
        painter.setPen(theme.colour(theme.SOFT))
        foot = QRectF(side, self.height() - line - theme.px(2), self.width() - 2 * side, line)
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"A4 {self._against.a4_hz:g} Hz")
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._against.name)

    def _paint_name(self, painter: QPainter, box: QRectF, in_tune: bool) -> None:
        big = theme.font("title", QFont.Weight.DemiBold)
        big.setPixelSize(max(12, round(min(box.height() * 0.8, theme.px(64)))))
        painter.setFont(big)
        painter.setPen(theme.colour(theme.COOL if in_tune else theme.TEXT if self.tuned else theme.DIM))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, key_name(self.tuned.key) if self.tuned else "–")
        if self.tuned is None:
            return
        painter.setFont(theme.font("patch", QFont.Weight.Medium))
        painter.setPen(theme.colour(theme.TEXT))
        third = box.width() / 3
        painter.drawText(QRectF(box.left(), box.top(), third, box.height()), Qt.AlignmentFlag.AlignCenter, self._cents())
        painter.drawText(QRectF(box.right() - third, box.top(), third, box.height()), Qt.AlignmentFlag.AlignCenter,
                         f"{self.tuned.hz:.2f} Hz")

    def _paint_scale(self, painter: QPainter, box: QRectF, in_tune: bool) -> None:
        """Marks every ten cents, and the needle, which stays within the ends."""
        def x_of(cents: float) -> float:
            return box.center().x() + box.width() / 2 * min(max(cents / SPAN_CENTS, -1), 1)
        for cents in range(-SPAN_CENTS, SPAN_CENTS + 1, 10):
            tall = box.height() * (1 if cents == 0 else 0.7 if cents % 50 == 0 else 0.4)
            painter.setPen(QPen(theme.colour(theme.TEXT if cents == 0 else theme.DIM), 1))
            painter.drawLine(QPointF(x_of(cents), box.bottom() - tall), QPointF(x_of(cents), box.bottom()))
        if self.tuned is not None:
            x, tint = x_of(self.tuned.cents), theme.colour(theme.COOL if in_tune else theme.WARM)
            painter.setPen(QPen(tint, max(2.0, 3 * theme.scale), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(QPointF(x, box.top() - theme.px(4)), QPointF(x, box.bottom()))
