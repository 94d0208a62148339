"""The package as an installation has it, made of links, for tools that read files and follow no import hook (mypy, import-linter).

    python -m tests.layout FOLDER
"""
import os
import shutil
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def folders() -> dict[str, str]:
    """Our folders by the package that each becomes, as pyproject.toml says."""
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-dir"]


def lay(target: Path) -> None:
    """Make `target` again. Folders are real, as neither tool walks through links to them; files are hard links where that can be."""
    shutil.rmtree(target, ignore_errors=True)
    for name, folder in folders().items():
        place = target.joinpath(*name.split("."))
        for source in [*(PROJECT / folder).rglob("*.py"), *(PROJECT / folder).rglob("*.pyi"), *(PROJECT / folder).rglob("py.typed")]:
            copy = place / source.relative_to(PROJECT / folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, copy)
            except OSError:                     # another file system
                shutil.copy2(source, copy)


if __name__ == "__main__":
    lay(Path(sys.argv[1]).absolute())
