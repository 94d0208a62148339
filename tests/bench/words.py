"""What words find, heard by plain numbers: spectral centroid, attack and fall of the first five sounds that answer each of thirty phrases.

    python -m tests.bench.words [PHRASE ..]

One note of C4 of each, held for 1.5 s, as it is played. The centroid is that of the power spectrum of the whole note; the attack is the
time from 10 to 90 % of the amplitude's peak; the fall is from the peak to the end of the key. None of them is what words are ranked by
(`instrument/offline/sound_measures.py`). The last line has the medians of all sounds of the factory that any phrase found.
"""
import argparse
from dataclasses import dataclass

import numpy as np

from hummingface.instrument.api.instrument import Instrument
from hummingface.instrument.patches import library
from hummingface.instrument.patches.find_by_words import find_by_words
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.sound_candidates import candidates
from tests.test_words import FIRST, PHRASES

RATE_HZ, HELD_S = 48_000, 1.5
BLOCK = 240


@dataclass(frozen=True)
class Heard:
    """By plain numbers."""
    centroid_hz: float
    attack_ms: float
    fall_db: float


def heard(entry: LibraryEntry) -> Heard:
    sound = Instrument(library.open_entry(entry)).render([(0.0, HELD_S, 60)], HELD_S).astype(float)
    power = (np.abs(np.fft.rfft(sound * np.hanning(len(sound))[:, None], axis=0)) ** 2).sum(1)
    amplitude = np.sqrt((sound ** 2).sum(1)[:len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(1))
    begin, reached = (int(np.argmax(amplitude >= share * amplitude.max())) for share in (0.1, 0.9))
    return Heard(float(np.fft.rfftfreq(len(sound), 1 / RATE_HZ) @ power / power.sum()), 1000 * (reached - begin) * BLOCK / RATE_HZ,
                 20 * float(np.log10(amplitude.max() / max(amplitude[-20:].mean(), 1e-6))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("phrases", nargs="*", default=list(PHRASES))
    sounds = candidates([*(entry for entry in library.patches() if entry.factory), *library.presets()])
    known: dict[LibraryEntry, Heard] = {}

    def middle(found: list[Heard]) -> str:
        return " ".join(f"{np.median([getattr(one, name) for one in found]):10.0f}" for name in ("centroid_hz", "attack_ms", "fall_db"))
    print(f"{'':<28} centroid_hz  attack_ms    fall_db")
    for phrase in parser.parse_args().phrases:
        first = [match.entry for match in find_by_words(phrase, sounds).matches[:FIRST]]
        for entry in first:
            if entry not in known:
                known[entry] = heard(entry)
        print(f"{phrase:<28} {middle([known[entry] for entry in first])}   {', '.join(entry.name for entry in first)}", flush=True)
    print(f"{f'all {len(known)} of them':<28} {middle(list(known.values()))}")


if __name__ == "__main__":
    main()
