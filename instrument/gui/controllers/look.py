"""How the window looks: its zoom, beside what follows from its size, and high contrast. Kept with the window's state."""
from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QWidget

from hummingface.instrument.gui.panels.look_row import USUAL, ZOOMS
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.shortcut_table import keys_of


class Look(QObject):
    """`apply` draws the window again; `on_change` is called when the look is another one."""

    def __init__(self, window: QWidget, apply: Callable[[], None]):
        super().__init__(window)
        self._apply = apply
        self.zoom, self.high_contrast = USUAL, False
        self.on_change: list[Callable[[], None]] = []
        for name, act in (("zoom in", lambda: self.step(1)), ("zoom out", lambda: self.step(-1)), ("zoom back", lambda: self.set(USUAL))):
            shortcut = QShortcut(window)
            shortcut.setKeys(keys_of(name))
            shortcut.activated.connect(act)
        theme.set_look(1.0, False)          # a window before this one may have left another

    def set(self, zoom: int | None = None, high_contrast: bool | None = None) -> None:
        """Use another zoom, in per cent of `ZOOMS`, or another contrast."""
        wanted = (self.zoom if zoom is None else zoom, self.high_contrast if high_contrast is None else high_contrast)
        if wanted != (self.zoom, self.high_contrast):
            self.zoom, self.high_contrast = wanted
            theme.set_look(self.zoom / 100, self.high_contrast)
            self._apply()
            for listener in self.on_change:
                listener()

    def step(self, by: int) -> None:
        """The next larger zoom, or smaller."""
        self.set(ZOOMS[min(max(ZOOMS.index(self.zoom) + by, 0), len(ZOOMS) - 1)])

    def restore(self, zoom: object, high_contrast: object) -> None:
        """Take over what was kept; what makes no sense is left out."""
        self.set(next((known for known in ZOOMS if known == zoom), USUAL), high_contrast is True)
