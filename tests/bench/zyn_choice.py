"""Chooses the patches of zynaddsubfx-data that the factory model learns: `python -m tests.bench.zyn_choice CACHE [--count 80]`.

Every patch of the banks (but those of drums, noises, arpeggios and splits) is played at five keys and listened to
(`train/notes/zyn_hearing.py`); what is no instrument is dropped. Of the others those are taken, one after the other, that lie farthest from
all that was taken before and from FluidR3's programs (mel by time at three keys, level removed), no more of one bank and of one family than
their share. Writes `train/notes/zyn_patches.txt`. CACHE keeps what was heard: an interrupted run goes on. A patch takes 2 s.
"""
import argparse
import itertools
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hummingface.models.analysis.mel_spectra import magnitudes, mel_filters
from hummingface.train.notes.note import SourceError
from hummingface.train.notes.program_families import INSTRUMENTS, SOUNDFONT
from hummingface.train.notes.soundfont import NoteSpec
from hummingface.train.notes.soundfont import render as render_font
from hummingface.train.notes.zyn_hearing import HOLD_S, KEYS, LISTENED, TAIL_S, HeardPatch, Listening, judge, listen
from hummingface.train.notes.zyn_plugin import RATE_HZ, read_patch, render
from hummingface.train.notes.zyn_source import TABLE

BANKS = Path("/usr/share/zynaddsubfx/banks")
NOT_BANKS = {"Arpeggios", "Drums", "Noises", "Cormi_Noise", "Splitted", "Dual"}
SOUNDING = (48, 60, 72)                # keys, as they sound, at which patches are compared
BANDS, HOP, SHOWN_S, FLOOR_DB = 64, 2400, 2.5, 60.0


def picture(audio: np.ndarray) -> np.ndarray:
    """Mel bands by time, dB under its peak: float16 [T, BANDS]."""
    audio = audio[:round(SHOWN_S * RATE_HZ)].astype(np.float64)
    power = magnitudes(audio, 4096, HOP) @ mel_filters(RATE_HZ, 4096, BANDS).T
    level = 20 * np.log10(np.maximum(power, 1e-12))
    return np.maximum(level - level.max(), -FLOOR_DB).astype(np.float16)


def candidates() -> list[Path]:
    """One of each bank after the other, so that what was heard of an interrupted run is spread over all."""
    banks = [sorted(bank.glob("*.xiz")) for bank in sorted(BANKS.iterdir()) if bank.is_dir() and bank.name not in NOT_BANKS]
    return [patch for row in itertools.zip_longest(*banks) for patch in row if patch]


def cached(patch: Path) -> str:
    return str(patch.relative_to(BANKS)).replace("/", "__") + ".npz"


def heard(patch: Path, cache: Path) -> tuple[Listening, np.ndarray] | None:
    """What a patch sounds like, [KEYS, T, BANDS]; None where it cannot be played."""
    kept = cache / cached(patch)
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


# Families by what a patch's name or bank says, the first that fits; then by the kind that its file declares
WORDS = (("bass", "bass"), ("choir|voice|vox|vocal|ahh|ooh", "ensemble"), ("brass|horn|trumpet|trombone", "brass"), ("organ", "organ"),
         ("accord|harmonica|reed|sax|oboe|clarinet|wind", "reed"), ("flute|pipe|whistle|bottle|ocarina", "pipe"),
         ("rhodes|piano|clav|harpsi|e.?p\b", "piano"), ("guitar|gtr", "guitar"),
         ("bell|vibra|marimba|xylo|glock|celest|mallet|music.?box|chime", "mallet"), ("pluck|harp|koto|sitar|pizz", "plucked"),
         ("string|violin|cello|viola", "strings"), ("pad|lead|saw|square|sync|synth|poly", "synth"),
         ("fantasy|space|dream|fx|effect|alien", "effect"))
KINDS = ("", "piano", "mallet", "organ", "guitar", "bass", "strings", "ensemble", "brass", "reed", "pipe", "synth", "synth", "effect",
         "plucked", "percussive", "effect")
UNWANTED = re.compile(r"drum|noise|arp|kit\b|perc|seq|snare|kick|hat\b|cymbal|tom\b|thunder|wind$|rain|sfx", re.IGNORECASE)


@dataclass(frozen=True)
class Candidate:
    file: Path
    name: str
    family: str
    heard: HeardPatch
    picture: np.ndarray                # [SOUNDING, T, BANDS]


