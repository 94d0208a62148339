"""The small window that edits routes: what moves what, how far, which way, by which curve, scaled by what."""
from typing import Unpack

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QDialog, QGridLayout, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.plain_text import Label, caption
from hummingface.instrument.gui.widgets.scrolling import leave_wheel
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.routes import POLARITIES, Route, can_be_moved, target_label
from hummingface.instrument.patches.sources import MOST_ROUTES, SOURCES
from hummingface.instrument.session.route_edits import RouteChanges
from hummingface.instrument.session.session import Session

PER_CENT = 100
NO_SCALE = "nothing"


class RouteEditor(QDialog):
    """Edits one of some routes; each change is heard at once. It closes by a click elsewhere or Escape."""

    def __init__(self, parent: QWidget, session: Session):
        super().__init__(parent, Qt.WindowType.Popup)
        self.session = session
        self.setAccessibleName("Modulation route")
        self._places: list[int] = []
        self._quiet = False
        self.which, self.source, self.target, self.polarity, self.scale = (QComboBox() for _ in range(5))
        self.amount, self.curve = QSlider(Qt.Orientation.Horizontal), QSlider(Qt.Orientation.Horizontal)
        self.amount_text, self.curve_text = Label(), Label()
        self._fill()
        self._build()
        session.on_change.append(self._refresh)

    def _fill(self) -> None:
        for name, source in SOURCES.items():
            self.source.addItem(caption(source.label), name)
            self.scale.addItem(caption(source.label), name)
        self.scale.insertItem(0, NO_SCALE, "")
        for name in (*filter(can_be_moved, PARAMETERS), *(f"route.{i + 1}.depth" for i in range(MOST_ROUTES))):
            self.target.addItem(caption(target_label(name)), name)
        for polarity, text in zip(POLARITIES, ("one way", "both ways"), strict=True):
            self.polarity.addItem(text, polarity)
        for slider in (self.amount, self.curve):
            slider.setRange(-PER_CENT, PER_CENT)
            slider.sliderPressed.connect(self.session.begin)
            slider.sliderReleased.connect(self.session.end)
        leave_wheel(self.source, self.target, self.polarity, self.scale, self.which)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(10),) * 4)
        column.addWidget(self.which)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        rows: list[tuple[str, QWidget, Label | None]] = [
            ("Source", self.source, None), ("Moves", self.target, None), ("Depth", self.amount, self.amount_text),
            ("Direction", self.polarity, None), ("Curve", self.curve, self.curve_text), ("Scaled by", self.scale, None)]
        for row, (name, widget, text) in enumerate(rows):
            widget.setAccessibleName(name)
            grid.addWidget(Label(name), row, 0)
            grid.addWidget(widget, row, 1, 1, 1 if text else 2)
            if text is not None:
                text.setMinimumWidth(theme.px(44))
                grid.addWidget(text, row, 2)
        column.addLayout(grid)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        self.remove_button = push_button("Remove", self.remove, "Remove this route (undo brings it back)")
        buttons.addWidget(self.remove_button)
        column.addLayout(buttons)
        self.which.currentIndexChanged.connect(lambda _: self._refresh())
        self.amount.valueChanged.connect(lambda value: self._change(depth=value / PER_CENT))
        self.curve.valueChanged.connect(lambda value: self._change(curve=value / PER_CENT))
        for box, field in ((self.source, "source"), (self.target, "target"), (self.scale, "scale"), (self.polarity, "polarity")):
            box.currentIndexChanged.connect(lambda _, box=box, field=field: self._change(**{field: box.currentData()}))

    @property
    def place(self) -> int | None:
        """The number, from 0, of the route that is edited."""
        chosen = self.which.currentIndex()
        return self._places[chosen] if 0 <= chosen < len(self._places) and self._places[chosen] < len(self.session.routing.routes) else None

    def open_for(self, places: list[int], where: QPoint) -> None:
        """Edit these routes, at a place of the screen."""
        self._quiet = True
        self._places = list(places)
        self.which.clear()
        for place in places:
            route = self.session.routing.routes[place]
            self.which.addItem(caption(f"{SOURCES[route.source].label} → {target_label(route.target, self.session.state.patch.macros)}"))
        self.which.setVisible(len(places) > 1)
        self._quiet = False
        self._refresh()
        self.adjustSize()
        screen = self.screen().availableGeometry()
        self.move(min(where.x(), screen.right() - self.width()), min(where.y(), screen.bottom() - self.height()))
        self.show()

    def remove(self) -> None:
        """Remove the route."""
        if self.place is not None:
            self.session.routing.remove(self.place)
        self.hide()

    def _refresh(self) -> None:
        if self._quiet or self.place is None:
            return
        self._show(self.session.routing.routes[self.place])

    def _show(self, route: Route) -> None:
        self._quiet = True
        self.amount.setValue(round(PER_CENT * route.depth))
        self.curve.setValue(round(PER_CENT * route.curve))
        self.amount_text.setText(f"{PER_CENT * route.depth:+.0f} %")
        self.curve_text.setText(f"{route.curve:+.2f}" if route.curve else "straight")
        for box, value in ((self.source, route.source), (self.target, route.target), (self.scale, route.scale),
                           (self.polarity, POLARITIES[route.bipolar])):
            box.setCurrentIndex(box.findData(value))            # a latent beyond the table is shown as nothing chosen
        self._quiet = False

    def _change(self, **changes: Unpack[RouteChanges]) -> None:
        if not self._quiet and self.place is not None:
            self.session.routing.change(self.place, **changes)
