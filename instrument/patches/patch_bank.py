"""Patches that come and go as files: a bank is a ZIP archive of patches, which have their recordings in them.

Files come from anywhere: each patch is checked like any other, and no name in an archive is used. Imported are copies, which never take the
place of a patch that is there; one whose name is taken gets a number, and one that is there already is passed over.
"""
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.free_names import PATCH_SUFFIX, free_file, stem_of, unused
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.models.playing.atomic_file import replacing
from hummingface.models.playing.checked_json import JsonError, open_file, parse_json
from hummingface.models.playing.file_names import alike

BANK_SUFFIX, PATCH_SUFFIXES = ".zip", (PATCH_SUFFIX, ".hfpatch")
MOST_FILES = 5000                       # of an archive, patches or not
LARGEST_BANK_BYTES = 128 << 20          # packed, and of all patches in it unpacked
LARGEST_INDEX_BYTES = MOST_FILES * 300  # of an archive: it is read whole
_END, _END_BYTES, _LARGE, _LARGE_BYTES, _INDEX_SIZE_AT = b"PK\5\6", 22 + (1 << 16), b"PK\6\7", 20, 12       # of the ZIP format
SAID = 3                                # problems that are told


@dataclass
class Imported:
    """`paths`: of new patches; `there`: how many were there already; `problems`: one text per file that cannot be used."""
    paths: list[Path] = field(default_factory=list)
    there: int = 0
    problems: list[str] = field(default_factory=list)

    def text(self) -> str:
        """What happened, for the player."""
        parts = [f"{_patches(len(self.paths))} imported"]
        if self.there:
            parts.append(f"{self.there} there already")
        told = "; ".join(parts) + "."
        if self.problems:
            more = len(self.problems) - SAID
            told += " " + " ".join(f"{problem}." for problem in self.problems[:SAID]) + (f" And {more} more." if more > 0 else "")
        return told


def is_importable(path: Path) -> bool:
    """Whether a file has the name of a patch or a bank."""
    return path.suffix.lower() in (*PATCH_SUFFIXES, BANK_SUFFIX)


def export_bank(entries: Iterable[LibraryEntry], file: Path) -> int:
    """Write a bank of these patches and presets; returns how many. Whole or not at all. Raises PatchError, and OSError naming the file."""
    taken: set[str] = set()
    try:
        with replacing(file) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry in entries:
                patch = library.open_entry(entry)
                name = unused(_stem(patch.name), taken, "-")
                taken.add(alike(name))
                archive.writestr(name + PATCH_SUFFIX, json.dumps(patch.to_json(), allow_nan=False, indent=1) + "\n")
    except OSError as error:
        raise OSError(f"{file}: the bank cannot be written ({error.strerror or error})") from error
    return len(taken)


def import_files(files: Iterable[Path]) -> Imported:
    """Copy the patches in files and banks to the player's. Never raises for what files hold."""
    done = Imported()
    for _ in steps_of_import(files, done):
        pass
    return done


def steps_of_import(files: Iterable[Path], done: Imported) -> Iterator[None]:
    """`import_files` one patch at a time, told in `done`; whoever goes through the steps may do something else between them."""
    entries = library.patches()
    names = {alike(entry.name) for entry in entries}
    sounds = set()
    for entry in entries:
        sounds |= {(alike(patch.name), _sound(patch)) for patch in _readable(entry)}
        yield
    for file in files:
        for where, data in _texts(file, done.problems):
            yield
            try:
                patch = _patch_of(data, where)
                if (alike(patch.name), _sound(patch)) in sounds:
                    done.there += 1
                    continue
                sounds.add((alike(patch.name), _sound(patch)))
                patch = patch.with_values(name=unused(patch.name, names))
                path = free_file(library.user_folder("patches"), _stem(patch.name))
                patch_file.save(patch, path)
            except PatchError as error:
                done.problems.append(str(error))
                continue
            names.add(alike(patch.name))
            done.paths.append(path)


def _texts(file: Path, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """(where, content) of each patch in a file."""
    try:
        with open_file(file) as stream:
            if file.suffix.lower() != BANK_SUFFIX:
                yield str(file), stream.read(patch_file.LARGEST_BYTES + 1)
                return
            stream.seek(0, 2)
            if stream.tell() > LARGEST_BANK_BYTES:
                problems.append(f"{file}: larger than the {LARGEST_BANK_BYTES >> 20} MB that a bank may have")
                return
            if _index_bytes(stream) > LARGEST_INDEX_BYTES:
                problems.append(f"{file}: its list of files is too long; a bank has at most {MOST_FILES} files")
                return
            with zipfile.ZipFile(stream) as archive:
                yield from _packed(file, archive, problems)
    except OSError as error:
        problems.append(f"{file}: cannot be read ({error.strerror or error})")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        problems.append(f"{file}: no bank that can be read ({error})")


def _index_bytes(stream: BinaryIO) -> int:
    """How long the list of files of an archive is, as its end says; 0 where it has none, too long in the form that large archives have."""
    end = stream.seek(0, 2)
    stream.seek(max(end - _END_BYTES - _LARGE_BYTES, 0))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0:
        return 0
    if _LARGE in tail[max(at - _LARGE_BYTES, 0):at]:
        return LARGEST_INDEX_BYTES + 1
    return int.from_bytes(tail[at + _INDEX_SIZE_AT:at + _INDEX_SIZE_AT + 4], "little")


def _packed(file: Path, archive: zipfile.ZipFile, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """The patches of an archive. What is unpacked is counted while it is, whatever the archive says of its sizes."""
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        problems.append(f"{file}: {len(infos)} files; a bank has at most {MOST_FILES}")
        return
    left, found = LARGEST_BANK_BYTES, False
    for info in infos:
        if info.is_dir() or not info.filename.lower().endswith(PATCH_SUFFIXES) or "__MACOSX" in info.filename:
            continue
        found, where = True, f"{file} › {info.filename[:80]}"
        try:
            with archive.open(info) as stream:
                data = stream.read(patch_file.LARGEST_BYTES + 1)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
            problems.append(f"{where}: cannot be unpacked ({error})")
            continue
        left -= len(data)
        if left < 0:
            problems.append(f"{file}: larger, unpacked, than the {LARGEST_BANK_BYTES >> 20} MB that a bank may have; the rest is left out")
            return
        yield where, data
    if not found:
        problems.append(f"{file}: no patches are in it")


def _patch_of(data: bytes, where: str) -> Patch:
    try:
        values = parse_json(data, patch_file.LARGEST_BYTES)
    except JsonError as error:
        raise PatchError(f"{where}: cannot be used ({error})") from error
    return patch_file.from_json(values, where)


def _readable(entry: LibraryEntry) -> Iterator[Patch]:
    try:
        yield library.open_entry(entry)
    except PatchError:
        return


def _sound(patch: Patch) -> str:
    """All of a patch but its name, and which weights it was saved with."""
    return json.dumps(patch.with_values(name="", model_sha256="").to_json(), sort_keys=True)


def _stem(name: str) -> str:
    return stem_of(name) or "patch"


def _patches(count: int) -> str:
    return "1 patch" if count == 1 else f"{count} patches"
