"""Progress bars, on the standard error where that is a terminal, and nowhere else."""
from collections.abc import Iterable
from typing import Any

_quiet = False


def be_quiet() -> None:
    """No more bars in this process."""
    global _quiet
    _quiet = True


def progress_bar(items: Iterable[Any] | None = None, progress: bool = True, **options: Any) -> Any:
    """A bar as tqdm takes its `options`; none without `progress`."""
    from tqdm import tqdm
    return tqdm(items, disable=None if progress and not _quiet else True, **options)        # None: where there is no terminal
