"""The recording controls: a record button with the time, and a button that keeps the last minute."""
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.panels.panel import tool
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import set_tip
from hummingface.instrument.gui.widgets.shortcut_table import key_of

KEPT_TEXT = "60 s"


class RecordBar(QWidget):
    """`record_wanted(on)`, `capture_wanted`, `takes_wanted` are the player's requests. `show_recording` shows the state."""

    record_wanted = Signal(bool)
    capture_wanted = Signal()
    takes_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.record = tool("record", "Record", "Record what you play into your music folder (F9)", checkable=True, text="Rec")
        self.record.setProperty("role", "record")
        self.record.setProperty("tints", ["RECORDING", "GROUND"])
        self.capture = tool("capture", "Keep the last 60 seconds", "Keep what you played in the last 60 seconds (Ctrl+K)", text=KEPT_TEXT)
        self.takes = tool("takes", "Takes", "What you recorded: listen, drag it into your DAW (Ctrl+T)", text="Takes")
        self.takes.setShortcut(key_of("takes"))
        for shortcut, button in (("record", self.record), ("capture", self.capture)):       # also while any panel is in front
            QShortcut(key_of(shortcut), self, context=Qt.ShortcutContext.ApplicationShortcut).activated.connect(button.click)
        self.record.clicked.connect(self._clicked)
        self.capture.clicked.connect(self.capture_wanted)
        self.takes.clicked.connect(self.takes_wanted)
        for button in (self.record, self.capture, self.takes):
            row.addWidget(button)
        self.recording = self.waiting = False

    def rescale(self) -> None:
        """Apply the current scale."""
        self._row.setSpacing(theme.px(4))
        width = self.record.fontMetrics().horizontalAdvance("88:88") + theme.px(34)
        self.record.setMinimumWidth(width)              # so that nothing moves as the time runs

    def show_recording(self, begin: int | None, waits: bool = False) -> None:
        """Show a take that runs since sample `begin`; None: none runs, or it `waits` for the next bar."""
        self.recording, self.waiting, self._begin = begin is not None, waits, begin or 0
        self.record.setChecked(self.recording or waits)
        self.record.setText("0:00" if self.recording else "bar …" if waits else "Rec")
        self.record.setAccessibleName("Stop recording" if self.recording else "Wait no longer" if waits else "Record")
        set_tip(self.record, "Stop and keep the take (F9)" if self.recording
                else "Starts with the next bar; click to cancel (F9)" if waits
                else "Record what you play into your music folder (F9)")

    def show_time(self, telemetry: Telemetry) -> None:
        """Show the length of the take so far."""
        if self.recording:
            text = clock(max(telemetry.position - self._begin, 0) / telemetry.rate_hz)
            if text != self.record.text():
                self.record.setText(text)
                self.record.setAccessibleDescription(f"Recording for {text}")

    def _clicked(self, checked: bool) -> None:
        self.record.setChecked(self.recording or self.waiting)      # it shows the engine's state, not the request
        self.record_wanted.emit(checked)


def clock(seconds: float) -> str:
    """ "0:07", "12:34", "1:02:03" """
    minutes, whole = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"
