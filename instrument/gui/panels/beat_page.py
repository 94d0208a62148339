"""The page of the beat: tempo by tapping, metronome and count-in, and the arpeggiator with its pattern."""
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.choice import ChoiceControl
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.gui.widgets.plain_text import set_tip
from hummingface.instrument.gui.widgets.shortcut_table import key_of, text_of
from hummingface.instrument.gui.widgets.step_cell import StepCell
from hummingface.instrument.patches.parameters import ARPEGGIATOR_STEPS, PARAMETERS, Parameter, group
from hummingface.instrument.session.tap_tempo import TapTempo

if TYPE_CHECKING:
    from hummingface.instrument.gui.widgets.control import Control

LENGTH = "arpeggiator.length"
_STEP = "arpeggiator.step_"
DIAMETER = 32


def _control(parameter: Parameter) -> "Control":
    """On and off side by side; a knob that says where it stands for more."""
    name = parameter.label if parameter.group == "metronome" else f"Arpeggiator {parameter.label.lower()}"
    if len(parameter.choices) == 2:
        return ChoiceControl(parameter, name, DIAMETER)
    return Knob(parameter, name, diameter=DIAMETER, always_value=bool(parameter.choices))


class BeatPage(QWidget):
    """`controls` are its widgets by the ids of their controls; `tempo_tapped` gives beats a minute."""

    tempo_tapped = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.controls: dict[str, Control] = {}
        self._taps = TapTempo()
        self.tap = push_button("Tap", self._tapped)
        set_tip(self.tap, f"Tap the tempo ({text_of('tap')})")
        QShortcut(key_of("tap"), self, context=Qt.ShortcutContext.ApplicationShortcut).activated.connect(self._tapped)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._column = column
        column.addLayout(self._row(), 3)
        column.addLayout(self._pattern(), 2)
        self.rescale()
        self.controls[LENGTH].valueChanged.connect(self._show_length)
        self._show_length()

    def rescale(self) -> None:
        """Apply the current scale."""
        self._column.setSpacing(theme.px(4))

    def _row(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(0)
        wanted = [p for name in ("metronome", "arpeggiator") for p in group(name) if not p.id.startswith(_STEP)]
        grid.addWidget(self.tap, 0, 0, Qt.AlignmentFlag.AlignCenter)
        columns = (len(wanted) + 2) // 2
        for place, parameter in enumerate(wanted, 1):
            control = self.controls[parameter.id] = _control(parameter)
            grid.addWidget(control, place // columns, place % columns)
        for row in range(2):
            grid.setRowStretch(row, 1)
        return grid

    def _pattern(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        for number in range(1, ARPEGGIATOR_STEPS + 1):
            parameter = PARAMETERS[f"{_STEP}{number}"]
            cell = self.controls[parameter.id] = StepCell(parameter, number)
            row.addWidget(cell, 1)
        return row

    def _show_length(self) -> None:
        length = round(self.controls[LENGTH].shown)
        for number in range(1, ARPEGGIATOR_STEPS + 1):
            cell = self.controls[f"{_STEP}{number}"]
            assert isinstance(cell, StepCell)
            cell.use(number <= length)

    def _tapped(self) -> None:
        tempo_bpm = self._taps.tap(time.monotonic())
        if tempo_bpm is not None:
            self.tempo_tapped.emit(tempo_bpm)
