"""Patches of ZynAddSubFX as a source of notes: a .xiz file, a bank, or the folder of all banks.

`zyn_patches.txt` has those of Debian's zynaddsubfx-data that the factory model learns, with what was heard of each; of the folder of banks
these are taken. Patches that are not in it are listened to first.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from hummingface.train.notes.draws import BLOCK, draws, in_blocks
from hummingface.train.notes.licences import about_source
from hummingface.train.notes.note import SILENT_PEAK, Labels, Note, Order, Skipped, SourceError, as_heard, key_of, sha256_of
from hummingface.train.notes.soundfont import trim_tail
from hummingface.train.notes.zyn_hearing import LISTENED, judge, listen
from hummingface.train.notes.zyn_plugin import RATE_HZ, ZynNote, find_plugin, render

TABLE = Path(__file__).with_name("zyn_patches.txt")
DRAWS = 120
TAIL_S, KEPT_TAIL_S = 2.0, 0.1
MOST_HEARD = 300                       # patches outside the table that are listened to


@dataclass(frozen=True)
class ZynPatch:
    """`file` within the folder of banks; the rest as `zyn_hearing.HeardPatch` has it."""
    file: str
    name: str
    family: str
    sustained: bool
    shift: int
    lowest: int
    highest: int


def chosen_patches() -> list[ZynPatch]:
    """Those of TABLE, in its order: the ones that differ most come first."""
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            file, name, family, kind, shift, lowest, highest = line.split("\t")
            found.append(ZynPatch(file, name, family, kind == "sustained", int(shift), int(lowest), int(highest)))
    return found


def is_zyn(path: Path) -> bool:
    """Whether a path is a patch, a bank, or a folder of banks."""
    return path.suffix.lower() == ".xiz" or (path.is_dir() and (any(path.glob("*.xiz")) or any(path.glob("*/*.xiz"))))


@dataclass(frozen=True)
class ZynReader:
    """Renders orders, those of a patch in one process."""

    def __call__(self, orders: Sequence[Order]) -> Iterator[Note | Skipped]:
        for patch, some in groupby(orders, lambda order: order.content[0]):
            wanted = list(some)
            try:
                sounds = render(Path(patch), [order.content[1] for order in wanted])
            except SourceError as error:
                yield from (Skipped(order.labels.name, str(error)) for order in wanted)
                continue
            for order, audio in zip(wanted, sounds, strict=True):
                held = audio[:round(order.labels.hold_s * RATE_HZ)]
                if not np.isfinite(audio).all() or np.abs(held).max() < SILENT_PEAK:
                    yield Skipped(order.labels.name, "silent")
                else:
                    yield Note(order.labels, as_heard(trim_tail(audio, KEPT_TAIL_S)), RATE_HZ,
                               float(order.labels.pitch))


class ZynPatches:
    """`count` notes of each patch in `path`. Raises SourceError."""
    batch = BLOCK

    def __init__(self, path: Path, count: int = DRAWS, instruments: int | None = None):
        find_plugin()
        self.path, self._count, self.name = Path(path), count, Path(path).name
        self.about = about_source(self.path, "ZynAddSubFX") | {"draws": count}
        self.notices: list[str] = []
        self.read = ZynReader()
        self._unheard: list[Skipped] = []
        self._patches = self._choose()[:instruments]
        if not self._patches:
            reasons = "; ".join(f"{skip.name}: {skip.reason}" for skip in self._unheard[:3])
            raise SourceError(f"{path}: no patch with a pitch of its own ({reasons or 'no .xiz files'}).")

    def __len__(self) -> int:
        return self._count * len(self._patches)

    def _choose(self) -> list[tuple[Path, ZynPatch]]:
        if not self.path.exists():
            raise SourceError(f"{self.path}: no such patch or folder of banks.")
        known = {patch.file: patch for patch in chosen_patches()}
        if listed := [(self.path / file, patch) for file, patch in known.items() if (self.path / file).is_file()]:
            self.notices = [f"{self.path}: {len(listed)} patches of {TABLE.name}"]
            return listed
        files = [self.path] if self.path.is_file() else sorted({*self.path.glob("*.xiz"), *self.path.glob("*/*.xiz")})
        if len(files) > MOST_HEARD:
            self.notices = [f"{self.path}: of {len(files)} patches the first {MOST_HEARD} were listened to"]
        return [(file, patch) for file in files[:MOST_HEARD]
                if (patch := known.get(f"{file.parent.name}/{file.name}") or self._heard(file))]

    def _heard(self, file: Path) -> ZynPatch | None:
        try:
            heard = judge(listen(render(file, LISTENED)))
        except SourceError as error:
            self._unheard.append(Skipped(file.stem, str(error)))
            return None
        if heard.problem:
            self._unheard.append(Skipped(file.stem, heard.problem))
            return None
        return ZynPatch(file.name, file.stem, "synth", heard.sustained, heard.shift, heard.lowest, heard.highest)

    def orders(self, skipped: list[Skipped]) -> Iterator[Order]:
        skipped += self._unheard
        yield from in_blocks([list(self._of_patch(file, patch)) for file, patch in self._patches])

    def _of_patch(self, file: Path, patch: ZynPatch) -> Iterator[Order]:
        content = sha256_of(file)
        stem = "".join(c if c.isalnum() else "_" for c in patch.name.lower())
        for draw in draws(self._count, patch.name, patch.sustained, patch.lowest, patch.highest):
            name = f"{stem}_{draw.hold_s:g}s-{draw.pitch:03d}-{draw.velocity:03d}"
            labels = Labels(name, patch.name, patch.family, "synthetic", draw.pitch, draw.velocity, draw.hold_s, patch.sustained)
            note = ZynNote(draw.pitch - patch.shift, draw.velocity, draw.hold_s, TAIL_S)
            yield Order(key_of(labels, content, note.key, TAIL_S), labels, (str(file), note))
