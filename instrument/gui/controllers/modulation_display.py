"""Connects knobs with the routes to them: drops make routes, rings show how far they move and where they stand, clicks edit them."""
from collections.abc import Mapping

from PySide6.QtWidgets import QWidget

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.panels.modulation_panel import ModulationPanel
from hummingface.instrument.gui.panels.route_editor import RouteEditor
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.patches.sources import MOST_ROUTES
from hummingface.instrument.session.session import Session


def span_of(route: Route) -> tuple[float, float]:
    """How far a route moves its target at most, down and up, in travels."""
    if route.bipolar:
        return -abs(route.depth), abs(route.depth)
    return min(route.depth, 0.0), max(route.depth, 0.0)


class ModulationDisplay:
    """`see` takes each telemetry of the engine."""

    def __init__(self, window: QWidget, session: Session, panel: ModulationPanel, banner: Banner, controls: Mapping[str, Control]):
        self._session, self._banner = session, banner
        self.editor = RouteEditor(window, session)
        self._knobs = {name: control for name, control in controls.items() if isinstance(control, Knob)}
        self._moving: list[tuple[Knob, int]] = []           # knobs that routes move, with one of the routes to each
        for knob in self._knobs.values():
            knob.source_dropped.connect(self.connect)
            knob.ring_clicked.connect(self.edit)
        panel.list.edit_wanted.connect(lambda place: self.editor.open_for([place], panel.list.mapToGlobal(panel.list.rect().topRight())))
        session.on_change.append(self.refresh)

    def connect(self, source: str, target: str) -> None:
        """A source was dropped on a knob: a route, whose depth can be edited at once."""
        if self._session.routing.add(source, target) is None:
            self._banner.say(f"A sound has at most {MOST_ROUTES} routes. Remove one first: Modulation, Routes.", problem=True)

    def edit(self, target: str) -> None:
        """Edit the routes to a control."""
        knob, places = self._knobs[target], [place for place, route in enumerate(self._session.routing.routes) if route.target == target]
        if places:
            self.editor.open_for(places, knob.mapToGlobal(knob.rect().bottomLeft()))

    def refresh(self) -> None:
        """Show the rings of the present sound's routes."""
        spans: dict[str, list[tuple[float, float]]] = {}
        places: dict[str, int] = {}
        for place, route in enumerate(self._session.routing.routes):
            spans.setdefault(route.target, []).append(span_of(route))
            places[route.target] = place
        for name, knob in self._knobs.items():
            knob.show_routes(tuple(spans.get(name, ())))
        still = {knob for knob, _ in self._moving}
        self._moving = [(self._knobs[name], place) for name, place in places.items() if name in self._knobs]
        for knob in still - {knob for knob, _ in self._moving}:
            knob.show_moved(None)

    def see(self, telemetry: Telemetry) -> None:
        """Show where what sounds stands."""
        moved = telemetry.targets if telemetry.voices else None
        for knob, place in self._moving:
            knob.show_moved(None if moved is None else float(moved[place]))
