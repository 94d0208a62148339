"""Listens to a patch of ZynAddSubFX: whether it is an instrument with a pitch, how far that lies from the key, whether it sustains.

Banks hold drums, noises, arpeggios and chords beside instruments, and many instruments sound an octave off their key.
"""
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hummingface.models.playing.conditioning import HIGHEST_KEY, LOWEST_KEY
from hummingface.train.notes.note import one_channel
from hummingface.train.notes.onset_pitch import block_levels, find_pitch, is_clipped
from hummingface.train.notes.zyn_plugin import RATE_HZ, ZynNote

KEYS = (36, 48, 60, 72, 84)
HOLD_S, TAIL_S = 2.0, 2.0
LISTENED = tuple(ZynNote(key, 100, HOLD_S, TAIL_S) for key in KEYS)
REACH = 12                             # keys beyond the last one at which it was heard that are played, too
FARTHEST_OCTAVE = 12                   # semitones that a patch may lie off its key
FEWEST_KEYS = 3                        # that have the pitch they should have
OFF_SEMITONES = 0.4                    # beside whole octaves
SILENT_DB, TOO_SOFT_DB = -60.0, 30.0   # absolute; under its loudest key
SILENT = 10 ** (SILENT_DB / 20)
RHYTHM_DB, RHYTHM_TIMES = 7.0, 2       # rises from so far under its decay to as far above it, so often
SLOW_DB = 20.0                         # softer than that in its first 0.8 s than later: it has no beginning
TAIL_DB = 10.0                         # that it falls by within TAIL_S of note-off
SUSTAINED_DB, SUSTAINED_DB_S = 12.0, 3.0


@dataclass(frozen=True)
class Listening:
    """What is heard of LISTENED, by key: levels in dB every 10 ms, the fractional key that sounds (NaN: none), whether it is clipped."""
    level: Mapping[int, np.ndarray]
    pitch: Mapping[int, float]
    clipped: bool


@dataclass(frozen=True)
class HeardPatch:
    """`shift`: semitones that it sounds above the key that is pressed; `lowest`, `highest`: keys as they sound, where it is usable.
    `problem`: why it is no instrument; the rest holds nothing then."""
    sustained: bool = False
    shift: int = 0
    lowest: int = LOWEST_KEY
    highest: int = HIGHEST_KEY
    problem: str = ""


def listen(audio: Sequence[np.ndarray]) -> Listening:
    """`audio`: what LISTENED was rendered to, each [S, 2]."""
    notes = {note.key: one for note, one in zip(LISTENED, audio, strict=True)}
    held = {key: one_channel(one[:round(HOLD_S * RATE_HZ)]) for key, one in notes.items()}
    pitch = {key: find_pitch(one, RATE_HZ)[0] if np.abs(one).max() > SILENT else float("nan") for key, one in held.items()}
    return Listening({key: block_levels(one, RATE_HZ) for key, one in notes.items()}, pitch, any(map(is_clipped, notes.values())))


def judge(heard: Listening) -> HeardPatch:
    """Whether a patch is an instrument."""
    loudest = {key: float(level.max()) for key, level in heard.level.items()}
    if max(loudest.values()) < SILENT_DB:
        return HeardPatch(problem="silent")
    if heard.clipped:
        return HeardPatch(problem="clipped")
    keys = [key for key in KEYS if loudest[key] > max(loudest.values()) - TOO_SOFT_DB]
    if problem := next((why for key in keys if (why := motion_problem(heard.level[key]))), ""):
        return HeardPatch(problem=problem)
    off = {key: round((heard.pitch[key] - key) / 12) * 12 for key in keys
           if abs((heard.pitch[key] - key + 6) % 12 - 6) < OFF_SEMITONES}
    shift, count = Counter(off.values()).most_common(1)[0] if off else (0, 0)
    if count < FEWEST_KEYS or abs(shift) > FARTHEST_OCTAVE:
        return HeardPatch(problem="no clear pitch that follows the keys")
    right = [key for key, octave in off.items() if octave == shift]
    sustained = float(np.mean([_sustains(heard.level[key]) for key in right])) > 0.5
    return HeardPatch(sustained, shift, max(LOWEST_KEY, right[0] - REACH + shift), min(HIGHEST_KEY, right[-1] + REACH + shift))


def motion_problem(level: np.ndarray) -> str:
    """Why the levels of a note, every 10 ms, are not those of an instrument; empty if they are."""
    held = level[:round(HOLD_S * 100)]
    after = level[len(held):]
    if held[:80].max() < held.max() - SLOW_DB:
        return "begins too slowly"
    if after[-20:].mean() > max(held[-10:].mean() - TAIL_DB, held.max() - 50):
        return "does not end"
    return "a rhythm of its own" if rises(held[10:]) >= RHYTHM_TIMES else ""


def rises(level: np.ndarray, most_db: float = RHYTHM_DB) -> int:
    """How often a level [T], in dB, rises from `most_db` under its course (a straight line) to as much above it."""
    level = np.maximum(level, level.max() - 40)
    at = np.arange(len(level))
    off = level - np.polyval(np.polyfit(at, level, 1), at)
    state, count = 0, 0
    for value in off:
        if value < -most_db:
            state = -1
        elif value > most_db:
            count += state == -1
            state = 1
    return count


def _sustains(level: np.ndarray) -> bool:
    held = level[:round(HOLD_S * 100)]
    begin, end = held[50:].max(), held[-30:].mean()
    slope_db_s = np.polyfit(np.arange(len(held) - 50) / 100, held[50:], 1)[0]
    return bool(end > held.max() - SUSTAINED_DB and end > begin - SUSTAINED_DB and slope_db_s > -SUSTAINED_DB_S)
