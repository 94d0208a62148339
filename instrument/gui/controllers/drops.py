"""Files dropped on the window or opened with it: a take is played again, a patch is loaded, a recording becomes a sound, and a folder is
learnt.
"""
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData

from hummingface.instrument.recording.takes import is_take
from hummingface.instrument.session.desktop import PATCH_SUFFIX


@dataclass(frozen=True)
class Dropped:
    """`kind`: "take", "patch", "recording", "folder", or "" with the reason in `why` where it is nothing that can be used."""
    kind: str
    path: Path
    why: str = ""


def read(data: QMimeData) -> Dropped | None:
    """The dropped files; None if there are none. A take comes with its MIDI file, which is ignored."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return what_is(paths) if paths else None


def what_is(paths: list[Path]) -> Dropped:
    """What to do with these files, at least one."""
    patches = [path for path in paths if path.suffix.lower() == PATCH_SUFFIX]
    if patches:
        return Dropped("patch", patches[0])
    sounds = [path for path in paths if path.suffix.lower() not in (".mid", ".midi")]
    takes = [path for path in sounds if path.is_file() and is_take(path)]
    if takes:
        return Dropped("take", takes[0])
    if len(sounds) != 1:
        why = (f"{len(sounds)} files at once: drop one recording to make a sound of it, or the folder that they are in to learn a model "
               "of them." if sounds else f"{paths[0].name}: a MIDI file is played with `hummingface render`.")
        return Dropped("", paths[0], why)
    return Dropped("folder" if sounds[0].is_dir() else "recording", sounds[0])
