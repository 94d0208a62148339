"""The optional packages of `hummingface[train]`: whether they are installed, and the message where they are not."""
from collections.abc import Sequence
from importlib import invalidate_caches
from importlib.util import find_spec

TRAINING = ("torch", "tensorboardX", "jinja2")          # as they are imported
COMMAND = "hummingface install train"
WITHOUT = ("fetch", "points")                           # commands of training that need none of it


class ExtraMissing(ValueError):
    """A feature needs optional packages that are not installed; the text says what to type."""


def missing() -> list[str]:
    """The training packages that are missing or incomplete."""
    from hummingface.instrument.installing.training_extra import broken
    invalidate_caches()                 # they may have been installed while this process runs
    return list(TRAINING) if broken() else [name for name in TRAINING if find_spec(name) is None]


def require(what: str) -> None:
    """Raises ExtraMissing if any of them is missing."""
    if lacking := missing():
        raise ExtraMissing(f"{what} needs PyTorch. Not installed, since playing needs none of it: {', '.join(lacking)}. "
                           f"Type: {COMMAND}")


def require_for_training(words: Sequence[str]) -> None:
    """The same for the arguments of `hummingface train`. Help, downloading data, and making sounds of recordings need none."""
    if words and not words[0].startswith("-") and words[0] not in WITHOUT and not {"-h", "--help"} & set(words):
        require(f"`hummingface train {words[0]}`")
