"""A panel: a heading, space for small tools beside it, and a group of widgets below."""
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import Label, set_tip

HEADING, ICON = 28, 16      # height of a heading's row, size of the icons in it


class Panel(QFrame):
    """`tools` is the row of the heading, `body` the layout of the contents. Sizes follow `theme.scale` by `rescale`."""

    heading_height, inset = HEADING, theme.PAD

    def __init__(self, title: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAccessibleName(title.capitalize())
        self.heading = Label(title.upper())
        self.heading.setObjectName("heading")
        self.note = Label()
        self.note.setObjectName("note")
        self.tools = QHBoxLayout()
        self.tools.addWidget(self.heading)
        self.tools.addWidget(self.note)
        self.tools.addStretch(1)
        self.body = QVBoxLayout(self)
        self.body.addLayout(self.tools)
        self.rescale()

    def rescale(self) -> None:
        """Take the present scale on."""
        pad = theme.px(self.inset)
        self.body.setContentsMargins(pad, theme.px(5), pad, theme.px(6))
        self.body.setSpacing(theme.px(4))
        self.tools.setSpacing(theme.px(6))
        self.heading.setFixedHeight(theme.px(self.heading_height))
        for index in range(self.tools.count()):
            item = self.tools.itemAt(index)
            if item is not None and isinstance(button := item.widget(), QToolButton):
                button.setMaximumHeight(theme.px(self.heading_height))      # headings side by side are on one line


def tool(icon: str, name: str, tip: str = "", checkable: bool = False, text: str = "") -> QToolButton:
    """A small flat button with an icon, `name` for screen readers, `tip` beside the pointer."""
    button = QToolButton()
    button.setProperty("flat", True)
    button.setProperty("small", bool(text))
    button.setAccessibleName(name)
    set_tip(button, tip or name)
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setProperty("drawing", icon)
    _draw(button)
    if text:
        button.setText(text)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon if icon else Qt.ToolButtonStyle.ToolButtonTextOnly)
    return button


def _draw(button: QToolButton) -> None:
    """Draw the icon at the current scale, in the button's own `tints` (normal, checked: names of the theme's) if it has any."""
    size = theme.px(ICON)
    if button.property("drawing"):
        button.setIcon(theme.icon(button.property("drawing"), size, *(getattr(theme, tint) for tint in button.property("tints") or ())))
        button.setIconSize(QSize(size, size))


def rescale(root: QWidget) -> None:
    """Apply the current scale."""
    for panel in root.findChildren(Panel):
        panel.rescale()
    for button in root.findChildren(QToolButton):
        _draw(button)
