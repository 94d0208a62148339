"""System libraries that the instrument needs, and the packages of Debian and Ubuntu that contain them.

    python3 -m hummingface.instrument.installing.system play|test

The Makefile runs it with the system's own Python, before there is a virtual environment. Where nothing is missing, it asks for nothing.
Package names differ between releases (libasound2, libasound2t64), so it takes the one that this system's apt knows. Without root and
without a password-free sudo, or without apt, it prints what is missing; it stops only where the rest would be of no use.
"""
import ctypes
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


def _loads(*sonames: str) -> Callable[[], bool]:
    def there() -> bool:
        try:
            for soname in sonames:
                ctypes.CDLL(soname)
        except OSError:
            return False
        return True
    return there


def _venv_works() -> bool:
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def _display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _fonts() -> bool:
    return any(files for _, _, files in os.walk("/usr/share/fonts"))


def _has_rtmidi() -> bool:
    """Whether python-rtmidi provides MIDI: it has wheels up to Python 3.12."""
    return sys.version_info < (3, 13)


@dataclass(frozen=True)
class SystemPart:
    """A system component: its purpose, whether it is installed, the packages that contain it. `needed`: nothing works without it. `wanted`:
    whether it is useful here; without a display no window can be drawn.
    """
    what: str
    there: Callable[[], bool]
    packages: tuple[str, ...]
    needed: Callable[[], bool] = lambda: False
    wanted: Callable[[], bool] = lambda: True


_PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
PLAY = (
    SystemPart("virtual environments", _venv_works, (f"{_PYTHON}-venv",), lambda: True),
    SystemPart("sound", _loads("libportaudio.so.2"), ("libportaudio2",), _display),
    SystemPart("sound by ALSA", _loads("libasound.so.2"), ("libasound2",)),
    SystemPart("sound by JACK", _loads("libjack.so.0"), ("libjack-jackd2-0",)),
    SystemPart("MIDI by PortMidi", lambda: _has_rtmidi() or _loads("libportmidi.so.0")() or _loads("libportmidi.so.2")(),
               ("libportmidi0",)),
    SystemPart("the window",
         _loads("libEGL.so.1", "libGL.so.1", "libdbus-1.so.3", "libfontconfig.so.1", "libglib-2.0.so.0", "libxkbcommon-x11.so.0",
                "libxcb-cursor.so.0", "libxcb-icccm.so.4", "libxcb-image.so.0", "libxcb-keysyms.so.1", "libxcb-render-util.so.0",
                "libxcb-shape.so.0", "libxcb-xinerama.so.0"),
         ("libegl1", "libgl1", "libdbus-1-3", "libfontconfig1", "libglib2.0-0", "libxkbcommon-x11-0", "libxcb-cursor0", "libxcb-icccm4",
          "libxcb-image0", "libxcb-keysyms1", "libxcb-render-util0", "libxcb-shape0", "libxcb-xinerama0"), _display, _display),
    SystemPart("letters", _fonts, ("fonts-dejavu-core",), wanted=_display),
)
# The tests use a real sound server, a real sampler, a real screen, and a compiler for the programs that they are measured against.
TEST = ("jackd2", "libjack-jackd2-dev", "gcc", "libc6-dev", "fluidsynth", "fluid-soundfont-gm", "polyphone", "sox", "ffmpeg", "xvfb",
        "xauth", "openttd-openmsx", "ardour", "pipewire", "pipewire-jack")


def installed(name: str, listing: str) -> bool:
    """Whether dpkg's `listing` (package, what it provides, status, between tabs) has a package, by whatever name."""
    for line in listing.splitlines():
        package, provides, status = [*line.split("\t"), "", ""][:3]
        if "ok installed" in status and (package == name or name in re.findall(r"[a-z0-9][a-z0-9+.-]*(?= |,|$|\()", provides)):
            return True
    return False


def _listing() -> str:
    return _said(["dpkg-query", "-W", "-f=${Package}\t${Provides}\t${Status}\n"])


def _said(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def named_here(name: str, ask: Callable[[str], str] | None = None) -> str:
    """A package's name in this release: its own, or that of its successor (with 64-bit time: ...t64)."""
    ask = ask or (lambda package: _said(["apt-cache", "policy", package]))
    for candidate in (name, f"{name}t64"):
        if re.search(r"^ *Candidate: (?!\(none\))\S", ask(candidate), re.MULTILINE):
            return candidate
    return name


def missing(parts: Iterable[SystemPart], all_wanted: bool = False) -> list[SystemPart]:
    """The wanted components that are missing."""
    return [part for part in parts if (all_wanted or part.wanted()) and not part.there()]


def _root(command: Sequence[str]) -> list[str] | None:
    """The command as root, or None if we may not become root."""
    if os.geteuid() == 0:
        return list(command)
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
        return ["sudo", "-n", *command]
    return None


def _install(packages: Sequence[str]) -> tuple[bool, list[str]]:
    """(whether apt installed them, their names here)."""
    update = _root(["apt-get", "update", "-qq"])
    if update is not None:
        subprocess.run(update, check=False)
    names = [named_here(package) for package in packages]
    command = _root(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends", *names])
    if command is None:
        return False, names
    print("Installing packages of the system:", *names, flush=True)
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0, names


def main(argv: Sequence[str]) -> int:
    """See the module. Returns the exit status."""
    if sys.platform != "linux":
        return 0
    tests, needed = list(argv[:1]) == ["test"], False
    lacking = missing(PLAY, tests)
    packages = [package for part in lacking for package in part.packages]
    apt = shutil.which("apt-get") is not None and shutil.which("dpkg-query") is not None
    if apt:
        listing = _listing()
        packages = [name for name in packages if name.endswith("-venv") or not installed(name, listing)]
        if tests:
            more = [name for name in TEST if not installed(name, listing)]
            packages, needed = packages + more, bool(more)
    if not packages:
        return 0
    done, names = _install(packages) if apt else (False, packages)
    if done:
        return 0
    still = missing(PLAY, tests)
    for part in still:
        print(f"Missing: {part.what}.")
    print("apt could not install what is missing. Type:" if apt and _root(["true"]) is not None else
          "What is missing is for the system's administrator to install. Type:" if apt else
          "On Debian these packages bring it; for other systems see README.md, under Install:")
    print(f"  {'sudo apt-get install ' if apt else ''}{' '.join(names)}", flush=True)
    if needed or any(part.needed() for part in still):
        return 1
    print("It goes on without." if still else "It goes on.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
