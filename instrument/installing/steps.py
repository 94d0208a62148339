"""Runs pip and uv step by step, and reports each step and, where one fails, the package, the step and the reason."""
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")
INSTALL = (*PIP, "install", "--progress-bar", "off", "--no-compile")        # Python compiles only imported modules, a small part
KEPT_LINES = 400
LOGGED_LINES = 60
POLL_S = 0.2
log = logging.getLogger(__name__)

_PACKAGE = re.compile(r"^\s*(?:Collecting|Downloading|Building wheel for|Using cached|Processing) +(?:[^\s]*/)?([A-Za-z0-9][A-Za-z0-9_.]*"
                      r"(?:-[A-Za-z][A-Za-z0-9_.]*)*)")
_SITE = re.compile(r"site-packages[/\\]([A-Za-z0-9_.-]+)")
_REASONS = (                        # (pattern in the installer's output, why it failed and what to do); the first match is used
    (r"No space left on device|Errno 28|os error 28|not enough space|WinError 112", "the disk is full ({free}). Make room"),
    (r"Permission denied|Errno 13|Read-only file system|Errno 30", "{prefix} cannot be written to"),
    (r"DO NOT MATCH THE HASHES|BadZipFile|[Ii]nvalid wheel|[Ww]heel .* is invalid|not a zip file|invalid Zip|bad magic|Bad CRC|"
     r"[Ff]ailed to (?:read|extract|unzip)|IncompleteRead|error -3 while decompressing", "the downloaded file is damaged"),
    (r"name resolution|NameResolutionError|Name or service not known|getaddrinfo|NewConnectionError|Failed to establish|"
     r"ConnectTimeout|ReadTimeout|timed out|Connection (?:refused|reset|aborted|broken)|dns error|client error|ProxyError|"
     r"Network is unreachable|error sending request", "the package index cannot be reached: check the network"),
    (r"externally-managed-environment", "this Python belongs to the system; use a virtual environment"),
    (r"Requires-Python|requires a different Python|No matching distribution|No solution found|Could not find a version|"
     r"not a supported wheel", "there is no build of it for Python {python} on this system"),
    (r"Failed building wheel|Failed to build|subprocess-exited-with-error|command '?[\w-]*(?:gcc|cc|g\+\+)'? failed",
     "it has to be compiled here, and that failed"),
    (r"No module named pip", "pip is missing"),
)


class InstallError(Exception):
    """A step failed. `package` may be empty: then the step failed as a whole."""

    def __init__(self, step: str, package: str, why: str, output: str = ""):
        super().__init__(f"{step}: {package or 'the installer'}: {why}.")
        self.step, self.package, self.why, self.output = step, package, why, output


class Cancelled(Exception):
    """The installation was cancelled."""


@dataclass(frozen=True)
class Step:
    """`name` says what is being done; `command` does it. `environment` is added to ours. `package`: for errors
    whose output names none."""
    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    package: str = ""


def run(step: Step, tell: Callable[[str], None] = lambda line: None, cancelled: threading.Event | None = None,
        watch: Callable[[], None] = lambda: None) -> str:
    """Run a step; returns its output. `tell` is called with each line as it comes, `watch` several times a second.

    Raises InstallError where it fails, Cancelled once `cancelled` is set.
    """
    lines: list[str] = []
    log.info("%s: %s", step.name, shlex.join(step.command))
    try:
        process = subprocess.Popen(step.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   errors="replace", env={**os.environ, **step.environment})
    except OSError as error:
        raise InstallError(step.name, "", f"{step.command[0]} cannot be started ({error.strerror})") from error
    reader = threading.Thread(target=_read, args=(process, lines, tell), daemon=True)
    reader.start()
    try:
        while reader.is_alive():
            reader.join(POLL_S)
            watch()
            if cancelled is not None and cancelled.is_set():
                raise Cancelled
        code = process.wait()
    except BaseException:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
    output = "\n".join(lines)
    if code:
        log.error("%s: exit status %d\n%s", step.name, code, "\n".join(lines[-LOGGED_LINES:]))
        package, why = explain(lines)
        raise InstallError(step.name, package or step.package, why, output)
    return output


def _read(process: subprocess.Popen, lines: list[str], tell: Callable[[str], None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip())
        del lines[:-KEPT_LINES]
        tell(line.rstrip())


def explain(lines: Sequence[str]) -> tuple[str, str]:
    """(package, reason) from a failing installer's output. The package is empty where the output names none."""
    output = "\n".join(lines)
    errors = [line for line in lines if re.match(r"\s*(ERROR|error|×|fatal)\b", line)]
    why = next((text for pattern, text in _REASONS if re.search(pattern, output)), "")
    if not why:
        message = re.sub(r"^\s*(ERROR|error)[:\s]*", "", errors[-1] if errors else (lines[-1] if lines else "it said nothing"))
        why = message.strip().rstrip(".")[:300]
    return _package(lines, errors), why.format(free=_free(), prefix=sys.prefix, python=f"{sys.version_info[0]}.{sys.version_info[1]}")


def _package(lines: Sequence[str], errors: Sequence[str]) -> str:
    for line in reversed(errors):
        for pattern in (r"(?:distribution found for|satisfies the requirement|building wheel for|Failed to build:?) +'?([A-Za-z0-9_.-]+)",
                        r"[Ww]heel '([^']+)'", r"([A-Za-z0-9_.]+)-[0-9][^/\\ ]*\.(?:whl|tar\.gz)", _SITE.pattern):
            if found := re.search(pattern, line):
                return found[1]
    for line in reversed(lines):
        if found := re.search(r"Retrying .*/simple/([A-Za-z0-9_.-]+)/", line):
            return found[1]
        if found := re.search(r"^Installing collected packages: (.+)$", line):
            return f"one of {found[1]}" if "," in found[1] else found[1]
        if found := _PACKAGE.match(line):
            return re.sub(r"-\d.*$", "", found[1])
        if found := re.search(r"Failed to (?:fetch|download|build|extract|install):? `?(?!https?:)([A-Za-z0-9_.-]+)", line):
            return found[1]
    return ""


def _free() -> str:
    """The free space where packages are installed."""
    place = Path(sys.prefix)
    try:
        return f"{shutil.disk_usage(place).free / 1e6:.0f} MB are free at {place}"
    except OSError:
        return str(place)
