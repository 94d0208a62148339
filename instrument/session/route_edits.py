"""The modulation of the sound that a session plays: its routes, and the names of its macros. No Qt."""
from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict, Unpack

from hummingface.instrument.patches.parameters import MACROS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.routes import Route, without
from hummingface.instrument.patches.sources import MOST_ROUTES


class RouteChanges(TypedDict, total=False):
    """What can be changed of a route; see `Route`."""
    depth: float
    polarity: str
    curve: float
    scale: str


class RouteEdits:
    """`patch()` is the one that plays; `edit(patch, joins)` plays another: one undo step, unless it `joins` a gesture."""

    def __init__(self, patch: Callable[[], Patch], edit: Callable[[Patch, bool], None]) -> None:
        self._patch, self._edit = patch, edit

    @property
    def routes(self) -> tuple[Route, ...]:
        """The modulation routes."""
        return self._patch().routes

    def set(self, routes: tuple[Route, ...]) -> None:
        """Use these modulation routes: one undo step, unless it is within a gesture."""
        if routes != self.routes:
            self._edit(replace(self._patch(), routes=routes), True)

    def add(self, source: str, target: str) -> int | None:
        """A new route; returns its place, that of the route from this source to this target if there is one, None if there are too many."""
        for place, route in enumerate(self.routes):
            if (route.source, route.target) == (source, target):
                return place
        if len(self.routes) >= MOST_ROUTES:
            return None
        self.set((*self.routes, Route(source, target)))
        return len(self.routes) - 1

    def change(self, place: int, **changes: Unpack[RouteChanges]) -> None:
        """Change a route."""
        self.set((*self.routes[:place], replace(self.routes[place], **changes), *self.routes[place + 1:]))

    def remove(self, place: int) -> None:
        """Remove a route; those to other routes' depths follow them to their new places, and those to its own go, too."""
        self.set(without(self.routes, place))

    def name_macro(self, number: int, name: str) -> None:
        """Give macro `number` (from 0) a name, "" for none: an undo step."""
        names = [*self._patch().macros, *([""] * MACROS)][:MACROS]
        if names[number] != name:
            names[number] = name
            self._edit(replace(self._patch(), macros=tuple(names) if any(names) else ()), False)
