"""`hummingface[train]` into the environment that is running: PyTorch by whichever way works, then the rest.

What is installed already is never changed: an upgrade of numpy under a running instrument could break it. Cancelled or cut off, the next
try goes on: what was left in pieces is put there anew.
"""
import json
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, distributions, requires, version
from pathlib import Path

from instrument.installing import torch_build
from instrument.installing.steps import INSTALL, PIP, Cancelled, InstallError, Step, run
from instrument.installing.whole import forget_broken

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def requirements(extra: str) -> list[str]:
    """What an extra of ours asks for: as it is installed, or as the project beside the source says."""
    with suppress(PackageNotFoundError):
        return [text.partition(";")[0].strip() for text in requires("hummingface") or () if f'extra == "{extra}"' in text.replace("'", '"')]
    import tomllib
    return list(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"][extra])


def install(tell: Callable[[str], None], *, constraints: Path | None = None, cuda: bool = False, cancelled: threading.Event | None = None,
            watch: Callable[[], None] = lambda: None) -> None:
    """Install what training needs. `tell` hears what is being done, a line each; `watch` is called several times a second meanwhile.

    Raises InstallError, naming package and step, where no way leads there; Cancelled.
    """
    others = [text for text in requirements("train") if re.match(r"[\w-]+", text)[0] != "torch"]        # type: ignore[index]
    with _begun(), _as_it_is(constraints) as fixed:
        _pip_is_there(tell, cancelled)
        if not _has("torch"):
            _first_that_works(torch_build.choices(fixed, torch_build.pinned(constraints), cuda), tell, cancelled, watch)
        for step in [Step("what training writes and draws with", [*INSTALL, *fixed, *others])]:
            tell(f"Installing {step.name} ({', '.join(others)}) ...")
            run(step, cancelled=cancelled, watch=watch)


def _has(name: str) -> bool:
    with suppress(PackageNotFoundError):
        return torch_build.release(version(name)) >= torch_build.LEAST
    return False


def _first_that_works(ways: list[list[Step]], tell: Callable[[str], None], cancelled: threading.Event | None,
                      watch: Callable[[], None]) -> None:
    failed: list[InstallError] = []
    for way in ways:
        try:
            for step in way:
                tell(f"Installing {step.name} ...")
                run(step, cancelled=cancelled, watch=watch)
            return
        except InstallError as error:
            failed.append(error)
            if "disk is full" in error.why:             # which no other way needs less of
                raise
            tell(f"{error} The next way is tried." if way is not ways[-1] else str(error))
    raise failed[-1]


def _pip_is_there(tell: Callable[[str], None], cancelled: threading.Event | None) -> None:
    """Environments that uv or pipx made have no pip of their own."""
    try:
        run(Step("pip", [*PIP, "--version"]))
    except InstallError:
        tell("Installing pip into this environment ...")
        run(Step("pip, which this environment lacks", [sys.executable, "-m", "ensurepip", "--default-pip"]), cancelled=cancelled)


@contextmanager
def _begun() -> Iterator[None]:
    """Notes what is there before, until all is done: what came later and is not whole was left by a try that was cut off."""
    note = Path(sys.prefix) / "hummingface-installing.json"
    with suppress(OSError, ValueError, TypeError):
        forget_broken(but=set(json.loads(note.read_text())))
    try:
        if not note.exists():
            note.write_text(json.dumps(sorted(_names())))
    except OSError as error:
        raise InstallError("the environment", "", f"{error.filename or note} cannot be written ({error.strerror})") from error
    yield
    note.unlink(missing_ok=True)


def cut_off() -> bool:
    """Whether the last try ended halfway, so that what it left cannot be trusted."""
    return (Path(sys.prefix) / "hummingface-installing.json").exists()


def _names() -> set[str]:
    return {found.metadata["Name"] for found in distributions() if found.metadata["Name"]}


@contextmanager
def _as_it_is(constraints: Path | None) -> Iterator[list[str]]:
    """Words for pip and uv that keep what is installed as it is; `constraints` beside it."""
    lines = sorted({f"{found.metadata['Name']}=={found.version}" for found in distributions()
                    if found.metadata["Name"] and found.metadata["Name"].lower() not in ("hummingface", "pip", "setuptools", "uv", "torch")})
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "installed.txt"
        kept.write_text("\n".join(lines), encoding="utf-8")
        yield ["-c", str(kept), *(["-c", str(constraints)] if constraints else [])]


__all__ = ["Cancelled", "InstallError", "cut_off", "install", "requirements"]
