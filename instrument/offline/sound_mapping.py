"""Maps the sounds of the library: `python -m hummingface.instrument.offline.sound_mapping` writes the factory's table, the places of its
patches and presets (`instrument/patches/sound_map.py`). Run it again when a model or a patch has changed; about six minutes of a core.
`--check` says how far the table's places can be trusted.

A player's own patches find their places among the factory's when the map is shown, about two seconds each (`map_own`).
"""
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from hummingface.instrument.files.locks import alone
from hummingface.instrument.offline.map_layout import places_of, share_trusted, strangers, trustworthiness
from hummingface.instrument.offline.mel_pictures import distances, image_of, picture
from hummingface.instrument.patches import library, sound_map
from hummingface.instrument.patches.sound_candidates import Candidate, candidates
from hummingface.instrument.patches.sound_map import MappedSound, MapTable
from hummingface.instrument.performance.sound_bank import SoundBank


def images_of(which: Sequence[Candidate], problems: list[str]) -> Iterator[tuple[Candidate, np.ndarray]]:
    """Each sound that can be played, with its image; a text for each other is added to `problems`."""
    bank = SoundBank()
    for one in which:
        try:
            patch = library.open_entry(one.entry)
            made = image_of(patch, bank.source(patch.model, patch.recordings))
        except ValueError as error:
            problems.append(str(error))
            continue
        yield one, made


def map_own() -> list[str]:
    """Place the player's patches that were not yet, and remember it. Returns a text for each thing that went wrong."""
    file = library.user_folder(sound_map.OWN_FILE)
    with alone(file.with_suffix(".lock")):              # the map's helper and the browser's may both do it
        return _map_own(file)


def _map_own(file: Path) -> list[str]:
    problems = list[str]()
    known, before = sound_map.read(sound_map.factory_map()).sounds, sound_map.read(file).sounds
    own = [one for one in candidates(entry for entry in library.patches() if not entry.factory)
           if one.fingerprint and one.fingerprint not in before and one.fingerprint not in known]
    found, names = dict(before), dict[str, str]()
    for one, image in images_of(own, problems):
        small = picture(image)
        taken = [other.at for other in (*known.values(), *found.values())]
        found[one.fingerprint] = MappedSound(sound_map.free_place(sound_map.place_among(small, known), taken), small)
        names[one.fingerprint] = one.entry.name
    try:
        if names:
            sound_map.write(file, MapTable(found), names)
    except OSError as error:
        problems.append(f"{file}: the map of your patches cannot be saved ({error.strerror or error})")
    return problems


def main(argv: Sequence[str]) -> int:
    """Write the factory's table, or check it; returns the exit status."""
    problems = list[str]()
    if "--check" not in argv:
        every = candidates([*(entry for entry in library.patches() if entry.factory), *library.presets()])
        made = {one.fingerprint: image for one, image in images_of(every, problems)}
        apart = distances(np.stack(list(made.values())))
        sounds = {key: MappedSound((float(x), float(y)), picture(image))
                  for (key, image), (x, y) in zip(made.items(), places_of(apart), strict=True)}
        sound_map.write(sound_map.factory_map(), MapTable(sounds, apart), {one.fingerprint: one.entry.name for one in every})
    table = sound_map.read(sound_map.factory_map())
    if table.distances is None:
        problems.append(f"{sound_map.factory_map()}: has no distances")
    else:
        places = np.array([one.at for one in table.sounds.values()])
        print(f"{sound_map.factory_map()}: {len(places)} sounds, trustworthiness {trustworthiness(table.distances, places):.3f}; "
              f"of sounds placed among the others, as a player's own are, {trustworthiness_of_own(table):.3f}")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


def trustworthiness_of_own(table: MapTable) -> float:
    """The trustworthiness of places that sounds find among the others: each is left out in turn, and placed again."""
    assert table.distances is not None
    places, beyond = np.array([one.at for one in table.sounds.values()]), 0
    for i, (key, one) in enumerate(table.sounds.items()):
        again = places.copy()
        again[i] = sound_map.place_among(one.picture, {name: sound for name, sound in table.sounds.items() if name != key})
        beyond += strangers(table.distances, again)[i]
    return share_trusted(beyond, len(places))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
