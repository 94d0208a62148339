"""The performance log of a take, as text inside the sound file: the snapshot from which it can be replayed, and every event.

One JSON object a line, so that a text that was cut off is good up to there. Inside a finished file it is the chunk `hmfc`, compressed.
Takes come from anywhere, so reading trusts nothing: sizes, ranges and names are checked before anything is used.
"""
import contextlib
import json
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.parameters import PARAMETERS, renamed
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import midi, snapshot_check
from hummingface.instrument.performance.dynamics import BY_NETWORK, BY_PLAYER
from hummingface.instrument.performance.events import Load, PlayerEvent
from hummingface.instrument.performance.midi_clock import FASTEST_BPM, SLOWEST_BPM
from hummingface.instrument.recording import flac, riff
from hummingface.instrument.recording.naming import UNFINISHED
from hummingface.models.playing.checked_json import parse_json, read_bytes

FORMAT, VERSION = "hummingface-take", 1
CHUNK = riff.TAKE_CHUNK
SUFFIX = UNFINISHED
LARGEST_PACKED_BYTES, LARGEST_BYTES = 32 << 20, 128 << 20
MOST_EVENTS = 2_000_000
LONGEST_S = 24 * 3600
LONGEST_LINE = 1 << 20              # bytes


class TakeError(ValueError):
    """A take that cannot be replayed; the text names the file and the reason."""


@dataclass
class Performance:
    """`begin` is the sample of the engine's time at which the sound begins; events carry the same time."""
    rate_hz: int
    begin: int
    exact: bool                             # whether nothing sounded at the moment from which it is played again
    snapshot: dict[str, Any]
    events: list[tuple[int, "midi.Event | LoadByName"]] = field(default_factory=list)
    frames: int | None = None               # of the sound; None where the take was cut off
    title: str = ""

    @property
    def patch(self) -> Patch | None:
        """The patch at the beginning of the take, as loaded; controls moved since are in the snapshot."""
        return patch_file.from_json(self.snapshot["patch"], "the take's patch") if self.snapshot["patch"] else None


def head_line(title: str, begin: int, exact: bool, captured: dict[str, Any]) -> bytes:
    """The first line."""
    return _line({"format": FORMAT, "version": VERSION, "writer": os.getpid(), "title": title, "begin": begin, "exact": exact,
                  "moment": captured})


def event_line(sample: int, event: PlayerEvent) -> bytes:
    """An event's line."""
    if isinstance(event, Load):
        values = {"event": "Load", "patch": event.patch.to_json(), "model": event.source.name if event.source is not None else None,
                  "law": event.law}
    else:
        values = midi.to_json(event)
    return _line({"sample": sample, **values})


def end_line(frames: int) -> bytes:
    """The last line."""
    return _line({"end": True, "frames": frames})


def _line(values: dict) -> bytes:
    return json.dumps(values, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def of_file(path: str | Path) -> Performance:
    """The performance in a take: from its `.part`, if it was cut off and is not finished yet, else from the sound file. Raises TakeError.
    """
    path = Path(path)
    part = path.with_suffix(SUFFIX)
    try:
        if part.is_file() and part.stat().st_size <= LARGEST_BYTES:
            with contextlib.suppress(TakeError):        # else it is somebody else's
                return parse(read_bytes(part, LARGEST_BYTES), str(part))
        packed = None
        if path.suffix.lower() == ".wav":
            packed = riff.read_chunk(path, CHUNK, LARGEST_PACKED_BYTES)
        elif path.suffix.lower() == ".flac":
            packed = flac.played(path)
        if packed is not None:
            return parse(_unpack(packed, path), str(path))
    except OSError as error:
        raise TakeError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (riff.RiffError, flac.FlacError) as error:
        raise TakeError(str(error)) from error
    raise TakeError(f"{path}: not a take of this instrument; it has no performance log")


def _unpack(packed: bytes, path: Path) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed, LARGEST_BYTES)
    except zlib.error as error:
        raise TakeError(f"{path}: its performance log cannot be read ({error})") from error
    if unpacker.unconsumed_tail:
        raise TakeError(f"{path}: its performance log is longer than {LARGEST_BYTES >> 20} MB")
    return data


