"""Which MIDI controllers move which controls, and how: the player's table, and what it remembers of the controllers.

A mapping may move a part of the travel, the other way round, from one channel alone, in 14 bits (the controller and the one 32 above it),
and by soft take-over: it waits until the controller has come to where the control is, so that nothing jumps.
"""
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from hummingface.instrument.patches.parameters import PARAMETERS, renamed
from hummingface.instrument.performance.messages import midi
from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_number, is_whole

STRUCTURAL = {*range(96, 102), *range(120, 128)}         # controllers that are parts of other messages: these move nothing
MOST_MAPPINGS = 512
FINE_ABOVE, MOST_FINE = 32, 16383       # the lower seven bits of controller n < 32 come as controller n + 32
NEAR = 2.5 / 127                        # of the travel: so near a controller has come to a control


class ControllerMapError(ValueError):
    """Values that are no map of controllers."""


@dataclass(frozen=True, slots=True)
class ControllerMapping:
    """One controller that moves one control from `low` to `high`, parts of its travel. `channel` 0..15, None: any."""
    number: int
    control: str
    channel: int | None = None
    fine: bool = False
    low: float = 0.0
    high: float = 1.0
    inverted: bool = False
    takes_over: bool = False

    def travel(self, part: float) -> float:
        """The place of the control where the controller is at `part`, 0..1."""
        return self.low + (self.high - self.low) * (1 - part if self.inverted else part)

    @property
    def is_plain(self) -> bool:
        """Whether it does nothing but move the whole travel, on any channel."""
        return self == ControllerMapping(self.number, self.control)

    def text(self) -> str:
        """As the window says it: "CC 74", "CC 20/52 on channel 3"."""
        number = f"{self.number}/{self.number + FINE_ABOVE}" if self.fine else str(self.number)
        return f"CC {number}" + ("" if self.channel is None else f" on channel {self.channel + 1}")

    def to_json(self) -> JsonObject:
        """Plain values; what is usual is left out. Channels count from 1."""
        values: JsonObject = {"cc": self.number, "control": self.control}
        if self.channel is not None:
            values["channel"] = self.channel + 1
        usual = ControllerMapping(0, "")
        return values | {name: getattr(self, name) for name in ("fine", "low", "high", "inverted", "takes_over")
                         if getattr(self, name) != getattr(usual, name)}


Table = tuple[ControllerMapping, ...]


def of_numbers(controllers: Mapping[int, str]) -> Table:
    """Plain mappings: controller number -> control."""
    return tuple(ControllerMapping(number, control) for number, control in controllers.items())


USUAL = of_numbers(midi.CONTROLS)               # as the table of controls has them


def to_json(table: Iterable[ControllerMapping]) -> list[JsonObject]:
    """Plain values, for settings, messages and snapshots."""
    return [mapping.to_json() for mapping in table]


def from_json(values: object) -> Table:
    """The table in these values: a list as `to_json` writes it, or {"74": "filter.cutoff_hz"}, as it was before. Controls get their names
    of now. Raises ControllerMapError."""
    if isinstance(values, dict):
        if not all(isinstance(number, str) and number.isascii() and number.isdigit() for number in values):
            raise ControllerMapError("a controller is not a number")
        values = [{"cc": int(number[:4]), "control": control} for number, control in values.items()]
    if not isinstance(values, list) or len(values) > MOST_MAPPINGS:
        raise ControllerMapError(f"is not a list of up to {MOST_MAPPINGS} mappings")
    return tuple(map(_mapping, values))


def is_map(values: object) -> bool:
    """Whether `from_json` takes these values."""
    try:
        from_json(values)
    except ControllerMapError:
        return False
    return True


def _mapping(values: object) -> ControllerMapping:
    names = {"cc", "control", "channel", "fine", "low", "high", "inverted", "takes_over"}
    if not isinstance(values, dict) or set(values) - names:
        raise ControllerMapError(f"{values!r:.60} is not a mapping")
    number, control, channel = values.get("cc"), values.get("control"), values.get("channel")
    control = renamed(control)[0] if isinstance(control, str) else control
    if not is_whole(number, 0, 127) or number in STRUCTURAL:
        raise ControllerMapError(f"controller {number!r:.20} cannot move a control")
    if not isinstance(control, str) or control not in PARAMETERS:
        raise ControllerMapError(f"no control is called {control!r:.60}")
    if channel is not None and not is_whole(channel, 1, 16):
        raise ControllerMapError(f"channel {channel!r:.20} is not 1 to 16")
    switches = [values.get(name, False) for name in ("fine", "inverted", "takes_over")]
    if any(type(switch) is not bool for switch in switches):
        raise ControllerMapError("fine, inverted and takes_over are true or false")
    fine, inverted, takes_over = switches
    if fine and number >= FINE_ABOVE:
        raise ControllerMapError(f"controller {number} has no lower bits: those below {FINE_ABOVE} have")
    low, high = values.get("low", 0.0), values.get("high", 1.0)
    if not is_number(low, 0, 1) or not is_number(high, 0, 1):
        raise ControllerMapError("low and high are parts of the travel, 0 to 1")
    return ControllerMapping(number, control, None if channel is None else channel - 1, fine, float(low), float(high), inverted, takes_over)


