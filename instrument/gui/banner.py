"""A calm strip that says what happened, instead of a box in the way of playing."""
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout

from instrument.gui import theme
from instrument.gui.panel import tool
from instrument.gui.plain import LONGEST_MESSAGE, Label, set_tip, shortened

INFO_MS = 6000


class Banner(QFrame):
    """One message at a time; good news goes by itself, a problem stays until it is over or closed."""

    def __init__(self):
        super().__init__()
        self.setAccessibleName("Message")
        self.problem = False
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(12), theme.px(3), theme.px(4), theme.px(3))
        self.text = Label(wraps=True)
        row.addWidget(self.text, 1)
        self.close_button = tool("close", "Close message")
        self.close_button.clicked.connect(lambda: self.dismiss())
        row.addWidget(self.close_button)
        self._timer = QTimer(self, singleShot=True, interval=INFO_MS)
        self._timer.timeout.connect(lambda: self.dismiss())
        self.hide()

    def say(self, text: str, problem: bool = False, stay: bool = False) -> None:
        """Show a message; problems stay, and so does news with `stay`, until it is dismissed."""
        self.problem = problem
        self._timer.stop()
        self.text.setText(shortened(text))
        set_tip(self.text, text if len(text) > LONGEST_MESSAGE else "")
        self.setAccessibleDescription(text)
        tint = theme.WARM if problem else theme.COOL
        self.setStyleSheet(f"Banner {{ background: {theme.RAISED}; border-left: {theme.px(3)}px solid {tint}; "
                           f"border-radius: {theme.px(4)}px; }}")
        self.show()
        if not problem and not stay:
            self._timer.start()

    def dismiss(self, but_problems: bool = False) -> None:
        """Take the message away (`but_problems`: if it is not one)."""
        if but_problems and self.problem:
            return
        self._timer.stop()
        self.hide()
