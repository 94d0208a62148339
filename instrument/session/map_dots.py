"""The dots of the map: each patch of the library and each preset of the factory's models that has a place on it."""
from dataclasses import dataclass

from hummingface.instrument.patches import library, sound_map
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.sound_candidates import candidates, main_family
from hummingface.instrument.session.map_way import Stop


@dataclass(frozen=True, eq=False)
class MapDot:
    """`family`: the one that it has most of, empty for none."""
    entry: LibraryEntry
    family: str
    stop: Stop

    @property
    def at(self) -> tuple[float, float]:
        """Its place, within sound_map.MAP_WIDTH x 1; y runs upward."""
        return self.stop.at

    @property
    def own(self) -> bool:
        """Whether it is the player's."""
        return not self.entry.factory

    @property
    def what(self) -> str:
        """What it is, in words: "Evening Grand, piano, factory patch of FluidR3 Atlas"."""
        kind = "your patch" if self.own else "preset" if self.entry.preset else "factory patch"
        return ", ".join(filter(None, (self.entry.name, self.family, f"{kind} of {self.entry.model}")))


@dataclass(frozen=True)
class Dots:
    """`unplaced`: fingerprints of the player's patches that have no place yet."""
    dots: tuple[MapDot, ...] = ()
    unplaced: frozenset[str] = frozenset()


def read_dots() -> Dots:
    """The dots that there are now. Reads many files: not on the window's thread."""
    places = sound_map.read(library.user_folder(sound_map.OWN_FILE)).sounds | sound_map.read(sound_map.factory_map()).sounds
    dots, unplaced = [], set()
    for one in candidates([*library.patches(), *library.presets()]):
        if one.fingerprint in places:
            dots.append(MapDot(one.entry, main_family(one.families), Stop.of(places[one.fingerprint].at, library.open_entry(one.entry))))
        elif one.fingerprint and not one.entry.factory:
            unplaced.add(one.fingerprint)
    return Dots(tuple(dots), frozenset(unplaced))
