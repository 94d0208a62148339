"""Measures the sounds of the library: `python -m hummingface.instrument.offline.measuring` writes the factory's table, whose presets and
patches words find (`instrument/patches/sound_table.py`). Run it again when a model or a patch has changed; about three minutes of a core.

A player's own patches are measured when words first look for them, about a second each (`measure_own`).
"""
import sys
from collections.abc import Callable, Sequence

from hummingface.instrument.files.locks import alone
from hummingface.instrument.offline.sound_measures import measure_sound
from hummingface.instrument.patches import library, sound_table
from hummingface.instrument.patches.sound_candidates import Candidate, candidates, unmeasured
from hummingface.instrument.patches.sound_table import Measured
from hummingface.instrument.performance.sound_bank import SoundBank


def measure(which: Sequence[Candidate], progress: Callable[[float], object] = lambda part: None) -> tuple[dict[str, Measured], list[str]]:
    """({fingerprint: measures}, a text for each sound that cannot be played)."""
    bank, found, problems = SoundBank(), dict[str, Measured](), list[str]()
    for number, one in enumerate(which):
        try:
            patch = library.open_entry(one.entry)
            found[one.fingerprint] = measure_sound(patch, bank.source(patch.model, patch.recordings))
        except ValueError as error:
            problems.append(str(error))
        progress((number + 1) / len(which))
    return found, problems


def measure_own(progress: Callable[[float], object] = lambda part: None) -> list[str]:
    """Measure the player's patches that were not yet, and remember it. Returns a text for each thing that went wrong."""
    file = library.user_folder(sound_table.OWN_FILE)
    with alone(file.with_suffix(".lock")):              # another window's helper may do the same
        found, problems = measure(unmeasured(entry for entry in library.patches() if not entry.factory), progress)
        try:
            if found:
                sound_table.write(file, sound_table.read(file) | found)
        except OSError as error:
            problems.append(f"{file}: what was measured cannot be saved ({error.strerror or error})")
    return problems


def main() -> int:
    """Write the factory's table; returns the exit status."""
    every = candidates([*(entry for entry in library.patches() if entry.factory), *library.presets()])
    found, problems = measure(every)
    sound_table.write(sound_table.factory_file(), found, {one.fingerprint: one.entry.name for one in every})
    print("\n".join([f"{sound_table.factory_file()}: {len(found)} sounds", *problems]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