def parse(data: bytes, where: str) -> Performance:
    """The performance in these lines. Raises TakeError."""
    if data.count(b"\n") > MOST_EVENTS:
        raise TakeError(f"{where}: more than {MOST_EVENTS} events")
    whole = data.split(b"\n")[:-1]          # what follows the last line's end was cut off
    try:
        first = parse_json(whole[0], LONGEST_LINE) if whole else None
        if not isinstance(first, dict) or first.get("format") != FORMAT:
            raise TakeError(f"{where}: not a take of this instrument")
        if first.get("version") != VERSION:
            raise TakeError(f"{where}: version {first.get('version')!r:.20} of a take; this program reads version {VERSION}")
        captured = snapshot_check.check(first.get("moment"))
        begin, rate_hz = first.get("begin"), captured["rate_hz"]
        if type(begin) is not int or begin < 0 or not 0 <= begin - captured["sample"] + rate_hz <= LONGEST_S * rate_hz:
            raise TakeError(f"{where}: its sound does not begin near its snapshot")
        made = Performance(rate_hz, begin, first.get("exact") is True, captured, title=str(first.get("title", ""))[:200])
        last = captured["sample"] + LONGEST_S * rate_hz
        for line in whole[1:]:
            values = parse_json(line, LONGEST_LINE)
            if values.get("end") is True:
                frames = values.get("frames")
                made.frames = frames if type(frames) is int and 0 <= frames <= LONGEST_S * rate_hz else None
                break
            sample = values.pop("sample", None)
            if type(sample) is not int or not captured["sample"] <= sample <= last:
                raise TakeError(f"{where}: an event lies outside the take")
            made.events.append((sample, _event(values, captured["law"], where)))
    except TakeError:
        raise
    except (ValueError, AttributeError, TypeError) as error:
        raise TakeError(f"{where}: its performance log cannot be read ({error})") from error
    return made


def _event(values: dict, law: int, where: str) -> "midi.Event | LoadByName":
    """An event from a file: checked for types and MIDI's ranges. `law` is the law of velocity for patches that do not name one."""
    if values.get("event") == "Load":
        name = values.get("model")
        if name is not None and (not isinstance(name, str) or len(name) > 200):
            raise TakeError(f"{where}: a model has no name")
        law = values.get("law", law)
        if law not in (BY_NETWORK, BY_PLAYER):
            raise TakeError(f"{where}: unknown law of velocity: {law!r:.40}")
        return LoadByName(patch_file.from_json(values.get("patch"), where), name, law)
    if values.get("event") == "Set" and type(values.get("value")) in (int, float) and isinstance(values.get("id"), str):
        values["id"], values["value"] = renamed(values["id"], values["value"])
    event = midi.from_json(values)
    for name, value in values.items():
        if name == "event":
            continue
        if name == "id":
            good = isinstance(value, str) and value in PARAMETERS
        elif isinstance(event, midi.Set):
            good = type(value) in (int, float) and abs(value) < 1e9
        elif isinstance(event, midi.Tempo):
            good = type(value) in (int, float) and SLOWEST_BPM <= value <= FASTEST_BPM
        elif name == "value" and not isinstance(event, midi.Controller):
            good = type(value) in (int, float) and -1 <= value <= 1
        else:
            good = type(value) is int and (name == "velocity") <= value <= (15 if name == "channel" else 127)
        if not good:
            raise TakeError(f"{where}: {type(event).__name__} has a {name} of {value!r:.40}")
    return event


@dataclass(frozen=True)
class LoadByName:
    """A change of patch whose model is not opened yet: `model` by name, None for the current one."""
    patch: Patch
    model: str | None
    law: int
