"""The list of all modulation routes: what moves what, and how far. A click edits a route, Delete removes it."""
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.plain_text import Label
from hummingface.instrument.patches.routes import Route, target_label
from hummingface.instrument.patches.sources import MOST_ROUTES, SOURCES
from hummingface.instrument.session.session import Session

FIRST = "lfo.1", "filter.cutoff_hz"         # where a new route begins, until it is edited
EMPTY = "Drag a source onto a knob."


def words_of(route: Route, macros: tuple[str, ...]) -> str:
    """A route as a line of text."""
    sign = "±" if route.bipolar else "+" if route.depth >= 0 else "\u2212"
    scale = f" × {SOURCES[route.scale].label}" if route.scale else ""
    return f"{SOURCES[route.source].label}{scale} → {target_label(route.target, macros)}   {sign}{abs(100 * route.depth):.0f} %"


class RouteList(QWidget):
    """All routes of the sound."""

    edit_wanted = Signal(int)           # a route's place

    def __init__(self, session: Session):
        super().__init__()
        self.session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.list = QListWidget()
        self.list.setAccessibleName("Modulation routes")
        self.list.setAccessibleDescription("What moves what, and how far. Enter, or a click, edits a route.")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty = Label(EMPTY)
        self.empty.setObjectName("soft")
        self.new_button = push_button("New route …", self.add, "A route to be edited at once, in place of a drag")
        for widget in (self.empty, self.list):
            column.addWidget(widget, 1)
        column.addWidget(self.new_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.list.itemActivated.connect(lambda _item: self.edit_wanted.emit(self.list.currentRow()))
        self.list.itemClicked.connect(lambda _item: self.edit_wanted.emit(self.list.currentRow()))
        session.on_change.append(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the routes of the present sound."""
        lines = [words_of(route, self.session.state.patch.macros) for route in self.session.routing.routes]
        self.empty.setVisible(not lines)
        self.list.setVisible(bool(lines))
        self.new_button.setEnabled(len(lines) < MOST_ROUTES)
        if lines != [self.list.item(row).text() for row in range(self.list.count())]:
            chosen = self.list.currentRow()
            self.list.clear()
            for line in lines:
                self.list.addItem(QListWidgetItem(line))
            self.list.setCurrentRow(min(chosen, len(lines) - 1))

    def add(self) -> None:
        """Add a route and edit it."""
        place = self.session.routing.add(*FIRST)
        if place is not None:
            self.edit_wanted.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.list.currentRow() >= 0:
            self.session.routing.remove(self.list.currentRow())
        else:
            super().keyPressEvent(event)
