"""The panel in the middle: the spectrogram, the wave or the model's frame, which can be frozen; the tuner, or the page of the beat."""
from collections.abc import Callable

import numpy as np
from PySide6.QtWidgets import QButtonGroup, QStackedWidget

from hummingface.instrument.gui.panels.beat_page import BeatPage
from hummingface.instrument.gui.panels.panel import Panel, tool
from hummingface.instrument.gui.widgets.frame_plot import FramePlot
from hummingface.instrument.gui.widgets.note_names import note_name
from hummingface.instrument.gui.widgets.oscilloscope import Oscilloscope
from hummingface.instrument.gui.widgets.spectrogram import Spectrogram
from hummingface.instrument.gui.widgets.tuner_dial import TunerDial
from hummingface.instrument.offline.tuner import Reference


class SpectrogramPanel(Panel):
    """A panel around the pictures of what sounds, with the beat as its last page. Only the spectrogram listens while it is hidden."""

    def __init__(self) -> None:
        super().__init__("Spectrogram")
        self.heading.hide()                 # the button that is on says it
        self.view, self.wave, self.plot, self.dial, self.beat_page = Spectrogram(), Oscilloscope(), FramePlot(), TunerDial(), BeatPage()
        self._pictures = QStackedWidget()
        for picture in (self.view, self.wave, self.plot, self.dial, self.beat_page):
            self._pictures.addWidget(picture)
        self.body.addWidget(self._pictures, 1)
        self.sound = tool("", "Show what sounds", "The last ten seconds of what sounds", checkable=True, text="Sound")
        self.scope = tool("", "Show the oscilloscope", "The wave of what sounds, standing still", checkable=True, text="Scope")
        self.frame = tool("", "Show the model's frame", "The model's current frame, for the newest note",
                          checkable=True, text="Frame")
        self.tuner = tool("", "Show the tuner", "The note that sounds, and how far it is from its key", checkable=True, text="Tuner")
        self.beat = tool("", "Show the beat", "Tempo, metronome, arpeggiator", checkable=True, text="Beat")
        self.freeze = tool("freeze", "Freeze spectrogram", "Freeze (click the picture, or Space while it has the focus)",
                           checkable=True)
        self.pages = {"sound": (self.sound, self.view), "scope": (self.scope, self.wave), "frame": (self.frame, self.plot),
                      "tuner": (self.tuner, self.dial), "beat": (self.beat, self.beat_page)}
        group = QButtonGroup(self)
        for button, _ in self.pages.values():
            group.addButton(button)
            self.tools.addWidget(button)
            button.toggled.connect(self._choose)
        self.tools.addWidget(self.freeze)
        self.modulation = tool("", "Show modulation", "LFOs, envelopes, macros and routes, in this place (Ctrl+Shift+M)", text="Modulation")
        self.map = tool("", "Show the map of sounds", "All sounds as dots, alike ones beside each other (Ctrl+Shift+D)", text="Map")
        self.tools.addWidget(self.modulation)
        self.tools.addWidget(self.map)
        self.sound.setChecked(True)
        self.freeze.toggled.connect(self.view.freeze)
        self.view.frozen_changed.connect(self.freeze.setChecked)
        self.plot.freeze_asked.connect(self.freeze.toggle)
        self.wave.freeze_asked.connect(self.freeze.toggle)

    @property
    def page(self) -> str:
        """The name of the page that is chosen."""
        return next(name for name, (button, _) in self.pages.items() if button.isChecked())

    def rescale_pages(self) -> None:
        """Draw again what keeps its size and colours."""
        for picture in (self.view, self.plot, self.beat_page):
            picture.rescale()

    def refer_to(self, reference: Callable[[], Reference]) -> None:
        """Read pitches against what this gives."""
        self.view.reference = self.dial.reference = reference

    def _choose(self, chosen: bool) -> None:
        if not chosen:
            return
        self._pictures.setCurrentWidget(self.pages[self.page][1])
        self.freeze.setVisible(self.page not in ("tuner", "beat"))
        self.note.setText("")

    def feed(self, samples: np.ndarray, rate_hz: int, notes: tuple[int, ...]) -> None:
        """The newest output, float32 [n, 2], and the velocity of what sounds at each key."""
        self.view.set_rate(rate_hz)
        self.view.feed(samples)
        if self.dial.isVisible():
            self.dial.feed(samples, rate_hz)
        elif self.wave.isVisible() and not self.freeze.isChecked():
            self.wave.show_notes(notes)
            self.wave.feed(samples, rate_hz)

    def show_frame(self, level_db: np.ndarray, noise_db: np.ndarray, f0_hz: float) -> None:
        """Show the current frame; drawn while it is visible and not frozen."""
        if self.frame.isChecked() and not self.freeze.isChecked():
            self.plot.show_frame(level_db, noise_db, f0_hz)
            self.note.setText(f"{note_name(f0_hz)} · {f0_hz:.0f} Hz" if f0_hz > 0 else "")
