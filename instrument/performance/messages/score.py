"""Reads a standard MIDI file as a score: every event with its time in seconds and its track, whatever the file's format and time base.

`track_events.py` reads the tracks. This file has the rest: SMPTE time division, tempo maps across tracks, format 2
(sequences, one after another), chunks of other kinds, files within RIFF, headers that miscount their tracks.
"""
import heapq
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from hummingface.instrument.performance.messages.held_notes import HeldNotes
from hummingface.instrument.performance.messages.midi import MidiError, NoteOff, NoteOn
from hummingface.instrument.performance.messages.track_events import FileEvent, Track, read_track
from hummingface.models.playing import checked_json

LONGEST_FILE_S = 6 * 3600.0
LARGEST_FILE_BYTES = 32 << 20
TEMPO_US = 500_000                      # of a quarter note, until a file sets it
FRAMES_A_SECOND = {24: 24.0, 25: 25.0, 29: 30_000 / 1001, 30: 30.0}       # 29 means 30 drop frame, which runs at 29.97
MOST_EVENTS = 500_000                   # of a file; the largest that people play have some 100,000
MOST_TRACKS = 4096
_HEADER = struct.Struct(">HHh")


@dataclass(frozen=True)
class Score:
    """`events`: (second, track, event), in order. Tracks count from 0; `names` has theirs, `end_s` is where the last of them ends.
    `tempos`: (second, beats a minute) from which on each holds; none where the clock is a time code."""
    events: list[tuple[float, int, FileEvent]]
    names: list[str]
    end_s: float
    general_midi: bool                  # whether it declares General MIDI
    tempos: list[tuple[float, float]] = field(default_factory=list)


def read_file(path: str | Path) -> list[tuple[float, FileEvent]]:
    """All events with their times in seconds, in order. Raises MidiError."""
    return [(at_s, event) for at_s, _, event in read(path).events]


def read(path: str | Path) -> Score:
    """The score in a file. Raises MidiError, which names the file and the reason."""
    path = Path(path)
    data = checked_json.read_file(path, LARGEST_FILE_BYTES, MidiError, "a MIDI file")
    try:
        kind, division, tracks = _tracks(data)
    except MidiError as error:
        raise MidiError(f"{path}: not a MIDI file that can be played ({error})") from error
    except EOFError as error:
        raise MidiError(f"{path}: not a MIDI file that can be played (it ends too early: empty, truncated or damaged)") from error
    begin_s, end_s, events, tempos = 0.0, 0.0, [], []
    for together in ([[track] for track in enumerate(tracks)] if kind == 2 else [list(enumerate(tracks))]):
        clock = _Clock(division, (tempo for _, track in together for tempo in track.tempos))
        tempos += [(begin_s + at_s, bpm) for at_s, bpm in clock.tempos]
        for tick, number, event in _merged(together):
            events.append((begin_s + clock.seconds(tick), number, event))
        end_s = begin_s + clock.seconds(max((track.end for _, track in together), default=0))
        if not end_s <= LONGEST_FILE_S:
            raise MidiError(f"{path}: longer than {LONGEST_FILE_S / 3600:.0f} hours")
        begin_s = end_s
    names = [_text(track.name).strip() for track in tracks]
    general = any(track.general_midi for track in tracks)
    return Score(_with_ends(events), names, end_s, general, tempos)


def _with_ends(events: list[tuple[float, int, FileEvent]]) -> list[tuple[float, int, FileEvent]]:
    """The events; where a file has fewer note-offs than note-ons of a key, one note-off is meant to end all of the key's notes."""
    missing = Counter((event.channel, event.note) for _, _, event in events if isinstance(event, NoteOn))
    missing.subtract((event.channel, event.note) for _, _, event in events if isinstance(event, NoteOff))
    if max(missing.values(), default=0) <= 0:
        return events
    held, made = HeldNotes(), []
    for at_s, track, event in events:
        if isinstance(event, NoteOff) and missing[event.channel, event.note] > 0:
            event = replace(event, ends=max(held.strikes(event.channel, event.note), 1))
        held.hear(event)
        made.append((at_s, track, event))
    return made


