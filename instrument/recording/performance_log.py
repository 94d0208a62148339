"""The performance log of a take, as text inside the sound file: the snapshot from which it can be replayed, and every event.

One JSON object a line, so that a text that was cut off is good up to there. Inside a finished file it is the chunk `hmfc`, compressed.
Takes come from anywhere, so reading trusts nothing: sizes, ranges and names are checked before anything is used.
"""
import contextlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hummingface.instrument.patches import blend, routes
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.parameters import PARAMETERS, renamed
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import snapshot_check
from hummingface.instrument.performance.dynamics import BY_NETWORK, BY_PLAYER
from hummingface.instrument.performance.events import Blend, Load, PlayerEvent, Reroute
from hummingface.instrument.performance.messages import midi, tuning_events
from hummingface.instrument.performance.messages.midi_clock import FASTEST_BPM, SLOWEST_BPM
from hummingface.instrument.performance.messages.mpe import MODES, MOST_MEMBERS
from hummingface.instrument.performance.messages.tuning_events import TuningEvent
from hummingface.instrument.performance.snapshot_values import Snapshot
from hummingface.instrument.performance.voices.voice_allocation import ALL_RULES
from hummingface.instrument.recording import flac, riff
from hummingface.instrument.recording.naming import UNFINISHED
from hummingface.models.playing.checked_json import JsonObject, open_file, parse_json
from hummingface.models.playing.checks import is_whole

FORMAT, VERSION = "hummingface-take", 1
CHUNK = riff.TAKE_CHUNK
SUFFIX = UNFINISHED
LARGEST_PACKED_BYTES = 32 << 20
LONGEST_S = 24 * 3600
LONGEST_LINE = patch_file.LARGEST_BYTES + (1 << 17)     # bytes; of a snapshot, which has a patch in it and for many keys held some 50 KB
MOST_MARKS = 1 << 16                # of its structure: a line is long by the texts of recorded notes alone, and soon read
MOST_LOADS = 10_000                 # changes of patch
_PIECE_BYTES, _SLICE = 1 << 14, 1 << 13


class TakeError(ValueError):
    """A take that cannot be replayed; the text names the file and the reason."""


@dataclass(frozen=True)
class Limits:
    """How much of a take is read: bytes and events of its log, and seconds from its snapshot to its sound, which a replay renders
    silently. `advice` is for the player whose take goes beyond them."""
    largest_bytes: int
    most_events: int
    lead_s: int
    advice: str = ""


REPLAY = Limits(128 << 20, 1_000_000, 3600)
RECALL = Limits(32 << 20, 200_000, 300, " `hummingface replay` renders it into a file.")      # in the audio process, beside what sounds


@dataclass
class Performance:
    """`begin` is the sample of the engine's time at which the sound begins; events carry the same time."""
    rate_hz: int
    begin: int
    quiet: bool                             # whether nothing sounded at the moment from which it is played again
    snapshot: Snapshot
    events: list[tuple[int, "midi.Event | TuningEvent | Reroute | Blend | LoadByName"]] = field(default_factory=list)
    frames: int | None = None               # of the sound; None where the take was cut off
    late: int | None = None                 # hops and notes that came late while it was recorded; None: nobody knows
    title: str = ""

    @property
    def exact(self) -> bool:
        """Whether it was measured that the same samples come of it again, on the same model."""
        return self.quiet and self.late == 0

    @property
    def patch(self) -> Patch | None:
        """The patch at the beginning of the take, as loaded; controls moved since are in the snapshot."""
        return patch_file.from_json(self.snapshot["patch"], "the take's patch") if self.snapshot["patch"] else None


def head_line(title: str, begin: int, quiet: bool, captured: Snapshot) -> bytes:
    """The first line."""
    return _line({"format": FORMAT, "version": VERSION, "writer": os.getpid(), "title": title, "begin": begin, "exact": quiet,
                  "moment": captured})


def event_line(sample: int, event: PlayerEvent) -> bytes:
    """An event's line."""
    values: JsonObject
    if isinstance(event, Load):
        values = {"event": "Load", "patch": event.patch.to_json(), "model": event.model_name, "law": event.law,
                  "rules": event.rules}
    elif isinstance(event, Reroute):
        values = {"event": "Reroute", "routes": routes.to_json(event.routes)}
    elif isinstance(event, Blend):
        values = {"event": "Blend", **event.to_json()}
    elif isinstance(event, TuningEvent):
        values = tuning_events.to_json(event)
    else:
        values = midi.to_json(event)
    return _line({"sample": sample, **values})


