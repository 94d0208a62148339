"""What is done with the player's own patches beside saving: renamed, duplicated, deleted and brought back. Nothing is overwritten, and
what is deleted goes to a folder beside the patches.
"""
import os
from dataclasses import dataclass
from pathlib import Path

from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.free_names import free_file, stem_of
from hummingface.instrument.patches.library import LibraryEntry, LibraryError
from hummingface.instrument.patches.patch import LONGEST_NAME
from hummingface.models.playing.file_names import alike

DELETED = "deleted-patches"


@dataclass(frozen=True)
class Deleted:
    """A deleted patch: where it was, and where its file lies now."""
    entry: LibraryEntry
    path: Path


def duplicate(entry: LibraryEntry) -> Path:
    """Save a copy of any patch or preset as the player's, under a name that is free. Raises PatchError or LibraryError."""
    patch = library.open_entry(entry)
    return library.save_patch(patch.with_values(name=library.free_name(patch.name)))


def rename(entry: LibraryEntry, name: str) -> Path:
    """Give the player's patch another name, and its file the name that goes with it. Raises PatchError or LibraryError."""
    refuse_factory(entry)
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise LibraryError(f"the name of a patch has 1 to {LONGEST_NAME} characters, not {len(name)}")
    if alike(name) != alike(entry.name) and (taken := next((e for e in library.patches() if alike(e.name) == alike(name)), None)):
        raise LibraryError(f"“{name}” is the name of another patch already: {taken.path}")
    patch_file.save(patch_file.load(entry.path).with_values(name=name), entry.path)
    stem = stem_of(name)
    if not stem or stem == entry.path.stem:
        return entry.path
    try:
        return _move(entry.path, free_file(entry.path.parent, stem))
    except LibraryError:                # it has its name all the same
        return entry.path


def delete(entry: LibraryEntry) -> Deleted:
    """Move the player's patch to the folder of those that are deleted. Raises LibraryError."""
    refuse_factory(entry)
    return Deleted(entry, _move(entry.path, free_file(library.user_folder(DELETED), entry.path.stem)))


def restore(deleted: Deleted) -> Path:
    """Bring a deleted patch back: to its own place, or beside what has that by now. Raises LibraryError."""
    return _move(deleted.path, free_file(deleted.entry.path.parent, deleted.entry.path.stem))


def refuse_factory(entry: LibraryEntry) -> None:
    """Raises LibraryError for what is not the player's."""
    if entry.factory or entry.preset:
        raise LibraryError(f"“{entry.name}” is the factory's and stays as it is; duplicate it to have one of your own")


def _move(before: Path, after: Path) -> Path:
    try:
        after.parent.mkdir(parents=True, exist_ok=True)
        os.rename(before, after)
    except OSError as error:
        raise LibraryError(f"{before}: cannot be moved to {after} ({error.strerror or error})") from error
    return after
