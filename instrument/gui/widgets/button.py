"""A button with words on it, as every panel and dialog has them."""
from collections.abc import Callable

from PySide6.QtWidgets import QPushButton

from hummingface.instrument.gui.widgets.plain_text import set_tip


def push_button(text: str, act: Callable[[], object], tip: str = "") -> QPushButton:
    """One that calls `act` when it is clicked. Screen readers read its text; Enter in a field beside it does not press it."""
    button = QPushButton(text)
    button.setAccessibleName(text.rstrip("…"))
    button.setAutoDefault(False)
    if tip:
        set_tip(button, tip)
    button.clicked.connect(lambda _checked=False: act())
    return button
