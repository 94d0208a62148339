"""Plays patches of ZynAddSubFX through its VST2 plug-in: offline, exact to the sample, without a sound server.

The plug-in is a shared library that is asked for one block of samples after the other, as fast as it can. It runs in a process of its own
(`python -m hummingface.train.notes.zyn_plugin JOB.json OUT.npy`), because a patch may bring it down, and because it talks on standard
output. A patch (.xiz) takes the place of the first part's instrument in the plug-in's own state.
"""
import ctypes
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hummingface.models.playing.checked_json import read_file
from hummingface.train.notes.note import SourceError

RATE_HZ = 48_000
BLOCK_SAMPLES = 256                    # notes begin and end with a block: the synthesizer hears events once in each
LEAD_BLOCKS = 8                        # between two notes
PLUGINS = tuple(Path(folder, "ZynAddSubFX.so") for folder in ("/usr/lib/vst", "/usr/local/lib/vst", "/usr/lib/lxvst"))
LARGEST_BYTES = 1 << 24                # of a patch
PATCH_S = 120.0                        # that a patch and its notes may take, beside 2 s for each note
_OPEN, _CLOSE, _RATE, _BLOCK, _RESUME, _GET_STATE, _SET_STATE, _EVENTS = 0, 1, 10, 11, 12, 23, 24, 25       # what a VST2 host asks for
_HOST_VERSION, _HOST_RATE, _HOST_BLOCK = 1, 16, 17                                                         # what a plug-in asks for
_MAGIC = 0x56737450


class ZynError(SourceError):
    """The plug-in cannot give notes; the text says why and what to do."""


@dataclass(frozen=True)
class ZynNote:
    """`key` is the key that is pressed."""
    key: int
    velocity: int
    hold_s: float
    tail_s: float


class _Effect(ctypes.Structure):
    """The interface of a VST2 plug-in."""


_Dispatch = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.POINTER(_Effect), ctypes.c_int32, ctypes.c_int32, ctypes.c_ssize_t, ctypes.c_void_p,
                             ctypes.c_float)
_Process = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Effect), ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_void_p), ctypes.c_int32)
_Host = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_ssize_t, ctypes.c_void_p,
                         ctypes.c_float)
_Effect._fields_ = [
    ("magic", ctypes.c_int32), ("dispatch", _Dispatch), ("process", ctypes.c_void_p), ("set_parameter", ctypes.c_void_p),
    ("get_parameter", ctypes.c_void_p), ("programs", ctypes.c_int32), ("parameters", ctypes.c_int32), ("inputs", ctypes.c_int32),
    ("outputs", ctypes.c_int32), ("flags", ctypes.c_int32), ("reserved", ctypes.c_ssize_t * 2), ("delay", ctypes.c_int32),
    ("qualities", ctypes.c_int32 * 2), ("ratio", ctypes.c_float), ("object", ctypes.c_void_p), ("user", ctypes.c_void_p),
    ("unique_id", ctypes.c_int32), ("version", ctypes.c_int32), ("process_replacing", _Process), ("process_double", ctypes.c_void_p),
    ("future", ctypes.c_char * 56)]


class _MidiEvent(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("size", ctypes.c_int32), ("delta", ctypes.c_int32), ("flags", ctypes.c_int32),
                ("length", ctypes.c_int32), ("offset", ctypes.c_int32), ("data", ctypes.c_uint8 * 4), ("more", ctypes.c_uint8 * 4)]


class _Events(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int32), ("reserved", ctypes.c_ssize_t), ("events", ctypes.c_void_p * 2)]


@_Host
def _host(effect: object, what: int, index: int, value: int, pointer: object, number: float) -> int:
    return {_HOST_VERSION: 2400, _HOST_RATE: RATE_HZ, _HOST_BLOCK: BLOCK_SAMPLES}.get(what, 0)