def end_line(frames: int, late: int | None = None) -> bytes:
    """The last line; `late` if it was measured."""
    return _line({"end": True, "frames": frames} | ({} if late is None else {"late": late}))


def _line(values: dict) -> bytes:
    return json.dumps(values, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def of_file(path: str | Path, limits: Limits = REPLAY, pause: Callable[[], object] = lambda: None) -> Performance:
    """The performance in a take: from its `.part`, if it was cut off and is not finished yet, else from the sound file. Raises TakeError.

    `pause` is called after every few events, for threads that others need the interpreter beside.
    """
    path = Path(path)
    part = path.with_suffix(SUFFIX)
    try:
        if part.is_file():
            with contextlib.suppress(TakeError), open_file(part) as stream:        # else it is somebody else's
                return read(iter(lambda: stream.read(_PIECE_BYTES), b""), str(part), limits, pause)
        open_file(path).close()                         # neither a pipe nor a device
        packed = None
        if path.suffix.lower() == ".wav":
            packed = riff.read_chunk(path, CHUNK, LARGEST_PACKED_BYTES)
        elif path.suffix.lower() == ".flac":
            packed = flac.played(path)
        if packed is not None:
            return read(_unpacked(packed, path), str(path), limits, pause)
    except OSError as error:
        raise TakeError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        if isinstance(error, (TakeError, riff.RiffError, flac.FlacError)):
            raise TakeError(str(error)) from error
        raise TakeError(f"{str(path)!r}: not a valid file name") from error          # a NUL in it
    raise TakeError(f"{path}: not a take of this instrument; it has no performance log")


def _unpacked(packed: bytes, path: Path) -> Iterator[bytes]:
    """The log in pieces: a small file may hold a very long one."""
    unpacker = zlib.decompressobj()
    try:
        for begin in range(0, len(packed), _PIECE_BYTES):
            left = packed[begin:begin + _PIECE_BYTES]
            while left and not unpacker.eof:
                yield unpacker.decompress(left, _PIECE_BYTES)
                left = unpacker.unconsumed_tail
    except zlib.error as error:
        raise TakeError(f"{path}: its performance log cannot be read ({error})") from error


def _lines(pieces: Iterable[bytes], where: str, limits: Limits) -> Iterator[bytes]:
    """Whole lines; what follows the last line's end was cut off. Raises TakeError beyond the limits."""
    left, size = b"", 0
    for piece in pieces:
        size += len(piece)
        if size > limits.largest_bytes:
            raise TakeError(f"{where}: its performance log is longer than {limits.largest_bytes >> 20} MB.{limits.advice}")
        *whole, left = (left + piece).split(b"\n")
        if len(left) > LONGEST_LINE:
            raise TakeError(f"{where}: a line of its performance log is longer than {LONGEST_LINE >> 10} KB; it is not a take")
        yield from whole


def _values(line: bytes, where: str) -> Any:
    """What a line says. While it is read nobody else has the interpreter, so what takes long by its many values is refused unread."""
    if sum(map(line.count, (b",", b":", b"[", b"{"))) > MOST_MARKS:
        raise TakeError(f"{where}: a line of its performance log has more than {MOST_MARKS:,} values; it is not a take")
    return parse_json(line, LONGEST_LINE)


def parse(data: bytes, where: str) -> Performance:
    """The performance in these lines. Raises TakeError."""
    return read([data[begin:begin + _PIECE_BYTES] for begin in range(0, len(data), _PIECE_BYTES)], where)


def read(pieces: Iterable[bytes], where: str, limits: Limits = REPLAY, pause: Callable[[], object] = lambda: None) -> Performance:
    """The performance in lines that come in pieces of any size. Raises TakeError."""
    lines = _lines(pieces, where, limits)
    try:
        made = _begun(next(lines, b""), where, limits)
        first, last = made.snapshot["sample"], made.snapshot["sample"] + LONGEST_S * made.rate_hz
        loads = work = 0
        for line in lines:
            values = _values(line, where)
            if values.get("end") is True:
                frames = values.get("frames")
                made.frames = frames if type(frames) is int and 0 <= frames <= LONGEST_S * made.rate_hz else None
                made.late = late if is_whole(late := values.get("late"), 0) else None
                break
            sample = values.pop("sample", None)
            if type(sample) is not int or not first <= sample <= last:
                raise TakeError(f"{where}: an event lies outside the take")
            event = _event(values, made.snapshot, where)
            made.events.append((sample, event))
            loads += isinstance(event, LoadByName)
            if len(made.events) > limits.most_events or loads > MOST_LOADS:
                most = f"{limits.most_events:,} events" if loads <= MOST_LOADS else f"{MOST_LOADS:,} changes of patch"
                raise TakeError(f"{where}: more than {most}.{limits.advice}")
            work += max(len(line), 1 << 7)
            if work >= _SLICE:
                pause()
                work = 0
    except TakeError:
        raise
    except (ValueError, AttributeError, TypeError, LookupError, OverflowError) as error:
        raise TakeError(f"{where}: its performance log cannot be read ({error})") from error
    return made


def _begun(line: bytes, where: str, limits: Limits) -> Performance:
    """The performance that a first line begins, without events. Raises TakeError, and ValueError for what is in its snapshot."""
    first = _values(line, where) if line else None
    if not isinstance(first, dict) or first.get("format") != FORMAT:
        raise TakeError(f"{where}: not a take of this instrument")
    if first.get("version") != VERSION:
        raise TakeError(f"{where}: version {first.get('version')!r:.20} of a take; this program reads version {VERSION}")
    captured = snapshot_check.check(first.get("moment"))
    begin, rate_hz = first.get("begin"), captured["rate_hz"]
    if type(begin) is not int or begin < 0 or begin - captured["sample"] + rate_hz < 0:
        raise TakeError(f"{where}: its sound does not begin near its snapshot")
    if (lead_s := (begin - captured["sample"]) / rate_hz) > limits.lead_s:
        raise TakeError(f"{where}: its sound does not begin near its snapshot, but {lead_s:,.0f} s after it; {limits.lead_s} s can be "
                        f"rendered before it.{limits.advice}")
    return Performance(rate_hz, begin, first.get("exact") is True, captured, title=str(first.get("title", ""))[:200])


def _event(values: dict, captured: Snapshot, where: str) -> "midi.Event | TuningEvent | Reroute | Blend | LoadByName":
    """An event from a file: checked for types and MIDI's ranges. The take's snapshot has law and rules for patches that name none."""
    if values.get("event") == "Load":
        name = values.get("model")
        if name is not None and (not isinstance(name, str) or len(name) > 200):
            raise TakeError(f"{where}: a model has no name")
        law, rules = values.get("law", captured["law"]), values.get("rules", captured["rules"])
        if law not in (BY_NETWORK, BY_PLAYER):
            raise TakeError(f"{where}: unknown law of velocity: {law!r:.40}")
        if rules not in ALL_RULES:
            raise TakeError(f"{where}: unknown rules of keys: {rules!r:.40}")
        return LoadByName(patch_file.from_json(values.get("patch"), where), name, law, rules)
    if values.get("event") == "Reroute":
        return Reroute(routes.from_json(values.get("routes")))
    if values.get("event") == "Blend":
        return blend.from_json(values.get("latents"), values.get("gain_db"))
    if values.get("event") in tuning_events.KINDS:
        return tuning_events.from_json(values)
    if values.get("event") == "Set" and type(values.get("value")) in (int, float) and isinstance(values.get("id"), str):
        values["id"], values["value"] = renamed(values["id"], values["value"])
    event = midi.from_json(values)
    for name, value in values.items():
        if name == "event":
            continue
        if name == "id":
            good = isinstance(value, str) and value in PARAMETERS
        elif name == "mode":
            good = isinstance(value, str) and value in MODES
        elif name in ("lower", "upper"):
            good = is_whole(value, 0, MOST_MEMBERS)
        elif name == "ends":
            good = is_whole(value, 0, snapshot_check.MOST_STRIKES)
        elif isinstance(event, midi.Set):
            good = type(value) in (int, float) and abs(value) < 1e9
        elif isinstance(event, midi.Tempo):
            good = type(value) in (int, float) and SLOWEST_BPM <= value <= FASTEST_BPM
        elif name == "value" and not isinstance(event, midi.Controller):
            good = type(value) in (int, float) and -1 <= value <= 1
        else:
            lowest = 1 if name == "velocity" and isinstance(event, midi.NoteOn) else 0
            good = type(value) is int and lowest <= value <= (15 if name == "channel" else 127)
        if not good:
            raise TakeError(f"{where}: {type(event).__name__} has a {name} of {value!r:.40}")
    return event


@dataclass(frozen=True)
class LoadByName:
    """A change of patch whose model is not opened yet: `model` by name, None for the current one."""
    patch: Patch
    model: str | None
    law: int
    rules: int
