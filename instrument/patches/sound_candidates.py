"""The sounds of the library as they can be found by words: what each is made of, and what it measures."""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hummingface.instrument.patches import library, sound_table
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.instrument.patches.sound_table import Measured
from hummingface.instrument.patches.vocabulary import PLUCKED
from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_numbers
from hummingface.models.playing.knobs import FARTHEST
from hummingface.models.playing.nearness import nearness

NEAR = 1.0                          # latents: a preset that is this much farther than the nearest hardly counts
MIXED_WITHIN = 0.3                  # latents: as far as this from what a patch was mixed from, it still is that
LEAST_SHARE = 0.05
REACH = 4.0                         # latents: at this distance from the nearest preset a sound has little of it


@dataclass(frozen=True)
class Candidate:
    """A sound that may be found. `presets` and `families`: what it is made of, as shares; `measured`: empty where nothing is yet;
    `fingerprint`: empty where its model is not there."""
    entry: LibraryEntry
    fingerprint: str = ""
    presets: dict[str, float] = field(default_factory=dict)
    families: dict[str, float] = field(default_factory=dict)
    measured: Measured = field(default_factory=dict)


def candidates(entries: Iterable[LibraryEntry]) -> list[Candidate]:
    """One for each entry that can be read."""
    known = sound_table.read(sound_table.factory_file()) | sound_table.read(library.user_folder(sound_table.OWN_FILE))
    found = []
    for entry, patch, card, shares, families in _made_of(entries):
        key = sound_table.fingerprint(patch, str(card.get("sha256", ""))) if card else ""
        found.append(Candidate(entry, key, shares, families, known.get(key, {})))
    return found


def unmeasured(entries: Iterable[LibraryEntry]) -> list[Candidate]:
    """Those that no table has, and that can be played."""
    return [one for one in candidates(entries) if one.fingerprint and not one.measured]


def main_families(entries: Iterable[LibraryEntry]) -> dict[LibraryEntry, str]:
    """The main family of each that can be read."""
    return {entry: main_family(families) for entry, _patch, _card, _shares, families in _made_of(entries)}


def main_family(families: Mapping[str, float]) -> str:
    """The family that there is most of, empty for none."""
    return max(families, key=lambda name: families[name]) if families else ""


def _made_of(entries: Iterable[LibraryEntry]) -> Iterator[tuple[LibraryEntry, Patch, JsonObject, dict[str, float], dict[str, float]]]:
    """(entry, patch, the card of its model or nothing, shares of presets, shares of families) of each that can be read."""
    cards: dict[str, tuple[JsonObject, JsonObject, dict[str, list[float]]]] = {}
    for entry, patch in opened(entries):
        if patch.model not in cards:
            card = library.card_of_model(patch.model)
            stored = card.get("presets")
            presets: JsonObject = stored if isinstance(stored, dict) else {}
            cards[patch.model] = card, presets, places_of(presets)
        card, presets, places = cards[patch.model]
        shares = shares_of(patch, places)
        yield entry, patch, card, shares, _families(shares, presets)


def opened(entries: Iterable[LibraryEntry]) -> Iterator[tuple[LibraryEntry, Patch]]:
    """Those that can be read, with their patches."""
    for entry in entries:
        try:
            yield entry, library.open_entry(entry)
        except PatchError:          # the list of patches says so
            continue


def places_of(presets: JsonObject) -> dict[str, list[float]]:
    """The points of latent space of a card's presets; of a damaged card, of those that have one."""
    points = {name: about.get("z") for name, about in presets.items() if isinstance(about, dict)}
    return {name: z for name, z in points.items() if isinstance(z, list) and is_numbers(z, len(z), -FARTHEST, FARTHEST)}


def _families(shares: dict[str, float], presets: JsonObject) -> dict[str, float]:
    families: dict[str, float] = {}
    for name, share in shares.items():
        family = "plucked" if name in PLUCKED else presets[name].get("family")
        if isinstance(family, str):
            families[family] = families.get(family, 0.0) + share
    return families


def shares_of(patch: Patch, places: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """How much of each preset of its model, by their `places` in latent space, is in a patch: what it was mixed from, where it still is
    there, or the presets that it is near."""
    point = np.array(patch.latents)
    if blend := {name: share for name, share in patch.blend.items() if name in places and share > 0}:
        shares = {name: share / sum(blend.values()) for name, share in blend.items()}
        mixed = np.sum([share * np.array(places[name]) for name, share in shares.items()], 0)
        if mixed.shape == point.shape and np.abs(mixed - point).max() < MIXED_WITHIN:
            return shares
    near = {name: place for name, place in places.items() if len(place) == len(point)}
    if not near:
        return {}
    points = np.array(list(near.values()))
    weight = nearness(points, point, NEAR) * np.exp(-np.square(points - point).sum(1).min() / (2 * REACH ** 2))
    return {name: float(share) for name, share in zip(near, weight, strict=True) if share > LEAST_SHARE}
