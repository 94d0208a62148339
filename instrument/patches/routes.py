"""Modulation routes: which source moves which control, how far and how. Part of a patch; checked, as everything from files is.

    {"source": "lfo.1", "target": "filter.cutoff_hz", "depth": 0.5, "polarity": "bipolar", "curve": 0.0, "scale": "wheel"}

`depth` is signed, in fractions of the target's travel, so logarithmic controls move by ratios. Sources say whether they go from 0 to 1 or
from -1 to 1; `polarity`, where it is given, makes either of the other. `curve` bends a source's value: 0 is straight, 1 slow at first
(its fourth power), -1 quick at first (its fourth root). The value of a second source, from 0 to 1, multiplies the depth.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hummingface.instrument.patches.parameters import LATENT_KNOBS, LATENT_RANGE, MOST_LATENTS, PARAMETERS
from hummingface.instrument.patches.sources import BIPOLAR, MOST_ROUTES, SOURCES, UNIPOLAR
from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_number

NEW_DEPTH = 0.5                     # of a route that is made by dragging
POLARITIES = (UNIPOLAR, BIPOLAR)
# Switches move by steps that nothing can modulate, but for the keys' transposition, whose semitones are continuous here.
NAMED_ALONE = ("latent", "characteristic", "family", "morph", "likeness", "master")     # groups whose labels need no heading
CONTINUOUS_SWITCHES = ("master.transpose",)


class RouteError(ValueError):
    """A route that cannot be used; the text says which one and why."""


@dataclass(frozen=True)
class Route:
    """One route; see above. `polarity` and `scale` may be empty: the source's own, and none."""
    source: str
    target: str
    depth: float = NEW_DEPTH
    polarity: str = ""
    curve: float = 0.0
    scale: str = ""

    @property
    def bipolar(self) -> bool:
        """Whether it moves its target both ways."""
        return (self.polarity or SOURCES[self.source].polarity) == BIPOLAR

    def to_json(self) -> JsonObject:
        """Plain values; what is as usual is omitted."""
        return {"source": self.source, "target": self.target, "depth": self.depth} | (
            {"polarity": self.polarity} if self.polarity else {}) | ({"curve": self.curve} if self.curve else {}) | (
            {"scale": self.scale} if self.scale else {})


def latent_of(target: str) -> int | None:
    """The number, from 1, of a target that is a latent; those of a model beyond the window's knobs are targets, too."""
    return _number(target, "latent.", "", MOST_LATENTS)


def depth_of(target: str) -> int | None:
    """The number, from 1, of the route whose depth a target is: "route.3.depth"."""
    return _number(target, "route.", ".depth", MOST_ROUTES)


def _number(target: str, before: str, after: str, most: int) -> int | None:
    digits = target.removeprefix(before).removesuffix(after)
    if target != f"{before}{digits}{after}" or not (digits.isascii() and digits.isdigit()) or digits != digits.lstrip("0"):
        return None
    return int(digits) if len(digits) <= 3 and 1 <= int(digits) <= most else None


def can_be_moved(target: str) -> bool:
    """Whether it is the target of a route: a continuous control, a latent, or another route's depth."""
    if target in PARAMETERS:
        return not PARAMETERS[target].choices or target in CONTINUOUS_SWITCHES
    return latent_of(target) is not None or depth_of(target) is not None


def target_label(target: str, macros: Sequence[str] = ()) -> str:
    """What a player reads for a target; `macros` are the names of the first macros."""
    if (depth := depth_of(target)) is not None:
        return f"Route {depth} depth"
    if target not in PARAMETERS:
        return f"Latent {latent_of(target)}"
    parameter = PARAMETERS[target]
    if parameter.group == "macro":
        number = int(target.rpartition(".")[2])
        return (macros[number - 1] if number <= len(macros) else "") or parameter.label
    if parameter.group in NAMED_ALONE:
        return parameter.label
    *words, last = target.split(".")
    heading = " ".join(words).replace("mod_envelope", "env").replace("lfo", "LFO")
    if parameter.label.lower().startswith(f"{heading} "):
        return parameter.label                                  # no "Reverb reverb mix"
    own = last.partition("_")[0] if parameter.label.lower() == heading else parameter.label.lower()
    return f"{heading[0].upper()}{heading[1:]} {own}"


def travel_of(target: str) -> tuple[float, float, bool]:
    """(lowest, highest, whether equal travels are equal ratios) of a target's values."""
    if target in PARAMETERS:
        parameter = PARAMETERS[target]
        return parameter.lowest, parameter.highest, parameter.curve == "log"
    return (-1.0, 1.0, False) if depth_of(target) is not None else (-LATENT_RANGE, LATENT_RANGE, False)


def is_latent_without_knob(target: str) -> bool:
    """Whether a target is a latent for which the table has no control."""
    return (latent_of(target) or 0) > LATENT_KNOBS


def without(routes: tuple[Route, ...], place: int) -> tuple[Route, ...]:
    """The routes less one; those to depths of others follow these to their new numbers, and those to its own go with it."""
    gone = {place}
    while more := {number for number, route in enumerate(routes) if (depth_of(route.target) or 0) - 1 in gone} - gone:
        gone |= more
    left = [number for number in range(len(routes)) if number not in gone]

    def renumbered(route: Route) -> Route:
        other = depth_of(route.target)
        return route if other is None or other - 1 not in left else replace(route, target=f"route.{left.index(other - 1) + 1}.depth")
    return tuple(renumbered(routes[number]) for number in left)


def to_json(routes: Iterable[Route]) -> list[JsonObject]:
    """Plain values for files and messages."""
    return [route.to_json() for route in routes]


def from_json(values: object) -> tuple[Route, ...]:
    """The routes in these values, checked. Raises RouteError."""
    if not isinstance(values, list):
        raise RouteError("routes is not a list")
    if len(values) > MOST_ROUTES:
        raise RouteError(f"routes has {len(values)} entries; at most {MOST_ROUTES} are possible")
    return tuple(_route(value, f"route {number}") for number, value in enumerate(values, 1))


def _route(value: object, where: str) -> Route:
    if not isinstance(value, dict):
        raise RouteError(f"{where} is not an object")
    if unknown := set(value) - {"source", "target", "depth", "polarity", "curve", "scale"}:
        raise RouteError(f"{where}: unknown field {min(map(str, unknown))!r:.80}")
    source, target, scale = value.get("source"), value.get("target"), value.get("scale", "")
    if not isinstance(source, str) or source not in SOURCES:
        raise RouteError(f"{where}: no source is called {source!r:.80}")
    if not isinstance(scale, str) or (scale and scale not in SOURCES):
        raise RouteError(f"{where}: no source is called {scale!r:.80}, by which it is to be scaled")
    if not isinstance(target, str) or not can_be_moved(target):
        raise RouteError(f"{where}: {target!r:.80} is nothing that a route can move")
    polarity = value.get("polarity", "")
    if not isinstance(polarity, str) or (polarity and polarity not in POLARITIES):
        raise RouteError(f"{where}: polarity is {polarity!r:.40}, not one of {', '.join(POLARITIES)}")
    for name, usual in (("depth", NEW_DEPTH), ("curve", 0.0)):
        if not is_number(value.get(name, usual), -1, 1):
            raise RouteError(f"{where}: {name} is {value[name]!r:.40}, not a number within -1..1")
    return Route(source, target, float(value.get("depth", NEW_DEPTH)), polarity, float(value.get("curve", 0.0)), scale)
