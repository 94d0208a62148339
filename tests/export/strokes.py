"""How loud notes are over velocities and keys, and how they end: the figures that a hand feels, of what was exported or of the engine.

Loudness is that of the loudest 0.4 s (`instrument/offline/levelling.py`).
"""
from collections.abc import Callable

import numpy as np

from hummingface.instrument.offline.levelling import momentary_lufs
from hummingface.instrument.performance.dynamics import HARD, MIDI_RANGE_DB, SOFT
from hummingface.models.playing.key_trend import smooth

RATE_HZ = 48000
VELOCITIES = (8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 127)
HELD_S, LATER_S = 0.8, 2.0
RELEASED = (10, 40, 100)                        # velocities at which key-ups are listened to
Play = Callable[[list[tuple[int, int, float]], float], list[np.ndarray]]    # (key, velocity, seconds) and seconds after each: [S, 2]


def figures(play: Play, keys: tuple[int, ...], low: int, high: int, range_db: float = MIDI_RANGE_DB) -> dict[str, float]:
    """Of all VELOCITIES at `keys`, and of each key `low`..`high` at velocity 100:

    reversal_db     largest fall of loudness while velocity rises
    range_db        loudness at 127 minus at 16, middle of the keys
    step_db         largest rise from one velocity to the next beyond a law of `range_db`, General MIDI's 40 dB a decade, from 16 on
    key_step_db     largest jump between neighbouring keys, after the smooth trend is taken out
    key_spread_db   standard deviation of loudness about that trend
    after_2s_db     loudness 2 s after key-up against the note's, the worst of `keys` at RELEASED
    """
    held = round(HELD_S * RATE_HZ)

    def lufs(strokes: list[tuple[int, int]]) -> np.ndarray:
        return np.array([momentary_lufs(note[:held]) for note in play([(key, velocity, HELD_S) for key, velocity in strokes], 0.1)])
    loud = lufs([(key, velocity) for key in keys for velocity in VELOCITIES]).reshape(len(keys), -1)
    by_key = lufs([(key, 100) for key in range(low, high + 1)])
    off = by_key - smooth(by_key)
    law = np.diff(range_db * np.log10(VELOCITIES) / np.log10(HARD / SOFT))
    sixteen = VELOCITIES.index(16)
    return {"reversal_db": float((np.maximum.accumulate(loud, axis=1) - loud).max()),
            "range_db": float(np.median(loud[:, -1] - loud[:, sixteen])),
            "step_db": float((np.diff(loud, axis=1) - law)[:, sixteen:].max()),
            "key_step_db": float(np.abs(np.diff(off)).max(initial=0.0)), "key_spread_db": float(off.std()),
            "after_2s_db": after_2s_db(play, keys)}


def after_2s_db(play: Play, keys: tuple[int, ...]) -> float:
    """What is left of notes 2 s after key-up: the loudest, in dB over the note."""
    held, later = round(HELD_S * RATE_HZ), round((HELD_S + LATER_S) * RATE_HZ)
    notes = play([(key, velocity, HELD_S) for key in keys for velocity in RELEASED], LATER_S + 0.5)
    return float(max(momentary_lufs(note[later:later + round(0.4 * RATE_HZ)]) - momentary_lufs(note[:held]) for note in notes))
