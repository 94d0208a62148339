"""Chooses the patches of zynaddsubfx-data that the factory model learns: `python -m tests.bench.zyn_choice CACHE [--count 80]`.

Every patch of the banks (but those of drums, noises, arpeggios and splits) is played at five keys and listened to
(`train/notes/zyn_hearing.py`); what is no instrument is dropped. Of the others those are taken, one after the other, that lie farthest from
all that was taken before and from FluidR3's programs (mel by time at three keys, level removed), no more of one bank and of one family than
their share. Writes `train/notes/zyn_patches.txt`. CACHE keeps what was heard: an interrupted run goes on. 1,100 patches take 25 minutes.
"""
import argparse
import itertools
import os
from pathlib import Path

import numpy as np

from hummingface.train.evaluation.metrics import _magnitudes, _mel_filters
from hummingface.train.notes.note import SourceError
from hummingface.train.notes.zyn_hearing import KEYS, LISTENED, Listening, listen
from hummingface.train.notes.zyn_plugin import RATE_HZ, render

BANKS = Path("/usr/share/zynaddsubfx/banks")
NOT_BANKS = {"Arpeggios", "Drums", "Noises", "Cormi_Noise", "Splitted", "Dual"}
SOUNDING = (48, 60, 72)                # keys, as they sound, at which patches are compared
BANDS, HOP, SHOWN_S, FLOOR_DB = 64, 2400, 2.5, 60.0


def picture(audio: np.ndarray) -> np.ndarray:
    """Mel bands by time, dB under its peak: float16 [T, BANDS]."""
    audio = audio[:round(SHOWN_S * RATE_HZ)].astype(np.float64)
    power = _magnitudes(audio, 4096, HOP) @ _mel_filters(RATE_HZ, 4096, BANDS).T
    level = 20 * np.log10(np.maximum(power, 1e-12))
    return np.maximum(level - level.max(), -FLOOR_DB).astype(np.float16)


def candidates() -> list[Path]:
    """One of each bank after the other, so that what was heard of an interrupted run is spread over all."""
    banks = [sorted(bank.glob("*.xiz")) for bank in sorted(BANKS.iterdir()) if bank.is_dir() and bank.name not in NOT_BANKS]
    return [patch for row in itertools.zip_longest(*banks) for patch in row if patch]


def heard(patch: Path, cache: Path) -> tuple[Listening, np.ndarray] | None:
    """What a patch sounds like, [KEYS, T, BANDS]; None where it cannot be played."""
    kept = cache / (str(patch.relative_to(BANKS)).replace("/", "__") + ".npz")
    if not kept.is_file():
        try:
            audio = render(patch, LISTENED)
        except SourceError as error:
            print(error)
            return None
        one = listen(audio)
        np.savez(kept, level=np.stack(list(one.level.values())), pitch=list(one.pitch.values()), clipped=one.clipped,
                 picture=np.stack(list(map(picture, audio))))
    with np.load(kept) as stored:
        level = dict(zip(KEYS, stored["level"], strict=True))
        return Listening(level, dict(zip(KEYS, stored["pitch"].tolist(), strict=True)), bool(stored["clipped"])), stored["picture"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    args = parser.parse_args()
    os.nice(10)
    args.cache.mkdir(exist_ok=True)
    for patch in candidates():
        heard(patch, args.cache)
    print("heard all")


if __name__ == "__main__":
    main()
