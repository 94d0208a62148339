"""Where everything lies in the window: rows, from what is chosen at the top to the keys, and their spaces at any scale."""
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets import theme

if TYPE_CHECKING:
    from hummingface.instrument.gui.window import Window

FIRST_ROW = 29              # its share of the height, and that of the second
KEYS_GAP, SIDES, ABOVE, BELOW = 4, 12, 8, 6             # pixels of the design


class WindowRows:
    """Puts the parts of `window` onto `ground`."""

    def __init__(self, window: "Window", ground: QWidget) -> None:
        self._panel_rows = window.panels.rows
        self._rows = QVBoxLayout(ground)
        self._top, self._first, self._second, self._keys = QHBoxLayout(), QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        self._fill_top(window)
        self._first.addWidget(window.latents, 66)
        self._first.addWidget(window.morph, 34)
        self._second.addWidget(window.named, 30)
        self._second.addWidget(window.middle, 42)
        self._second.addWidget(window.output, 28)
        self._keys.addWidget(window.bend)
        self._keys.addWidget(window.wheel)
        self._keys.addWidget(window.levels)
        self._keys.addWidget(window.keyboard, 1)
        self._rows.addLayout(self._top)
        self._rows.addLayout(self._first, FIRST_ROW)
        self._rows.addLayout(self._second, FIRST_ROW)
        self._rows.addWidget(window.panels, 23)
        self._rows.addLayout(self._keys, 12)
        self._rows.addWidget(window.status)

    def make_large(self, large: bool) -> None:
        """The row of the middle takes the place of the first, which is empty then, or gives it back."""
        self._rows.setStretchFactor(self._first, 0 if large else FIRST_ROW)
        self._rows.setStretchFactor(self._second, 2 * FIRST_ROW if large else FIRST_ROW)

    def rescale(self) -> None:
        """The spaces between them."""
        self._rows.setContentsMargins(theme.px(SIDES), theme.px(ABOVE), theme.px(SIDES), theme.px(BELOW))
        for layout in (self._rows, self._first, self._second, *self._panel_rows):
            layout.setSpacing(theme.px(theme.GAP))
        self._keys.setSpacing(theme.px(KEYS_GAP))

    def _fill_top(self, window: "Window") -> None:
        left, right = QHBoxLayout(), QHBoxLayout()
        left.addWidget(window.help.button)
        left.addWidget(window.word)
        left.addWidget(window.recordings.button)
        left.addStretch(1)
        right.addStretch(1)
        right.addWidget(window.recorder)
        right.addWidget(window.settings_button)
        self._top.addLayout(left, 1)
        self._top.addWidget(window.patches, 2)
        self._top.addLayout(right, 1)
