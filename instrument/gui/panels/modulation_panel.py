"""The panel of modulation: all sources as chips, the settings of one of them beside these, and the list of routes."""
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from hummingface.instrument.gui.panels.control_panel import make_control
from hummingface.instrument.gui.panels.panel import Panel, tool
from hummingface.instrument.gui.panels.route_list import RouteList
from hummingface.instrument.gui.widgets.plain_text import set_tip
from hummingface.instrument.gui.widgets.source_chip import SourceChip
from hummingface.instrument.patches.parameters import MACROS, Parameter, group
from hummingface.instrument.patches.patch import LONGEST_TAG
from hummingface.instrument.patches.sources import SOURCES
from hummingface.instrument.session.session import Session

if TYPE_CHECKING:
    from hummingface.instrument.gui.widgets.control import Control

CHIP_COLUMNS = 5
WITH_SETTINGS = ("lfo", "mod_envelope")


class SettingsPage(QWidget):
    """The controls of one source, in two rows."""

    def __init__(self, heading: str, parameters: list[Parameter]):
        super().__init__()
        self.controls: dict[str, Control] = {}
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setSpacing(0)
        columns = -(-len(parameters) // 2)
        for index, parameter in enumerate(parameters):
            control = self.controls[parameter.id] = make_control(parameter, heading)
            self.grid.addWidget(control, index // columns, index % columns)


class MacroPage(QWidget):
    """Eight knobs, each with a field for its name."""

    def __init__(self, session: Session):
        super().__init__()
        self.session = session
        self.controls: dict[str, Control] = {}
        self.names: list[QLineEdit] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        for index, parameter in enumerate(group("macro")):
            column = QVBoxLayout()
            column.setSpacing(0)
            control = self.controls[parameter.id] = make_control(parameter, parameter.label, diameter=30)
            name = QLineEdit()
            name.setStyleSheet("padding: 0; min-height: 0;")        # two rows of them fit the least window
            name.setMaxLength(LONGEST_TAG)
            name.setPlaceholderText("name")
            name.setAccessibleName(f"Name of {parameter.label}")
            name.setMinimumWidth(1)
            set_tip(name, "What this macro does, for the patch to keep")
            name.editingFinished.connect(lambda index=index, name=name: session.routing.name_macro(index, name.text().strip()))
            self.names.append(name)
            column.addWidget(control, 1)
            column.addWidget(name)
            grid.addLayout(column, index // 4, index % 4)

    def refresh(self) -> None:
        """Show the names of the present sound."""
        macros = self.session.state.patch.macros
        for index, name in enumerate(self.names):
            text = macros[index] if index < len(macros) else ""
            if name.text() != text and not name.hasFocus():
                name.setText(text)


class ModulationPanel(Panel):
    """It shares its place with the spectrogram."""

    def __init__(self, session: Session):
        super().__init__("Modulation")
        self.session = session
        self.chips = {name: SourceChip(source) for name, source in SOURCES.items()}
        self.macros, self.list = MacroPage(session), RouteList(session)
        self.pages = QStackedWidget()
        self.settings: dict[str, SettingsPage] = {}
        for name in (name for name in SOURCES if name.startswith(WITH_SETTINGS)):
            own = [parameter for parameter in group(name.partition(".")[0]) if parameter.id.startswith(f"{name}.")]
            self.settings[name] = SettingsPage(SOURCES[name].label, own)
        for page in (self.list, self.macros, *self.settings.values()):
            self.pages.addWidget(page)
        self.controls: dict[str, Control] = dict(self.macros.controls)
        for page in self.settings.values():
            self.controls |= page.controls
        self._build()
        session.on_change.append(self.refresh)
        self.choose("lfo.1")

    def _build(self) -> None:
        chips, self._group = QGridLayout(), QButtonGroup(self)
        chips.setSpacing(2)
        for index, chip in enumerate(self.chips.values()):
            chips.addWidget(chip, index // CHIP_COLUMNS, index % CHIP_COLUMNS)
            self._group.addButton(chip)
            chip.clicked.connect(lambda _=False, name=chip.source.id: self.choose(name))
        row = QHBoxLayout()
        row.addLayout(chips, 45)
        row.addWidget(self.pages, 55)
        self.body.addLayout(row, 1)
        self.routes_button = tool("", "Show all routes", "The list of all routes", checkable=True, text="Routes")
        self.routes_button.toggled.connect(self._show_page)
        self.back = tool("", "Show the spectrogram", "The spectrogram, in this place (Ctrl+Shift+M)", text="Spectrogram")
        self.tools.addWidget(self.routes_button)
        self.tools.addWidget(self.back)

    def choose(self, source: str) -> None:
        """Show the settings of a source; those without show the routes."""
        self.chips[source].setChecked(True)
        self.routes_button.setChecked(source not in self.settings and not source.startswith("macro."))
        self._show_page()

    def reveal(self, parameter_id: str) -> bool:
        """Show the page that has a control. Returns whether one has."""
        for name in (*self.settings, *(f"macro.{number + 1}" for number in range(MACROS))):
            if parameter_id == name or parameter_id.startswith(f"{name}."):
                self.choose(name)
                return True
        return False

    def _show_page(self) -> None:
        chosen = next(name for name, chip in self.chips.items() if chip.isChecked())
        if self.routes_button.isChecked():
            self.pages.setCurrentWidget(self.list)
        else:
            self.pages.setCurrentWidget(self.settings.get(chosen) or (self.macros if chosen.startswith("macro.") else self.list))

    def refresh(self) -> None:
        """Show what belongs to the present sound."""
        self.macros.refresh()
        macros, count = self.session.state.patch.macros, len(self.session.routing.routes)
        for number in range(MACROS):
            name = f"macro.{number + 1}"
            self.chips[name].rename((macros[number] if number < len(macros) else "") or SOURCES[name].label)
        self.note.setText(f"{count} route{'s' * (count != 1)}" if count else "")
