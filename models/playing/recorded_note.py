"""A recorded note as a patch keeps it: its frames at the rows of the note image, its start phases and its stereo, as text.

    {"pitch": 57.03, "velocity": 100, "frames": "base64 of zlib of 16-bit numbers"}

Levels and noise are kept to a quarter of a dB, deviations to 1/20000 of a slot, everything else to 1/65535 of its range. The numbers are
differences from row to row, their low bytes before their high ones: 8 to 30 kB a note.
"""
import base64
import binascii
import functools
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hummingface.models.playing.checks import is_number
from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import DEVIATION, FRAME_SIZE, HIGHEST, LEVEL, LOWEST, MOVING, NOISE, PARTIALS, STEADY
from hummingface.models.playing.stereo import STEREO_HIGHEST, STEREO_LOWEST, STEREO_SIZE

KNOBS = "knobs"
PAD_CORNERS = ("bottom left", "bottom right", "top left", "top right")
PLACES = (KNOBS, *PAD_CORNERS)
LONGEST_TEXT = 300_000                # characters of one note's frames
STEPS_DB, STEPS_OF_A_SLOT = 4, 20_000
_MOVES, _STAYS = MOVING.stop, FRAME_SIZE - MOVING.stop
_ONE = ROWS * _MOVES + _STAYS + PARTIALS           # numbers of a mono note; a stereo one has STEREO_SIZE more
_SCALE = np.zeros(_MOVES, np.float32)
_SCALE[LEVEL] = _SCALE[NOISE] = STEPS_DB
_SCALE[DEVIATION] = STEPS_OF_A_SLOT


class RecordedNoteError(ValueError):
    """A recorded note that cannot be used; says why."""


@dataclass(frozen=True)
class RecordedFrames:
    """`rows` [ROWS, FRAME_SIZE] at `conditioning.row_times_s`, `start_phase` [PARTIALS] in radians, `stereo` [STEREO_SIZE] or None."""
    rows: np.ndarray
    start_phase: np.ndarray
    stereo: np.ndarray | None = None


@dataclass(frozen=True)
class RecordedNote:
    """`pitch`: its own, a fractional MIDI key; `packed`: its frames, as `pack` makes them."""
    pitch: float
    velocity: float
    packed: str

    @property
    def frames(self) -> RecordedFrames:
        return unpack(self.packed)

    def to_json(self) -> dict:
        return {"pitch": round(self.pitch, 3), "velocity": round(self.velocity, 1), "frames": self.packed}


@dataclass(frozen=True)
class Recording:
    """Recorded notes of one sound, at least one, and the network's point that is nearest to them. `places`: where it sounds, of PLACES.
    `by_frequency`: how far levels stay at their frequencies between the keys, 0 to 1 (`formants.py`)."""
    name: str
    latents: tuple[float, ...]
    notes: tuple[RecordedNote, ...]
    places: tuple[str, ...] = (KNOBS,)
    by_frequency: float = 0.0

    def without(self, place: str) -> "Recording":
        return replace(self, places=tuple(p for p in self.places if p != place))


def from_json(values: object) -> RecordedNote:
    """The note in these values. Raises RecordedNoteError."""
    about = values if isinstance(values, Mapping) else {}
    pitch, velocity, packed = (about.get(name) for name in ("pitch", "velocity", "frames"))
    if set(about) != {"pitch", "velocity", "frames"}:
        raise RecordedNoteError("it has not exactly a pitch, a velocity and frames")
    if not is_number(pitch, 0, 127) or not is_number(velocity, 1, 127):
        raise RecordedNoteError("its pitch is not within 0..127, or its velocity not within 1..127")
    if not isinstance(packed, str) or len(packed) > LONGEST_TEXT:
        raise RecordedNoteError(f"its frames are not a text of at most {LONGEST_TEXT} characters")
    unpack(packed)
    return RecordedNote(float(pitch), float(velocity), packed)


def pack(frames: RecordedFrames) -> str:
    """Frames as text; values beyond the limits of a frame are brought within them."""
    rows = np.clip(frames.rows, LOWEST, HIGHEST)
    moves = np.round(rows[:, MOVING] * _SCALE).astype(np.int16)
    moves[:, DEVIATION][moves[:, LEVEL] <= STEPS_DB * LOWEST[LEVEL.start]] = 0         # nobody hears where silence stands
    parts = [np.diff(moves, axis=0, prepend=np.int16(0)).T.ravel(), _shares(rows[0, STEADY], LOWEST[STEADY], HIGHEST[STEADY]),
             _shares(np.mod(frames.start_phase, 2 * np.pi), 0, 2 * np.pi)]
    if frames.stereo is not None:
        parts.append(_shares(frames.stereo, STEREO_LOWEST, STEREO_HIGHEST))
    numbers = np.concatenate([np.asarray(part, "<i2") if part.dtype == np.int16 else np.asarray(part, "<u2").view("<i2") for part in parts])
    return base64.b64encode(zlib.compress(numbers.view(np.uint8).reshape(-1, 2).T.tobytes(), 9)).decode()


@functools.lru_cache(maxsize=64)
def unpack(packed: str) -> RecordedFrames:
    """Frames from text. Raises RecordedNoteError. The arrays are shared: nobody writes into them."""
    try:
        compressed = base64.b64decode(packed, validate=True)
        opened = zlib.decompressobj()
        data = opened.decompress(compressed, 2 * (_ONE + STEREO_SIZE) + 1)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise RecordedNoteError(f"its frames cannot be read ({error})") from error
    if len(data) not in (2 * _ONE, 2 * (_ONE + STEREO_SIZE)) or not opened.eof:
        raise RecordedNoteError("its frames are cut short, or longer than a note's")
    numbers = np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(2, -1).T).view("<i2").ravel()
    cuts = np.cumsum([ROWS * _MOVES, _STAYS, PARTIALS])
    moves, stays, phase, stereo = np.split(numbers, cuts)
    rows = np.empty((ROWS, FRAME_SIZE), np.float32)
    rows[:, MOVING] = np.cumsum(moves.reshape(_MOVES, ROWS).T, axis=0, dtype=np.int16) / _SCALE
    rows[:, STEADY] = _from_shares(stays, LOWEST[STEADY], HIGHEST[STEADY])
    made = RecordedFrames(np.clip(rows, LOWEST, HIGHEST), _from_shares(phase, 0, 2 * np.pi),
                      _from_shares(stereo, STEREO_LOWEST, STEREO_HIGHEST) if len(stereo) else None)
    for array in (made.rows, made.start_phase, *(() if made.stereo is None else (made.stereo,))):
        array.setflags(write=False)
    return made


def _shares(values: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    """Values within a range as 16-bit shares of it."""
    return np.round((np.clip(values, low, high) - low) / (np.asarray(high) - low) * 65535).astype(np.uint16)


def _from_shares(numbers: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    return (low + numbers.view("<u2") / np.float32(65535) * (np.asarray(high) - low)).astype(np.float32)