class MapValues(TypedDict):
    """A map, as `from_json` takes it, and of each mapping [coarse half, newest place of the controller] where they matter."""
    controllers: dict[str, str] | list[JsonObject]
    controllers_at: NotRequired[list[list[float | None]]]


class ControllerMap:
    """The table in use. `hear` takes every controller message; what it remembers is in `capture`."""

    def __init__(self, table: Iterable[ControllerMapping] = USUAL) -> None:
        self.table: Table = ()
        self.use(table)

    def use(self, table: Iterable[ControllerMapping]) -> None:
        """Another table, of which nothing has been heard yet."""
        self.table = tuple(table)
        self._by_number: dict[int, list[int]] = {}          # places in the table
        for place, mapping in enumerate(self.table):
            for number in (mapping.number, *([mapping.number + FINE_ABOVE] if mapping.fine else [])):
                self._by_number.setdefault(number, []).append(place)
        self._coarse = [0] * len(self.table)                # the upper seven bits that came last
        self._last: list[float | None] = [None] * len(self.table)      # where each controller stood

    def takes(self, number: int, channel: int) -> bool:
        """Whether a controller moves anything."""
        return any(self.table[place].channel in (None, channel) for place in self._by_number.get(number, ()))

    def hear(self, event: midi.Controller, travel_of: Callable[[str], float]) -> list[tuple[str, float]]:
        """What a message moves: (control, value) each. `travel_of` says where a control stands, 0..1."""
        moved = []
        for place in self._by_number.get(event.number, ()):
            mapping = self.table[place]
            if mapping.channel is not None and mapping.channel != event.channel:
                continue
            if not mapping.fine:
                part = event.value / 127
            elif event.number == mapping.number:            # its lower bits follow; until then it is as fine as it was
                self._coarse[place] = event.value
                part = (event.value << 7 | (event.value if event.value == 127 else 0)) / MOST_FINE
            else:
                part = (self._coarse[place] << 7 | event.value) / MOST_FINE
            travel, before = mapping.travel(part), self._last[place]
            self._last[place] = travel
            if not mapping.takes_over or _reaches(before, travel, travel_of(mapping.control)):
                moved.append((mapping.control, PARAMETERS[mapping.control].from_travel(travel)))
        return moved

    def numbers(self) -> dict[int, str]:
        """{controller number: control} of the plain mappings: what a MIDI file can say in their terms."""
        return {mapping.number: mapping.control for mapping in self.table if mapping.is_plain}

    def capture(self) -> MapValues:
        """The table and what is remembered, as plain values; as it was before where the table is plain and waits for nothing."""
        if all(mapping.is_plain for mapping in self.table) and len(self.numbers()) == len(self.table):
            return {"controllers": {str(number): control for number, control in self.numbers().items()}}
        return {"controllers": to_json(self.table), "controllers_at": [[coarse, last] for coarse, last in zip(
            self._coarse, self._last, strict=True)]}

    def restore(self, values: MapValues) -> None:
        """Take over what `capture` gave, checked by `check`."""
        self.use(from_json(values["controllers"]))
        for place, (coarse, last) in enumerate(values.get("controllers_at", ())):
            self._coarse[place], self._last[place] = int(coarse or 0), last


def check(values: Mapping[str, object]) -> None:
    """Raises ControllerMapError where these cannot be what `ControllerMap.capture` gave."""
    table, at = from_json(values.get("controllers")), values.get("controllers_at")
    if at is not None and not (isinstance(at, list) and len(at) == len(table) and all(
            isinstance(pair, list) and len(pair) == 2 and is_whole(pair[0], 0, 127) and (pair[1] is None or is_number(pair[1], 0, 1))
            for pair in at)):
        raise ControllerMapError("what is remembered of controllers does not belong to them")


def _reaches(before: float | None, now: float, control: float) -> bool:
    """Whether a controller that moves from one place to another comes to the control, or was there."""
    if abs(now - control) <= NEAR:
        return True
    return before is not None and (abs(before - control) <= NEAR or (before - control) * (now - control) < 0)


def without(table: Table, control: str) -> Table:
    """The table without what moves a control."""
    return tuple(mapping for mapping in table if mapping.control != control)