def family_of(patch: Path) -> str:
    declared = re.search(rb'<par name="type" value="(\d+)"', read_patch(patch))
    kind = KINDS[min(int(declared.group(1)), len(KINDS) - 1)] if declared else ""
    for text in (patch.stem, patch.parent.name):
        for words, family in WORDS:
            if re.search(words, text, re.IGNORECASE):
                return family
    return kind or "synth"


def usable(cache: Path) -> tuple[list[Candidate], Counter]:
    """Patches that are instruments, and why the others are not."""
    found, reasons = [], Counter()
    for patch in candidates():
        one = heard(patch, cache)
        verdict = HeardPatch(problem="cannot be played") if one is None else judge(one[0])
        if not verdict.problem and UNWANTED.search(patch.stem):
            verdict = HeardPatch(problem="a drum or an effect by its name")
        keys = [key - verdict.shift for key in SOUNDING]
        if not verdict.problem and not set(keys) <= set(KEYS):
            verdict = HeardPatch(problem="too far from its key")
        reasons[verdict.problem] += 1
        if one is None or verdict.problem:
            continue
        title = " ".join(re.sub(r"^\d+[-_ ]*", "", patch.stem).replace("_", " ").split())
        title = title if title != title.lower() else title.title()
        picture = np.stack([one[1][KEYS.index(key)] for key in keys]).astype(np.float32)
        found.append(Candidate(patch.relative_to(BANKS), f"Zyn {title}", family_of(patch), verdict, picture))
    return found, reasons


def programs() -> list[np.ndarray]:
    """FluidR3's programs, as patches are compared. Each [SOUNDING, T, BANDS]."""
    specs = [NoteSpec(one.program, key, 100, HOLD_S, TAIL_S) for one in INSTRUMENTS for key in SOUNDING]
    shown = [picture(audio).astype(np.float32) if np.abs(audio).max() > 1e-4 else None for _, audio in render_font(specs, SOUNDFONT)]
    groups = [shown[i:i + len(SOUNDING)] for i in range(0, len(shown), len(SOUNDING))]
    return [np.stack(group) for group in groups if all(one is not None for one in group)]


def chosen(found: list[Candidate], known: list[np.ndarray], count: int) -> list[tuple[Candidate, float]]:
    """(patch, how far it lies from what was taken before) of `count`, spread over banks and families."""
    far = np.array([min(np.abs(one.picture - other).mean() for other in known) for one in found])
    banks = Counter(one.file.parent.name for one in found)
    families = Counter(one.family for one in found)
    most_of_bank = max(4, -(-2 * count // len(banks)))
    most_of_family = max(6, -(-2 * count // len(families)))
    taken: list[tuple[Candidate, float]] = []
    while len(taken) < count:
        of_bank = Counter(one.file.parent.name for one, _ in taken)
        of_family = Counter(one.family for one, _ in taken)
        names = {one.name.lower() for one, _ in taken}
        free = np.array([of_bank[one.file.parent.name] < most_of_bank and of_family[one.family] < most_of_family
                         and one.name.lower() not in names for one in found])
        if not free.any():
            break
        best = int(np.argmax(np.where(free, far, -1)))
        taken.append((found[best], float(far[best])))
        far = np.minimum(far, [np.abs(one.picture - found[best].picture).mean() for one in found])
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--heard-alone", action="store_true", help="choose among what is in the cache")
    args = parser.parse_args()
    os.nice(10)
    args.cache.mkdir(exist_ok=True)
    if args.heard_alone:
        there = {path.name for path in args.cache.glob("*.npz")}
        all_of_them = candidates
        globals()["candidates"] = lambda: [patch for patch in all_of_them() if cached(patch) in there]
    found, reasons = usable(args.cache)
    taken = chosen(found, programs(), args.count)
    print(f"{len(found)} of {sum(reasons.values())} are instruments; the others:", dict(reasons))
    print("families", dict(Counter(one.family for one, _ in taken)), "banks", dict(Counter(one.file.parent.name for one, _ in taken)))
    print("distance of each from what was taken before it:", [round(far, 1) for _, far in taken])
    lines = ["# Patches of zynaddsubfx-data (GPL-2+) that the factory model learns; written by tests/bench/zyn_choice.py",
             "# file within the folder of banks, name, family, kind, semitones above the key that is pressed, lowest and highest key"]
    lines += ["\t".join([str(one.file), one.name, one.family, "sustained" if one.heard.sustained else "struck", str(one.heard.shift),
                         str(one.heard.lowest), str(one.heard.highest)]) for one, _ in taken]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
