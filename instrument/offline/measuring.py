"""Measures the sounds of the library: `python -m hummingface.instrument.offline.measuring` writes the factory's table, whose presets and
patches words find (`instrument/patches/sound_table.py`). Run it again when a model or a patch has changed; about a minute.

A player's own patches are measured when they are first listed or saved, a quarter of a second each (`measure_own`).
"""
import sys
from collections.abc import Callable, Sequence

from hummingface.instrument.offline.sound_measures import measure_sound
from hummingface.instrument.patches import library, sound_table
from hummingface.instrument.patches.library import LibraryEntry, LibraryError
from hummingface.instrument.patches.sound_candidates import Candidate, candidates
from hummingface.instrument.patches.sound_table import Measured
from hummingface.instrument.performance.sound_bank import SoundBank


def unmeasured(entries: Sequence[LibraryEntry]) -> list[Candidate]:
    """Those that no table has."""
    return [one for one in candidates(entries) if not one.measured]


def measure(which: Sequence[Candidate], progress: Callable[[float], object] = lambda part: None) -> dict[str, Measured]:
    """{fingerprint: measures}; sounds whose model is not there are left out."""
    bank, found = SoundBank(), {}
    for number, one in enumerate(which):
        patch = library.open_entry(one.entry)
        try:
            found[one.fingerprint] = measure_sound(patch, bank.source(patch.model, patch.recordings))
        except LibraryError:
            continue
        progress((number + 1) / len(which))
    return found


def measure_own(progress: Callable[[float], object] = lambda part: None) -> int:
    """Measure the player's patches that were not yet, and remember it. Returns how many. Raises OSError."""
    file = library.user_folder(sound_table.OWN_FILE)
    new = unmeasured([entry for entry in library.patches() if not entry.factory])
    found = measure(new, progress)
    if found:
        sound_table.write(file, sound_table.read(file) | found)
    return len(found)


def main() -> int:
    """Write the factory's table; returns the exit status."""
    every = candidates([*(entry for entry in library.patches() if entry.factory), *library.presets()])
    sound_table.write(sound_table.factory_file(), measure(every), {one.fingerprint: one.entry.name for one in every})
    print(f"{sound_table.factory_file()}: {len(every)} sounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