class ZynPlugin:
    """The plug-in, in this process. Raises OSError where its file is none."""

    def __init__(self, path: Path):
        library = ctypes.CDLL(str(path))
        main = getattr(library, "VSTPluginMain", None) or library.main
        main.restype, main.argtypes = ctypes.POINTER(_Effect), [_Host]
        self._effect = main(_host)
        self._about = self._effect.contents
        if self._about.magic != _MAGIC or self._about.outputs != 2:
            raise OSError(f"{path}: not a VST2 plug-in with two outputs")
        self._out = np.zeros((2, BLOCK_SAMPLES), np.float32)
        self._buffers = (ctypes.c_void_p * 2)(self._out[0].ctypes.data, self._out[1].ctypes.data)
        self._ask(_OPEN)
        self._ask(_RATE, number=RATE_HZ)
        self._ask(_BLOCK, value=BLOCK_SAMPLES)
        self._ask(_RESUME, value=1)
        state = ctypes.c_void_p()
        size = self._ask(_GET_STATE, pointer=ctypes.addressof(state))
        self._key, self._state = ctypes.string_at(state.value or 0, size).split(b"\0")[:2]

    def _ask(self, what: int, index: int = 0, value: int = 0, pointer: object = None, number: float = 0.0) -> int:
        return self._about.dispatch(self._effect, what, index, value, pointer, number)

    def load(self, patch: bytes) -> None:
        """A patch's XML, as the first part's instrument. Raises ValueError where it is none."""
        state = self._key + b"\0" + with_instrument(self._state, patch) + b"\0"
        self._ask(_SET_STATE, value=len(state), pointer=ctypes.cast(ctypes.c_char_p(state), ctypes.c_void_p))

    def note(self, note: ZynNote) -> np.ndarray:
        """From note-on to the end of its tail, float32 [S, 2]."""
        held, rest = (max(1, round(seconds * RATE_HZ / BLOCK_SAMPLES)) for seconds in (note.hold_s, note.tail_s))
        sound = [self._block(0x90, note.key, note.velocity)] + [self._block() for _ in range(held - 1)]
        sound += [self._block(0x80, note.key, 64)] + [self._block() for _ in range(rest - 1)]
        self._block(0xB0, 120, 0)                                                    # all sound off
        for _ in range(LEAD_BLOCKS):
            self._block()
        return np.concatenate(sound, 1).T

    def _block(self, *message: int) -> np.ndarray:
        """The next BLOCK_SAMPLES, at whose beginning a MIDI message is heard. [2, BLOCK_SAMPLES]"""
        if message:
            event = _MidiEvent(1, 24, 0, 0, 0, 0, (ctypes.c_uint8 * 4)(*message))
            events = _Events(1, 0, (ctypes.c_void_p * 2)(ctypes.addressof(event), None))     # kept until they were heard
            self._ask(_EVENTS, pointer=ctypes.addressof(events))
        self._about.process_replacing(self._effect, self._buffers, self._buffers, BLOCK_SAMPLES)
        return self._out.copy()


def with_instrument(state: bytes, patch: bytes) -> bytes:
    """The plug-in's state with a patch as the instrument of its first part. It says the version of the patch, by which old values are
    read. Raises ValueError where there is no instrument."""
    opening, closing = b"<INSTRUMENT>", b"</INSTRUMENT>"
    if opening not in patch or closing not in patch or b"<MASTER>" not in state or opening not in state:
        raise ValueError("not a patch of ZynAddSubFX: it has no instrument")
    head = patch[:patch.index(opening)]
    instrument = patch[patch.index(opening):patch.rindex(closing) + len(closing)]
    before, after = state[state.index(b"<MASTER>"):state.index(opening)], state[state.index(closing) + len(closing):]
    return head + before + instrument + after


def read_patch(path: Path) -> bytes:
    """The XML of a .xiz file, which may be compressed. Raises SourceError."""
    data = read_file(path, LARGEST_BYTES, SourceError, "a patch of ZynAddSubFX")
    try:
        if data[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(data)) as stream:
                data = stream.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: cannot be read ({error}).") from error
    if len(data) > LARGEST_BYTES or b"<INSTRUMENT>" not in data:
        raise SourceError(f"{path}: not a patch of ZynAddSubFX (.xiz).")
    return data


def find_plugin() -> Path:
    """Raises ZynError with what to install."""
    for path in PLUGINS:
        if path.is_file():
            return path
    raise ZynError("the plug-in of ZynAddSubFX is not installed: `apt-get install zynaddsubfx-vst` (looked for "
                   + ", ".join(map(str, PLUGINS)) + ").")


def render(patch: Path, notes: Sequence[ZynNote]) -> list[np.ndarray]:
    """Each of `notes` by a patch, in one process: float32 [S, 2] at RATE_HZ, from note-on. Raises SourceError."""
    plugin = find_plugin()
    with tempfile.TemporaryDirectory() as work:
        job, out = Path(work, "job.json"), Path(work, "notes.npy")
        job.write_text(json.dumps({"plugin": str(plugin), "patch": str(patch), "notes": [asdict(note) for note in notes]}))
        read_patch(patch)
        try:
            done = subprocess.run([sys.executable, "-m", __name__, str(job), str(out)], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, errors="replace", check=False, timeout=PATCH_S + 2 * len(notes))
        except subprocess.TimeoutExpired as error:
            raise ZynError(f"{patch}: ZynAddSubFX did not finish {len(notes)} notes in {error.timeout:.0f} s.") from error
        if done.returncode or not out.is_file():
            raise ZynError(f"{patch}: ZynAddSubFX ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
        sound = np.load(out)
    ends = np.cumsum([_samples(note) for note in notes])
    return np.split(sound, ends[:-1])


def _samples(note: ZynNote) -> int:
    return sum(max(1, round(seconds * RATE_HZ / BLOCK_SAMPLES)) for seconds in (note.hold_s, note.tail_s)) * BLOCK_SAMPLES


def main(job: str, out: str) -> None:
    """In a process of its own."""
    asked = json.loads(Path(job).read_text())
    plugin = ZynPlugin(Path(asked["plugin"]))
    plugin.load(read_patch(Path(asked["patch"])))
    np.save(out, np.concatenate([plugin.note(ZynNote(**note)) for note in asked["notes"]]))
    sys.stdout.flush()
    os._exit(0)                                       # the plug-in's threads are not waited for


if __name__ == "__main__":
    main(*sys.argv[1:])
