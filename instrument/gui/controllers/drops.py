"""Files dropped on the window or opened with it: a take is played again, a patch is loaded, several patches and banks go into the library,
a scale tunes, recordings become a sound, and a folder is learnt.
"""
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData

from hummingface.instrument.patches.patch_bank import BANK_SUFFIX, PATCH_SUFFIXES
from hummingface.instrument.patches.patch_recordings import MOST_NOTES
from hummingface.instrument.patches.scale_tuning import MAPPING_SUFFIX, SCALE_SUFFIX
from hummingface.instrument.recording.takes import is_take


@dataclass(frozen=True)
class Dropped:
    """`kind`: "take", "patch", "bank", "tuning", "recording", "folder", or "" with the reason in `why` where it is nothing that can be
    used. `paths`: of patches and banks for the library, recordings and tunings, all of them."""
    kind: str
    path: Path
    why: str = ""
    paths: tuple[Path, ...] = ()


def read(data: QMimeData) -> Dropped | None:
    """The dropped files; None if there are none. A take comes with its MIDI file, which is ignored."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return what_is(paths) if paths else None


def what_is(paths: list[Path]) -> Dropped:
    """What to do with these files, at least one."""
    patches = [path for path in paths if path.suffix.lower() in (*PATCH_SUFFIXES, BANK_SUFFIX)]
    if len(patches) == 1 and patches[0].suffix.lower() in PATCH_SUFFIXES:
        return Dropped("patch", patches[0])
    if patches:
        return Dropped("bank", patches[0], paths=tuple(patches))
    if scales := [path for path in paths if path.suffix.lower() in (SCALE_SUFFIX, MAPPING_SUFFIX)]:
        return Dropped("tuning", scales[0], paths=tuple(scales))
    sounds = [path for path in paths if path.suffix.lower() not in (".mid", ".midi")]
    takes = [path for path in sounds if path.is_file() and is_take(path)]
    if takes:
        return Dropped("take", takes[0])
    if not sounds:
        return Dropped("", paths[0], f"{paths[0].name}: a MIDI file is played with `hummingface render`.")
    if sounds[0].is_dir() and len(sounds) == 1:
        return Dropped("folder", sounds[0])
    if folders := [path for path in sounds if path.is_dir()]:
        return Dropped("", folders[0], f"{folders[0].name} is a folder: drop it alone to learn a model of it, or the recordings without it "
                       "to make a sound of them.")
    if len(sounds) > MOST_NOTES:
        return Dropped("", sounds[0], f"{len(sounds)} files at once: a sound is made of at most {MOST_NOTES} recordings. Drop the folder "
                       "that they are in to learn a model of them.")
    return Dropped("recording", sounds[0], paths=tuple(sounds))
