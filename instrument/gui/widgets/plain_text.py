"""Labels, tooltips and captions as plain text: names come from files, devices and other programs, and must not be taken for HTML or
shortcuts.

Qt guesses in labels and tooltips whether a text is HTML, and then loads what it refers to; in buttons and menus `&` makes a shortcut of
the next letter. So the window makes its labels, tooltips and captions here, and nowhere else.
"""
import html

from PySide6.QtCore import QPoint
from PySide6.QtGui import Qt
from PySide6.QtWidgets import QLabel, QToolTip, QWidget

from hummingface.instrument.gui.widgets import theme

LONGEST_MESSAGE = 700           # characters of a message in the window
LONGEST_TIP = 2000


class Label(QLabel):
    """A label that always shows its text literally. With `wraps`, of several lines; even a very long word never widens the window."""

    def __init__(self, text: str = "", parent: QWidget | None = None, wraps: bool = False):
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        if wraps:
            self.setWordWrap(True)
            self.setMinimumWidth(1)


class Tip(str):
    """A tooltip with a bold title, made by `tip`: every part of it is escaped."""

    __slots__ = ()


def tip(title: str, reading: str = "", *lines: str, hint: str = "") -> Tip:
    """A tooltip: its title in bold and a reading beside it, then lines, and how to use it in a softer colour."""
    first = f"<b>{_escaped(title)}</b>" + (f"&nbsp; {_escaped(reading)}" if reading else "")
    soft = [f"<span style='color:{theme.SOFT}'>{_escaped(hint)}</span>"] if hint else []
    return Tip("<br>".join([first, *(_escaped(line) for line in lines if line), *soft]))


def set_tip(widget: QWidget, text: str) -> None:
    """Give a widget a tooltip: a `Tip`, or any text, which is shown literally."""
    widget.setToolTip(safe_tip(text))


def show_tip(place: QPoint, text: str, widget: QWidget) -> None:
    """Show a tooltip now, at a place of the screen."""
    QToolTip.showText(place, safe_tip(text), widget)


def safe_tip(text: str) -> str:
    """A tooltip in the form that Qt shows literally."""
    if isinstance(text, Tip):
        return text
    text = shortened(text, LONGEST_TIP)
    if not Qt.mightBeRichText(text):
        return text
    return f"<span>{_escaped(text)}</span>".replace("\n", "<br>")


def caption(text: str) -> str:
    """A text for a button, a box or a menu, where Qt would make `&` a shortcut, and show the text after a tab as one."""
    return "".join(c if c.isprintable() else " " for c in text).replace("&", "&&")


def shortened(text: str, most: int = LONGEST_MESSAGE) -> str:
    """The text, shortened with an ellipsis."""
    return text if len(text) <= most else text[:most - 1] + "…"


def _escaped(text: str) -> str:
    """A text escaped for HTML."""
    return html.escape(text, quote=False)
