"""A SoundFont as a source of notes: which of its programs, at which keys, velocities and lengths.

Without `draws` these are the layers of a grid (LAYERS), with them so many spread notes of each instrument (`train/notes/draws.py`).
"""
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hummingface.models.playing.conditioning import HIGHEST_KEY, LONGEST_S, LOWEST_KEY
from hummingface.train.notes.draws import BLOCK, draws, in_blocks
from hummingface.train.notes.licences import about_source, published
from hummingface.train.notes.note import SILENT_PEAK, Labels, Note, Order, Skipped, SourceError, as_heard, key_of, sha256_of
from hummingface.train.notes.program_families import FAMILIES, INSTRUMENTS, GeneralMidiProgram, instruments_in_turn
from hummingface.train.notes.soundfont import RATE_HZ, NoteSpec, SoundFontError, render, trim_tail
from hummingface.train.notes.soundfont_tables import SoundFontTableError, tables
from hummingface.train.notes.soundfont_zones import key_ranges

Layers = tuple[tuple[int, tuple[float, float], int, tuple[int, ...]], ...]
# What is made of each instrument, in this order, so that any beginning can be trained on: velocity, seconds held (struck,
# sustained), and which keys, as steps and offsets from the lowest. All keys are made at every velocity in the end.
LAYERS: Layers = (
    (100, (LONGEST_S, 2.0), 2, (0,)), (60, (1.5, 1.5), 4, (1,)), (120, (0.5, 0.5), 4, (3,)),
    (100, (LONGEST_S, 2.0), 2, (1,)), (60, (1.5, 1.5), 4, (0, 2, 3)), (120, (0.5, 0.5), 4, (0, 1, 2)),
)
TAIL_S, KEPT_TAIL_S = 2.0, 0.1
GENERAL_MIDI_AT_LEAST = 60             # of our programs that a font must have to be taken for a General MIDI one
DRUM_BANK = 128


@dataclass(frozen=True)
class Preset:
    name: str
    bank: int
    program: int


def presets_in(path: Path) -> list[Preset]:
    """The presets of an .sf2 or .sf3 file, by its `phdr` chunk. Raises SourceError where it is no SoundFont."""
    try:
        heads = next((data for name, data in tables(path) if name == "phdr"), None)
    except SoundFontTableError as error:
        raise SourceError(f"{path}: {error}.") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read as a SoundFont ({error}).") from error
    if heads is None:
        raise SourceError(f"{path}: a SoundFont without a list of presets; it is damaged or incomplete.")
    entries = [struct.unpack_from("<20sHH", heads, at) for at in range(0, len(heads) - 75, 38)]      # the last ends the list
    return sorted((Preset(n.split(b"\0")[0].decode("latin1").strip(), bank, program) for n, program, bank in entries),
                  key=lambda p: (p.bank, p.program))


@dataclass(frozen=True)
class NoteChoice:
    """What is rendered. Empty: as LAYERS has it, of the melodic instruments of General MIDI or of all presets of another font."""
    programs: tuple[int, ...] = ()
    pitches: tuple[int, ...] = tuple(range(LOWEST_KEY, HIGHEST_KEY + 1))
    velocities: tuple[int, ...] = ()
    holds_s: tuple[float, ...] = ()
    instruments: int | None = None          # only this many, spread over the families
    draws: int | None = None                # so many notes of each, spread over keys and velocities


@dataclass(frozen=True)
class FontReader:
    """Renders orders, many in one run of fluidsynth."""
    path: Path

    def __call__(self, orders: Sequence[Order]) -> Iterator[Note | Skipped]:
        specs = [order.content for order in orders]
        for order, (spec, audio) in zip(orders, render(specs, self.path), strict=True):
            if np.abs(audio[:round(spec.hold_s * RATE_HZ)]).max() < SILENT_PEAK:
                yield Skipped(order.labels.name, "silent")
            else:
                yield Note(order.labels, as_heard(trim_tail(audio, KEPT_TAIL_S)), RATE_HZ, float(spec.pitch))


