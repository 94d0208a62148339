"""The tests run in the checkout, whose folders Python would also import by their own names. An installation has `hummingface` alone, so
whatever asks for another name fails here as it does there."""
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

FOLDERS = ("assets", "instrument", "models", "train")


class NoFolders:
    """The first in `sys.meta_path`."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in FOLDERS:
            raise ModuleNotFoundError(f"no module is called {name!r} where hummingface is installed: it is hummingface.{name}", name=name)
        return None


def hide_folders() -> None:
    sys.meta_path.insert(0, NoFolders)
