"""Splits a score into parts (one per channel, zone of MPE or track), assigns a patch to each, and reports what cannot be played.

A part has an engine of its own, so its patch, its controllers and its effects are its own. A patch comes from `mapped`, else from the
part's program changes, else from `patch`.
"""
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hummingface.instrument.patches import general_midi, library
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import sound_bank
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.channel_state import ZONES_RPN, ChannelState
from hummingface.instrument.performance.messages.held_notes import HeldNotes
from hummingface.instrument.performance.messages.midi import Controller, NoteOn, Program
from hummingface.instrument.performance.messages.mpe import Zones
from hummingface.instrument.performance.messages.score import FileEvent, Score
from hummingface.instrument.performance.messages.tuning_events import TuneKeys, TuneOctave, TuningEvent
from hummingface.instrument.performance.sound_bank import Sound, SoundBank, source_of
from hummingface.models.playing.model import Model
from hummingface.models.playing.stft_model import StftModel

GM, PATCHES, OFF = "gm", "patches", "off"           # what the number of a program change is: General MIDI's, the factory patch's, nothing
BY = ("channel", "track")
MOST_PARTS = 32                     # an engine takes 35 MB
NOT_PLAYED = "off"                                  # instead of a patch: this part is left out


class PartError(ValueError):
    """Parts that cannot be played; the text says why."""


@dataclass
class Part:
    """`number` of the channel or track, from 1; `events`: (second, event), in order; `programs`: GM, PATCHES or OFF."""
    number: int
    name: str
    sound: Sound
    programs: str
    events: list[tuple[float, midi.Event | TuningEvent]]

    @property
    def notes(self) -> int:
        return sum(isinstance(event, NoteOn) for _, event in self.events)


@dataclass(frozen=True)
class PartsPlan:
    """The parts, and notices for the player: notes that are left out, parts that another sound plays."""
    parts: list[Part]
    notices: list[str]


@dataclass(frozen=True)
class Assignment:
    """Who plays what of a score, which is divided `by` "channel" or "track".

    `mapped`: number (from 1) or name of a track -> a patch by name, a patch file, a Patch, or "off". `patch` plays what is not mapped.
    `model` plays all, where given. `programs` None: OFF where a patch is given; GM where the score says that it is for General MIDI or
    has several channels or parts; else PATCHES, as in live playing.
    """
    patch: str | Path | Patch | None = None
    model: str | Path | Model | StftModel | None = None
    by: str = "channel"
    mapped: dict[str, str | Path | Patch] = field(default_factory=dict)
    programs: str | None = None


def plan(score: Score, assignment: Assignment) -> PartsPlan:
    """Divides a score into parts, each with its sound. Raises PartError, LibraryError, PatchError.

    A zone of MPE is one part, which has the number of its master: what comes there reaches all its notes.
    """
    by, programs = assignment.by, assignment.programs
    zones = zones_of(score)
    divided = _divided(score, by, zones)
    sounding = {number: events for number, events in sorted(divided.items()) if any(isinstance(e, NoteOn) for _, e in events)}
    given = _given(assignment.mapped, sounding, score.names if by == "track" else [], by)
    channels = {zones.get(event.channel, event.channel) for _, _, event in score.events if isinstance(event, NoteOn)}
    if programs is None:
        programs = OFF if assignment.patch is not None else GM if score.general_midi or len(channels) > 1 or len(sounding) > 1 else PATCHES
    sounds, notices, parts = _Sounds(assignment.model), [], []
    for number, events in sounding.items():
        choice = given.get(number)
        if choice == NOT_PLAYED:
            continue
        what, kind = f"{by} {number}", OFF if choice is not None else programs
        if kind == GM and not general_midi.knows_programs(sounds.model()):
            kind = OFF
            notices.append(f"{what}: the model {sounds.model().name} has no sounds by General MIDI numbers; program changes are ignored.")
        if choice is None:
            events = _with_sound(events, kind, what, notices, f"--map {number}=PATCH plays them as pitches", zones)
            if not any(isinstance(event, NoteOn) for _, event in events):
                continue
        if kind == GM:
            sound = sounds.sound(general_midi.patch_of(sounds.model(), _first_program(events)))
        else:
            sound = sounds.sound(assignment.patch if choice is None else choice)
        if programs == GM:
            used = sorted({event.channel for _, event in events if isinstance(event, NoteOn)})
            events = [(0.0, Controller(channel, midi.VOLUME, general_midi.VOLUME)) for channel in used] + events
        label = score.names[number - 1] if by == "track" and score.names[number - 1] else sound.patch.name
        parts.append(Part(number, label, sound, kind, with_releases(events, score.end_s)))
        if (text := sound_bank.notice(sound)) and text not in notices:
            notices.append(text)
    if not parts:
        raise PartError(" ".join(["it has no notes that can be played.", *notices]))
    if len(parts) > MOST_PARTS:
        raise PartError(f"{len(parts)} parts are more than the {MOST_PARTS} that can be played together; leave some out (--map NUMBER=off)")
    return PartsPlan(parts, notices)


def _divided(score: Score, by: str, zones: dict[int, int]) -> dict[int, list[tuple[float, FileEvent]]]:
    """The events of each part, by its number: that of the zone's master for its members; what tunes all keys goes to all of them."""
    numbers = [None if isinstance(event, (TuneKeys, TuneOctave)) else
               (zones.get(event.channel, event.channel) if by == "channel" else track) + 1 for _, track, event in score.events]
    divided: dict[int, list[tuple[float, FileEvent]]] = {number: [] for number in numbers if number is not None}
    for number, (at_s, _, event) in zip(numbers, score.events, strict=True):
        for part in divided if number is None else (number,):
            divided[part].append((at_s, event))
    return divided


