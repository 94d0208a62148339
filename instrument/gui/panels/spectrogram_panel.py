"""The panel that shows either the spectrogram or the model's current frame, and can freeze them."""
import numpy as np
from PySide6.QtWidgets import QButtonGroup, QStackedWidget

from hummingface.instrument.gui.panels.panel import Panel, tool
from hummingface.instrument.gui.widgets.frame_plot import FramePlot
from hummingface.instrument.gui.widgets.spectrogram import Spectrogram, note_name


class SpectrogramPanel(Panel):
    """A panel around the pictures of what sounds."""

    def __init__(self) -> None:
        super().__init__("Spectrogram")
        self.view, self.plot = Spectrogram(), FramePlot()
        self._pictures = QStackedWidget()
        for picture in (self.view, self.plot):
            self._pictures.addWidget(picture)
        self.body.addWidget(self._pictures, 1)
        self.sound = tool("", "Show what sounds", "The last ten seconds of what sounds", checkable=True, text="Sound")
        self.frame = tool("", "Show the model's frame", "The model's current frame, for the newest note",
                          checkable=True, text="Frame")
        self.freeze = tool("freeze", "Freeze spectrogram", "Freeze (click the picture, or Space while it has the focus)",
                           checkable=True)
        group = QButtonGroup(self)
        for button in (self.sound, self.frame):
            group.addButton(button)
            self.tools.addWidget(button)
        self.tools.addWidget(self.freeze)
        self.modulation = tool("", "Show modulation", "LFOs, envelopes, macros and routes, in this place (Ctrl+Shift+M)", text="Modulation")
        self.tools.addWidget(self.modulation)
        self.sound.setChecked(True)
        self.frame.toggled.connect(self._choose)
        self.freeze.toggled.connect(self.view.freeze)
        self.view.frozen_changed.connect(self.freeze.setChecked)
        self.plot.freeze_asked.connect(self.freeze.toggle)

    def _choose(self, frame: bool) -> None:
        self._pictures.setCurrentWidget(self.plot if frame else self.view)
        self.heading.setText("FRAME" if frame else "SPECTROGRAM")
        self.note.setText("")

    def feed(self, samples: np.ndarray, rate_hz: int) -> None:
        """The newest output, float32 [n, 2]."""
        self.view.set_rate(rate_hz)
        self.view.feed(samples)

    def show_frame(self, level_db: np.ndarray, noise_db: np.ndarray, f0_hz: float) -> None:
        """Show the current frame; drawn while it is visible and not frozen."""
        if self.frame.isChecked() and not self.freeze.isChecked():
            self.plot.show_frame(level_db, noise_db, f0_hz)
            self.note.setText(f"{note_name(f0_hz)} · {f0_hz:.0f} Hz" if f0_hz > 0 else "")
