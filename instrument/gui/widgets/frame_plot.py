"""A plot of the model's current frame: partials as lines, noise as an area, over frequency."""
import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import Label, set_tip, tip
from hummingface.instrument.offline.spectra import HIGHEST_HZ, LOWEST_HZ, PALETTE
from hummingface.models.playing.frame import BAND_CENTRES_HZ, NOISE_FLOOR_DB, SLOT_RATIO

FLOOR_DB, CEILING_DB = -90.0, 0.0
MARKS_WIDTH = 34            # as beside the spectrogram
MARKS_HZ = ((50, "50"), (100, "100"), (200, "200"), (500, "500"), (1000, "1k"), (2000, "2k"), (5000, "5k"), (10000, "10k"))
GRID_HZ = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BAND_CENTRES_HZ.size)


class FramePlot(QWidget):
    """`show_frame` draws level_db [160] and noise_db [64] of a note at f0_hz; 0 Hz is no note. A click or Space asks to freeze."""

    freeze_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Model's frame")
        self.setAccessibleDescription("Levels of the newest note's partials and noise, as the model gives them now. Space freezes.")
        set_tip(self, tip("Frame", "The model's current frame of the newest note: lines are partials, the surface is noise.",
                          "Click to freeze"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._plot = pg.PlotWidget(background=PALETTE[0][1])
        self._plot.setAntialiasing(True)
        for part in (self._plot, self._plot.viewport()):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)         # this widget has it
        self._plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        item = self._plot.getPlotItem()
        item.hideButtons()
        item.setMenuEnabled(False)
        item.setMouseEnabled(False, False)
        item.setRange(xRange=(np.log10(LOWEST_HZ), np.log10(HIGHEST_HZ)), yRange=(FLOOR_DB, CEILING_DB), padding=0)
        item.getAxis("bottom").setTicks([[(np.log10(hz), text) for hz, text in MARKS_HZ]])
        item.getAxis("left").setTicks([[(db, f"\u2212{-db}") for db in (-80, -60, -40, -20)]])
        item.showGrid(x=True, y=True, alpha=0.12)
        self._noise = pg.PlotCurveItem(pen=None, fillLevel=FLOOR_DB)
        self._partials = pg.PlotCurveItem()
        for curve in (self._noise, self._partials):
            item.addItem(curve)
        self._hint = Label("Play a note to see its frame", self._plot)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self._look = (0.0, False)
        self.rescale()

    def rescale(self) -> None:
        """Apply the current scale and colours: font, margins beside the axes, lines."""
        if self._look == (theme.scale, theme.high_contrast):
            return
        self._look = (theme.scale, theme.high_contrast)
        small = theme.font("small", QFont.Weight.Medium)
        self.axis("left").setWidth(theme.px(MARKS_WIDTH))
        self.axis("bottom").setHeight(theme.px(18))
        for side in ("bottom", "left"):
            self.axis(side).setStyle(tickFont=small, tickLength=0, tickTextOffset=theme.px(4))
            self.axis(side).setPen(theme.colour(theme.LINE))
            self.axis(side).setTextPen(theme.colour(theme.SOFT))
        self._noise.setBrush(theme.colour(theme.COOL_DEEP, 0.75))
        self._plot.getPlotItem().layout.setContentsMargins(0, theme.px(8), theme.px(8), 0)
        self._partials.setPen(pg.mkPen(theme.colour(theme.COOL), width=2 * theme.scale, capStyle=Qt.PenCapStyle.RoundCap))

    def axis(self, side: str) -> pg.AxisItem:
        """The axis at the "left" (dB) or at the "bottom" (Hz)."""
        return self._plot.getPlotItem().getAxis(side)

    @property
    def partials(self) -> tuple[np.ndarray, np.ndarray]:
        """What is drawn: frequencies (Hz) and levels (dB) of the partials."""
        log_hz, level_db = self._partials.getData()
        return (np.zeros(0), np.zeros(0)) if log_hz is None else (10 ** log_hz[1::2], level_db[1::2])

    def show_frame(self, level_db: np.ndarray, noise_db: np.ndarray, f0_hz: float) -> None:
        """Draw this frame."""
        self._hint.setVisible(f0_hz <= 0)
        hz = max(f0_hz, 1e-3) * SLOT_RATIO
        shown = (hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ) & (level_db > FLOOR_DB) & (f0_hz > 0)
        feet = np.full(int(shown.sum()), FLOOR_DB)
        self._partials.setData(np.repeat(np.log10(hz[shown]), 2), np.stack([feet, level_db[shown]], 1).ravel(), connect="pairs")
        noise = np.interp(GRID_HZ, BAND_CENTRES_HZ, noise_db) if f0_hz > 0 else np.full(GRID_HZ.size, NOISE_FLOOR_DB)
        self._noise.setData(np.log10(GRID_HZ), np.clip(noise, FLOOR_DB, CEILING_DB))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.freeze_asked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.freeze_asked.emit()
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.rescale()
        self._hint.resize(self.size())
        super().resizeEvent(event)
