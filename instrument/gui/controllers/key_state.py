"""Which keys of the computer are down now, as the system knows it: events tell it late, twice, or not at all.

On a busy X11 desktop Qt takes a repeat for a release and a press; during a drag or in a menu nobody sees a release. X11, Windows and
macOS can be asked; Wayland cannot, and there nothing is known.
"""
import ctypes
import ctypes.util
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtGui import QGuiApplication

KeyState = Callable[[int], bool | None]     # a key by its native code: whether it is down; None: unknown
_VIRTUAL_KEY_OF_SCAN_CODE, _DOWN = 1, 0x8000         # of Windows
_COMBINED_SESSION = 0                       # of macOS: all keyboards together


def _unknown(code: int) -> bool | None:
    return None


def of_this_system() -> KeyState:
    """Asks the system that the window is on. `code`: as Qt gives it, the native scan code, or on macOS the virtual key."""
    platform = QGuiApplication.platformName()
    with suppress(OSError, AttributeError):
        if platform == "xcb":
            return _of_x11()
        if platform == "windows":
            return _of_windows()
        if platform == "cocoa":
            return _of_macos()
    return _unknown


def _of_x11() -> KeyState:
    library = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
    library.XOpenDisplay.restype, library.XOpenDisplay.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    library.XQueryKeymap.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    display = library.XOpenDisplay(None)            # a connection of our own: Qt's is Qt's
    if not display:
        return _unknown
    keys = ctypes.create_string_buffer(32)

    def is_down(code: int) -> bool | None:
        if not 0 <= code < 256:
            return None
        library.XQueryKeymap(display, keys)
        return bool(keys.raw[code >> 3] >> (code & 7) & 1)
    return is_down


def _of_windows() -> KeyState:
    user = ctypes.WinDLL("user32")                  # type: ignore[attr-defined, unused-ignore]

    def is_down(code: int) -> bool | None:
        key = user.MapVirtualKeyW(code, _VIRTUAL_KEY_OF_SCAN_CODE)
        return bool(user.GetAsyncKeyState(key) & _DOWN) if key else None
    return is_down


def _of_macos() -> KeyState:
    library = ctypes.CDLL("/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices")
    library.CGEventSourceKeyState.restype, library.CGEventSourceKeyState.argtypes = ctypes.c_bool, [ctypes.c_int32, ctypes.c_uint16]
    return lambda code: bool(library.CGEventSourceKeyState(_COMBINED_SESSION, code))
