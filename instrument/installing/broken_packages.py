"""Removes the records of packages that an interrupted installation left incomplete, so that the next installation replaces them."""
import csv
import shutil
from collections.abc import Collection
from importlib.metadata import Distribution, distributions
from pathlib import Path

# Files that installers generate, which may be missing in a complete package.
_LEFT_OUT = (".pyc", "/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json")


def is_whole(distribution: Distribution) -> bool:
    """Whether all files in the package's record exist; without a record it is incomplete."""
    files = _recorded(distribution)
    if files is None:
        return False
    return all(name.endswith(_LEFT_OUT) or Path(str(distribution.locate_file(name))).exists() for name in files)


def _recorded(distribution: Distribution) -> list[str] | None:
    """The names in its record, read from there: from Python 3.12 on `Distribution.files` passes over what does not exist."""
    if (record := distribution.read_text("RECORD")) is not None:
        return [row[0] for row in csv.reader(record.splitlines()) if row]
    return None if distribution.files is None else [str(file) for file in distribution.files]


def forget_broken(but: Collection[str] = ()) -> list[str]:
    """Remove the metadata of incomplete packages, so that installers see that they are missing; except `but`. Returns their names."""
    forgotten = []
    for distribution in distributions():
        if distribution.metadata["Name"] in but:
            continue
        place = getattr(distribution, "_path", None)        # its .dist-info; there is no public name for it
        if not isinstance(place, Path) or place.suffix != ".dist-info" or is_whole(distribution):
            continue
        shutil.rmtree(place, ignore_errors=True)
        forgotten.append(place.name.partition("-")[0])
    return forgotten
