"""Do the families' knobs lead to their families? Each knob in five steps from 0 to 1, at presets of other families, through the engine.

    python -m tests.bench.family_knobs ["FluidR3 Atlas" "FluidR3 Dream"] [--presets 3] [--keys 48,67]

How near a note is to a family: its distance (mel spectra by time, level removed, as in `patch_distances.py`) to the nearest of the family's
presets at its key. Of all sweeps: rank correlation of the knob with nearness, how much nearer its end is, and how far two plain
strikes of one key are apart in that.
"""
import argparse
import sys

import numpy as np
from scipy.stats import spearmanr

from hummingface.instrument.patches import library
from hummingface.instrument.performance.sound_bank import source_of
from hummingface.models.analysis.mel_spectra import magnitudes
from tests.bench.named_knobs import Desk
from tests.bench.patch_distances import HOP, SIZE, apart_db, image_db

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


def images(desk: Desk, key: int, control: str = "", values: tuple[float, ...] = (0.0,)) -> list[np.ndarray]:
    """Of a strike at each of these values of a control."""
    notes = [desk.strike(key, {control: value} if control else {}) for value in values]
    return [image_db(magnitudes(note.sound[:, None], SIZE, HOP) ** 2) for note in notes]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["FluidR3 Atlas", "FluidR3 Dream"])
    parser.add_argument("--presets", type=int, default=3, help="of other families, for each knob")
    parser.add_argument("--keys", default="48,67")
    args = parser.parse_args()
    keys = [int(key) for key in args.keys.split(",")]
    for name in args.models:
        model = library.load_model(name)
        source, chance = source_of(model), np.random.default_rng(0)
        family_of = {preset: about["family"] for preset, about in model.card["presets"].items()}
        correlations, nearer, apart = [], [], []

        def desk_of(preset: str, source=source, model=model) -> Desk:
            return Desk(source, library.preset_patch(model, preset))
        for number, family in enumerate(library.families_of(name), 1):
            own = [preset for preset, of in family_of.items() if of == family]
            others = list(chance.permutation([preset for preset, of in family_of.items() if of != family])[:args.presets])
            for key in keys:
                members = [image for preset in own for image in images(desk_of(preset), key)]
                for preset in others:
                    heard = images(desk_of(preset), key, f"family.{number}", (*STEPS, STEPS[0]))
                    *sweep, again = [min(apart_db(image, member) for member in members) for image in heard]
                    correlations.append(float(-spearmanr(STEPS, sweep).statistic))
                    nearer.append(sweep[0] - sweep[-1])
                    apart.append(abs(sweep[0] - again))
            print(f"{name}, {family}: {np.median(correlations[-len(keys) * len(others):]):.2f}", flush=True)
        print(f"{name}: rank correlation, median {np.median(correlations):.2f}, worst tenth {np.quantile(correlations, 0.1):.2f}; nearer "
              f"by {np.median(nearer):.1f} dB (worst tenth {np.quantile(nearer, 0.1):.1f}), two plain strikes differ by "
              f"{np.mean(apart):.1f} dB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
