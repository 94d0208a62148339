"""A banner that reports an event in the window, in place of a modal dialog."""
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from hummingface.instrument.gui.panels.panel import tool
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.plain_text import LONGEST_MESSAGE, Label, set_tip, shortened

INFO_MS = 6000
MARGIN = 8                      # to the edges of what it floats over


class Banner(QFrame):
    """One message at a time; good news disappears by itself, a problem stays until it is solved or closed. A notice is hidden by problems,
    and returns after good news, until the player closes it. It floats over the lower edge of a widget, and moves nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Message")
        self.problem = False
        self._said = self._notice = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(12), theme.px(3), theme.px(4), theme.px(3))
        self.text = Label(wraps=True)
        row.addWidget(self.text, 1)
        self._act: Callable[[], object] | None = None
        self.action = push_button("Undo", self._acted, "Do what is offered")
        self.action.hide()
        row.addWidget(self.action)
        self.close_button = tool("close", "Close message")
        self.close_button.clicked.connect(self._closed)
        row.addWidget(self.close_button)
        self._timer = QTimer(self, singleShot=True, interval=INFO_MS)
        self._timer.timeout.connect(lambda: self.dismiss())
        self._over: QWidget | None = None
        self.on_say: list[Callable[[str, bool], None]] = []         # a message, and whether it is a problem
        self.hide()

    def float_over(self, widget: QWidget) -> None:
        """Float over this widget, which has the same parent."""
        self._over = widget
        self.setParent(widget.parentWidget())
        widget.installEventFilter(self)

    def _place(self) -> None:
        if self._over is None or self.isHidden():
            return
        around, margin = self._over.geometry(), theme.px(MARGIN)
        wide = around.width() - 2 * margin
        row = self.layout()
        high = row.totalHeightForWidth(wide) if row is not None else 0
        self.setGeometry(around.left() + margin, max(around.bottom() + 1 - margin - high, 0), wide, high)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place()
        return super().eventFilter(watched, event)

    def notify(self, text: str) -> None:
        """Show a notice about the start, which survives other messages."""
        self._notice = "\n".join(filter(None, (self._notice, text)))
        self.say(self._said if self.problem else "", problem=True)

    def say(self, text: str, problem: bool = False, stay: bool = False, offer: tuple[str, Callable[[], object]] | None = None) -> None:
        """Show a message; problems stay, and so does news with `stay` or an offer, until it is dismissed. An `offer` is a button: its text,
        and what it does."""
        self.problem, self._said = problem, text
        self._act = offer[1] if offer else None
        self.action.setVisible(offer is not None)
        if offer:
            self.action.setText(offer[0])
            self.action.setAccessibleName(offer[0])
        self._timer.stop()
        text = "\n".join(filter(None, (text, self._notice if problem else "")))
        self.text.setText(shortened(text))
        set_tip(self.text, text if len(text) > LONGEST_MESSAGE else "")
        self.setAccessibleDescription(text)
        tint = theme.WARM if problem else theme.COOL
        self.setStyleSheet(f"Banner {{ background: {theme.RAISED}; border: 1px solid {theme.TRACK}; "
                           f"border-left: {theme.px(3)}px solid {tint}; border-radius: {theme.px(4)}px; }}")
        self.show()
        self._place()
        for listener in self.on_say if self._said else ():
            listener(self._said, problem)
        if not problem and not stay and offer is None:
            self._timer.start()

    def dismiss(self, but_problems: bool = False) -> None:
        """Remove the message (`but_problems`: unless it is one)."""
        if but_problems and self.problem:
            return
        self._timer.stop()
        if self._notice and self._said:
            self.say("", problem=True)
        else:
            self.hide()

    def _acted(self) -> None:
        act = self._act
        self.dismiss()
        if act is not None:
            act()

    def _closed(self) -> None:
        if self.problem:                # the notice was there to be read
            self._notice = ""
        self.dismiss()
