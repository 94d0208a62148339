"""How the window looks, as the settings have it: its zoom and its contrast."""
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QWidget

from hummingface.instrument.gui.widgets.plain_text import Label, set_tip
from hummingface.instrument.gui.widgets.scrolling import leave_wheel

ZOOMS = (75, 90, 100, 110, 125, 150, 175, 200)         # per cent
USUAL = 100


class LookRow(QWidget):
    """`zoom_wanted` and `contrast_wanted` are the player's; `show_look` shows what there is."""

    zoom_wanted = Signal(int)
    contrast_wanted = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.zoom, self.contrast = QComboBox(), QCheckBox("High contrast")
        self.zoom.setAccessibleName("Zoom")
        set_tip(self.zoom, "How large controls and letters are, in a window of the same size (Ctrl++, Ctrl+-, Ctrl+0)")
        for zoom in ZOOMS:
            self.zoom.addItem(f"{zoom} %", zoom)
        self.zoom.activated.connect(lambda: self.zoom_wanted.emit(self.zoom.currentData()))
        leave_wheel(self.zoom)
        self.contrast.setAccessibleName("High contrast")
        set_tip(self.contrast, "Black, with lines around all panels and brighter letters")
        self.contrast.clicked.connect(self.contrast_wanted)
        label = Label("Zoom")
        label.setObjectName("soft")
        label.setBuddy(self.zoom)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (label, self.zoom, self.contrast):
            row.addWidget(widget)
        row.addStretch(1)
        self.show_look(USUAL, False)

    def show_look(self, zoom: int, high_contrast: bool) -> None:
        """Show these."""
        self.zoom.setCurrentIndex(self.zoom.findData(zoom))
        self.contrast.setChecked(high_contrast)
