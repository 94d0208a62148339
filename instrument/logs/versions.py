"""Versions: ours, and those of what we stand on, for `--version`, the log and diagnostics.

Read off the names of the folders in which packages keep what is known of them: that takes two milliseconds, where importlib.metadata takes
a hundred, and every start of the instrument writes them into its log.
"""
import os
import platform
import sys
from contextlib import suppress

PLAYING = ("numpy", "scipy", "numba", "PySide6-Essentials", "sounddevice", "soundfile", "mido", "python-rtmidi")
TRAINING = ("torch",)
_SUFFIX = ".dist-info"


def installed() -> dict[str, str]:
    """{name, with - and in small letters: version} of all packages that Python finds here."""
    found: dict[str, str] = {}
    for folder in sys.path:
        with suppress(OSError):
            for name in os.listdir(folder or "."):
                if name.endswith(_SUFFIX):
                    package, _, version = name.removesuffix(_SUFFIX).partition("-")
                    found.setdefault(_plain(package), version)
    return found


def _plain(name: str) -> str:
    return name.replace("_", "-").casefold()


def own_version() -> str:
    """Ours, as it was installed."""
    return installed().get("hummingface", "from a source folder")


def packages() -> list[str]:
    """"name version" of each of those above that is here."""
    here = installed()
    return [f"{name} {here[_plain(name)]}" for name in (*PLAYING, *TRAINING) if _plain(name) in here]


def system() -> str:
    """The operating system and the kind of processor, on a line."""
    if sys.platform == "win32":
        here = sys.getwindowsversion()
        return f"Windows {here.major}.{here.minor}.{here.build}, {os.environ.get('PROCESSOR_ARCHITECTURE', '')}"
    name = os.uname()
    known = f"macOS {platform.mac_ver()[0]}" if sys.platform == "darwin" else name.sysname
    with suppress(OSError):
        known = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{known}, {name.sysname} {name.release}, {name.machine}"


def python() -> str:
    """Python's version and where it is."""
    return f"Python {sys.version.split()[0]} ({sys.executable})"
