"""Names and files of patches that nobody has yet."""
import os
from collections.abc import Collection
from pathlib import Path

from hummingface.models.playing.file_names import alike, plain

LONGEST_NAME = 70                   # that is made of a file's; a number may follow
LONGEST_STEM = 80                   # characters of a file's name
PATCH_SUFFIX = ".json"


def unused(name: str, taken: Collection[str], between: str = " ") -> str:
    """The name, with a number after it where it is among those that are `taken`, as `alike` has them."""
    if alike(name) not in taken:
        return name
    begin = name[:LONGEST_NAME].rstrip()
    return next(one for number in range(2, len(taken) + 3) if alike(one := f"{begin}{between}{number}") not in taken)


def stem_of(name: str) -> str:
    """The name of a file for a patch of this name; empty where nothing of it is left."""
    return plain(name, most=LONGEST_STEM).replace(" ", "-").lower()


def free_file(folder: Path, stem: str) -> Path:
    """A file for a patch that is not there yet."""
    path, number = folder / (stem + PATCH_SUFFIX), 1
    while os.path.lexists(path):
        number += 1
        path = folder / f"{stem}-{number}{PATCH_SUFFIX}"
    return path
