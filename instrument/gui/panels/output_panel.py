"""The panel of the whole instrument: its level, and on a second page what its keys do."""
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QWidget

from hummingface.instrument.gui.panels.control_panel import ROWS, make_control
from hummingface.instrument.gui.panels.panel import Panel, tool
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.gui.widgets.meter import Meter
from hummingface.instrument.patches.parameters import PARAMETERS, Parameter, group

if TYPE_CHECKING:
    from hummingface.instrument.gui.widgets.control import Control

PLAYING = ("unison", "keys")            # groups on the second page


class OutputPanel(Panel):
    """The meter, and beside it the large volume knob with the other controls of the whole instrument; or how its keys are played."""

    def __init__(self) -> None:
        super().__init__("Output")
        self.meter = Meter()
        self.controls: dict[str, Control] = {}
        volume = PARAMETERS["master.volume_db"]
        self.controls[volume.id] = Knob(volume, volume.label, diameter=58, always_value=True)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.controls[volume.id], 3, Qt.AlignmentFlag.AlignVCenter)
        others = [p for p in group("master") if p is not volume]
        row.addLayout(self._grid(others, 38), 2 * -(-len(others) // ROWS))
        self.playing = QWidget()
        self.playing.setLayout(self._grid([p for name in PLAYING for p in group(name)], 32))
        self.pages = QStackedWidget()
        self.pages.addWidget(whole)
        self.pages.addWidget(self.playing)
        self.turn = tool("", "Keys", "What keys do: unison, glide, ranges, priority, stealing (Ctrl+U)", checkable=True, text="Keys")
        self.turn.setShortcut("Ctrl+U")
        self.turn.toggled.connect(self.pages.setCurrentIndex)
        self.tools.addWidget(self.turn)
        beside = QHBoxLayout()
        beside.setSpacing(theme.px(6))
        beside.addWidget(self.meter)
        beside.addWidget(self.pages, 1)
        self.body.addLayout(beside, 1)

    def _grid(self, parameters: Sequence[Parameter], diameter: int) -> QGridLayout:
        """Controls in two rows."""
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        columns = -(-len(parameters) // ROWS)
        for index, parameter in enumerate(parameters):
            control = self.controls[parameter.id] = make_control(parameter, parameter.group.capitalize(), diameter)
            grid.addWidget(control, index // columns, index % columns)
            grid.setColumnStretch(index % columns, 1)
        return grid

    def reveal(self, parameter_id: str) -> None:
        """Switch to the page that has a control, if one has."""
        if parameter_id in self.controls:
            self.turn.setChecked(PARAMETERS[parameter_id].group in PLAYING)