class SoundFont:
    """Notes of `path` as `choice` says. Raises SourceError."""
    batch = 4 * BLOCK

    def __init__(self, path: Path, choice: NoteChoice | None = None):
        self.path, self.choice = Path(path), choice or NoteChoice()
        if not self.path.is_file():
            raise SoundFontError(f"{path}: no such SoundFont. FluidR3 comes with `apt-get install fluid-soundfont-gm`.")
        self.name = self.path.name
        self.about = about_source(self.path, "SoundFont") | ({"draws": self.choice.draws} if self.choice.draws else {})
        known = published(self.path)
        self._prefix = f"{known.prefix} " if known and known.prefix else ""
        self.notices: list[str] = []
        self.read = FontReader(self.path)
        self._banks, self._instruments = self._choose(presets_in(self.path))
        self._plan = list(self._specs())

    def __len__(self) -> int:
        return len(self._plan)

    def _choose(self, there: list[Preset]) -> tuple[dict[int, int], list[tuple[GeneralMidiProgram, bool | None]]]:
        """({program: bank}, [(instrument, whether it sustains or None)])."""
        melodic = [p for p in there if p.bank < DRUM_BANK]
        banks: dict[int, int] = {}
        for preset in melodic:
            banks.setdefault(preset.program, preset.bank)           # the first bank that has it
        ours = {i.program: i for i in INSTRUMENTS}
        general = len(set(ours) & {p.program for p in melodic if p.bank == 0}) >= GENERAL_MIDI_AT_LEAST
        if self.choice.programs:
            missing = sorted(set(self.choice.programs) - set(banks))
            if missing:
                raise SourceError(f"{self.path}: has no program {', '.join(map(str, missing))}; it has {_ranges(sorted(banks))}.")
            wanted = list(self.choice.programs)
        else:
            wanted = [i.program for i in instruments_in_turn()] if general else sorted(banks)
        names = {p.program: p.name for p in reversed(melodic)}
        chosen: list[tuple[GeneralMidiProgram, bool | None]] = []
        for program in wanted[:self.choice.instruments]:
            if general and program in ours:
                chosen.append((ours[program], ours[program].sustained))
            elif program in banks:
                name = names[program] or f"GeneralMidiProgram {program}"
                chosen.append((GeneralMidiProgram(program, name, FAMILIES[program // 8] if general else "sampled", False), None))
        if not chosen:
            raise SourceError(f"{self.path}: has no melodic presets.")
        return banks, chosen

    @property
    def programs(self) -> dict[str, int]:
        """{name of an instrument as its notes have it: its program}"""
        return {self._prefix + instrument.name: instrument.program for instrument, _ in self._instruments}

    def _drawn(self, count: int) -> Iterator[tuple[GeneralMidiProgram, bool | None, NoteSpec]]:
        try:
            ranges = key_ranges(self.path)
        except (OSError, ValueError) as error:
            raise SourceError(str(error)) from error
        drawn = []
        for instrument, sustained in self._instruments:
            bank = self._banks.get(instrument.program, 0)
            low, high = ranges.get((bank, instrument.program), (0, 127))
            lowest, highest = max(low, min(self.choice.pitches)), min(high, max(self.choice.pitches))
            if lowest <= highest:                                          # else nothing of it sounds there
                drawn.append([(instrument, sustained, NoteSpec(instrument.program, one.pitch, one.velocity, one.hold_s, TAIL_S, bank))
                              for one in draws(count, self._prefix + instrument.name, sustained, lowest, highest)])
        return in_blocks(drawn)

    def _specs(self) -> Iterator[tuple[GeneralMidiProgram, bool | None, NoteSpec]]:
        choice, pitches = self.choice, self.choice.pitches
        if choice.draws:
            yield from self._drawn(choice.draws)
            return
        layers: Layers = LAYERS
        if choice.velocities or choice.holds_s:
            layers = tuple((v, (h, h), 1, (0,)) for h in choice.holds_s or (LONGEST_S,) for v in choice.velocities or (100,))
        for velocity, holds, step, offsets in layers:
            for instrument, sustained in self._instruments:
                for i, pitch in enumerate(pitches):
                    if i % step in offsets:
                        yield instrument, sustained, NoteSpec(instrument.program, pitch, velocity, float(holds[bool(sustained)]), TAIL_S,
                                                             self._banks.get(instrument.program, 0))

    def orders(self, skipped: list[Skipped]) -> Iterator[Order]:
        font = sha256_of(self.path)
        for instrument, sustained, spec in self._plan:
            called = self._prefix + instrument.name
            stem = "".join(c if c.isalnum() else "_" for c in called.lower())
            # the name ends as NSynth's do: key and velocity, so that whatever compares sounds can read them
            name = f"{stem}_{spec.hold_s:g}s-{spec.pitch:03d}-{spec.velocity:03d}"
            labels = Labels(name, called, instrument.family, "sampled", spec.pitch, spec.velocity, spec.hold_s,
                            sustained, None if self._prefix else instrument.program)     # one source alone answers to General MIDI
            yield Order(key_of(labels, font, spec.bank, spec.tail_s), labels, spec)


def _ranges(numbers: list[int]) -> str:
    """1, 2, 3, 7 as "1-3, 7"."""
    texts: list[str] = []
    for i, n in enumerate(numbers):
        if i and n == numbers[i - 1] + 1:
            texts[-1] = texts[-1].split("-")[0] + f"-{n}"
        else:
            texts.append(str(n))
    return ", ".join(texts)
