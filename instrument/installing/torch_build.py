"""Chooses a build of torch: training needs it, and on Linux PyPI's build contains CUDA, gigabytes that a CPU has no use for.

In this order, without a question: the CPU build that pip finds by itself (in a folder or an index that this machine's pip is configured
for); PyTorch's own CPU builds through uv, which knows where they are; PyPI's build. On other systems PyPI's build is for CPUs (on Apple's
for their GPUs, too) and the only step.
"""
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hummingface.instrument.installing.steps import INSTALL, PIP, Step

LEAST = (2, 6)                              # as in pyproject.toml
CPU_MB, CUDA_MB = 200, 3500                 # to download, about
CPU_DISK_MB, CUDA_DISK_MB = 760, 7500       # on the disk
CUDA_SAID = f"about {CUDA_MB / 1000:.1f} GB to download and {CUDA_DISK_MB / 1000:.1f} GB on the disk: PyPI's torch brings CUDA"
INDEX_S = 60.0
UV = {"UV_HTTP_TIMEOUT": "20", "UV_HTTP_RETRIES": "1", "UV_NO_PROGRESS": "1"}


def release(version: str) -> tuple[int, ...]:
    """The numbers of a version: "2.13.0+cpu" gives (2, 13, 0); without any other part, else empty."""
    public = version.partition("+")[0]
    return tuple(int(part) for part in public.split(".")) if re.fullmatch(r"\d+(\.\d+)*", public) else ()


def newest_cpu_build(versions: Sequence[str], exactly: str | None = None) -> str | None:
    """The newest CPU build among the versions that pip knows, of the release `exactly` if one is given."""
    builds = [version for version in versions if version.endswith("+cpu") and release(version) >= LEAST
              and exactly in (None, version.partition("+")[0])]
    return max(builds, key=release, default=None)


def versions_known() -> list[str]:
    """Versions of torch that pip finds by itself for this Python, including those in folders that it is configured for."""
    try:
        listing = subprocess.run([*PIP, "index", "versions", "torch"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 timeout=INDEX_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    found = re.search(r"Available versions: (.*)", listing.stdout)
    return [version.strip() for version in found[1].split(",")] if found else []


def pinned(constraints: Path | None) -> str | None:
    """The version of torch in a file of constraints."""
    if constraints is None:
        return None
    found = re.search(r"^torch==([\w.]+)", constraints.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else None


def choices(constraints: Sequence[str] = (), exactly: str | None = None, cuda: bool = False) -> list[list[Step]]:
    """The ways to install torch, of which the first that works is used; each is a list of steps. `constraints` are arguments for pip and uv
    (`-c FILE`).
    """
    wanted = f"torch>={'.'.join(map(str, LEAST))}"
    plain = [Step("PyTorch from PyPI", [*INSTALL, *constraints, wanted], package="torch")]
    if sys.platform != "linux":
        return [plain]
    large = [Step(f"PyTorch from PyPI ({CUDA_SAID})", plain[0].command, package="torch")]
    if cuda:
        return [large]
    found = newest_cpu_build(versions_known(), exactly)
    ways = [[Step(f"PyTorch {found}, which pip finds by itself", [*INSTALL, *constraints, f"torch=={found}"], package="torch")]]
    return [*(ways if found else []), by_uv(constraints, wanted), large]


def by_uv(constraints: Sequence[str], wanted: str) -> list[Step]:
    """PyTorch's own CPU build."""
    there = shutil.which("uv")
    uv = [there] if there else [sys.executable, "-m", "uv"]
    fetch = [] if there else [Step("uv, which knows PyTorch's CPU builds", [*INSTALL, "uv"], package="uv")]
    return [*fetch, Step("PyTorch's CPU build by way of uv",
                         [*uv, "pip", "install", "--python", sys.executable, "--torch-backend=cpu", *constraints, wanted], UV, "torch")]
