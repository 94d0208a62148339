"""What retunes keys while an instrument plays: events of the performer, which takes record and replay.

Pitches are fractional MIDI pitches (69 is 440 Hz), NaN where a key is silent. Events from files are checked by `from_json`.
"""
import math
from collections.abc import Iterable
from dataclasses import dataclass

from hummingface.instrument.patches import scale_tuning
from hummingface.instrument.patches.scale_tuning import HIGHEST_PITCH, KEYS, LOWEST_PITCH, ScaleTuning
from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_number, is_whole

CHANNELS = 16
MOST_CENTS = 100.0                  # of a note of the octave, either way


class TuningEventError(ValueError):
    """Values that are no event of these."""


@dataclass(frozen=True, slots=True)
class UseTuning:
    """The player's tuning for all patches that have none of their own; None: equal temperament."""
    tuning: ScaleTuning | None


@dataclass(frozen=True, slots=True)
class TuneKeys:
    """The MIDI Tuning Standard's: pitches of single keys, on all channels. `sounding`: of notes that sound already, too."""
    keys: tuple[int, ...]
    pitches: tuple[float, ...]
    sounding: bool


@dataclass(frozen=True, slots=True)
class TuneOctave:
    """The MIDI Tuning Standard's: cents beside equal temperament of C, C sharp .. B in all octaves, on these channels."""
    channels: tuple[int, ...]
    cents: tuple[float, ...]
    sounding: bool


@dataclass(frozen=True, slots=True)
class HostTuning:
    """What an MTS-ESP master says: a row of pitches of all keys for all channels, or one for each channel; none: it is gone."""
    rows: tuple[tuple[float, ...], ...]


TuningEvent = UseTuning | TuneKeys | TuneOctave | HostTuning


def to_json(event: TuningEvent) -> JsonObject:
    """The event as plain values."""
    match event:
        case UseTuning(tuning):
            return {"event": "UseTuning", "tuning": None if tuning is None else tuning.to_json()}
        case TuneKeys(keys, pitches, sounding):
            return {"event": "TuneKeys", "keys": list(keys), "pitches": plain(pitches), "sounding": sounding}
        case TuneOctave(channels, cents, sounding):
            return {"event": "TuneOctave", "channels": list(channels), "cents": list(cents), "sounding": sounding}
        case HostTuning(rows):
            return {"event": "HostTuning", "rows": [plain(row) for row in rows]}


def from_json(values: JsonObject) -> TuningEvent:
    """The event that `to_json` wrote. Raises TuningEventError, ScaleError for anything else."""
    match values:
        case {"event": "UseTuning", "tuning": tuning}:
            return UseTuning(None if tuning is None else scale_tuning.from_json(tuning, "the take's tuning"))
        case {"event": "TuneKeys", "keys": list(keys), "pitches": list(pitches), "sounding": bool(sounding)}:
            if len(keys) == len(pitches) <= KEYS and all(is_whole(key, 0, KEYS - 1) for key in keys):
                return TuneKeys(tuple(keys), checked_row(pitches), sounding)
        case {"event": "TuneOctave", "channels": list(channels), "cents": list(cents), "sounding": bool(sounding)}:
            if (len(channels) <= CHANNELS and all(is_whole(channel, 0, CHANNELS - 1) for channel in channels)
                    and len(cents) == 12 and all(is_number(value, -MOST_CENTS, MOST_CENTS) for value in cents)):
                return TuneOctave(tuple(channels), tuple(cents), sounding)
        case {"event": "HostTuning", "rows": list(rows)}:
            if len(rows) in (0, 1, CHANNELS) and all(isinstance(row, list) and len(row) == KEYS for row in rows):
                return HostTuning(tuple(map(checked_row, rows)))
    raise TuningEventError(f"not an event: {values!r:.80}")


KINDS = ("UseTuning", "TuneKeys", "TuneOctave", "HostTuning")


def plain(pitches: Iterable[float]) -> list[float | None]:
    """Pitches as JSON has them: None for a silent key."""
    return [None if math.isnan(pitch) else float(pitch) for pitch in pitches]


def checked_row(values: list[object]) -> tuple[float, ...]:
    """The pitches that `plain` wrote. Raises TuningEventError."""
    row = []
    for value in values:
        if value is not None and not is_number(value, LOWEST_PITCH, HIGHEST_PITCH):
            raise TuningEventError(f"a pitch is not within {LOWEST_PITCH:g}..{HIGHEST_PITCH:g}")
        row.append(math.nan if value is None else float(value))
    return tuple(row)


def heard(pitch: float) -> float:
    """A pitch as keys may have it: NaN beyond what can be heard."""
    return pitch if LOWEST_PITCH <= pitch <= HIGHEST_PITCH else math.nan
