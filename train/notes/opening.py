"""Opens a source of notes by its path: a SoundFont, patches of ZynAddSubFX, NSynth in any of its forms, or a folder of recordings."""
import argparse
from dataclasses import dataclass
from pathlib import Path

from hummingface.train.notes.note import QUALITIES, NoteSource, SourceError


@dataclass(frozen=True)
class Overrides:
    """Which notes are wanted of any source; empty: all that it has (a SoundFont: what `soundfont_source.LAYERS` says)."""
    pitches: tuple[int, ...] = ()
    velocities: tuple[int, ...] = ()
    families: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()            # acoustic, electronic, synthetic: NSynth
    qualities: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    programs: tuple[int, ...] = ()           # SoundFont
    holds_s: tuple[float, ...] = ()          # SoundFont
    instruments: int | None = None           # SoundFont: only this many, spread over the families
    draws: int | None = None                 # SoundFont, ZynAddSubFX: so many spread notes of each instrument
    instrument: str = ""                     # recordings: their name
    family: str = ""                         # recordings
    trust: str = "sound"                     # recordings: where name and sound disagree


def open_source(path: Path, overrides: Overrides | None = None, workers: int = 1, memory: Path | None = None) -> NoteSource:
    """Raises SourceError where `path` is no source of notes. `memory`: a file in which a folder's listening is kept."""
    from hummingface.train.notes.nsynth import Filters, NSynth, is_nsynth
    from hummingface.train.notes.recorded_notes import RecordedNotes
    from hummingface.train.notes.soundfont_source import NoteChoice, SoundFont
    from hummingface.train.notes.zyn_source import DRAWS, ZynPatches, is_zyn
    overrides, path = overrides or Overrides(), Path(path).expanduser()
    if path.suffix.lower() in (".sf2", ".sf3"):
        choice = NoteChoice(overrides.programs, overrides.pitches or NoteChoice().pitches, overrides.velocities, overrides.holds_s,
                            overrides.instruments, overrides.draws)
        return SoundFont(path, choice)
    if not path.exists():
        raise SourceError(f"{path}: no such file or folder.")
    filters = Filters(overrides.families, overrides.sources, overrides.pitches, overrides.velocities, overrides.qualities,
                      overrides.without)
    if is_zyn(path):
        return ZynPatches(path, overrides.draws or DRAWS, overrides.instruments)
    if is_nsynth(path):
        return NSynth(path, filters)
    if path.is_dir() or path.suffix.lower() == ".sfz":
        return RecordedNotes(path, overrides.instrument, overrides.family, overrides.trust, filters, workers, memory)
    raise SourceError(f"{path}: neither a SoundFont (.sf2, .sf3), patches of ZynAddSubFX (.xiz or a folder of "
                      "banks), NSynth (.tar.gz, .tfrecord or its folder), an .sfz file nor a folder "
                      "of recordings.")


def numbers(text: str) -> tuple[int, ...]:
    """An argparse type: "36-60,64" as those numbers."""
    found: list[int] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        if not 0 <= first <= last <= 127:
            raise argparse.ArgumentTypeError(f"{part!r} is neither a number nor a range within 0..127")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


def seconds(text: str) -> tuple[float, ...]:
    """An argparse type: "0.5,2,4"."""
    values = tuple(float(part) for part in text.split(","))
    if not all(0.05 <= v <= 60 for v in values):
        raise argparse.ArgumentTypeError("held times must lie within 0.05..60 seconds")
    return values


def drawn(text: str) -> int:
    """An argparse type: how many notes."""
    if not 1 <= (value := int(text)) <= 2000:
        raise argparse.ArgumentTypeError(f"{text} is no whole number within 1..2000")
    return value


def words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """The options that choose notes, for every command that takes a source."""
    chosen = parser.add_argument_group("which notes")
    chosen.add_argument("--pitches", type=numbers, default=(), metavar="36-84,90", help="MIDI keys")
    chosen.add_argument("--velocities", type=numbers, default=(), metavar="60,100", help="MIDI velocities, 1..127")
    chosen.add_argument("--families", type=words, default=(), metavar="A,B", help="NSynth: bass, brass, flute, guitar, keyboard, "
                        "mallet, organ, reed, string, synth_lead, vocal")
    chosen.add_argument("--sources", type=words, default=(), metavar="A,B", help="NSynth: acoustic, electronic, synthetic")
    chosen.add_argument("--qualities", type=words, default=(), metavar="A,B", help="NSynth: notes that have all of " + ", ".join(QUALITIES))
    chosen.add_argument("--without", type=words, default=(), metavar="A,B", help="NSynth: notes that have none of these qualities")
    chosen.add_argument("--programs", type=numbers, default=(), metavar="0,40-45", help="SoundFont: programs of General MIDI, from 0")
    chosen.add_argument("--holds", dest="holds_s", type=seconds, default=(), metavar="0.5,4", help="SoundFont: seconds that keys are held")
    chosen.add_argument("--instruments", type=int, metavar="N", help="SoundFont, ZynAddSubFX: only so many, spread over the families")
    chosen.add_argument("--draws", type=drawn, metavar="N", help="SoundFont, ZynAddSubFX: so many notes of each instrument, spread evenly "
                        "over keys and velocities, in place of every key at the same velocities")
    chosen.add_argument("--instrument", default="", metavar="NAME", help="recordings: what they are; by default the folder's name")
    chosen.add_argument("--family", default="", metavar="NAME", help="recordings: its family")
    chosen.add_argument("--trust", choices=("sound", "name"), default="sound", help="recordings: where name and sound disagree")


def overrides_of(args: argparse.Namespace) -> Overrides:
    return Overrides(**{name: getattr(args, name) for name in Overrides.__dataclass_fields__})
