"""The sounds of the library as they can be found by words: what each is made of, and what it measures."""
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hummingface.instrument.patches import library, sound_table
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.patch import Patch, PatchError
from hummingface.instrument.patches.sound_table import Measured
from hummingface.instrument.patches.vocabulary import PLUCKED
from hummingface.models.playing.checks import is_numbers
from hummingface.models.playing.knobs import FARTHEST

NEAR = 1.0                          # latents: a preset that is this much farther than the nearest hardly counts
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
    cards: dict[str, dict[str, Any]] = {}
    found = []
    for entry, patch in opened(entries):
        if patch.model not in cards:
            cards[patch.model] = library.card_of_model(patch.model)
        card = cards[patch.model]
        presets = card.get("presets")
        shares = _shares(patch, presets if isinstance(presets, dict) else {})
        key = sound_table.fingerprint(patch, str(card.get("sha256", ""))) if card else ""
        found.append(Candidate(entry, key, shares, _families(shares, presets), known.get(key, {})))
    return found


def unmeasured(entries: Iterable[LibraryEntry]) -> list[Candidate]:
    """Those that no table has, and that can be played."""
    return [one for one in candidates(entries) if one.fingerprint and not one.measured]


def opened(entries: Iterable[LibraryEntry]) -> Iterator[tuple[LibraryEntry, Patch]]:
    """Those that can be read, with their patches."""
    for entry in entries:
        try:
            yield entry, library.open_entry(entry)
        except PatchError:          # the list of patches says so
            continue


def _families(shares: dict[str, float], presets: Any) -> dict[str, float]:
    families: dict[str, float] = {}
    for name, share in shares.items():
        family = "plucked" if name in PLUCKED else presets[name].get("family")
        if isinstance(family, str):
            families[family] = families.get(family, 0.0) + share
    return families


def _shares(patch: Patch, presets: dict[str, Any]) -> dict[str, float]:
    """What a patch is made of: what it says it was mixed from, or the presets that it is near."""
    if blend := {name: share for name, share in patch.blend.items() if isinstance(presets.get(name), dict) and share > 0}:
        return {name: share / sum(blend.values()) for name, share in blend.items()}
    count = len(patch.latents)
    places = {name: about["z"] for name, about in presets.items()
              if isinstance(about, dict) and is_numbers(about.get("z"), count, -FARTHEST, FARTHEST)}
    if not places:
        return {}
    far = np.square(np.array(list(places.values())) - np.array(patch.latents)).sum(1)
    weight = np.exp((far.min() - far) / (2 * NEAR ** 2))
    weight *= np.exp(-far.min() / (2 * REACH ** 2)) / weight.sum()
    return {name: float(share) for name, share in zip(places, weight, strict=True) if share > 0.05}
