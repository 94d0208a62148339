"""Whether a window can open here. Asked before anything starts: Qt ends the process where it finds that its display does not answer."""
import os
import re
import socket
import struct
import sys
from pathlib import Path

ANSWER_S = 5.0                          # in which a display says anything at all
X11_SOCKET, X11_PORT = "/tmp/.X11-unix/X", 6000
X11_HELLO = struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0)        # to which every server answers, if only that it wants a key
WAYLAND_HELLO = struct.pack("=III", 1, 12 << 16 | 1, 2)            # wl_display.get_registry
_X11_NAME = re.compile(r"(?:unix|localhost/unix)?(?P<host>[\w.-]*):(?P<number>\d{1,5})(?:\.\d+)?")


def why_no_display() -> str | None:
    """The reason why no window can open here, or None if one can."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_SOCKET"):
        return None
    asked = {"WAYLAND_DISPLAY": _ask_wayland, "DISPLAY": _ask_x11}
    named = {name: value for name in asked if (value := os.environ.get(name))}
    if not named:
        return "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)."
    silent = []
    for name, value in named.items():
        try:
            asked[name](value)
        except OSError as error:
            silent.append(f"{name} {value}: {error.strerror or error}")
        else:
            return None
    return f"The display does not answer ({'; '.join(silent)})."


def _ask_wayland(name: str) -> None:
    """Raises OSError where nobody answers."""
    path = Path(os.environ.get("XDG_RUNTIME_DIR", "/nowhere")) / name       # which may be absolute
    _ask(_local(str(path)), WAYLAND_HELLO)


def _ask_x11(name: str) -> None:
    """Raises OSError where nobody answers. A name that we do not understand may be one for Qt."""
    found = _X11_NAME.fullmatch(name)
    if found is None:
        return
    number = int(found["number"])
    if found["host"] and found["host"] != "unix":
        _ask(socket.create_connection((found["host"], X11_PORT + number), ANSWER_S), X11_HELLO)
    else:
        _ask(_local(f"{X11_SOCKET}{number}", f"\0{X11_SOCKET}{number}"), X11_HELLO)


def _local(*addresses: str) -> socket.socket:
    """A connection to the first of these addresses where somebody listens. Raises what went wrong at the first, the usual one."""
    problem: OSError | None = None
    for address in addresses:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(ANSWER_S)
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            problem = problem or error
        else:
            return made
    raise problem or OSError("nobody is there")


def _ask(connection: socket.socket, hello: bytes) -> None:
    """Say hello, and wait for whatever comes: a tunnel hangs up on who has no key, which is an answer, too. Raises TimeoutError."""
    with connection:
        try:
            connection.sendall(hello)
            connection.recv(1)
        except TimeoutError:
            raise
        except OSError:
            pass
