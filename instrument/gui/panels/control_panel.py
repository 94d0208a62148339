"""The row of small knobs: on its first page what makes the sound, a section for each group of the table; on the second how it is played."""
from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QWidget

from hummingface.instrument.gui.panels.panel import Panel, tool
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.choice import ChoiceControl
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.envelope_curve import EnvelopeCurve
from hummingface.instrument.gui.widgets.filter_curve import FilterCurve
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.gui.widgets.section_curve import SectionCurve
from hummingface.instrument.gui.widgets.shortcut_table import key_of
from hummingface.instrument.patches.parameters import PARAMETERS, Parameter, group
from hummingface.instrument.session.sound_curves import ShownVoice

ROWS = 2
GROUPS = ("touch", "time", "envelope", "filter", "character", "motion", "effects")
PLAYING = {                         # the second page: headings, and the controls below them
    "note": ("time.start", "time.direction", "time.hold_s", "time.freeze", "time.scrub", "time.position"),
    "unison": tuple(p.id for p in group("unison")),
    "keys": tuple(p.id for p in group("keys")),
    "pedal · slide": ("master.half_pedal", "filter.slide")}
ON_SECOND_PAGE = frozenset(name for names in PLAYING.values() for name in names)
LEAST_COLUMN, LABEL_GAP = 50, 10        # width of a column of knobs, and between two labels
CURVES: dict[str, Callable[[Mapping[str, Control]], SectionCurve]] = {"envelope": EnvelopeCurve, "filter": FilterCurve}    # by headings
CURVE_SHARE = 34            # percent of a section's height
MOST_IN_SIGHT = 3           # choices that a switch shows at once; more become a knob with steps


def make_control(parameter: Parameter, heading: str, diameter: int = 34) -> Control:
    """The widget for a control; its name for screen readers contains the group, as labels repeat between groups."""
    name = parameter.label if parameter.label.lower().startswith(heading.lower()) else f"{heading} {parameter.label}"
    if 0 < len(parameter.choices) <= MOST_IN_SIGHT:
        return ChoiceControl(parameter, name, diameter)
    return Knob(parameter, name, diameter=diameter)


def sections() -> list[tuple[str, list[Parameter]]]:
    """Headings and the controls below them. Effects are divided by the first part of their ids; a single one joins the next."""
    found: list[tuple[str, list[Parameter]]] = []
    for name in GROUPS:
        if name != "effects":
            found.append((name, [p for p in group(name) if p.id not in ON_SECOND_PAGE]))
            continue
        lone: list[Parameter] = []
        for effect in dict.fromkeys(p.id.partition(".")[0] for p in group(name)):
            members = [p for p in group(name) if p.id.partition(".")[0] == effect]
            if len(members) == 1:
                lone += members
            else:
                heading = " · ".join([*(p.label for p in lone), effect])
                found.append((heading, [*lone, *members]))
                lone = []
        if lone:
            found.append((lone[0].label, lone))
    return found


class Section(Panel):
    """One group of small knobs in two rows, filled by columns if there is one, else by rows."""

    heading_height, inset = 22, 7         # no tools beside it; many labels side by side

    def __init__(self, heading: str, parameters: list[Parameter]):
        super().__init__(heading)
        self.columns = -(-len(parameters) // ROWS)
        self.controls: dict[str, Control] = {}
        grid = QGridLayout()
        grid.setSpacing(0)
        for index, parameter in enumerate(parameters):
            effect = parameter.id.partition(".")[0] if "·" in heading else heading
            control = self.controls[parameter.id] = make_control(parameter, effect.capitalize())
            grid.addWidget(control, index // self.columns, index % self.columns)
            grid.setRowStretch(index // self.columns, 1)
        for column, wide in enumerate(self._widths()):
            grid.setColumnStretch(column, wide)
        self.curve = CURVES[heading](self.controls) if heading in CURVES else None
        if self.curve is not None:
            self.body.addWidget(self.curve, CURVE_SHARE)
        self.body.addLayout(grid, 100 - CURVE_SHARE)

    def _widths(self) -> list[int]:
        """Widths of the columns: that of the longest label, and enough for the knob."""
        measure = QFontMetrics(theme.font("small", QFont.Weight.Medium)).horizontalAdvance
        widths = [LEAST_COLUMN] * self.columns
        for index, control in enumerate(self.controls.values()):
            column, wide = index % self.columns, round(measure(control.parameter.label) / theme.scale) + LABEL_GAP
            widths[column] = max(widths[column], wide)
        return widths

    def weight(self) -> int:
        """The relative width beside others."""
        return sum(self._widths()) + 2 * self.inset


class ControlPanel(QStackedWidget):
    """All sections side by side, each as wide as its columns need, on two pages."""

    def __init__(self) -> None:
        super().__init__()
        playing = [(heading, [PARAMETERS[name] for name in names]) for heading, names in PLAYING.items()]
        self.pages = [[Section(*section) for section in page] for page in (sections(), playing)]
        self.sections = [section for page in self.pages for section in page]
        self.rows: list[QHBoxLayout] = []
        self.controls: dict[str, Control] = {}
        for page in self.pages:
            widget = QWidget()
            row = QHBoxLayout(widget)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(theme.GAP)
            for section in page:
                row.addWidget(section, section.weight())
                self.controls |= section.controls
            self.rows.append(row)
            self.addWidget(widget)
        self.turn = tool("", "Playing", "How it is played: the course of notes, unison, keys, pedals (Ctrl+U)", text="Play")
        self.back = tool("", "Sound", "What makes the sound (Ctrl+U)", text="Sound")
        for button, page in ((self.turn, self.pages[0]), (self.back, self.pages[1])):
            max(page, key=lambda section: section.columns).tools.addWidget(button)        # its heading leaves room
            button.clicked.connect(self.turn_page)
        QShortcut(key_of("playing"), self, context=Qt.ShortcutContext.WindowShortcut).activated.connect(self.turn_page)

    def show_voice(self, voice: ShownVoice | None) -> None:
        """Show what the newest voice does in the curves; None: nothing sounds."""
        for section in self.sections:
            if section.curve is not None:
                section.curve.show_voice(voice)

    def turn_page(self) -> None:
        """Show the other page."""
        self.setCurrentIndex(1 - self.currentIndex())

    def reveal(self, parameter_id: str) -> None:
        """Turn to the page that has a control, if one has."""
        if parameter_id in self.controls:
            self.setCurrentIndex(parameter_id in ON_SECOND_PAGE)
