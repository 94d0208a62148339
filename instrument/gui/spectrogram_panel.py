"""The spectrogram with what belongs to it: sound or frame, freeze."""
from PySide6.QtWidgets import QButtonGroup

from instrument.gui.panel import Panel, tool
from instrument.gui.spectrogram import Spectrogram


class SpectrogramPanel(Panel):
    """A panel around the spectrogram."""

    def __init__(self):
        super().__init__("Spectrogram")
        self.view = Spectrogram()
        self.body.addWidget(self.view, 1)
        self.sound = tool("", "Show what sounds", "The last ten seconds of what sounds", checkable=True, text="Sound")
        self.frame = tool("", "Show the model's frame", "The frame that the model is making now, for the newest note",
                          checkable=True, text="Frame")
        self.freeze = tool("freeze", "Freeze spectrogram", "Freeze (click the picture, or Space while it has the focus)",
                           checkable=True)
        group = QButtonGroup(self)
        for button in (self.sound, self.frame):
            group.addButton(button)
            self.tools.addWidget(button)
        self.tools.addWidget(self.freeze)
        self.sound.setChecked(True)
        self.frame.toggled.connect(self.view.show_frame)
        self.freeze.toggled.connect(self.view.freeze)
        self.view.frozen_changed.connect(self.freeze.setChecked)