def _text(name: bytes) -> str:
    """A name as text: current programs write UTF-8, older ones Latin-1."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")


def _tracks(data: bytes) -> tuple[int, int, list[Track]]:
    """(format, division, tracks). Raises MidiError, and EOFError for what ends too early."""
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":           # then the file is the chunk "data"
        data = next((body for name, body in _chunks(data[12:], "<") if name == b"data"), b"")
    if not data:
        raise EOFError
    if data[:4] != b"MThd":
        raise MidiError("it does not begin with MThd")
    chunks = list(_chunks(data, ">"))
    if not chunks or len(chunks[0][1]) < _HEADER.size:
        raise EOFError
    kind, count, division = _HEADER.unpack(chunks[0][1][:_HEADER.size])
    bodies = [body for name, body in chunks if name == b"MTrk"]
    if kind > 2:
        raise MidiError(f"format {kind}, where there are 0, 1 and 2")
    if len(bodies) < count and len(data) < 14 + sum(8 + len(body) for _, body in chunks[1:]):
        raise EOFError
    if division == 0:
        raise MidiError("its quarter note has 0 ticks")
    if division < 0 and (-(division >> 8) not in FRAMES_A_SECOND or not division & 0xFF):
        raise MidiError(f"its clock has {-(division >> 8)} frames a second of {division & 0xFF} ticks")
    if len(bodies) > MOST_TRACKS:
        raise MidiError(f"{len(bodies):,} tracks; at most {MOST_TRACKS:,} are read")
    tracks: list[Track] = []
    for body in bodies:
        tracks.append(read_track(body, MOST_EVENTS - sum(len(track.events) + len(track.tempos) for track in tracks)))
    return kind, division, tracks


def _chunks(data: bytes, order: str) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of each chunk. Raises EOFError where one is cut off."""
    at = 0
    while at + 8 <= len(data):
        name, size = struct.unpack_from(f"{order}4sL", data, at)
        if at + 8 + size > len(data):
            if name == b"MTrk" or not at:
                raise EOFError
            return                                              # rubbish after the last track
        yield name, data[at + 8:at + 8 + size]
        at += 8 + size + (size & 1 if order == "<" else 0)


class _Clock:
    """Converts ticks to seconds: by the tempo map of all these messages, or by the frames of a time code, which ignore tempos (`tempos`).
    """

    def __init__(self, division: int, changes: Iterator[tuple[int, int]]) -> None:
        if division < 0:
            ticks = FRAMES_A_SECOND[-(division >> 8)] * (division & 0xFF)
            self._ticks, self._seconds, self._second_a_tick, self.tempos = [0], [0.0], [1 / ticks], []
            return
        tempos = {0: TEMPO_US}
        tempos.update(sorted(changes, key=lambda change: change[0]))
        self._ticks = sorted(tempos)
        self._second_a_tick = [tempos[tick] / 1e6 / division for tick in self._ticks]
        self._seconds = [0.0]
        for (begin, end), second in zip(pairwise(self._ticks), self._second_a_tick, strict=False):
            self._seconds.append(self._seconds[-1] + (end - begin) * second)
        beats = [60e6 / max(tempos[tick], 1) for tick in self._ticks]
        self.tempos = list(zip(self._seconds, beats, strict=True))

    def seconds(self, tick: int) -> float:
        i = bisect_right(self._ticks, tick) - 1
        return self._seconds[i] + (tick - self._ticks[i]) * self._second_a_tick[i]


def _merged(tracks: list[tuple[int, Track]]) -> Iterator[tuple[int, int, FileEvent]]:
    """(tick, track, event) in order. Each track keeps its own order; at the same tick, releases come first, note-ons last, and other events
    between them.
    """
    waiting: list[tuple[int, int, int, FileEvent, Iterator]] = []

    def take(number: int, rest: Iterator[tuple[int, FileEvent]]) -> None:
        for tick, event in rest:
            heapq.heappush(waiting, (tick, _RANKS.get(type(event), 1), number, event, rest))
            return
    for number, track in tracks:
        take(number, iter(track.events))
    while waiting:
        tick, _, number, event, rest = heapq.heappop(waiting)
        yield tick, number, event
        take(number, rest)


_RANKS: dict[type, int] = {NoteOff: 0, NoteOn: 2}
