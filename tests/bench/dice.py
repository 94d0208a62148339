"""How much rolls of the dice (Randomise) differ, and how many of them can be used.

    python -m tests.bench.dice [--rolls 30] [--amount 1.0] [--patch "Evening Grand"] [--seed 1]

Each roll is taken from a session that plays `--patch`, one after the other, as a player presses the button. Two rolls are as far apart as
two factory patches are (`tests/bench/patch_distances.py`). A roll is usable if its sound

    is finite,
    is within 8 LU of the factory patches' median loudness (notes from C2 to C6, as `instrument/offline/levelling.py` measures them),
    is in tune within 10 cents at C3 and C4 where it has a period there (dry, without motion and noise, as `tests/bench/tuning.py` listens),
    and ends: a note of C4 that is released after 1.6 s falls 60 dB under its peak within 15 s.
"""
import argparse
from dataclasses import dataclass

import numpy as np

from hummingface.instrument.api.instrument import Instrument
from hummingface.instrument.offline import levelling
from hummingface.instrument.patches import library
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.sound_bank import SoundBank
from hummingface.instrument.session.session import Session
from hummingface.models.analysis.mel_spectra import magnitudes
from tests.bench.patch_distances import HOP, NOTES, SECONDS, SIZE, apart_db, image_db
from tests.bench.tuning import DRY, cents_off

RATE_HZ = 48_000
LOUDER_LU, CENTS = 8.0, 10.0
TUNED_KEYS = range(48, 61, 12)
PLAIN = DRY | {"motion.vibrato_cents": 0.0, "motion.glide_s": 0.0, "drive.amount": 0.0}
HELD_S, TAIL_S, FALL_DB = 1.6, 15.0, 60.0


@dataclass(frozen=True)
class Judged:
    """What was measured of one roll; `image` is its mel spectrum by time."""
    name: str
    image: np.ndarray
    finite: bool
    loudness_lufs: float
    cents: float                        # the farthest of the keys that have a period; 0 where none has
    ends: bool

    def faults(self, median_lufs: float) -> list[str]:
        louder = self.loudness_lufs - median_lufs
        return [fault for fault, there in (("not finite", not self.finite), (f"{louder:+.1f} LU", abs(louder) > LOUDER_LU),
                                           (f"{self.cents:.1f} cents off", self.cents > CENTS), ("does not end", not self.ends)) if there]


def ends(sound: np.ndarray) -> bool:
    """Whether its last half second is FALL_DB under its loudest sample."""
    return bool(np.abs(sound[-RATE_HZ // 2:]).max() <= np.abs(sound).max() * 10 ** (-FALL_DB / 20))


def judge(patch: Patch, bank: SoundBank) -> Judged:
    instrument, source = Instrument(patch), bank.source(patch.model, patch.recordings)
    sound = instrument.render(NOTES, SECONDS).astype(float)
    tail = instrument.render([(0.0, HELD_S, 60)], HELD_S + TAIL_S).astype(float)
    plain = patch.with_values(parameters={**patch.parameters, **PLAIN})
    cents = [abs(off) for off in cents_off(source, plain, RATE_HZ, TUNED_KEYS) if np.isfinite(off)]
    return Judged(patch.name, image_db(magnitudes(sound, SIZE, HOP) ** 2), bool(np.isfinite(sound).all() and np.isfinite(tail).all()),
                  levelling.measure(patch, source)[0], max(cents, default=0.0), ends(tail))


def rolled(start: Patch, count: int, amount: float, seed: int) -> list[Patch]:
    """So many rolls, one after the other."""
    session = Session(lambda _message: None, start, seed=seed)
    patches = []
    for _ in range(count):
        session.rolls.randomise(amount)
        patches.append(session.state.to_patch())
    return patches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rolls", type=int, default=30)
    parser.add_argument("--amount", type=float, default=1.0)
    parser.add_argument("--patch", default="Evening Grand")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    bank = SoundBank()
    factory = [library.load_patch(entry.path) for entry in library.patches() if entry.factory]
    median_lufs = float(np.median([levelling.measure(patch, bank.source(patch.model, patch.recordings))[0] for patch in factory]))
    rolls = [judge(patch, bank) for patch in rolled(library.load_patch(args.patch), args.rolls, args.amount, args.seed)]
    far = [apart_db(one.image, other.image) for i, one in enumerate(rolls) for other in rolls[i + 1:]]
    for roll in rolls:
        print(f"  {roll.name:<40} {roll.loudness_lufs - median_lufs:+5.1f} LU {roll.cents:6.2f} cents   "
              + (", ".join(roll.faults(median_lufs)) or "usable"))
    print(f"{len(rolls)} rolls at amount {args.amount:g} from {args.patch}: distance of two, median {np.median(far):.1f} dB, "
          f"least {min(far):.1f}, most {max(far):.1f}; usable {sum(not roll.faults(median_lufs) for roll in rolls)} of {len(rolls)}")


if __name__ == "__main__":
    main()
