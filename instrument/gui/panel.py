"""A group of controls on a surface of its own: a heading, room for small tools beside it, and the contents below."""
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from instrument.gui import theme


class Panel(QFrame):
    """`tools` is the row of the heading, `body` the layout of the contents. Sizes follow `theme.scale` by `rescale`."""

    def __init__(self, title: str, parent=None):
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAccessibleName(title.capitalize())
        self.heading = QLabel(title.upper())
        self.heading.setObjectName("heading")
        self.note = QLabel()
        self.note.setObjectName("dim")
        self.tools = QHBoxLayout()
        self.tools.addWidget(self.heading)
        self.tools.addWidget(self.note)
        self.tools.addStretch(1)
        self.body = QVBoxLayout(self)
        self.body.addLayout(self.tools)
        self.rescale()

    def rescale(self) -> None:
        """Take the present scale on."""
        pad = theme.px(theme.PAD)
        self.body.setContentsMargins(pad, theme.px(5), pad, theme.px(6))
        self.body.setSpacing(theme.px(4))
        self.tools.setSpacing(theme.px(6))
        self.heading.setFixedHeight(theme.px(28))


def tool(icon: str, name: str, tip: str = "", checkable: bool = False, text: str = "") -> QToolButton:
    """A small flat button with an icon, `name` for screen readers, `tip` beside the pointer."""
    button = QToolButton()
    button.setProperty("flat", True)
    button.setProperty("small", bool(text))
    button.setAccessibleName(name)
    button.setToolTip(tip or name)
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if icon:
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(theme.px(16), theme.px(16)))
    if text:
        button.setText(text)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon if icon else Qt.ToolButtonStyle.ToolButtonTextOnly)
    return button


def rescale(root: QWidget) -> None:
    """Give every panel and button under a widget the present scale."""
    for panel in root.findChildren(Panel):
        panel.rescale()
    for button in root.findChildren(QToolButton):
        if not button.icon().isNull():
            button.setIconSize(QSize(theme.px(16), theme.px(16)))
