"""Lists the MIDI ports of a running JACK server by name, without a thread and without compiled code."""
import contextlib
import ctypes
import ctypes.util
import sys

CLIENT_NAME, MIDI_TYPE = b"HummingFace lists", b"8 bit raw midi"
NO_START_SERVER, IS_OUTPUT = 1, 2


def quiet_jack() -> None:
    """Keep JACK's library from printing that no server runs, which is no error to a player."""
    name = ctypes.util.find_library("jack") if sys.platform != "win32" else None
    if name:
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(name)
            harmless = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)       # C, takes a text, does nothing with it
            library.jack_set_error_function(harmless)
            library.jack_set_info_function(harmless)


def midi_sources() -> list[str] | None:
    """Names of all ports that send MIDI, or None where no server runs."""
    name = ctypes.util.find_library("jack") or {"linux": "libjack.so.0", "darwin": "libjack.dylib"}.get(sys.platform)
    if sys.platform == "win32" or not name:
        return None
    quiet_jack()
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return None
    names = ctypes.POINTER(ctypes.c_char_p)
    library.jack_client_open.restype, library.jack_get_ports.restype = ctypes.c_void_p, names
    library.jack_get_ports.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong]
    library.jack_client_close.argtypes = library.jack_free.argtypes = [ctypes.c_void_p]
    client = library.jack_client_open(CLIENT_NAME, NO_START_SERVER, None)
    if not client:
        return None
    try:
        found: list[str] = []
        listed = library.jack_get_ports(client, None, MIDI_TYPE, IS_OUTPUT)
        while listed and listed[len(found)]:
            found.append(listed[len(found)].decode(errors="replace"))
        if listed:
            library.jack_free(ctypes.cast(listed, ctypes.c_void_p))
        return found
    finally:
        library.jack_client_close(client)