def zones_of(score: Score) -> dict[int, int]:
    """The members of the zones that a score configures, and the master of each."""
    zones, chosen = Zones(), ChannelState()
    for _, _, event in score.events:
        if isinstance(event, Controller) and event.number in (midi.RPN_MSB, midi.RPN_LSB, midi.NRPN_MSB, midi.NRPN_LSB):
            chosen.choose(event.channel, event.number, event.value)
        elif isinstance(event, Controller) and event.number == midi.DATA_MSB and chosen.rpn[event.channel] == ZONES_RPN:
            zones.configure(event.channel, event.value)
    return {channel: master for channel in range(16) if (master := zones.master_of(channel)) is not None}


def on_program(part: Part) -> tuple[Callable[[int, int], Sound | None], Callable[[str, float], None]]:
    """(the sound that a program change of this part loads, by number and bank, a callback for controls that MIDI moves).

    In General MIDI a program change does not reset controllers, so controls that they have moved stay moved.
    """
    moved: dict[str, float] = {}
    if part.programs == GM:
        model, playing = part.sound.source.model, [part.sound.patch]

        def load(number: int, bank: int) -> Sound | None:
            patch = general_midi.patch_of(model, number)
            if patch is None or patch.name == playing[0].name:
                return None
            playing[0] = patch
            return Sound(patch.with_values(parameters={**patch.parameters, **moved}), part.sound.source)
        return load, moved.__setitem__
    if part.programs == PATCHES:
        return _patch_programs(SoundBank(part.sound.source)), moved.__setitem__
    return lambda number, bank: None, moved.__setitem__


def _patch_programs(sounds: SoundBank) -> Callable[[int, int], Sound | None]:
    """As `SoundBank.program` has them; None where there is none, or it cannot be opened."""
    def load(number: int, bank: int) -> Sound | None:
        try:
            patch = sounds.program(number, bank)
            return sounds.sound(patch) if patch is not None else None
        except ValueError:
            return None
    return load


class _Sounds:
    """Models, each opened once; each part gets a source of its own, which caches that part's notes."""

    def __init__(self, model: str | Path | Model | StftModel | None) -> None:
        self._given = library.load_model(model) if isinstance(model, (str, Path)) else model
        self._models: dict[str | None, Model | StftModel] = {}

    def model(self, name: str | None = None) -> Model | StftModel:
        """The given model, else the one with this name; None: the factory's first."""
        if self._given is not None:
            return self._given
        if name not in self._models:
            model = library.load_model(name)
            self._models[name] = self._models[model.name] = model
        return self._models[name]

    def sound(self, patch: str | Path | Patch | None) -> Sound:
        if self._given is not None:
            return sound_bank.open_sound(patch, self._given)
        if not isinstance(patch, Patch):
            patch = library.load_patch(patch)
        return Sound(patch, source_of(self.model(patch.model), patch.recordings))


def _given(mapped: dict, sounding: dict, names: list[str], by: str) -> dict[int, str | Path | Patch]:
    """The mapped sounds, by the numbers of parts. Raises PartError for parts that do not exist."""
    numbers = {name.casefold(): number + 1 for number, name in reversed(list(enumerate(names))) if name}
    found: dict[int, str | Path | Patch] = {}
    for key, choice in mapped.items():
        number = int(key) if str(key).isdecimal() else numbers.get(str(key).casefold().strip())
        if number is None or number not in sounding:
            there = ", ".join(f"{n} ({names[n - 1]})" if names and names[n - 1] else str(n) for n in sounding) or "none"
            raise PartError(f"no {by} {key!r} has notes; {by}s with notes: {there}")
        found[number] = choice
    return found


def _with_sound(events: list[tuple[float, FileEvent]], kind: str, what: str, notices: list[str],
                hint: str, zones: dict[int, int]) -> list[tuple[float, FileEvent]]:
    """The events without the notes that have no sound here; adds notices about them to `notices`."""
    program, kept, drums, noises = [0] * 16, [], 0, Counter[int]()
    for at_s, event in events:
        if isinstance(event, Program):
            program[event.channel] = event.number
        if isinstance(event, NoteOn) and event.channel == general_midi.DRUMS and event.channel not in zones:
            drums += 1
        elif isinstance(event, NoteOn) and kind == GM and program[event.channel] in general_midi.UNPITCHED:
            noises[program[event.channel]] += 1
        else:
            kept.append((at_s, event))
    if drums:
        notices.append(f"{what}: {drums} drum notes left out; there are no drum sounds ({hint}).")
    for number, count in noises.items():
        notices.append(f"{what}: {count} notes of program {number + 1}, a sound effect without pitch, left out ({hint}).")
    return kept


def _first_program(events: list[tuple[float, FileEvent]]) -> int:
    """The General MIDI program of a part's first note; 0, the piano, if there is none."""
    program = [0] * 16
    for _, event in events:
        if isinstance(event, Program):
            program[event.channel] = event.number
        elif isinstance(event, NoteOn):
            return program[event.channel]
    return 0


def with_releases(events: Sequence[tuple[float, midi.Event | TuningEvent]],
                  end_s: float) -> list[tuple[float, midi.Event | TuningEvent]]:
    """The events in order, and behind them what releases, at the end of the score, keys and pedals that nothing else releases."""
    down = HeldNotes()
    for _, event in events:
        down.hear(event)
    return [*events, *((end_s, event) for event in down.release_all())]
