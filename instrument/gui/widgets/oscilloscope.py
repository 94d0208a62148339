"""The oscilloscope: both channels of what sounds now, held still at a rising zero crossing."""
import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import set_tip, tip
from hummingface.instrument.gui.widgets.scrolling import Roll
from hummingface.instrument.offline.spectra import PALETTE
from hummingface.instrument.offline.wave_trigger import begin_of, between
from hummingface.models.playing.frame import pitch_to_hz

PERIODS = 3                     # of the lowest note, in the width
SHORTEST_S, LONGEST_S, USUAL_S = 0.0005, 0.2, 0.02
KEPT_S = 2.6 * LONGEST_S
MARKS_WIDTH = 34                # as beside the spectrogram
CLOSER = 1.25                   # the time base, for a notch of the wheel
LEAST_TOP = 10 ** (-60 / 20)    # amplitude that fills a lane at most: what is softer stays small
TOPS = 2.0 ** np.arange(-10, 3)


class Oscilloscope(QWidget):
    """`feed` takes the newest samples, `show_notes` what sounds at each key: three periods of the lowest note are shown, until a wheel
    sets another time; a double click follows the note again. A click or Space asks to freeze."""

    freeze_asked = Signal()

    def __init__(self, rate_hz: int = 48_000) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Oscilloscope")
        self.setAccessibleDescription("The wave of what sounds, left above, right below. Up and down change the time, Space freezes.")
        set_tip(self, tip("Oscilloscope", "The wave of what sounds: left above, right below.",
                          "Wheel: time · double click: three periods of the lowest note · click: freeze"))
        self.rate_hz = rate_hz
        self.chosen_s: float | None = None          # the time base; None: it follows the lowest note
        self.key: int | None = None                 # the lowest that sounds
        self.lanes = np.zeros((0, 2))               # what is drawn, [points, 2]
        self.top = 1.0                              # the amplitude that fills a lane
        self._samples = np.zeros((0, 2), np.float32)
        self._before: np.ndarray | None = None
        self._roll = Roll()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(800), theme.px(160))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(90))

    @property
    def seconds(self) -> float:
        """The time that the width shows."""
        if self.chosen_s is not None:
            return self.chosen_s
        return min(max(PERIODS / self._hz, SHORTEST_S), LONGEST_S) if self.key is not None else USUAL_S

    @property
    def _hz(self) -> float:
        return float(pitch_to_hz(self.key)) if self.key is not None else 0.0

    def show_notes(self, notes: tuple[int, ...]) -> None:
        """The velocity of what sounds at each MIDI key, 0 silent."""
        key = next((key for key, velocity in enumerate(notes) if velocity), self.key)       # the last one rings on
        if key != self.key:
            self.key, self._before = key, None

    def feed(self, samples: np.ndarray, rate_hz: int) -> None:
        """The newest output, float32 [n, 2]; draws it."""
        if rate_hz:
            self.rate_hz = rate_hz
        self._samples = np.concatenate([self._samples, samples])[-round(KEPT_S * self.rate_hz):]
        if not len(samples) or len(self._samples) < 8:
            return
        span = self.seconds * self.rate_hz
        period = self.rate_hz / self._hz if self._hz else 0.0
        newest = self._samples[-int(2.5 * span + 1.6 * period + 8):].astype(np.float64)
        begin, self._before = begin_of(newest, span, period, self._before)
        loudest = np.abs(newest).max()
        self.top = float(TOPS[np.searchsorted(TOPS, max(loudest, LEAST_TOP)).clip(max=len(TOPS) - 1)])
        points = max(2, min(round(self.width() * self.devicePixelRatioF()), round(span) * 2))
        at = begin + np.linspace(0, span, points)
        self.lanes = between(newest, at)
        self.update()

    def set_seconds(self, seconds: float | None) -> None:
        """Choose the time base; None follows the lowest note."""
        self.chosen_s, self._before = None if seconds is None else min(max(seconds, SHORTEST_S), LONGEST_S), None
        self.update()

    # the picture

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.colour(PALETTE[0][1]))
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        left, foot = theme.px(MARKS_WIDTH), theme.px(16)
        wide, high = self.width() - left, (self.height() - foot) / 2
        for side, (name, tint) in enumerate((("L", theme.COOL), ("R", theme.WARM))):
            lane = QRectF(left, side * high + theme.px(2), wide, high - theme.px(4))
            painter.setPen(theme.colour(theme.SOFT))
            painter.drawText(QRectF(0, lane.top(), left - theme.px(6), lane.height()),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.12), 1))
            painter.drawLine(QPointF(left, lane.center().y()), QPointF(self.width(), lane.center().y()))
            self._paint_wave(painter, lane, side, tint)
        painter.setPen(theme.colour(theme.SOFT))
        painter.drawText(QRectF(left, self.height() - foot, wide - theme.px(8), foot), Qt.AlignmentFlag.AlignCenter, self._caption())
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(theme.TEXT, 0.75), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_wave(self, painter: QPainter, lane: QRectF, side: int, tint: str) -> None:
        if len(self.lanes) < 2:
            return
        x = lane.left() + np.linspace(0, lane.width(), len(self.lanes))
        y = lane.center().y() - np.clip(self.lanes[:, side] / self.top, -1, 1) * lane.height() / 2
        painter.setPen(QPen(theme.colour(tint), max(1.2, 1.5 * theme.scale)))
        painter.drawPolyline(QPolygonF([QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)]))

    def _caption(self) -> str:
        how = "" if self.chosen_s is not None or self.key is None else f"{PERIODS} periods · "
        return f"{how}{self.seconds * 1000:.3g} ms · to {20 * np.log10(self.top):+.0f} dB".replace("-", "−")

    # the player

    def wheelEvent(self, event: QWheelEvent) -> None:
        if notches := self._roll.notches(event):
            self.set_seconds(self.seconds * CLOSER ** -notches)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.freeze_asked.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.freeze_asked.emit()            # takes the first click's back
            self.set_seconds(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps: dict[int, float] = {Qt.Key.Key_Up: 1 / CLOSER, Qt.Key.Key_Down: CLOSER}
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.freeze_asked.emit()
        elif event.key() in steps:
            self.set_seconds(self.seconds * steps[event.key()])
        elif event.key() == Qt.Key.Key_Home:
            self.set_seconds(None)
        else:
            event.ignore()
