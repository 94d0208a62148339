"""The player's maps of MIDI controllers: the one in use, saved ones, and ready-made ones for common controllers. No Qt.

Ready-made maps follow the numbers that the devices send as they leave the factory: AKAI MPK mini mk2 and MK3, Arturia MiniLab mkII and 3
and KeyLab mkII in their default memory, Novation Launchkey's pots (MK2, MK3), KORG nanoKONTROL2 in CC mode.
"""
from collections.abc import Callable, Sequence
from dataclasses import replace

from hummingface.instrument.performance.messages import controller_map
from hummingface.instrument.performance.messages.controller_map import FINE_ABOVE as FINE_ABOVE  # for the window, which knows no performer
from hummingface.instrument.performance.messages.controller_map import ControllerMapping as ControllerMapping
from hummingface.instrument.performance.messages.controller_map import Table
from hummingface.instrument.session.settings import Settings

KNOBS = ("filter.cutoff_hz", "filter.resonance_db", "envelope.attack_s", "envelope.release", "latent.1", "latent.2", "morph.amount",
         "reverb.mix")
MORE = ("latent.3", "latent.4", "characteristic.brightness", "character.noise_db", "motion.vibrato_cents", "drive.amount", "chorus.mix",
        "delay.mix", "master.volume_db")
LONGEST_NAME = 80


def _knobs(numbers: Sequence[int], controls: Sequence[str] = KNOBS) -> Table:
    return tuple(ControllerMapping(number, control) for number, control in zip(numbers, controls, strict=False))


def _waiting(table: Table) -> Table:
    """With soft take-over: the faders and pots of these devices have ends, and stand where they stand."""
    return tuple(replace(mapping, takes_over=True) for mapping in table)


READY: dict[str, Table] = {
    "8 knobs, CC 70 to 77": _knobs(range(70, 78)),
    "AKAI MPK mini mk2": _waiting(_knobs(range(1, 9))),
    "AKAI MPK mini MK3": _knobs(range(70, 78)),
    "Arturia KeyLab mkII, MiniLab 3": _knobs((74, 71, 76, 77, 93, 18, 19, 16)) + _waiting(_knobs((82, 83, 85, 17), MORE[:4])),
    "Arturia MiniLab mkII": _knobs((74, 71, 76, 77, 93, 18, 19, 16)) + _knobs((73, 75, 79, 72, 91, 17), MORE),
    "KORG nanoKONTROL2": _waiting(_knobs(range(16, 24)) + _knobs(range(8), MORE)),
    "Novation Launchkey": _waiting(_knobs(range(21, 29))),
}


class MidiMaps:
    """What the window does to the map: each change is in the settings at once, and goes to the engine through `send`. `changed` is called
    after each, to save the settings and to show it."""

    def __init__(self, settings: Settings, send: Callable[[dict], None], changed: Callable[[], None]):
        self._settings, self._send, self._changed = settings, send, changed

    @property
    def table(self) -> Table:
        """The map in use."""
        own = self._settings.midi_map
        return controller_map.USUAL if own is None else controller_map.from_json(own)

    @property
    def name(self) -> str:
        """That of the map in use; empty where it has none."""
        return self._settings.midi_map_name or ""

    @property
    def saved(self) -> list[str]:
        """The names of saved maps."""
        return sorted(self._settings.midi_maps, key=str.casefold)

    def of(self, control: str) -> Table:
        """The mappings of a control."""
        return tuple(mapping for mapping in self.table if mapping.control == control)

    def learn(self, control: str, channel: int, number: int) -> bool:
        """A controller that was moved is to move a control, beside what moves it already; whatever else it moved it moves no more. Returns
        whether it can."""
        if number in controller_map.STRUCTURAL:
            return False
        table = self.table
        msb = number - controller_map.FINE_ABOVE            # the lower seven bits of a controller that was learnt just now
        if (upper := next((one for one in table if one.control == control and one.number == msb), None)) is not None:
            self._use(tuple(replace(one, fine=True) if one is upper else one for one in table))
        elif not any(one.number == number and one.control == control for one in table):
            self._use((*(one for one in table if one.number != number), ControllerMapping(number, control)))
        return True

    def change(self, mapping: ControllerMapping, to: ControllerMapping | None) -> None:
        """Put another mapping in the place of one; None: forget it."""
        self._use(tuple(new for one in self.table if (new := to if one == mapping else one) is not None))

    def forget(self, control: str) -> None:
        """Nothing moves a control any more."""
        self._use(controller_map.without(self.table, control))

    def save_as(self, name: str) -> None:
        """Keep the map in use under a name; an older one of that name is replaced."""
        name = name.strip()[:LONGEST_NAME]
        self._settings.midi_maps[name] = controller_map.to_json(self.table)
        self._settings.midi_map_name = name
        self._changed()

    def rename(self, before: str, now: str) -> None:
        """Give a saved map another name."""
        self._settings.midi_maps[now.strip()[:LONGEST_NAME]] = self._settings.midi_maps.pop(before)
        if self._settings.midi_map_name == before:
            self._settings.midi_map_name = now.strip()[:LONGEST_NAME]
        self._changed()

    def delete(self, name: str) -> None:
        """Delete a saved map. Where it is in use it stays in use, without a name."""
        del self._settings.midi_maps[name]
        if self._settings.midi_map_name == name:
            self._settings.midi_map_name = None
        self._changed()

    def load(self, name: str) -> None:
        """Use a saved or ready-made map; an empty name: the instrument's own."""
        if not name:
            self._settings.midi_map = None
        else:
            saved = self._settings.midi_maps.get(name)
            self._settings.midi_map = saved if saved is not None else controller_map.to_json(READY[name])
        self._settings.midi_map_name = name or None
        self._tell()

    def _use(self, table: Table) -> None:
        self._settings.midi_map = controller_map.to_json(table)
        if self._settings.midi_map_name not in self._settings.midi_maps:
            self._settings.midi_map_name = None             # a ready-made one is changed: it is the player's now
        else:
            self._settings.midi_maps[self._settings.midi_map_name] = self._settings.midi_map
        self._tell()

    def _tell(self) -> None:
        self._send({"do": "midi_map", "map": controller_map.to_json(self.table)})
        self._changed()
