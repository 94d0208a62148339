"""The panel of the whole instrument: its level, tuning, tempo and voices."""
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout

from hummingface.instrument.gui.panels.control_panel import ON_SECOND_PAGE, ROWS, make_control
from hummingface.instrument.gui.panels.panel import Panel
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.gui.widgets.meter import Meter
from hummingface.instrument.patches.parameters import PARAMETERS, group

if TYPE_CHECKING:
    from hummingface.instrument.gui.widgets.control import Control


class OutputPanel(Panel):
    """The meter, the large volume knob beside it, and the other controls of the whole instrument."""

    def __init__(self) -> None:
        super().__init__("Output")
        self.meter = Meter()
        self.controls: dict[str, Control] = {}
        row = QHBoxLayout()
        row.setSpacing(theme.px(6))
        row.addWidget(self.meter)
        volume = PARAMETERS["master.volume_db"]
        others = [p for p in group("master") if p is not volume and p.id not in ON_SECOND_PAGE]
        self.controls[volume.id] = Knob(volume, volume.label, diameter=58, always_value=True)
        row.addWidget(self.controls[volume.id], 3, Qt.AlignmentFlag.AlignVCenter)
        grid = QGridLayout()
        grid.setSpacing(0)
        columns = -(-len(others) // ROWS)
        for index, parameter in enumerate(others):
            control = self.controls[parameter.id] = make_control(parameter, "Master", diameter=38)
            grid.addWidget(control, index // columns, index % columns)
            grid.setColumnStretch(index % columns, 1)
        row.addLayout(grid, 2 * columns)
        self.body.addLayout(row, 1)
