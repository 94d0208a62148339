"""The panel of the named knobs, in sight beside the latents: what the sound is to be like, and on a second page the model's families."""
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QWidget

from hummingface.instrument.gui.panels.panel import Panel, tool
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.gui.widgets.shortcut_table import key_of
from hummingface.instrument.patches.library import families_of, named_knobs_of
from hummingface.instrument.patches.parameters import PARAMETERS, group
from hummingface.instrument.session.session import Session

ROWS = 2
DIAMETERS = {"characteristic": 44, "family": 36}


class NamedKnob(Knob):
    """A named knob: "brighter", a family. Hidden where it does nothing for the model."""

    def __init__(self, parameter_id: str):
        parameter = PARAMETERS[parameter_id]
        super().__init__(parameter, parameter.label, diameter=DIAMETERS[parameter.group])

    def rename(self, label: str) -> None:
        """Show the model's own name for it."""
        if label != self.label:
            self.label = self.name = label
            self.setAccessibleName(label)
            self.update()


class Page(QWidget):
    """Knobs in two rows, those that are wanted alone."""

    def __init__(self, knobs: dict[str, NamedKnob]):
        super().__init__()
        self.knobs, self.shown = knobs, list[str]()
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setSpacing(0)
        for knob in knobs.values():
            knob.setParent(self)
            knob.hide()

    def show_only(self, labels: dict[str, str]) -> None:
        """Show the knobs with these ids, by these names."""
        for parameter_id, label in labels.items():
            self.knobs[parameter_id].rename(label)
        if list(labels) == self.shown:
            return
        self.shown = list(labels)
        for parameter_id, knob in self.knobs.items():
            self.grid.removeWidget(knob)
            knob.setVisible(parameter_id in labels)
        columns = max(-(-len(labels) // ROWS), 1)
        for index, parameter_id in enumerate(labels):
            self.grid.addWidget(self.knobs[parameter_id], index // columns, index % columns)
        for column in range(self.grid.columnCount()):
            self.grid.setColumnStretch(column, 1 if column < columns else 0)


class NamedPanel(Panel):
    """The characteristics that a player can ask of any sound of the model, and its families."""

    def __init__(self, session: Session):
        super().__init__("Characteristics")
        self.session = session
        self.pages = QStackedWidget()
        self.characteristics, self.families = (Page({p.id: NamedKnob(p.id) for p in group(name)}) for name in DIAMETERS)
        self.knobs = self.characteristics.knobs | self.families.knobs
        for page in (self.characteristics, self.families):
            self.pages.addWidget(page)
        self.body.addWidget(self.pages, 1)
        self.turn = tool("", "Families", "The model's families, instead of its characteristics (Ctrl+D)", checkable=True, text="Families")
        self.turn.setShortcut(key_of("families"))
        self.turn.toggled.connect(self.pages.setCurrentIndex)
        self.tools.addWidget(self.turn)
        session.on_change.append(self.refresh)

    def reveal(self, parameter_id: str) -> None:
        """Switch to the page that has a control, if one has."""
        if parameter_id in self.knobs:
            self.turn.setChecked(parameter_id in self.families.knobs and bool(self.families.shown))

    def refresh(self) -> None:
        """Show the knobs that do something for the model of the present sound."""
        model = self.session.state.patch.model
        families = {f"family.{number}": name.capitalize() for number, name in enumerate(families_of(model), 1)}
        self.characteristics.show_only({name: PARAMETERS[name].label for name in named_knobs_of(model)})
        self.families.show_only({name: label for name, label in families.items() if name in self.families.knobs})
        self.turn.setVisible(bool(families))
        if not families:
            self.turn.setChecked(False)
