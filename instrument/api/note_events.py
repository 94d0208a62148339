"""Notes, moving controls and MIDI messages as the engine's events, in the order in which a MIDI file would hold them."""
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hummingface.instrument.api.catalogue import checked, control_of
from hummingface.instrument.api.errors import NotesError
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.midi import Event, NoteOff, NoteOn, Set
from hummingface.instrument.performance.messages.score import LONGEST_FILE_S
from hummingface.instrument.performance.messages.tuning_events import TuningEvent

STEP_S = 1 / 187.5                  # a function of time is asked once a hop, as often as the engine follows a control
Course = float | Sequence[tuple[float, float]] | Callable[[float], float]
Automation = Mapping[str, Course] | Iterable[tuple[float, str, float]]
MidiMessages = Iterable[tuple[float, Any]]
PlayedEvent = Event | TuningEvent


@dataclass(frozen=True, slots=True)
class NoteEvent:
    """One note: it begins `start_s` seconds after the beginning, and its key is held for `length_s` seconds. `key` is a MIDI key (60 is
    C4), `velocity` 1..127, `channel` 1..16. A tuple of the first three, four or all five of these does as well."""
    start_s: float
    length_s: float
    key: int
    velocity: int = 100
    channel: int = 1

    def __post_init__(self) -> None:
        for name, lowest, highest in (("key", 0, 127), ("velocity", 1, 127), ("channel", 1, 16)):
            value = getattr(self, name)
            if not hasattr(value, "__index__") or not lowest <= value <= highest:
                raise NotesError(f"The {name} of a note is {value!r}; it must be a whole number from {lowest} to {highest}.")
        if not _is_time(self.start_s):
            raise NotesError(f"A note starts at {self.start_s!r} s; it must start at 0 or later.")
        if not _is_time(self.length_s) or self.length_s <= 0:
            raise NotesError(f"A note is {self.length_s!r} s long; it must be longer than 0 s.")


AnyNote = NoteEvent | tuple[float, float, int] | tuple[float, float, int, int] | tuple[float, float, int, int, int]


def ramp(points: Sequence[tuple[float, float]]) -> Callable[[float], float]:
    """A function of time for automation: straight lines between (seconds, value) points, which come in order of time; before the first and
    after the last it stays there. Raises NotesError."""
    if not points or any(later < earlier for (earlier, _), (later, _) in pairwise(points)):
        raise NotesError(f"The points of a ramp must be in order of time: {list(points)!r:.200}")

    def value(at_s: float) -> float:
        for (begin_s, begin), (end_s, end) in pairwise(points):
            if begin_s <= at_s < end_s:
                return begin + (end - begin) * (at_s - begin_s) / (end_s - begin_s)
        return points[0][1] if at_s < points[0][0] else points[-1][1]
    return value


def events_of(notes: Iterable[AnyNote], automation: Automation | None, messages: MidiMessages | None,
              seconds: float | None) -> list[tuple[float, PlayedEvent]]:
    """(second, event) of all of these, in order. Of events at one time keys are released first, then controls move, then keys go down.
    Functions of time are followed for `seconds`; None: up to the last note's end. Raises NotesError, SoundError."""
    played = [_note(note, place) for place, note in enumerate(notes)]
    end_s = seconds if seconds is not None else max((note.start_s + note.length_s for note in played), default=0.0)
    ranked: list[tuple[float, int, PlayedEvent]] = []
    for note in played:
        channel = note.channel - 1
        ranked.append((note.start_s, 2, NoteOn(channel, int(note.key), int(note.velocity))))
        ranked.append((note.start_s + note.length_s, 0, NoteOff(channel, int(note.key))))
    ranked += [(at_s, 1, event) for at_s, event in [*_moves(automation or {}, end_s), *_decoded(messages or ())]]
    return [(at_s, event) for at_s, _, event in sorted(ranked, key=lambda entry: entry[:2])]


def _note(note: Any, place: int) -> NoteEvent:
    if isinstance(note, NoteEvent):
        return note
    try:
        return NoteEvent(*note)
    except TypeError:
        raise NotesError(f"Note {place + 1} is {note!r:.100}; it must be a NoteEvent, or (start_s, length_s, key, velocity, channel), of "
                         "which velocity and channel may be left out.") from None


def _moves(automation: Automation, end_s: float) -> list[tuple[float, PlayedEvent]]:
    """The moves of all controls."""
    if not isinstance(automation, Mapping):
        return [_move(name, _time(at_s, name), value) for at_s, name, value in automation]
    moves = []
    for name, course in automation.items():
        control_of(name)
        if callable(course):
            moves += _sampled(name, course, end_s)
        elif isinstance(course, Iterable) and not isinstance(course, str):
            moves += [_move(name, _time(at_s, name), value) for at_s, value in course]
        else:
            moves.append(_move(name, 0.0, course))
    return moves


def _sampled(name: str, course: Callable[[float], float], end_s: float) -> list[tuple[float, PlayedEvent]]:
    """A function of time, asked once a hop; where it stands still nothing is sent."""
    moves: list[tuple[float, PlayedEvent]] = []
    last = None
    for step in range(math.floor(end_s / STEP_S) + 1):
        at_s, event = _move(name, step * STEP_S, course(step * STEP_S))
        if event != last:
            moves.append((at_s, event))
            last = event
    return moves


def _move(name: str, at_s: float, value: Any) -> tuple[float, PlayedEvent]:
    return at_s, Set(name, checked(name, value))


def _decoded(messages: MidiMessages) -> list[tuple[float, PlayedEvent]]:
    decoded: list[tuple[float, PlayedEvent]] = []
    for at_s, message in messages:
        event = midi.decode(message.bytes() if hasattr(message, "bytes") else message)
        if event is None:
            raise NotesError(f"{message!r:.100} at {at_s:g} s is no MIDI message that an instrument plays.")
        decoded.append((_time(at_s, "a MIDI message"), event))
    return decoded


def _time(at_s: Any, what: str) -> float:
    if not _is_time(at_s):
        raise NotesError(f"The time of {what} is {at_s!r}; it must be a number of seconds from 0 on.")
    return float(at_s)


def _is_time(value: Any) -> bool:
    try:
        return 0 <= float(value) <= LONGEST_FILE_S
    except (TypeError, ValueError):
        return False
