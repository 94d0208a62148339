"""Installs `hummingface[train]` into the running environment: PyTorch by whichever way works, then the rest.

Installed packages are never changed: an upgrade of numpy under a running instrument could break it. After a cancelled or killed
installation the next one goes on, and replaces what is incomplete.
"""
import json
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distributions, requires, version
from pathlib import Path

from hummingface.instrument.installing import torch_build
from hummingface.instrument.installing.broken_packages import forget_broken, is_whole
from hummingface.instrument.installing.steps import INSTALL, PIP, InstallError, Step, run

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def requirements(extra: str) -> list[str]:
    """The requirements of an extra: of the installed package, or of the project beside the source."""
    with suppress(PackageNotFoundError):
        wanted = [text for text in requires("hummingface") or () if f'extra == "{extra}"' in text.replace("'", '"')]
        if wanted:
            return [text.partition(";")[0].strip() for text in wanted]
    import tomllib
    return list(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"][extra])


def install(tell: Callable[[str], None], *, constraints: Path | None = None, cuda: bool = False, cancelled: threading.Event | None = None,
            watch: Callable[[], None] = lambda: None) -> None:
    """Install what training needs. `tell` is called with a line for each step, `watch` several times a second.

    Raises InstallError, naming package and step, if no way works; Cancelled.
    """
    others = [text for text in requirements("train") if not re.match(r"torch\b", text)]

    def do(step: Step) -> None:
        tell(f"Installing {step.name} ...")
        run(replace(step, environment={**scratch, **step.environment}), cancelled=cancelled, watch=watch)

    with _begun() as scratch, _as_it_is(constraints) as fixed:
        _pip_is_there(do)
        if not _has("torch"):
            _first_that_works(torch_build.choices(fixed, torch_build.pinned(constraints), cuda), do, tell)
        do(Step(f"what training writes and draws with ({', '.join(others)})", [*INSTALL, *fixed, *others]))


def _has(name: str) -> bool:
    with suppress(PackageNotFoundError):
        return torch_build.release(version(name)) >= torch_build.LEAST
    return False


def _first_that_works(ways: list[list[Step]], do: Callable[[Step], None], tell: Callable[[str], None]) -> None:
    failed: list[InstallError] = []
    for way in ways:
        try:
            for step in way:
                do(step)
            return
        except InstallError as error:
            failed.append(error)
            if "disk is full" in error.why:             # which no other way avoids
                raise
            tell(f"{error} The next way is tried." if way is not ways[-1] else str(error))
    raise failed[-1]


def _pip_is_there(do: Callable[[Step], None]) -> None:
    """Installs pip where it is missing: environments made by uv or pipx have none."""
    try:
        run(Step("pip", [*PIP, "--version"]))
    except InstallError:
        uv = shutil.which("uv")
        do(Step("pip, which this environment lacks", [uv, "pip", "install", "--python", sys.executable, "pip"] if uv else
                [sys.executable, "-m", "ensurepip", "--default-pip"]))


@contextmanager
def _begun() -> Iterator[dict[str, str]]:
    """Gives the installers a folder within the environment for what they fetch, as variables for them.

    It holds a note of what was there before, until all is done: what came later and is not whole was left by a try that was cut off.
    """
    note = _note()
    with suppress(OSError, ValueError, TypeError):
        forget_broken(but=set(json.loads(note.read_text())))
    try:
        (_scratch() / "tmp").mkdir(parents=True, exist_ok=True)
        if not note.exists():
            note.write_text(json.dumps(sorted(_names())))
    except OSError as error:
        raise InstallError("the environment", "", f"{error.filename or note} cannot be written ({error.strerror})") from error
    yield {"TMPDIR": str(_scratch() / "tmp"), "TEMP": str(_scratch() / "tmp"), "UV_CACHE_DIR": str(_scratch() / "uv")}
    shutil.rmtree(_scratch(), ignore_errors=True)


def _scratch() -> Path:
    return Path(sys.prefix) / "hummingface-installing"


def _note() -> Path:
    return _scratch() / "before.json"


def broken() -> bool:
    """Whether an interrupted installation left incomplete packages."""
    if not _scratch().exists():
        return False
    with suppress(OSError, ValueError, TypeError):
        before = set(json.loads(_note().read_text()))
        return not all(is_whole(found) for found in distributions() if found.metadata["Name"] not in before)
    return False


def _names() -> set[str]:
    return {found.metadata["Name"] for found in distributions() if found.metadata["Name"]}


@contextmanager
def _as_it_is(constraints: Path | None) -> Iterator[list[str]]:
    """Arguments for pip and uv that keep installed packages unchanged, together with `constraints`."""
    free = ("hummingface", "pip", "setuptools", "uv", "torch")
    lines = sorted({f"{found.metadata['Name']}=={found.version}" for found in distributions()
                    if found.metadata["Name"] and found.metadata["Name"].lower() not in free})
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "installed.txt"
        kept.write_text("\n".join(lines), encoding="utf-8")
        yield ["-c", str(kept), *(["-c", str(constraints)] if constraints else [])]

