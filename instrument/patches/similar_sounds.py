"""How far sounds are from one: by the distances of the factory's map between two of its sounds, by their pictures where one is the
player's (see `sound_map.py`)."""
from collections.abc import Iterable

import numpy as np

from hummingface.instrument.patches import library, sound_map
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.sound_candidates import candidates

MOST_ALIKE = 60


def fingerprints(entries: Iterable[LibraryEntry]) -> dict[LibraryEntry, str]:
    """The sounds that can be played, by what they are known by in the tables. Reads many files."""
    return {one.entry: one.fingerprint for one in candidates(entries) if one.fingerprint}


def is_placed(fingerprint: str) -> bool:
    """Whether something is known of how it sounds."""
    return fingerprint in _own().sounds or fingerprint in _factory().sounds


def nearest(fingerprint: str, known: dict[LibraryEntry, str]) -> dict[LibraryEntry, float]:
    """{sound: its distance in dB} of the MOST_ALIKE that are most alike, the nearest first, without those of that very sound. Empty where
    nothing is known of it."""
    factory, own = _factory(), _own()
    sounds = own.sounds | factory.sounds
    if fingerprint not in sounds:
        return {}
    others = [entry for entry, key in known.items() if key in sounds and key != fingerprint]
    if not others:
        return {}
    apart = sound_map.picture_distances(sounds[fingerprint].picture, np.stack([sounds[known[entry]].picture for entry in others]))
    rows = {key: row for row, key in enumerate(factory.sounds)}
    if factory.distances is not None and fingerprint in rows:
        for number, entry in enumerate(others):
            if (row := rows.get(known[entry])) is not None:
                apart[number] = factory.distances[rows[fingerprint], row]
    return {others[i]: float(apart[i]) for i in np.argsort(apart, kind="stable")[:MOST_ALIKE]}


def _factory() -> sound_map.MapTable:
    return sound_map.read(sound_map.factory_map())


def _own() -> sound_map.MapTable:
    return sound_map.read(library.user_folder(sound_map.OWN_FILE))
